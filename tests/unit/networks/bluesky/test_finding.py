"""Which record a draft has made, where no plan of it is known."""

from __future__ import annotations

from typing import Any

from postguard.model import Words
from postguard.networks.bluesky.finding import alike
from postguard.networks.bluesky.names import blob_cid
from postguard.networks.bluesky.record import Part
from tests.making import rendition

WORDS = Words(text="新作です", alts=("月の下の狐",))
PART = Part("新作です", (rendition(),))


def record(text: str, *digests: str) -> dict[str, Any]:
    """A post on the account, with these pictures."""
    images = [
        {"alt": "月の下の狐", "image": {"ref": {"$link": blob_cid(digest)}}} for digest in digests
    ]
    uri = f"at://did:plc:a/app.bsky.feed.post/{text}"
    return {"uri": uri, "cid": "c", "value": {"text": text, "embed": {"images": images}}}


def found(*records: dict[str, Any], part: Part = PART) -> list[tuple[str, bool]]:
    seen = alike(records, WORDS, [part], ())
    return [(chain[0]["value"]["text"], sure) for chain, sure in seen]


def test_the_very_bytes_below_other_words_may_be_it() -> None:
    """Its words were changed after the backup; two posts never have the same bytes."""
    other = record("別の言葉", "b" * 64)
    assert found(other) == [("別の言葉", False)]
    assert found(other, record("新作です", "b" * 64)) == [("新作です", True)]


def test_other_bytes_below_other_words_are_another() -> None:
    assert found(record("別の言葉", "c" * 64)) == []


def test_a_text_alone_is_not_told_from_any_other_without_pictures() -> None:
    assert found(record("別の言葉"), part=Part("新作です")) == []
