"""What `add` writes beside a picture is what intake reads there."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.app.adding import drop, sidecar_text
from postguard.app.installation import Installation
from postguard.errors import BadPicture, BadWords, Unusable
from postguard.intake import sidecar, written
from postguard.intake.words import spread
from tests.making import NOW

ACCOUNTS = ("sky", "fedi")

# Any Unicode that an argument can hold; intake trims texts, so blanks at their ends do not count.
TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r")).map(
    written.trimmed
)
SEEN = TEXTS.filter(lambda text: text not in {"", "…", "..."})  # these stand for an alt text
ALTS = st.lists(SEEN, min_size=1, max_size=4)
WORD = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=12)
LANGS = st.sampled_from(["ja", "en", "zh-Hant", "pt-BR", "ain"])
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "text": TEXTS.filter(bool),
        "cw": TEXTS.filter(bool),
        "tags": st.lists(WORD, min_size=1, max_size=3, unique=True).map(tuple),
        "labels": st.lists(WORD, min_size=1, max_size=3).map(tuple),
        "lang": LANGS,
        "to": st.lists(st.sampled_from(ACCOUNTS), min_size=1, unique=True).map(tuple),
        "recipe": WORD,
        "visibility": st.sampled_from(["public", "unlisted", "private", "direct"]),
        "dry_run": st.just(True),
    },
)


def read(text: str) -> sidecar.Fields:
    return sidecar.parse(text, "fox.png.toml", ACCOUNTS, UTC).top


@given(FIELDS)
def test_every_field_is_read_back_as_it_was_given(words: dict[str, Any]) -> None:
    fields = read(sidecar_text(words, ("fox.png",)))
    said = {name: getattr(fields, "langs" if name == "lang" else name) for name in words}
    expected = words | ({"lang": (words["lang"],)} if "lang" in words else {})
    assert said == expected
    assert fields.alt is None


@given(ALTS)
def test_each_picture_gets_the_alt_text_given_in_its_turn(alts: list[str]) -> None:
    names = tuple(f'{i:02d}-{"狐" * i} "#.png' for i in range(1, len(alts) + 1))
    fields = read(sidecar_text({"alt": tuple(alts)}, names))
    assert spread(fields.alt, names) == alts


@given(ALTS, st.integers(1, 3))
def test_pictures_behind_the_last_alt_text_have_none(alts: list[str], more: int) -> None:
    names = tuple(f"{i:02d}.png" for i in range(1, len(alts) + 1 + more))
    fields = read(sidecar_text({"alt": tuple(alts)}, names))
    assert spread(fields.alt, names) == alts + [None] * more


def test_a_set_appears_whole_and_its_pictures_stay_where_they_were(
    installation: Installation, tmp_path: Path
) -> None:
    pictures = tuple(tmp_path / f"{name}.png" for name in ("きつね", "b"))
    for picture in pictures:
        picture.write_bytes(picture.name.encode())
    dropped = drop(installation.path, pictures, {"text": "二枚", "alt": ("あ", "い")}, NOW)
    folder = installation.outbox / dropped
    there = {path.name: path.read_bytes() for path in folder.iterdir()}
    fields = read(there.pop("post.toml").decode())
    assert there == {"01-きつね.png": "きつね.png".encode(), "02-b.png": b"b.png"}
    assert spread(fields.alt, sorted(there)) == ["あ", "い"]
    assert [path.name for path in installation.outbox.iterdir()] == ["きつね"]
    assert all(picture.exists() for picture in pictures)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"at": "tomorrow"}, '--at "tomorrow": write "now", "slot", or day and time as'),
        ({"not_before": "soon"}, '--not-before "soon": write a day as 2026-12-01'),
        ({"reply_to": "fox"}, '--reply-to "fox": write the address of a post'),
        ({"tags": ("a b", "狐")}, '--tag "a b, 狐": "a b" cannot be a hashtag'),
        ({"to": ("skye",)}, '--to "skye": there is no account skye; did you mean sky?'),
    ],
)
def test_what_cannot_be_meant_is_told_by_its_option(
    installation: Installation, tmp_path: Path, words: dict[str, Any], told: str
) -> None:
    """The artist wrote no file, so no line of one is named."""
    picture = tmp_path / "fox.png"
    picture.write_bytes(b"fox")
    with pytest.raises(BadWords) as caught:
        drop(installation.path, (picture,), words, NOW)
    assert str(caught.value).startswith(told)


def test_a_painters_own_file_is_refused_at_once(
    installation: Installation, tmp_path: Path
) -> None:
    (tmp_path / "art.psd").write_bytes(b"8BPS")
    with pytest.raises(BadPicture, match=r"art\.psd: .*export it as PNG"):
        drop(installation.path, (tmp_path / "art.psd",), {"alt": ("a fox",)}, NOW)
    assert list(installation.outbox.iterdir()) == []


def test_a_time_that_is_over_is_refused_at_once(
    installation: Installation, tmp_path: Path
) -> None:
    picture = tmp_path / "fox.png"
    picture.write_bytes(b"fox")
    with pytest.raises(Unusable, match="2020-01-01 10:00 is over already"):
        drop(installation.path, (picture,), {"at": "2020-01-01 10:00"}, NOW)
    assert not (installation.outbox / "fox.png").exists()
    assert drop(installation.path, (picture,), {"at": "2099-01-01 10:00"}, NOW) == "fox.png"
