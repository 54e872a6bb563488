"""What an artist does on the dashboard, done in a real browser beside a real daemon."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from postguard.model import Delivery, PostState
from tests.browser.conftest import WORDS, Dashboard, dashboard
from tests.system.rig import Home, png

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def opened(stage: Home, chromium: Browser) -> Iterator[Dashboard]:
    """One dashboard for all that is done here."""
    with dashboard(stage, chromium) as made:
        yield made


@pytest.fixture
def page(opened: Dashboard) -> Iterator[Page]:
    """A browser that is in."""
    with opened.page(viewport={"width": 1280, "height": 900}) as made:
        yield made


def number(home: Home, name: str) -> int:
    post = home.post(name)
    assert post is not None
    return post.id


def copy(home: Home, name: str, account: str = "sky") -> Delivery:
    found = home.store.deliveries.of_post(number(home, name))
    return next(d for d in found if d.account == account)


def test_a_post_goes_out_while_the_page_is_open_and_its_card_moves_by_itself(
    opened: Dashboard, page: Page
):
    home = opened.home
    page.evaluate("window.neverReloaded = true")
    home.drop("moves.png", png(11), WORDS.format(text="It moves", at="now"))
    home.wait(lambda: home.post("moves.png"), "it to be taken")
    card = page.locator(f"#card-{number(home, 'moves.png')}")
    expect(page.locator("#cards-out").locator(card)).to_be_visible()
    expect(card).to_contain_text("drawn as a page today")
    assert page.evaluate("window.neverReloaded")


def test_alt_text_written_among_the_held_lets_the_post_go_on(opened: Dashboard, page: Page):
    home = opened.home
    home.drop("blind.png", png(12), 'text = "Who sees it?"\nat = "now"\n')
    post = home.held("blind.png")
    page.goto(f"{opened.address}/held")
    need = page.locator(f"#need-{post.id}")
    need.get_by_label("Alt text").fill("狐が月の下に座っている")
    need.get_by_role("button", name="Keep and let it go on").click()
    expect(page.locator("#said")).to_contain_text("goes on")
    expect(need).to_have_count(0)
    home.posted("blind.png")
    assert copy(home, "blind.png").words.alts == ("狐が月の下に座っている",)


def test_an_alt_text_that_is_too_long_is_shortened_among_the_held(opened: Dashboard, page: Page):
    home = opened.home
    home.drop("long.png", png(16), f'text = "Long"\nalt = "{"狐" * 2001}"\nat = "now"\n')
    post = home.held("long.png")
    page.goto(f"{opened.address}/held")
    need = page.locator(f"#need-{post.id}")
    alt = need.get_by_label("Alt text of picture 1")
    expect(alt).to_have_accessible_description(re.compile("sky: .*2001.*fedi: .*2001"))
    alt.fill("狐が月の下に座っている")
    expect(need.locator(".fault, [aria-invalid]")).to_have_count(0)
    need.get_by_role("button", name="Keep and let it go on").click()
    home.posted("long.png")


def test_pictures_dropped_into_the_page_become_one_post(opened: Dashboard, page: Page):
    home = opened.home
    page.locator("#drop-files").set_input_files(
        [
            {"name": "one.png", "mimeType": "image/png", "buffer": png(13)},
            {"name": "two.png", "mimeType": "image/png", "buffer": png(14)},
        ]
    )
    page.get_by_label("What can be seen in one.png").fill("the first")
    page.get_by_label("What can be seen in two.png").fill("the second")
    page.locator("#drop").get_by_label("Text").fill("Two at once")
    page.locator("#drop").get_by_label("When").select_option("now")
    page.get_by_role("button", name="Into the outbox").click()
    expect(page.locator("#said")).to_contain_text("is in the outbox")
    post = home.posted("one")
    assert len(post.artworks) == 2
    assert copy(home, "one").words.alts == ("the first", "the second")
    expect(page.locator(f"#cards-out #card-{post.id}")).to_be_visible()


def test_a_post_is_dragged_to_a_free_slot(opened: Dashboard, page: Page):
    home = opened.home
    page.goto(f"{opened.address}/weeks")
    entry = page.locator(f"#entry-{number(home, 'later.png')}-sky")
    slot = page.locator('.slot[data-account="sky"]').nth(5)
    where = slot.get_attribute("data-where") or ""
    entry.drag_to(slot)
    expect(page.locator("#said")).to_contain_text("later.png")
    expect(page.locator(f"#day-{where[:10]}").locator(entry)).to_be_visible()
    due = copy(home, "later.png").due_at
    assert due is not None
    assert f"{due + timedelta(hours=9):%Y-%m-%d %H:%M}" == where  # Tokyo


def test_a_post_is_moved_to_another_day_with_the_keyboard_alone(opened: Dashboard, page: Page):
    home = opened.home
    before = copy(home, "later.png", "fedi").due_at
    page.goto(f"{opened.address}/weeks")
    page.locator(f"#entry-{number(home, 'later.png')}-fedi").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("is picked up")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("goes to fedi")
    home.wait(lambda: copy(home, "later.png", "fedi").due_at, "a new time")
    after = copy(home, "later.png", "fedi").due_at
    assert isinstance(before, datetime)
    assert after == before + timedelta(days=7)


def test_escape_leaves_a_post_where_it_was(opened: Dashboard, page: Page):
    before = copy(opened.home, "later.png")
    page.goto(f"{opened.address}/weeks")
    page.locator(f"#entry-{before.post_id}-sky").focus()
    for key in ("Enter", "ArrowDown", "Escape"):
        page.keyboard.press(key)
    expect(page.locator("#said")).to_contain_text("stays where it was")
    assert copy(opened.home, "later.png") == before


def test_everything_is_reached_and_done_with_the_keyboard(opened: Dashboard, page: Page):
    home = opened.home
    post = number(home, "later.png")
    held = page.locator(f"#card-{post}-hold")
    for _ in range(60):
        page.keyboard.press("Tab")
        if held.evaluate("(button) => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("is held")
    expect(page.locator(f"#cards-held #card-{post}")).to_be_visible()
    assert home.store.posts.get(post).state is PostState.HELD
    expect(page.locator(f"#card-{post} :focus")).to_have_count(1)  # the pressed one is gone
    page.goto(f"{opened.address}/held")
    page.locator(f"#release-{post}").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("goes on")
    expect(page.locator(f"#need-{post}")).to_have_count(0)


def test_what_cannot_be_undone_is_asked_first(opened: Dashboard, page: Page):
    home = opened.home
    post = number(home, "out.png")
    page.goto(f"{opened.address}/posts/{post}")
    page.locator("#post-retract").click()
    page.get_by_role("button", name="Leave it").click()
    assert home.store.posts.get(post).state is PostState.POSTED
    page.locator("#post-retract").click()
    expect(page.locator("#sure")).to_contain_text("nothing of it was posted")
    page.get_by_role("button", name="Yes").click()
    expect(page.locator("#said")).to_contain_text("taken away")
    assert home.store.posts.get(post).state is PostState.RETRACTED


def test_words_are_counted_as_they_are_written_and_changed(opened: Dashboard, page: Page):
    home = opened.home
    page.goto(f"{opened.address}/posts/{number(home, 'later.png')}")
    text = page.locator("#words-all textarea[name=text]")
    text.fill("狐" * 301)
    counts = page.locator("#words-all .counts")
    expect(counts).to_contain_text("301")
    expect(counts.locator(".bad")).to_contain_text("sky")
    expect(text).to_have_accessible_description(re.compile("^sky: the text has 301 char"))
    expect(text).to_have_attribute("aria-invalid", "true")
    text.fill("狐と月")
    expect(counts.locator(".bad")).to_have_count(0)
    expect(page.locator("[aria-invalid], .fault")).to_have_count(0)
    page.get_by_role("button", name="Change the words").click()
    expect(page.locator("#said")).to_contain_text("will say so")
    assert copy(home, "later.png").words.text == "狐と月"


def test_before_and_after_are_compared_in_step(opened: Dashboard, page: Page):
    page.goto(f"{opened.address}/posts/{number(opened.home, 'later.png')}")
    before, after = page.locator("img.before").first, page.locator("img.after").first
    for image in (before, after):
        image.evaluate("(image) => image.decode()")
    slider = page.locator("[data-cut]").first
    slider.focus()
    page.keyboard.press("Home")
    assert (
        page.locator("[data-compare]").first.evaluate("e => e.style.getPropertyValue('--cut')")
        == "0%"
    )
    page.locator('[data-zoom="in"]').first.click()
    boxes = [image.bounding_box() for image in (before, after)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert (boxes[0]["x"], boxes[0]["width"]) == (boxes[1]["x"], boxes[1]["width"])
    assert (
        boxes[1]["width"] > (page.locator(".window").first.bounding_box() or {"width": 0})["width"]
    )
    page.get_by_role("button", name="Difference").first.click()
    expect(page.get_by_text("Black: nothing was changed").first).to_be_visible()


def test_a_post_is_seen_as_its_network_shows_it(opened: Dashboard, page: Page):
    page.goto(f"{opened.address}/posts/{number(opened.home, 'later.png')}")
    page.locator('[data-frame$="/as/sky/"]').click()
    frame = page.frame_locator("#frame")
    expect(frame.locator("h1")).to_contain_text("This is how Bluesky would show it")
    frame.locator("img").first.evaluate("(image) => image.decode()")
    expect(page.locator("#frame")).to_have_attribute("sandbox", "allow-same-origin")
    expect(frame.locator("script")).to_have_count(0)
    expect(frame.locator(".duo input").first).to_be_hidden()


def test_a_recipe_is_changed_while_it_is_seen_on_a_picture_of_ones_own(
    opened: Dashboard, page: Page
):
    home, after = opened.home, page.locator("#shown img.after")
    page.goto(f"{opened.address}/recipe?name=plain")
    after.evaluate("(image) => image.decode()")
    first = after.get_attribute("src")
    own = {"name": "own.png", "mimeType": "image/png", "buffer": png(15)}
    page.locator("#sitter-file").set_input_files(own)
    expect(after).not_to_have_attribute("src", first or "")
    after.evaluate("(image) => image.decode()")
    side = page.get_by_label("Longest side, in pixels")
    side.fill("6")
    expect(page.locator("#checked .reason")).to_contain_text("must be at least 64")
    expect(side).to_have_attribute("aria-invalid", "true")
    expect(side).to_have_accessible_description("Longest side, in pixels: must be at least 64")
    side.fill("160")
    expect(after).to_have_attribute("width", "160")
    expect(page.locator("#checked .reason")).to_have_count(0)
    page.locator("[name=tags]").uncheck()
    page.get_by_role("button", name="Write it into my config").click()
    expect(page.locator("#said")).to_contain_text("postguard uses it from now on")
    home.says("the config was read anew")
    written = home.config.read_text(encoding="utf-8")
    assert '{ step = "downscale", long_side = 160 },   # as a feed shows it' in written
    assert '  # { step = "tags" },\n]' in written
    assert home.post("own.png") is None
