"""What is said of a post in plain words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from postguard import language
from postguard.model import Quotes, Replies, Visibility, Words
from postguard.networks.plain_words import audience, done, kind_of, shown
from postguard.networks.step_words import of_step
from tests.making import rendition

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
        (
            {"cloak": 0.874, "chance": 0.012},
            "the cloak keeps 87% of its change (a change that never was in it: 1%)",
        ),
        ({"cloak": 0.004, "chance": 0.012}, "no more than by chance: nothing of it is left"),
        ({"cloak": -0.2, "chance": 0.0}, "the cloak keeps 0% of its change"),
        ({"cloak": None, "chance": None}, "120 kB of WebP"),
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


def said_of(step: dict[str, Any], **record: Any) -> dict[str, str]:
    """Return what is said of one step, and of how the file was saved."""
    told = replace(rendition(), record={"steps": [step], **record})
    return {line.name: line.words for line in done(told)}


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (
            {"step": "watermark", "text": "© 花", "strength": "clear", "marks": 9, "large": [1]},
            "“© 花”, clear, 9 times over the picture, the largest over what matters",
        ),
        (
            {"step": "downscale", "from": [9, 6], "to": [3, 2], "advice": "go smaller"},
            "9 × 6 pixels became 3 × 2. Go smaller",
        ),
        ({"step": "watermark", "marks": 9}, "your logo, 9 times over the picture"),
        ({"step": "notice", "text": "禁"}, "“禁”"),
        (
            {"step": "notice", "text": "禁", "place": "footer", "warning": "no room at the edges"},
            "“禁”, in a strip below the picture. No room at the edges",
        ),
        (
            {"step": "noise", "look": "grain", "strength": "low", "ssimulacra2": 80.4},
            "grain, strength low, likeness 80.4 of 100 (SSIMULACRA2)",
        ),
        (
            {"step": "noise", "look": "canvas", "strength": "high", "soften": True},
            "canvas, strength high, over a slight blur off the lines",
        ),
        ({"step": "noise", "amount": 3.0, "measured": 2.9}, "fine noise of 2.9 in 255"),
        (
            {"step": "hidden", "carried": True, "psnr": 46.2, "read_behind": "WebP 80 at 1000 px"},
            "the post's number, read here behind WebP 80 at 1000 px, 46.2 dB PSNR",
        ),
        ({"step": "hidden", "carried": False, "note": "too flat"}, "too flat"),
        (
            {"step": "tags", "mining": "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING"},
            "machines can read: no data mining except by search engines",
        ),
        ({"step": "tags", "mining": "DMI-ALLOWED"}, "machines can read: all use is allowed"),
        ({"step": "of a later version", "note": "was drawn"}, "was drawn"),
        ({"step": "of a later version"}, ""),
    ],
)
def test_what_a_step_did_is_said_in_words(step: dict[str, Any], says: str) -> None:
    assert said_of(step)[str(step["step"]).capitalize()] == says


@pytest.mark.parametrize("step", ["encode", "credentials"])
def test_what_finishes_the_file_is_said_of_the_file(step: str) -> None:
    signed = {"signer": "山田花子", "certificate": "AB:CD"}
    said = said_of({"step": step}, encode={"quality": 92, "credentials": signed})
    assert list(said) == ["Saved", "Signed"]
    assert said["Signed"].startswith("Content Credentials as 山田花子: not for AI")
    assert list(said_of({"step": step})) == ["Saved"]


@pytest.mark.parametrize(("mime", "kind"), [("image/webp", "WebP"), ("image/avif", "AVIF")])
def test_a_kind_of_file_has_the_name_that_people_write(mime: str, kind: str) -> None:
    assert kind_of(mime) == kind


def test_why_a_file_is_of_its_kind_and_how_like_it_is_stands_with_it() -> None:
    like = {"score": 91.4, "over": "four parts"}
    written = {"quality": 92, "why": "as PNG it would take too much", "ssimulacra2": like}
    assert said_of({"step": "tags"}, encode=written)["Saved"] == (
        "as JPEG at quality 92 (as PNG it would take too much): 4 × 3 pixels, 100 bytes; "
        "likeness to what was made 91.4 of 100 (SSIMULACRA2, over four parts)"
    )


def test_the_look_of_a_noise_is_said_in_the_artists_language() -> None:
    """The record keeps the config's word; a look of tomorrow is said as it stands there."""
    language.choose("ja")
    assert of_step({"step": "noise", "look": "grain", "strength": "low"}) == "粒、強度弱"
    assert of_step({"step": "noise", "look": "rain", "strength": "low"}) == "rain、強度弱"
