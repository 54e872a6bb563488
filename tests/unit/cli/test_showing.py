"""`show` tells what the network makes of a post, once it was read back."""

from dataclasses import replace

import pytest

from postguard.cli import happening
from postguard.model import NewDelivery, Place, PostState, Quotes, Receipt, Words
from postguard.store import Event
from tests.making import NOW, new_post, protected_post, rendition


@pytest.fixture
def posted(terminal):
    """A store with one post that was sent; returns both."""
    terminal.configure()
    store = terminal.store()
    post = protected_post(store, name="狐.png")
    (delivery,) = store.deliveries.of_post(post.id)
    store.attempts.finish(delivery.id, Receipt("at://1", "https://bsky.app/1", NOW), NOW)
    return store, delivery


def test_a_post_that_was_not_read_back_yet_says_nothing_of_it(terminal, posted):
    _, delivery = posted
    assert "shows it" not in terminal.run("show", delivery.post_id).stdout
    assert terminal.json("show", delivery.post_id)["shown"] == {"sky": {}}


def test_what_the_network_shows_stands_below_the_address(terminal, posted):
    store, delivery = posted
    store.readings.keep(delivery.id, {"differences": [], "pictures": []}, NOW)
    lines = terminal.run("show", delivery.post_id).stdout.splitlines()
    at = lines.index("  https://bsky.app/1")
    assert lines[at + 1] == "  As Bluesky shows it: as you asked for"


def test_a_dry_run_is_told_as_a_page_and_not_as_a_post(terminal, posted):
    store, delivery = posted
    assert "posted to sky https://bsky.app/1" in terminal.run("show", delivery.post_id).stdout
    store.attempts.finish(delivery.id, Receipt("file:///1", "file:///1", NOW), NOW)
    told = terminal.run("show", delivery.post_id).stdout
    assert "drawn as a page, not posted, for sky file:///1" in told


@pytest.mark.parametrize("asked", [True, False], ids=["asked for", "the account's network"])
def test_a_dry_run_that_is_done_is_called_posted_nowhere(terminal, asked):
    terminal.configure()
    store = terminal.store()
    dry = NewDelivery("sky", Words("雪"), "now", "b", dry_run=asked)
    post = protected_post(store, deliveries=(dry,))
    (delivery,) = store.deliveries.of_post(post.id)
    store.attempts.finish(delivery.id, Receipt("file:///1", "file:///1", NOW), NOW)
    store.posts.placed(post.id, Place.DRY_RUN)
    listed, shown = terminal.run("list").stdout, terminal.run("show", post.id).stdout
    happened = " ".join(shown.split())
    for told in (listed, shown):
        assert "sky: drawn as a page, not posted (dry run)" in told
        assert "posted" not in told.replace("not posted", "").replace("nothing was posted", "")
    assert "  drawn, not posted  " in listed
    assert shown.splitlines()[0].endswith("drawn, not posted")
    assert f"outbox/dry-run/{post.folder}" in shown
    assert (
        "nothing was posted: original, renditions and receipt lie in outbox/dry-run/" in happened
    )


def test_a_post_of_which_one_account_is_a_dry_run_is_posted(terminal):
    terminal.configure()
    store = terminal.store()
    post = protected_post(store, accounts=("sky", "fedi"))
    for delivery, url in zip(
        store.deliveries.of_post(post.id), ("file:///1", "https://fedi.example/1"), strict=True
    ):
        store.attempts.finish(delivery.id, Receipt(url, url, NOW), NOW)
    assert "posted" in terminal.run("show", post.id).stdout.splitlines()[0].split()


def test_a_difference_is_told_with_its_advice(terminal, posted):
    store, delivery = posted
    seen = {"differences": [{"what": "alt", "says": "絵1に説明がない: `postguard edit 1`"}]}
    store.readings.keep(delivery.id, seen, NOW)
    told = terminal.run("show", delivery.post_id).stdout
    assert "As Bluesky shows it: 絵1に説明がない: `postguard edit 1`" in told
    assert terminal.json("show", delivery.post_id)["shown"] == {"sky": seen}


