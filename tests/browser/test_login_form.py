"""The form of a login in a real browser; the dashboard behind it is the test's own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Browser, Route, expect

from postguard.model import Finding, Level
from postguard.web import rendering
from postguard.web.facts import AccountFacts, Standing, Told
from tests.browser.conftest import PATIENT

pytestmark = pytest.mark.browser

DESK = "http://desk.test"
STATIC = Path(rendering.__file__).with_name("static")


class Desk:
    """One account that needs a login, until its app password comes."""

    logged_in = False

    def __init__(self, problem: str = "") -> None:
        """`problem`: what the banner says of the config."""
        self.standing = Standing(
            held=0, running=True, paused=False, problem=problem, logged_out=()
        )

    def answer(self, route: Route) -> None:
        """Answer as the dashboard does."""
        way = route.request.url.removeprefix(DESK)
        if way.startswith("/static/"):
            route.fulfill(path=STATIC / Path(way).name)
        elif way == "/events":
            route.fulfill(body="retry: 600000\n\n", content_type="text/event-stream")
        elif way == "/accounts":
            route.fulfill(body=self._accounts(), content_type="text/html")
        elif way == "/accounts/sky/login":
            self.logged_in = route.request.post_data == "secret=right"
            at = {} if self.logged_in else {"secret": ("It was refused.",)}
            told = Told(("told",), done=self.logged_in, at=at)
            said = rendering.text("told.html.j2", told=told)
            status = 200 if self.logged_in else 409
            rows = {"HX-Trigger": "rows"}
            route.fulfill(body=said, status=status, headers=rows, content_type="text/html")
        else:
            route.fulfill(body=self._held(), content_type="text/html")

    def _accounts(self) -> str:
        pages = "https://instance.example/@hanako/" + "1" * 60
        found = Finding("m.pages", Level.WARNING, "what your pages ask", pages, *[pages] * 5)
        sky = AccountFacts("sky", "mastodon", "mastodon", "instance.example", findings=(found,))
        around = {"here": "accounts", "standing": self.standing, "post_id": 0, "zone": UTC}
        return rendering.text("accounts.html.j2", accounts=[sky], **around)

    def _held(self) -> str:
        sky = SimpleNamespace(name="sky", logged_out="It was refused.", by_page=False)
        return rendering.text(
            "held.html.j2",
            here="held",
            standing=self.standing,
            now=datetime(2026, 11, 25, tzinfo=UTC),
            zone=UTC,
            post_id=0,
            accounts=() if self.logged_in else (sky,),
            needs=(),
            recipes=(),
        )


def test_a_login_sent_by_enter_takes_its_form_away_and_a_refused_one_keeps_it(
    chromium: Browser,
) -> None:
    expect.set_options(timeout=PATIENT)
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    page.route("**/*", Desk().answer)
    page.goto(f"{DESK}/held")
    secret = page.locator("#secret-sky")
    secret.fill("wrong")
    secret.press("Enter")
    expect(page.locator("#said .bad")).to_be_visible()
    expect(secret).to_have_value("wrong")
    expect(secret).to_be_focused()
    expect(secret).to_have_attribute("aria-invalid", "true")
    expect(secret).to_have_accessible_description("It was refused.")
    secret.fill("right")
    with page.expect_response(f"{DESK}/held"):  # the look behind it
        secret.press("Enter")
    expect(page.locator("#login-sky")).to_have_count(0, timeout=5_000)
    context.close()


def test_a_long_path_in_the_banner_makes_no_narrow_page_wider(chromium: Browser) -> None:
    long = f"/art/hanako/{'a-very-long-folder-name-' * 5}/config.toml: outbox"
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.route("**/*", Desk(problem=long).answer)
    page.goto(f"{DESK}/held")
    expect(page.locator("#standing")).to_contain_text(long)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    ids: list[str] = page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))
    context.close()


def test_a_long_address_in_what_an_audit_found_makes_no_narrow_page_wider(
    chromium: Browser,
) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.route("**/*", Desk().answer)
    page.goto(f"{DESK}/accounts")
    page.locator("summary").click()
    expect(page.locator(".finding dl")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    context.close()
