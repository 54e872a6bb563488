"""What stands on the pages, as a browser gets them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from postguard.intake.deciding import no_alt_text
from postguard.model import NewArtwork, NewDelivery, Place, PostState, Receipt, Words
from postguard.model.layers import Layers
from postguard.web import rendering
from postguard.web.access import Offer, Offered
from postguard.web.facts import AccountFacts, RecipeFacts, Standing
from postguard.web.recipe_desk import Shown
from postguard.web.recipe_page import RecipePage, StepLine, recipe_page
from tests.making import new_post, protected_post
from tests.unit.web.conftest import Served

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
TYPED = "abcd-efgh-ijkl-mnop"


def counted(text: str, where: str) -> int:
    """Return the number that stands at a place of a page; 0: none does."""
    found = re.search(rf'id="{where}".*?(?:class="count">|data-live>)\s*(\d+)<', text, re.DOTALL)
    return int(found[1]) if found else 0


def test_what_needs_the_artist_is_counted_alike_everywhere(browser: Served):
    """A login counts as a held post does: the head, the queue and the page of the held agree."""
    rows = browser.rows()
    art = NewArtwork("a" * 64, "fox.png", "fox.png", 60, 40)
    rows.posts.create(new_post(artworks=(art,), reason="held by you"), NOW)
    rows.accounts.log_out("fedi", "the token is gone")
    queue, held = browser.ask("GET", "/").text, browser.ask("GET", "/held").text
    needs = held.count('<section class="need"')
    assert counted(queue, "nav-held") == counted(queue, "count-held") == needs >= 2
    assert "fedi needs a login" in queue
    rows.accounts.log_in("fedi")
    assert "needs a login" not in browser.ask("GET", "/").text


def test_a_cloak_that_failed_asks_for_another_strength_and_nothing_else(browser: Served):
    rows = browser.rows()
    post = protected_post(rows, name="weak.png", recipe="cloaked")
    rows.posts.move_to(post.id, PostState.HELD, NOW, "cloak: it is too weak on this picture")
    page = browser.ask("GET", "/held").text
    need = page[page.index(f'id="need-{post.id}"') :]
    assert re.findall(r'type="radio" name="recipe" value="([^"]+)"', need) == [
        "cloaked@low",
        "cloaked",
        "cloaked@high",
    ]
    assert need.count("as it was") == 1
    said = browser.ask("POST", f"/posts/{post.id}/recipe", {"recipe": "cloaked@low"}).text
    assert "protected anew with the recipe cloaked@low" in said
    after = rows.posts.get(post.id)
    assert (after.recipe, after.state) == ("cloaked@low", PostState.TAKEN)
    refused = browser.ask("POST", f"/posts/{post.id}/recipe", {"recipe": "cloaked@huge"})
    assert refused.status == 422
    assert "no recipe cloaked@huge" in refused.text


def test_a_picture_that_is_not_there_is_a_drawing_that_says_so(browser: Served):
    art = NewArtwork("b" * 64, "gone.png", "gone.png", 60, 40)
    post = browser.rows().posts.create(new_post(artworks=(art,)), NOW)
    answer = browser.ask("GET", f"/pictures/{post.id}/0/small")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert answer.headers["cache-control"] == "no-store"
    assert browser.ask("GET", f"/pictures/{post.id}/0/file/after").status == 404


def test_a_post_as_it_is_shown_runs_nothing_beside_our_pages(browser: Served):
    post = protected_post(browser.rows())
    assert 'sandbox="allow-same-origin"' in browser.ask("GET", f"/posts/{post.id}").text


def test_what_is_typed_for_a_login_is_never_sent_in_an_address():
    """Even where the form is sent before htmx is there: an address is kept in the history."""
    account = AccountFacts("sky", "bluesky", "bluesky", "hanako.example", logged_in=False)
    around = {
        "here": "accounts",
        "post_id": 0,
        "standing": Standing(0, running=True, paused=False),
    }
    page = rendering.text("accounts.html.j2", accounts=[account], **around)
    consent = rendering.text("consent.html.j2", account="fedi", address="https://example/")
    offered = Offered("fedi", "f", (Offer("k", (), ()),), "https://example/")
    for text in (page, consent, rendering.text("offered.html.j2", offered=offered)):
        (form,) = re.findall(r"<form[^>]*>(?:(?!</form>).)*autocomplete=\"off\"", text, re.DOTALL)
        assert re.match(r'<form class="(row )?asked" method="post" action="/accounts/\w+/', form)


def test_how_long_a_login_lasts_is_told_in_the_sentence_of_its_state():
    around = {
        "here": "accounts",
        "post_id": 0,
        "standing": Standing(0, running=True, paused=False),
    }
    lasting = AccountFacts("fedi", "mastodon", "mastodon", "@hanako", health="it does not end")
    for account, said in (
        (lasting, "No fault is known of its login: it does not end."),
        (replace(lasting, health=""), "No fault is known of its login."),
    ):
        page = rendering.text("accounts.html.j2", accounts=[account], **around)
        assert f'<li class="good">{said}</li>' in page


def test_a_recipe_with_blanks_in_its_name_is_named_to_a_screen_reader():
    """A reference is a list of ids, and blanks stand between them."""
    around = {"here": "recipes", "post_id": 0, "standing": Standing(0, running=True, paused=False)}
    step = StepLine("noise", "Fine noise", (("Look", "canvas"),))
    recipes = [RecipePage("for the web", (), (step,), (), "")]
    page = rendering.text("recipes.html.j2", recipes=recipes, **around)
    (named,) = re.findall(r'<section class="panel" aria-labelledby="([^"]*)"', page)
    assert f'<h2 id="{named}">for the web' in page
    assert " " not in named
    assert "/recipe?name=for%20the%20web" in page
    assert "<b>Fine noise</b> <code>noise</code>" in page
    assert '<span class="soft">Look</span> canvas' in page


def test_a_recipe_is_listed_in_the_words_of_its_form():
    """With the step's own name beside its title; what the form does not have keeps its key."""
    steps = (
        {"step": "downscale", "long_side": 1600, "megapixels": 2.5},
        {"step": "noise", "look": "grain", "soften": False},
    )
    smaller, noise = recipe_page(RecipeFacts("default", steps, Layers(()))).steps
    assert (smaller.title, smaller.name) == ("Fewer pixels", "downscale")
    assert smaller.settings == (("Longest side, in pixels", "1600"), ("megapixels", "2.5"))
    assert noise.settings == (
        ("Look", "grain, as of film"),
        ("Soften slightly what lies off the lines", "false"),
    )


