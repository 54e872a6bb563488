"""Every screen, in both languages, in light and dark and on a phone: readable by everybody."""

from __future__ import annotations

import gettext
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from postguard import language
from tests.browser.conftest import AXE, Dashboard, dashboard
from tests.system.rig import Home

pytestmark = pytest.mark.browser

SCREENS = {
    "queue": "/",
    "weeks": "/weeks",
    "post": "/posts/{out}",
    "waiting": "/posts/{later}",
    "held": "/held",
    "accounts": "/accounts",
    "recipes": "/recipes",
    "recipe": "/recipe?name=default",
    "log": "/log",
}
IN_THE_DOCS = ("queue", "weeks", "waiting", "held", "recipe")
HEADINGS = {"queue": "Queue", "held": "Needs you", "accounts": "Accounts", "log": "Log"}
# Not `wait_for_function`: where the page is not yet so, it asks again by `eval`, which ours
# forbids.
DRAWN = """() => Promise.all([...document.images].filter((image) => image.offsetParent
  && image.getBoundingClientRect().top <= innerHeight).map((image) => image.decode()))"""
OVER_ANOTHER = """() => [...document.querySelectorAll("main .row")].flatMap((row) => {
  const drawn = [...row.querySelectorAll("input, select, textarea, button, .button")]
    .filter((one) => one.offsetParent)
    .map((one) => [one.id || one.name, one.getBoundingClientRect()]);
  const meet = (a, b) =>
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  return drawn.flatMap(([name, a], at) => drawn.slice(at + 1)
    .filter(([, b]) => meet(a, b)).map(([other]) => `${name} and ${other}`));
})"""
LOOKS = {
    "wide": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
}


@pytest.fixture(scope="module", params=["en", "ja"])
def shown(request: pytest.FixtureRequest, stage: Home, chromium: Browser) -> Iterator[Dashboard]:
    """The dashboard in one language, then in the other."""
    with dashboard(stage, chromium, request.param) as opened:
        yield opened


def address(home: Home, path: str) -> str:
    posts = {name: home.post(f"{name}.png") for name in ("out", "later")}
    return path.format(**{name: post.id for name, post in posts.items() if post is not None})


def small(screenshot: bytes, path: Path) -> None:
    """Keep a screenshot as the docs show it: `make screens` puts them there."""
    path.parent.mkdir(exist_ok=True)
    image = Image.open(io.BytesIO(screenshot)).convert("RGB")
    image.resize((960, image.height * 960 // image.width)).save(path, quality=62, method=6)


def violations(page: Page) -> list[str]:
    """Return what axe-core finds wrong with a page."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = json.loads(page.evaluate("axe.run().then((r) => JSON.stringify(r.violations))"))
    return [f"{v['id']}: {v['help']}: {[n['html'][:90] for n in v['nodes']][:3]}" for v in found]


@pytest.mark.parametrize("look", list(LOOKS))
def test_every_screen_can_be_read_by_everybody(shown: Dashboard, shots: Path, look: str):
    with shown.page(**LOOKS[look]) as page:
        lang = page.locator("html").get_attribute("lang")
        for name, path in SCREENS.items():
            page.goto(shown.address + address(shown.home, path))
            if name == "recipe":
                page.locator("#shown img.after").evaluate("(image) => image.decode()")
            page.evaluate(DRAWN)
            page.screenshot(path=shots / f"{name}-{look}-{lang}.png", full_page=True)
            if name in IN_THE_DOCS and look == "wide":
                small(page.screenshot(), shots / "docs" / f"{name}.{lang}.webp")
            assert violations(page) == [], (name, look)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{name} is wider than a {look}"
            assert page.evaluate(OVER_ANOTHER) == [], f"controls of {name} lie over each other"


def test_every_screen_is_in_the_artists_language(shown: Dashboard):
    with shown.page() as page:
        lang = page.locator("html").get_attribute("lang") or ""
        spoken = gettext.translation(language.DOMAIN, language.FOLDER, [lang], fallback=True)
        for name, heading in HEADINGS.items():
            page.goto(shown.address + SCREENS[name])
            said = page.locator("h1").inner_text()
            assert said == spoken.gettext(heading)
            assert said.isascii() == (lang == "en")
