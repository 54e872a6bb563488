"""What an account posts, made of what the artist says of one post."""

from __future__ import annotations

from dataclasses import replace

import pytest

from postguard.intake.templates import filled
from postguard.model import Words, body

FOX = Words(text="A fox.", tags=("art", "狐"), langs=("ja",))
NOTICE = "AI学習・画像生成への利用・無断転載を禁じます"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{text}", "A fox."),
        ("{title}\n\n{text}", "Snow\n\nA fox."),
        ("{tags}\n{text}", "#art #狐\nA fox."),
        ("{text}\n\n{notice}", f"A fox.\n\n{NOTICE}"),
        ("「{title}」 {text} {", "「Snow」 A fox. {"),
        ("same every time", "same every time"),
    ],
)
def test_each_place_is_filled(template: str, text: str) -> None:
    assert filled(template, replace(FOX, title="Snow")) == text


def test_what_was_not_said_leaves_no_hole() -> None:
    template = "{title}\n\n{text}\n\n{tags}\n\n{notice}"
    assert filled(template, Words(text="A fox.", langs=("ja",))) == f"A fox.\n\n{NOTICE}"


def test_hashtags_stand_once_wherever_the_template_puts_them() -> None:
    said = Words(text=filled("{tags} {text}", FOX), tags=FOX.tags)
    assert body(said) == "#art #狐 A fox."
    said = Words(text=filled("{text}!", FOX), tags=FOX.tags)
    assert body(said) == "A fox.!\n\n#art #狐"


def test_a_hashtag_in_the_text_is_not_repeated_by_the_template() -> None:
    said = Words(text="A fox #art", tags=("art", "狐"))
    assert filled("{text} / {tags}", said) == "A fox #art / #狐"


def test_braces_in_the_artists_own_words_stay_as_they_are() -> None:
    assert filled("{text} {title}", Words(text="a {title}", title="T")) == "a {title} T"


@pytest.mark.parametrize(
    ("langs", "said"),
    [(("ja-JP",), NOTICE), (("de", "ja"), NOTICE), (("en",), "No AI"), (("fr",), "No AI")],
)
def test_the_notice_speaks_the_posts_language_where_it_can(
    langs: tuple[str, ...], said: str
) -> None:
    assert filled("{notice}", Words(langs=langs)).startswith(said)
