"""An objection is told at the field that it is about, whatever language it is said in."""

from __future__ import annotations

from dataclasses import replace

from postguard.app.wording import by_field
from postguard.model import Words
from postguard.networks.bluesky import rules as bluesky
from postguard.networks.mastodon import instance
from postguard.networks.mastodon import rules as mastodon


def on_bluesky(words: Words) -> list[str]:
    return bluesky.objections(words, 2, bluesky.limits_for(1_000_000))


def on_mastodon(words: Words) -> list[str]:
    return mastodon.objections(words, 2, instance.limits_of({}))


def test_each_fault_stands_at_its_own_field():
    words = Words("狐" * 301, alts=("a fox", "狐" * 2001), langs=("ja",) * 4)
    found = by_field(on_bluesky, words)
    assert list(found) == ["text", "alt2", ""]
    assert "301" in found["text"][0]
    assert "picture 2" in found["alt2"][0]
    assert by_field(on_bluesky, Words("狐", alts=("a fox", ""))) == {}


def test_a_field_that_only_changes_the_number_in_a_sentence_is_not_to_blame():
    """Mastodon counts text and content warning together."""
    words = Words("狐" * 600, cw="blood")
    assert list(by_field(on_mastodon, words)) == ["text"]
    assert list(by_field(on_mastodon, replace(words, text="狐", cw="血" * 600))) == ["cw"]