@pytest.mark.parametrize("cloaked", [True, False])
def test_a_trial_says_at_its_head_what_it_leaves_out_and_speaks_of_a_cloak_only_with_one(
    *, cloaked: bool
):
    shown, left_out = Shown("0" * 32, 8, 6, (), ()), ["Tags for machines"]
    facts = {"problem": "", "shown": shown, "left_out": left_out, "cloaked": cloaked}
    head, _compare, below = rendering.text("recipe_shown.html.j2", **facts).partition("<img")
    assert "without: Tags for machines." in head
    assert ("For a cloak, look at a post" in head) is cloaked
    assert "Drawn at" not in below


def test_a_time_that_cannot_be_read_is_told_at_its_field(browser: Served):
    post = protected_post(browser.rows(), name="when.png")
    for where in ("2026-11-31T10:00", "2020-11-30T10:00"):
        answer = browser.ask("POST", f"/posts/{post.id}/move", {"where": where})
        assert (answer.status, 'data-at="where"' in answer.text) == (422, True)


def test_a_post_that_cannot_be_moved_any_more_is_no_fault_of_the_time(browser: Served):
    post = protected_post(browser.rows(), name="gone.png")
    (delivery,) = browser.rows().deliveries.of_post(post.id)
    browser.rows().attempts.finish(delivery.id, Receipt("at://1", "https://bsky.app/1", NOW), NOW)
    answer = browser.ask("POST", f"/posts/{post.id}/move", {"where": "now"})
    assert (answer.status, "is posted on" in answer.text) == (422, True)
    assert "data-at" not in answer.text


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://bsky.app/1", "That cannot be undone."),
        ("file:///previews/1-look/index.html", "nothing of it was posted"),
    ],
)
def test_taking_back_asks_for_what_it_takes(browser: Served, url: str, asked: str):
    post = protected_post(browser.rows(), name="out.png")
    (delivery,) = browser.rows().deliveries.of_post(post.id)
    browser.rows().attempts.finish(delivery.id, Receipt("at://1", url, NOW), NOW)
    page = browser.ask("GET", f"/posts/{post.id}").text
    button = page.index('id="post-retract"')
    assert asked in page[page.rindex("<form", 0, button) : button]


def test_a_post_held_for_its_words_asks_for_those_that_are_wrong(browser: Served):
    """An alt text that is too long was told above a form that had only the text."""
    words = Words("A fox", alts=("狐" * 2001,))
    post = protected_post(
        browser.rows(), name="long.png", deliveries=(NewDelivery("sky", words, "now", "sky"),)
    )
    browser.rows().posts.move_to(post.id, PostState.HELD, NOW, "sky: too long")
    page = browser.ask("GET", "/held").text
    need = page[page.index(f'id="need-{post.id}"') :]
    assert f'name="alt1" id="alt-{post.id}-1"' in need
    assert 'data-at="alt1">sky: the alt text of picture 1' in need
    assert need.count("the alt text of picture 1 has") == 1
    assert 'name="text"' not in need


def test_a_field_shows_what_is_wrong_in_it_and_not_what_another_account_says_there(
    browser: Served,
):
    """One field writes to every account: the warning that one lacks was taken from the other."""
    bare = Words("A fox", alts=("狐" * 2001,))
    said = {"sky": bare, "fedi": replace(bare, cw="血" * 600)}
    post = protected_post(
        browser.rows(),
        name="warned.png",
        deliveries=tuple(NewDelivery(name, words, "now", name) for name, words in said.items()),
    )
    browser.rows().posts.move_to(post.id, PostState.HELD, NOW, "too long")
    page = browser.ask("GET", "/held").text
    need = page[page.index(f'id="need-{post.id}"') :]
    assert f'name="cw" id="cw-{post.id}" value="{"血" * 600}"' in need


