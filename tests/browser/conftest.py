"""A real browser on a real dashboard, beside a real daemon."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, expect, sync_playwright

from postguard.imaging.sample import draw
from postguard.web import links
from tests.system.rig import PROGRAM, Home, home_in

AXE = Path(__file__).with_name("vendor") / "axe.min.js"
# A worker's own: two dashboards cannot listen at one.
PORT = str(39_481 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")))
PATIENT = 30_000  # ms; a machine that runs everything at once is slow, not broken
ACCOUNTS = """\
[accounts.sky]
network = "preview"
[accounts.fedi]
network = "preview"
shows = "mastodon"
"""
REST = """\
[schedule]
grace = "0.2s"
slots = ["mon..sun 10:00 19:30"]
[intake]
settle = "0.2s"
words_wait = "0.3s"
"""
STEPS = """\
  { step = "downscale", long_side = 640 },   # as a feed shows it
  { step = "watermark", text = "© 山田花子" },
  { step = "notice" },
  { step = "tags" },
"""
WORDS = 'text = "{text}"\nalt = "A fox below the moon"\nat = "{at}"\n'


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("not run: there is no chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Dashboard:
    """A dashboard that runs, and the browser that looks at it."""

    home: Home
    port: int
    browser: Browser

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def page(self, **options: Any) -> Iterator[Page]:
        """A new browser that came in by a link; what its console complains of is a fault."""
        faults: list[str] = []
        context = self.browser.new_context(locale="en-GB", **options)
        context.set_default_timeout(PATIENT)
        page = context.new_page()
        page.on("console", lambda m: m.type in {"error", "warning"} and faults.append(m.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        folder = self.home.folder / "state" / "postguard" / "dashboard"
        page.goto(f"{self.address}/enter#{links.make(folder, datetime.now(UTC))}")
        page.wait_for_url(f"{self.address}/")
        yield page
        context.close()
        assert faults == [], faults


@contextmanager
def dashboard(home: Home, browser: Browser, language: str = "en") -> Iterator[Dashboard]:
    """A dashboard in one language for as long as the block lasts."""
    process = subprocess.Popen(
        [*PROGRAM, "open", "--serve", "--port", PORT],
        stdout=subprocess.PIPE,
        text=True,
        env=home.environment | {"LANGUAGE": language},
    )
    assert process.stdout is not None
    try:
        yield Dashboard(home, int(process.stdout.readline()), browser)
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """An artist with a daemon, a post of each kind: held, waiting, and out."""
    expect.set_options(timeout=PATIENT)
    with home_in(tmp_path_factory.mktemp("artist")) as home:
        recipes = f"default = [\n{STEPS}]\nplain = [\n{STEPS}]\n"
        home.configure(ACCOUNTS, REST, recipes)
        home.start()
        home.drop("out.png", painted(), WORDS.format(text="A fox #art", at="now"))
        home.drop("later.png", painted(90), WORDS.format(text="Another fox", at="slot"))
        home.drop("bare.png", painted(160), 'text = "No alt text"\n')
        home.posted("out.png")
        home.held("bare.png")
        home.wait(lambda: _due(home, "later.png"), "a slot for later.png")
        yield home
        home.stop()


def painted(turn: int = 0) -> bytes:
    """Our own fox, small, and in other colours for each `turn`: pages are shown in the docs."""
    image = Image.open(io.BytesIO(draw())).convert("HSV").resize((720, 540))
    hue, *others = image.split()
    turned = Image.merge("HSV", (hue.point(lambda each: (each + turn) % 256), *others))
    out = io.BytesIO()
    (ImageOps.mirror(turned) if turn else turned).convert("RGB").save(out, "PNG")
    return out.getvalue()


def _due(home: Home, name: str) -> bool:
    post = home.post(name)
    found = [] if post is None else home.store.deliveries.of_post(post.id)
    return bool(found) and all(d.due_at is not None for d in found)


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go."""
    named = os.environ.get("POSTGUARD_TEST_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
