"""A post is tagged with the languages of its own words, whatever its picture's notice says."""

from __future__ import annotations

import pytest

from postguard.intake.tongues import of_text, of_words
from postguard.model import Words

BOTH = ("ja", "en")


@pytest.mark.parametrize(
    ("text", "langs"),
    [
        ("月の下の狐を描きました。", ("ja",)),
        ("A fox below the moon.", ("en",)),
        ("狐", ("ja",)),
        ("Fox", ("en",)),
        ("新作です。Stable Diffusionではありません", ("ja",)),
        ("新作です。\nA new picture of a fox, drawn by hand.", ("ja", "en")),
        ("A new picture of a fox, by hand.\n新作の狐です", ("en", "ja")),
        ("Finished it at last ヽ(・∀・)ノ so happy today", ("en",)),
        ("A fox below the moon #イラスト #狐の絵", ("en",)),
        ("狐の絵 https://example.com/a/very/long/address #art #fox #moon", ("ja",)),
        ("여우와 달", ("ko",)),
        ("🦊✨", ("ja",)),
        ("", ("ja",)),
    ],
)
def test_the_text_tells_its_languages(text: str, langs: tuple[str, ...]) -> None:
    assert of_text(text, BOTH) == langs


@pytest.mark.parametrize(
    ("text", "usual", "langs"),
    [
        ("Ein Fuchs unter dem Mond", ("ja", "de"), ("de",)),
        ("A fox below the moon.", ("ja",), ("en",)),
        ("WIP", ("ja",), ("ja",)),
        ("Лиса под луной", BOTH, ()),
        ("Лиса под луной", ("ru", "en"), ("ru",)),
        ("Un renard sous la lune", ("fr", "de"), ("fr", "de")),
        ("狐の絵", ("en",), ("ja",)),
    ],
)
def test_what_scripts_cannot_tell_apart_is_what_the_artist_writes_in(
    text: str, usual: tuple[str, ...], langs: tuple[str, ...]
) -> None:
    """And what is in neither says nothing: the server then takes the account's own language."""
    assert of_text(text, usual) == langs


def test_a_post_without_a_text_is_in_the_language_of_its_alt_texts() -> None:
    assert of_words(Words(alts=("A red fox sits on a hill.",)), BOTH) == ("en",)
    assert of_words(Words(text="#狐", alts=("A red fox sits on a hill.",)), BOTH) == ("en",)
    assert of_words(Words(text="赤い狐", alts=("A red fox sits here.",)), BOTH) == ("ja",)