def test_what_lacks_words_and_more_is_not_said_to_go_on_with_the_words(browser: Served):
    """A picture dropped twice asked for its alt text alone, and stayed held with it."""
    lacks = no_alt_text({1: "twice.png"}, 1, "twice.toml")
    post = browser.rows().posts.create(
        new_post(
            artworks=(NewArtwork("e" * 64, "twice.png", "twice.png", 60, 40),),
            deliveries=(NewDelivery("sky", Words(alts=("",)), "now", "sky"),),
            reason="\n".join([*lacks, "It is the same picture; `postguard release N` posts it"]),
        ),
        NOW,
    )
    page = browser.ask("GET", "/held").text
    need = page[page.index(f'id="need-{post.id}"') :].partition("</section>")[0]
    assert f"the same picture; `postguard release {post.id}` posts it" in need
    assert "the post stays held for the rest" in need
    assert "goes on" not in need
    assert "let it go on" not in need
    said = browser.ask("POST", f"/posts/{post.id}/words", {"alt1": "A fox"}).text
    assert "it stays held: It is the same picture" in said
    need = browser.ask("GET", "/held").text
    need = need[need.index(f'id="need-{post.id}"') :].partition("</section>")[0]
    assert "the same picture" in need
    assert "Let it go on" in need


def held(browser: Served, reason: str, place: Place = Place.HELD) -> tuple[int, str]:
    """Return the number of a post that is held for a reason, and what its page says of it."""
    rows = browser.rows()
    post = protected_post(rows)
    rows.posts.move_to(post.id, PostState.HELD, NOW, reason.format(post.id))
    rows.posts.placed(post.id, place)
    page = browser.ask("GET", "/held").text
    return post.id, page[page.index(f'id="need-{post.id}"') :].partition("</section>")[0]


def test_a_post_whose_time_has_passed_is_posted_now_where_it_is_held(browser: Served):
    """Let go on, it would be held again at once."""
    post, need = held(browser, "its time passed; `postguard retry {0}` posts it now")
    assert f'hx-post="/posts/{post}/retry"' in need
    assert f"/posts/{post}/release" not in need
    assert "Post now" in need
    assert "Mend that first" not in need


@pytest.mark.parametrize(
    ("reason", "place", "told"),
    [
        ("bad.toml:2: colour: unknown key", Place.HELD, True),
        ("bad.toml:2: colour: unknown key", Place.OUTBOX, False),
        ("shown before; `postguard release {0}` posts it once more", Place.HELD, False),
        ("held by you", Place.HELD, False),
    ],
)
def test_where_something_must_be_mended_first_its_folder_is_told(
    browser: Served, reason: str, place: Place, told: bool
):
    post, need = held(browser, reason, place)
    assert f'hx-post="/posts/{post}/release"' in need
    assert (f"Its files lie in held/{post}-" in need) == told


@pytest.mark.parametrize("path", ["/accounts/sky/login", "/accounts/nonesuch/login"])
def test_what_was_typed_for_a_login_is_not_said_back(browser: Served, path: str):
    answer = browser.ask("POST", path, {"secret": TYPED})
    assert answer.status == 422
    assert 'data-at="secret"' in answer.text
    assert TYPED not in answer.text + str(answer.headers)


def test_a_recipe_is_shown_as_a_form_and_checked_as_it_is_changed(browser: Served):
    page = browser.ask("GET", "/recipe?name=default").text
    seen = re.search(r'name="seen" id="seen" value="(\w+)"', page)
    assert seen is not None
    assert 'value="64"' in page
    form = {"recipe": "default", "seen": seen[1], "tags": "on", "tags.mining": "ai-training"}
    wrong = form | {"downscale": "on", "downscale.long_side": "many"}
    checked = browser.ask("POST", "/recipe/check", wrong)
    assert "Fewer pixels: Longest side, in pixels: must be a whole number" in checked.text
    told = '<p hidden data-at="downscale.long_side">Longest side, in pixels: must be a whole'
    assert told in checked.text
    refused = browser.ask("POST", "/recipe/keep", wrong)
    assert (refused.status, told in refused.text, "config.toml" in refused.text) == (
        422,
        True,
        False,
    )
    assert "hx-trigger" not in checked.headers
    right = form | {"downscale": "on", "downscale.long_side": "80"}
    checked = browser.ask("POST", "/recipe/check", right)
    assert (checked.headers["hx-trigger"], "limited resolution" in checked.text) == (
        "recipe",
        True,
    )
    kept = browser.ask("POST", "/recipe/keep", right)
    assert "stands in your config" in kept.text
    config = browser.home / "config" / "postguard" / "config.toml"
    assert 'default = [ { step = "downscale", long_side = 80 }' in config.read_text()
    again = browser.ask("POST", "/recipe/keep", form)
    assert (again.status, "changed in your config meanwhile" in again.text) == (422, True)
    assert browser.ask("GET", "/recipe?name=nonesuch").status == 404
