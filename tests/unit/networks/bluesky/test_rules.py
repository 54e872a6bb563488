"""What Bluesky cannot be given, beyond text and audience."""

from dataclasses import replace

import pytest

from postguard.model import Replies, Words
from postguard.networks.bluesky.rules import MAX_PARTS, length, limits_for, objections
from postguard.networks.drawing import served_size

LIMITS = limits_for(2_000_000)
LIST = "at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.graph.list/3kaaaaaaaaaaa"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (Words(hidden_tags=("a",) * 9), "9 hidden tags"),
        (Words(hidden_tags=("あ" * 65,)), "64 characters"),
        (Words(hidden_tags=("👩‍🎨" * 60,)), "is too long"),
        (Words(replies=Replies.LISTS), "0 lists"),
        (Words(replies=Replies.LISTS, lists=(LIST,) * 6), "6 lists"),
        (Words(replies=Replies.LISTS, lists=("https://bsky.app/x",)), "not the address of a list"),
        (Words(reply_to="https://mastodon.example/@hanako/1"), "not the address of a post"),
        (Words(text="あ" * 301), "thread = true"),
        (Words(text="あ" * 300 * MAX_PARTS, thread=True), f"would have {MAX_PARTS} posts"),
        (Words(text="́" * 1600, thread=True), "a character of the text"),
    ],
)
def test_it_is_objected_to_in_words(words: Words, says: str) -> None:
    """Before anything is rendered, and with what to do."""
    (objection,) = objections(words, 1, LIMITS)
    assert says in objection


@pytest.mark.parametrize(
    ("words", "images"),
    [
        (Words(hidden_tags=("あ" * 64,) * 8), 4),
        (Words(replies=Replies.LISTS, lists=(LIST,) * 5), 4),
        (Words(lists=(LIST,) * 9), 4),
        (Words(reply_to="#12"), 4),
        (Words(reply_to="at://did:plc:fox/app.bsky.feed.post/3kaaaaaaaaaaa"), 4),
        (Words(reply_to="https://bsky.app/profile/fox.test/post/3kaaaaaaaaaaa?ref=x"), 4),
        (Words(text="あ" * 3000, thread=True), 40),
        (Words(text="👩‍🎨" * 290, thread=True), 1),
    ],
)
def test_what_bluesky_can_give_is_not(words: Words, images: int) -> None:
    """Lists play no part where they are not asked for; a thread takes any length."""
    assert objections(words, images, LIMITS) == []


def test_pictures_beyond_one_post_are_held_without_a_thread_and_taken_with_one() -> None:
    """And a gallery takes ten."""
    words = Words(text="新作です")
    assert len(objections(words, 5, LIMITS)) == 1
    assert objections(replace(words, thread=True), 5, LIMITS) == []
    assert objections(words, 10, limits_for(2_000_000, gallery=True)) == []


def test_a_text_counts_by_what_it_has_more_of() -> None:
    """300 characters, or 3000 bytes: an emoji of several parts is eleven bytes and one sign."""
    assert length("狐" * 10) == 10
    assert length("👩‍🎨" * 10) == 11


def test_the_largest_picture_that_is_sent_is_served_in_its_own_size() -> None:
    """A resize by the platform would undo some of the marks and of the cloak."""
    side = LIMITS.side
    assert side is not None
    assert served_size("bluesky", side, side // 2) == (side, side // 2)
    assert served_size("bluesky", side + 1, side // 2) != (side + 1, side // 2)
