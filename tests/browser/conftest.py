"""A real browser on a real dashboard, beside a real daemon."""

from __future__ import annotations

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
from playwright.sync_api import Browser, Page, expect, sync_playwright

from postguard.web import links
from tests.system.rig import PROGRAM, Home, home_in, png

AXE = Path(__file__).with_name("vendor") / "axe.min.js"
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
STEPS = '{ step = "downscale", long_side = 160 },\n{ step = "notice" },\n{ step = "tags" },\n'
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
        [*PROGRAM, "open", "--serve", "--port", "39481"],
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
        home.drop("out.png", png(1), WORDS.format(text="A fox #art", at="now"))
        home.drop("later.png", png(2), WORDS.format(text="Another fox", at="slot"))
        home.drop("bare.png", png(3), 'text = "No alt text"\n')
        home.posted("out.png")
        home.held("bare.png")
        home.wait(lambda: _due(home, "later.png"), "a slot for later.png")
        yield home
        home.stop()


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
