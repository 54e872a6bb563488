"""Changing one's mind on the command line: move, edit, retract, and the calendar."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from postguard.cli import wide
from postguard.intake.deciding import no_alt_text
from postguard.model import (
    DeliveryState,
    NewArtwork,
    NewDelivery,
    Place,
    PostState,
    Receipt,
    Words,
)
from tests.making import new_post, protected_post

NOW = datetime.now(UTC).replace(microsecond=0)
CONFIG = """\
outbox   = "{outbox}"
timezone = "Asia/Tokyo"
[accounts.sky]
network = "preview"
slots = ["10:00 21:00"]
[accounts.fedi]
network = "preview"
shows   = "mastodon"
[recipes]
default = [ {{ step = "tags" }} ]
"""


@pytest.fixture
def ready(terminal):
    terminal.configure(CONFIG)
    assert terminal.run("check", "--offline").exit_code in {0, 1}
    return terminal


def scheduled(store, at, name="狐.png", accounts=("sky", "fedi")):
    post = protected_post(store, name=name, accounts=accounts)
    for delivery in store.deliveries.of_post(post.id):
        store.deliveries.schedule(delivery.id, at, None, NOW)
    return post.id


def posted(terminal, store, accounts=("sky", "fedi"), site=""):
    """A post that stands on a site or, where none is named, as pages on this PC."""
    post = scheduled(store, NOW, accounts=accounts)
    for delivery in store.deliveries.of_post(post):
        page = terminal.home / f"{post}-{delivery.account}" / "index.html"
        url = f"{site}{delivery.account}" if site else page.as_uri()
        store.attempts.finish(delivery.id, Receipt(url, url, NOW), NOW)
    return post


def test_a_post_is_moved_to_a_time_of_the_artists_zone(ready):
    store = ready.store()
    post = scheduled(store, NOW + timedelta(hours=1))
    done = ready.run("move", post, "2099-12-24 19:30", "--account", "fedi")
    assert (done.exit_code, "2099-12-24 19:30" in done.stdout) == (0, True)
    assert store.deliveries.of_post(post)[1].asked == "2099-12-24T19:30:00+09:00"
    done = ready.run("move", post, "someday")
    assert (done.exit_code, "is no time" in done.stderr) == (1, True)


def test_a_post_changes_places_in_the_queue(ready):
    store = ready.store()
    first = scheduled(store, NOW + timedelta(hours=1), accounts=("sky",))
    second = scheduled(store, NOW + timedelta(hours=2), name="b.png", accounts=("sky",))
    assert ready.run("move", second, "up").exit_code == 0
    assert store.deliveries.of_post(first)[0].due_at == NOW + timedelta(hours=2)
    assert "is the first on sky already" in ready.run("move", second, "first").stdout


def test_words_of_a_waiting_post_are_changed(ready):
    store = ready.store()
    post = scheduled(store, NOW + timedelta(hours=1))
    told = ready.json("edit", post, "--text", "雪", "--alt", "1=白い狐")
    assert [(t["account"], t["done"]) for t in told] == [("sky", True), ("fedi", True)]
    assert ready.run("edit", post, "--cw", "snow", "--account", "fedi").exit_code == 0
    words = store.deliveries.of_post(post)[1].words
    assert (words.text, words.alts, words.cw) == ("雪", ("白い狐",), "snow")


def test_an_edit_that_says_nothing_is_wrong_use(ready):
    post = scheduled(ready.store(), NOW + timedelta(hours=1))
    done = ready.run("edit", post)
    assert (done.exit_code, "say what to change" in done.stderr) == (2, True)


def test_one_account_cannot_be_changed_into_what_its_network_refuses(ready):
    post = scheduled(ready.store(), NOW + timedelta(hours=1))
    done = ready.run("edit", post, "--text", "狐" * 301)
    assert done.exit_code == 1
    assert "nothing was changed" in done.stderr
    assert ready.run("edit", post, "--text", "狐" * 301, "--account", "fedi").exit_code == 0


def test_taking_back_asks_first_and_does_nothing_without_a_yes(ready):
    store = ready.store()
    post = posted(ready, store, site="https://example.com/")
    done = ready.run("retract", post, "--everywhere", typed="n\n")
    assert done.exit_code == 130
    assert "cannot be brought back" in done.stderr
    assert store.posts.get(post).state is PostState.POSTED


def silent(terminal, store, *, read=True):
    """A post that is held for its missing alt text, with its file in held/; `read`: its words
    could be."""
    art = b"a picture's bytes"
    new = NewArtwork(hashlib.sha256(art).hexdigest(), "狐.png", "狐.png", 60, 40)
    reason = "\n".join(no_alt_text({1: "狐.png"}, 1, "狐.toml"))
    words = NewDelivery("sky", Words("雪", alts=("",)), "now", "b")
    post = store.posts.create(
        new_post(artworks=(new,), deliveries=(words,) if read else (), reason=reason), NOW
    )
    store.posts.placed(post.id, Place.HELD)
    folder = terminal.outbox / "held" / post.folder
    folder.mkdir(parents=True)
    (folder / "狐.png").write_bytes(art)
    return post.id


@pytest.mark.parametrize("command", ["release", "retry"])
def test_a_post_without_alt_text_is_not_said_to_go_on(ready, command):
    post = silent(ready, ready.store())
    asked = f'postguard edit {post} --alt "…"'
    done = ready.run(command, post)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "there is no alt text of 狐.png" in done.stderr
    assert asked in done.stderr
    listed = " ".join(ready.run("list").stdout.split())
    assert f"to let it go on: {asked} (it lies in" in listed
    assert f"`{asked}` says it as well" in listed
    assert asked in ready.run("show", post).stdout
    assert asked in ready.run("hold", post).stdout
    assert "goes on" in ready.run("edit", post, "--alt", "赤い狐").stdout


def test_words_that_could_not_be_read_are_read_anew_before_alt_texts_are_asked_for(ready):
    """With no words to change yet, `edit` could not do what a refusal would ask for."""
    store = ready.store()
    post = silent(ready, store, read=False)
    assert "is read anew" in ready.run("release", post).stdout
    assert store.posts.get(post).state is PostState.RELEASED


def test_a_release_needs_no_config_that_can_be_read(ready):
    post = silent(ready, ready.store())
    ready.configure("outbox = [\n")
    assert ready.run("release", post).exit_code == 0


def test_of_a_dry_run_only_its_pages_are_spoken_of(ready):
    """Nobody liked or answered it."""
    post = posted(ready, ready.store())
    done = ready.run("retract", post, "--everywhere", typed="y\n")
    assert "was a dry run: pages on this PC, and nothing on a network" in done.stderr
    assert "brought back" not in done.stderr
    assert done.stdout.count("its page on this PC is taken away") == 2


def test_what_is_taken_back_is_told_copy_by_copy(ready):
    store = ready.store()
    post = posted(ready, store)
    done = ready.run("retract", post, "--everywhere", "--yes")
    assert done.exit_code == 0
    assert done.stdout.count("its page on this PC is taken away") == 2
    assert store.posts.get(post).state is PostState.RETRACTED
    assert "taken back" in ready.run("list").stdout
    assert "deleted by you from fedi" in ready.run("show", post).stdout


def test_which_copy_is_meant_must_be_said(ready):
    store = ready.store()
    post = posted(ready, store)
    done = ready.run("retract", post, "--yes")
    assert (done.exit_code, "--account sky or --account fedi" in done.stderr) == (2, True)
    assert ready.run("retract", post, "--yes", "--account", "sky").exit_code == 0
    states = [d.state for d in store.deliveries.of_post(post)]
    assert states == [DeliveryState.RETRACTED, DeliveryState.POSTED]


@pytest.mark.parametrize("words", [("move", 7, "up"), ("edit", 7, "--cw", ""), ("retract", 7)])
def test_an_unknown_post_is_named(ready, words):
    done = ready.run(*words)
    assert (done.exit_code, "there is no post 7" in done.stderr) == (1, True)


def test_the_calendar_shows_what_goes_out_and_what_is_free(ready):
    store = ready.store()
    tomorrow = (NOW + timedelta(days=1)).replace(hour=12, minute=0, second=0)  # 21:00 in Tokyo
    post = scheduled(store, tomorrow)
    store.deliveries.schedule(1, tomorrow, f"{tomorrow:%Y-%m-%d} 21:00", NOW)
    days = ready.json("list", "--calendar")
    assert len(days) == 30
    day = next(d for d in days if d["posts"])
    assert day["day"] == f"{tomorrow:%Y-%m-%d}"
    assert [(p["account"], p["post"], p["at"][11:16]) for p in day["posts"]] == [
        ("sky", post, "21:00"),
        ("fedi", post, "21:00"),
    ]
    assert [f["at"][11:16] for f in day["free"]] == ["10:00"]
    page = ready.run("list", "--calendar").stdout
    assert f"{tomorrow:%a %Y-%m-%d}" in page
    assert f"{post} 狐.png" in page


def test_the_calendars_columns_stand_below_each_other_in_japanese(ready):
    store = ready.store()
    at = NOW + timedelta(days=2)
    for name, account in (("月の下.png", "sky"), ("fox.png", "fedi")):
        scheduled(store, at, name=name, accounts=(account,))
    rows = [r for r in ready.run("list", "--calendar").stdout.splitlines() if ".png" in r]
    starts = ("1 月の下.png", "2 fox.png")
    columns = {wide.width(row[: row.index(at)]) for row, at in zip(rows, starts, strict=True)}
    assert len(columns) == 1


def test_what_is_overdue_or_held_stands_in_the_calendar_as_such(ready):
    store = ready.store()
    scheduled(store, NOW - timedelta(days=2), accounts=("fedi",))
    late = scheduled(store, NOW + timedelta(days=2), name="b.png", accounts=("fedi",))
    ready.run("hold", late)
    told = ready.run("list", "--calendar").stdout
    assert "due" in told
    assert "b.png (held)" in told


def test_a_calendar_with_nothing_in_it_says_so(terminal):
    terminal.configure()
    assert "Nothing is planned" in terminal.run("list", "--calendar").stdout


def test_programs_are_told_what_became_of_a_post(ready):
    """As the others do: what was said, and the post as it is now."""
    post = scheduled(ready.store(), NOW + timedelta(hours=1))
    for words, state in [
        (("move", post, "2099-12-24 19:30"), "protected"),
        (("hold", post), "held"),
        (("release", post), "protected"),
        (("retry", post), "protected"),
    ]:
        told = ready.json(*words)
        assert (told["post"], told["state"], told["running"]) == (post, state, False)
        assert told["said"].startswith(f"Post {post} (狐.png)")


def test_programs_are_told_what_is_paused(ready):
    assert ready.json("pause", "sky")["paused"] == ["sky"]
    told = ready.json("pause")
    assert (told["all_paused"], told["paused"]) == (True, ["sky"])
    assert ready.json("pause", "--off")["paused"] == []
