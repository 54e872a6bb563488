"""Keys, blob names and objections of Bluesky."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.model import Draft, Quotes, Rendition, Visibility, Words
from postguard.networks.bluesky.names import Tids, blob_cid
from postguard.networks.bluesky.network import limits_for, objections
from postguard.networks.bluesky.pds import bytes_for_version
from postguard.networks.bluesky.record import Part, handles, labels_of, parts_of, post_record
from postguard.networks.bluesky.rules import MAX_GRAPHEMES, MAX_IMAGES, length

LIMITS = limits_for(2_000_000)
NOW = datetime(2026, 11, 23, 1, 2, 3, 456_789, tzinfo=UTC)


def test_a_blob_is_named_by_its_bytes() -> None:
    """The name that Bluesky gives to the word `hello`, from its own documentation's recipe."""
    cid = "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq"
    assert blob_cid(sha256(b"hello").hexdigest()) == cid


@given(st.lists(st.integers(1_577_836_800, 4_102_444_800), min_size=2))
def test_keys_rise_whatever_the_clock_does(seconds: list[int]) -> None:
    """Posts sort by their key: one made later never sorts before, even after a step back."""
    tids = Tids(clock_id=7)
    keys = [tids.next(datetime.fromtimestamp(each, UTC)) for each in seconds]
    assert keys == sorted(set(keys))
    assert all(len(key) == 13 for key in keys)
    assert all(set(key) <= set("234567abcdefghijklmnopqrstuvwxyz") for key in keys)


def test_two_machines_never_make_the_same_key() -> None:
    """The last ten bits tell them apart."""
    assert Tids(1).next(NOW) != Tids(2).next(NOW)


def test_a_key_tells_its_time() -> None:
    """Bluesky reads the time out of it: 53 bits of microseconds."""
    alphabet = "234567abcdefghijklmnopqrstuvwxyz"
    number = 0
    for char in Tids(0).next(NOW):
        number = number * 32 + alphabet.index(char)
    assert datetime.fromtimestamp(0, UTC) + timedelta(microseconds=number >> 10) == NOW


def test_an_unknown_mention_stays_text() -> None:
    """The words are posted as they are; only the link is missing."""
    words = Words(text="@a.test @b.test @a.test")
    assert handles(words) == ["a.test", "b.test"]
    record = post_record(words, Part(words.text), "2026", {"b.test": "did:plc:b"})
    assert isinstance(record["facets"], list)
    assert len(record["facets"]) == 1


def test_an_image_without_alt_text_has_an_empty_one() -> None:
    """The key must be there, or the record is refused."""
    image = Rendition(1, "any", Path("x"), "00" * 32, "image/png", 3, 2, 9, {})
    record = post_record(Words(alts=("一枚目",)), Part("", (image,)), "2026", {})
    embed = record["embed"]
    assert isinstance(embed, dict)
    assert isinstance(embed["images"], list)
    assert isinstance(embed["images"][0], dict)
    assert embed["images"][0]["alt"] == ""


@given(
    st.text(st.sampled_from("あ👩‍🎨 a。\n#"), max_size=900),
    st.integers(0, 11),
    st.sampled_from(["", "https://mastodon.example/@hanako/1156" + "2" * 40]),
)
def test_every_part_of_a_thread_fits_one_post(text: str, count: int, link: str) -> None:
    """Whatever is asked for: no word, no picture and no link is lost, and all keep their order."""
    images = tuple(
        Rendition(n, "any", Path("x"), f"{n:064x}", "image/png", 3, 2, 9, {}) for n in range(count)
    )
    words = Words(text=text, thread=True)
    parts = parts_of(Draft(words, images, 1, "me", link=link), MAX_IMAGES)
    texts = [str(post_record(words, part, "2026", {})["text"]) for part in parts]
    assert all(length(each) <= MAX_GRAPHEMES for each in texts)
    assert all(len(part.renditions) <= MAX_IMAGES for part in parts)
    assert tuple(image for part in parts for image in part.renditions) == images
    assert "".join("".join(part.text for part in parts).split()) == "".join(text.split())
    assert [part.link for part in parts] == [""] * (len(parts) - 1) + [link]


def test_a_label_that_is_asked_for_twice_stands_once() -> None:
    """The account's and the post's may be the same."""
    labels = labels_of(Words(labels=("nudity", "sexual", "nudity")))
    assert isinstance(labels, dict)
    assert labels["values"] == [{"val": "nudity"}, {"val": "sexual"}]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (Words(text="あ" * 301), "301 characters"),
        (Words(text="👩‍🎨" * 290), "bytes"),
        (Words(visibility=Visibility.UNLISTED), "cannot be unlisted"),
        (Words(visibility=Visibility.PRIVATE), "cannot be private"),
        (Words(quotes=Quotes.FOLLOWERS), 'quotes = "nobody"'),
        (Words(labels=("nsfw",)), "sexual, nudity, porn, graphic-media"),
        (Words(cw="流血"), "labels"),
        (Words(langs=("ja", "en", "de", "fr")), "4 languages"),
    ],
)
def test_what_bluesky_cannot_give_is_objected_to(words: Words, says: str) -> None:
    """In words that say what to do; nothing is cut, and nothing is shown more widely."""
    (objection,) = objections(words, 1, LIMITS)
    assert says in objection


def test_a_warning_with_a_label_covers_the_picture() -> None:
    """The label does on Bluesky what the warning does elsewhere."""
    words = Words(cw="流血", labels=("graphic-media",))
    assert objections(words, 4, LIMITS) == []
    assert len(objections(replace(words, labels=()), 5, LIMITS)) == 2


@pytest.mark.parametrize(
    ("version", "size"),
    [
        ("0.4.217", 1_000_000),
        ("0.5.35", 2_000_000),
        ("1.0.0", 2_000_000),
        ("8f2d1a", 1_000_000),
        ("", 1_000_000),
    ],
)
def test_an_unknown_server_gets_what_every_server_takes(version: str, size: int) -> None:
    """A smaller picture is posted; a larger one would be refused."""
    assert bytes_for_version(version) == size