def test_what_a_post_answers_and_links_to_is_told(terminal):
    terminal.configure()
    words = Words("雪", reply_to="#6", link_to="fedi")
    post = protected_post(terminal.store(), deliveries=(NewDelivery("sky", words, "now", "b"),))
    told = " ".join(terminal.run("show", post.id).stdout.split())
    assert "It answers #6. Behind its text stands a link to the copy on fedi." in told


def test_a_copy_that_was_taken_back_is_not_told_as_standing_there(terminal, posted):
    store, delivery = posted
    store.readings.keep(delivery.id, {"differences": [], "pictures": []}, NOW)
    store.wishes.retracted(delivery, NOW)
    told = terminal.run("show", delivery.post_id).stdout
    assert "https://bsky.app/1" in told
    assert "shows it" not in told


MASTODON = """\
outbox = "{outbox}"

[accounts.fedi]
network  = "mastodon"
instance = "https://mastodon.example"
"""


def protected_by(store, *steps, second=None):
    """Return the number of a post for Mastodon that these steps have protected; `second`: the
    steps of another picture of it."""
    words = Words("雪", quotes=Quotes.NOBODY)
    new = new_post(deliveries=(NewDelivery("fedi", words, "now", "mastodon-1-2"),))
    post = store.posts.create(new, NOW)
    store.posts.placed(post.id, Place.QUEUED)
    store.posts.move_to(post.id, PostState.TAKEN, NOW)
    pictures = [steps] if second is None else [steps, second]
    made = [
        replace(rendition(position=i), record={"steps": [{"step": step} for step in each]})
        for i, each in enumerate(pictures)
    ]
    store.renditions.protected(post.id, made, NOW)
    return post.id


def test_a_post_tells_what_protects_it_and_what_would_add_most(terminal):
    terminal.configure(MASTODON)
    number = protected_by(terminal.store(), "watermark", "tags")
    told = terminal.run("show", number).stdout
    rows = [" ".join(line.split()) for line in told.splitlines()]
    assert "4 watermark △ ◎ stays" in rows
    assert "5 “no AI” for machines ○ ◎ taken out" in rows
    assert "fedi: quotes limited" in rows
    assert "Left out: pixels (Mastodon)." in told
    layers = terminal.json("show", number)["layers"]
    assert [m["measure"] for m in layers["measures"] if m["used"]] == [4, 7]
    assert "a sentence that people can read" in layers["next"]


def test_a_measure_that_one_of_two_pictures_lacks_is_not_the_posts(terminal):
    terminal.configure(MASTODON)
    number = protected_by(terminal.store(), "watermark", "notice", second=["notice"])
    layers = terminal.json("show", number)["layers"]
    assert [m["measure"] for m in layers["measures"] if m["used"]] == [5, 7]


def test_pages_on_this_pc_are_open_to_nobody(terminal):
    terminal.configure()
    account = terminal.json("show", protected_by(terminal.store(), "tags"))["layers"]["accounts"]
    assert account["fedi"]["closed"] == ["pages on this PC, which nobody else sees"]


def test_a_post_that_is_not_protected_yet_claims_nothing(terminal):
    terminal.configure()
    post = terminal.store().posts.create(new_post(), NOW)
    assert "What protects it" not in terminal.run("show", post.id).stdout
    assert terminal.json("show", post.id)["layers"] is None


def test_a_config_that_cannot_be_read_hides_no_post(terminal):
    terminal.configure("outbox = [\n")
    number = protected_by(terminal.store(), "notice")
    assert "What protects it" in terminal.run("show", number).stdout


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("encode fox.png bluesky-2000000", "saved       fox.png Bluesky"),
        ("measure fox.png mastodon-16777216-8294400", "measure     fox.png Mastodon"),
        ("notice bluesky-1.png", "notice      bluesky-1.png"),
    ],
)
def test_a_file_is_told_by_its_network_and_not_by_the_limits_that_it_keeps(kept, told):
    assert happening.event(Event(NOW, "step", kept), None).strip() == told
