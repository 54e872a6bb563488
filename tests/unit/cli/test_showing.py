"""`show` tells what the network makes of a post, once it was read back."""

import pytest

from postguard.model import NewDelivery, Receipt, Words
from tests.making import NOW, protected_post


@pytest.fixture
def posted(terminal):
    """A store with one post that was sent; returns both."""
    terminal.configure()
    store = terminal.store()
    post = protected_post(store, name="狐.png")
    (delivery,) = store.deliveries.of_post(post.id)
    store.deliveries.finish(delivery.id, Receipt("at://1", "https://bsky.app/1", NOW), NOW)
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
