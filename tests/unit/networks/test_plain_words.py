"""What is said of a post in plain words."""

from __future__ import annotations

from typing import Any

import pytest

from postguard.model import Quotes, Replies, Visibility, Words
from postguard.networks.plain_words import audience, shown

PICTURE = {
    "kind": "WebP",
    "width": 1000,
    "height": 667,
    "size": 120_400,
    "same": False,
    "likeness": 83.2,
    "notice": 0.968,
    "watermark": 1.03,
    "problem": "",
    "again": False,
}


@pytest.mark.parametrize("replies", Replies)
@pytest.mark.parametrize("quotes", Quotes)
@pytest.mark.parametrize("visibility", Visibility)
def test_every_audience_has_its_words(
    visibility: Visibility, replies: Replies, quotes: Quotes
) -> None:
    said = audience(Words(visibility=visibility, replies=replies, quotes=quotes))
    assert len(said) == 3
    assert all(said)


def test_what_was_not_read_back_yet_is_not_spoken_of() -> None:
    assert shown({}, "bluesky-2000000") == []
    assert shown({"tries": 2}, "bluesky-2000000") == []


def test_what_a_network_shows_is_said_with_what_is_left_of_the_marks() -> None:
    assert shown({"differences": [], "pictures": [PICTURE]}, "bluesky-2000000") == [
        "As Bluesky shows it: as you asked for",
        "picture 1: 1000 × 667 pixels, 120 kB of WebP; likeness to what was sent 83.2 of 100 "
        "(SSIMULACRA2); the notice keeps 97% of its contrast; the watermark keeps 100% of its "
        "contrast",
    ]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"same": True}, "the very file that was sent"),
        ({"problem": "cdn.example does not serve the picture (403)"}, "cdn.example does not"),
        ({"notice": -0.2}, "the notice keeps 0% of its contrast"),
        ({"notice": None, "watermark": None, "likeness": None}, "120 kB of WebP"),
    ],
)
def test_each_picture_says_what_is_known_of_it(fields: dict[str, Any], says: str) -> None:
    seen = {"differences": [], "pictures": [PICTURE, PICTURE | fields]}
    assert shown(seen, "mastodon-1-2")[2].startswith("picture 2: ")
    assert says in shown(seen, "mastodon-1-2")[2]
    assert "None" not in " ".join(shown(seen, "mastodon-1-2"))


def test_differences_and_problems_are_said_as_they_are() -> None:
    seen = {"differences": [{"what": "alt", "says": "説明がない"}], "pictures": []}
    assert shown(seen, "mastodon-1-2") == ["As Mastodon shows it: 説明がない"]
    assert shown({"problem": "could not be read back"}, "x") == [
        "As its network shows it: could not be read back"
    ]
