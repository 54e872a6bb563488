"""A post is compared with what was asked for; what a network does not tell is no difference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.model import Quotes, Replies, Shown, Visibility, Words, body
from postguard.publish.verify import GONE, differences, faded
from tests.making import rendition

WORDS = Words(
    text="月の下の狐 https://example.com/狐/ @hanako@art.example",
    alts=("赤い狐", "青い鳥"),
    cw="流血",
    labels=("graphic-media",),
    tags=("イラスト",),
    langs=("ja", "en"),
    visibility=Visibility.UNLISTED,
    quotes=Quotes.NOBODY,
)
RENDITIONS = (
    replace(rendition(position=0), sha256="a" * 64),
    replace(rendition(position=1), sha256="b" * 64),
)
AS_ASKED = Shown(
    text=body(WORDS),
    alts=WORDS.alts,
    cw=WORDS.cw,
    sensitive=True,
    labels=WORDS.labels,
    langs=WORDS.langs,
    visibility=WORDS.visibility,
    replies=WORDS.replies,
    quotes=WORDS.quotes,
    sha256=("a" * 64, "b" * 64),
)


def found(words: Words = WORDS, **shown: Any) -> list[tuple[str, str]]:
    """What differs where the network shows something else in these fields."""
    seen = differences(words, RENDITIONS, replace(AS_ASKED, **shown))
    return [(each.what, each.words(7)) for each in seen]


def the_one(words: Words = WORDS, **shown: Any) -> tuple[str, str]:
    """The only difference."""
    (only,) = found(words, **shown)
    return only


def test_a_post_as_it_was_asked_for_has_no_difference() -> None:
    assert found() == []


def test_what_a_network_does_not_tell_is_no_difference() -> None:
    silent = Shown(text=AS_ASKED.text, alts=AS_ASKED.alts)
    assert differences(WORDS, RENDITIONS, silent) == ()


@pytest.mark.parametrize(
    "text",
    [
        "月の下の狐\nexample.com/狐 @hanako\n\n#イラスト",
        "月の下の狐  https://example.com/狐 @hanako@art.example #イラスト",
        "月の下の狐 https://example.com/狐/ @Hanako@art.example\n\n＃イラスト",
    ],
)
def test_what_every_server_may_do_to_a_text_is_no_difference(text: str) -> None:
    assert found(text=text) == []


@given(st.text(alphabet="狐 ｶﾅ\u3000\n\u200b🦊\ufe0f#＃Aa./:@"))
def test_a_text_is_never_different_from_itself(text: str) -> None:
    words = Words(text=text)
    assert differences(words, (), Shown(body(words), ())) == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the text is missing"),
        ("月の下の狐", "was cut short"),
        ("別の絵です", "“別の絵です”"),
    ],
)
def test_another_text_is_told_with_how_to_mend_it(text: str, says: str) -> None:
    what, told = the_one(text=text)
    assert what == "text"
    assert says in told
    assert "`postguard edit 7`" in told
    assert "`postguard retract 7`" in told


def test_a_filled_in_text_behind_a_content_warning_is_no_difference() -> None:
    assert found(replace(WORDS, text="", tags=()), text="🖼") == []


def test_a_link_to_the_other_copy_behind_the_text_is_no_difference() -> None:
    text = f"{body(WORDS)}\n\nhttps://bsky.app/profile/a/post/1"
    assert the_one(text=text)[0] == "text"
    linked = replace(WORDS, link_to="sky")
    assert found(linked, text=text) == []
    assert found(linked) == []  # the other copy was never posted
    assert the_one(linked, text=f"{body(WORDS)} 続きは https://elsewhere.example")[0] == "text"


def test_a_missing_alt_text_names_its_picture_and_what_it_costs() -> None:
    what, told = the_one(alts=("赤い狐", ""))
    assert what == "alt"
    assert told.startswith("picture 2 stands there without its alt text, so people who cannot see")
    assert "`postguard edit 7`" in told


@pytest.mark.parametrize(
    ("alts", "says"),
    [(("赤い", "青い鳥"), "cut short"), (("猫", "青い鳥"), "“猫”")],
)
def test_an_alt_text_that_was_changed_is_told(alts: tuple[str, ...], says: str) -> None:
    assert says in the_one(alts=alts)[1]


def test_alt_texts_in_another_order_are_one_difference() -> None:
    assert "another order" in the_one(alts=("青い鳥", "赤い狐"))[1]


@pytest.mark.parametrize(
    ("alts", "says"),
    [((), "0 of its 2 pictures"), (("赤い狐",), "1 of its 2"), (("x",) * 3, "3 pictures instead")],
)
def test_a_missing_picture_is_told_once(alts: tuple[str, ...], says: str) -> None:
    """Without a word of alt texts, which are missing with it."""
    what, told = the_one(alts=alts, sha256=None)
    assert what == "pictures"
    assert says in told
    assert "`postguard retract 7`" in told


def test_pictures_in_another_order_are_known_by_their_bytes() -> None:
    assert "another order" in the_one(sha256=("b" * 64, "a" * 64))[1]


def test_other_bytes_than_were_sent_are_told() -> None:
    what, told = the_one(sha256=("a" * 64, "c" * 64))
    assert what == "bytes"
    assert "picture 2 is not the one that postguard sent" in told


@pytest.mark.parametrize(
    ("asked", "made", "says", "do"),
    [
        (Visibility.UNLISTED, Visibility.PUBLIC, "more people see your work", "deletes it there"),
        (Visibility.UNLISTED, Visibility.PRIVATE, "fewer people see it", "look at it there"),
        (Visibility.DIRECT, Visibility.PRIVATE, "more people see your work", "deletes it there"),
    ],
)
def test_another_audience_says_whether_it_is_wider(
    asked: Visibility, made: Visibility, says: str, do: str
) -> None:
    words = replace(WORDS, visibility=asked)
    (what, told), *_ = found(words, visibility=made)
    assert what == "audience"
    assert says in told
    assert do in told


def test_what_opens_a_post_wider_is_told_first() -> None:
    assert [what for what, _ in found(text="", visibility=Visibility.PUBLIC)] == [
        "audience",
        "text",
    ]


@pytest.mark.parametrize(
    ("asked", "made", "told"),
    [
        (Quotes.NOBODY, Quotes.EVERYONE, True),
        (Quotes.NOBODY, Quotes.FOLLOWERS, True),
        (Quotes.FOLLOWERS, Quotes.EVERYONE, True),
        (Quotes.EVERYONE, Quotes.NOBODY, False),
    ],
)
def test_a_post_that_more_may_quote_is_told(asked: Quotes, made: Quotes, *, told: bool) -> None:
    """Fewer is an account's own default."""
    assert [what for what, _ in found(replace(WORDS, quotes=asked), quotes=made)] == (
        ["quotes"] if told else []
    )


def test_nobody_quotes_a_private_post_whatever_its_policy() -> None:
    private = replace(WORDS, visibility=Visibility.PRIVATE)
    assert found(private, visibility=Visibility.PRIVATE, quotes=Quotes.EVERYONE) == []


def test_another_reply_rule_is_told() -> None:
    what, told = the_one(replace(WORDS, replies=Replies.NOBODY))
    assert what == "replies"
    assert "“everyone”, you asked for “nobody”" in told


@pytest.mark.parametrize(
    ("shown", "what", "says"),
    [
        ({"cw": ""}, "cw", "the content warning is missing"),
        ({"cw": "other"}, "cw", "says “other”"),
        ({"sensitive": False}, "sensitive", "shown uncovered"),
        ({"labels": ()}, "labels", "the label graphic-media is missing"),
        ({"labels": ("graphic-media", "!hide")}, "labels", "has the label !hide"),
    ],
)
def test_a_cover_that_is_not_as_asked_is_told(shown: dict[str, Any], what: str, says: str) -> None:
    told = the_one(**shown)
    assert told[0] == what
    assert says in told[1]


def test_a_cover_that_nobody_asked_for_is_told() -> None:
    bare = replace(WORDS, cw="", labels=())
    assert [what for what, _ in found(bare)] == ["cw", "sensitive", "labels"]


@pytest.mark.parametrize("langs", [("ja",), ("ja", "en"), ("ja-JP",)])
def test_a_network_that_keeps_the_main_language_keeps_enough(langs: tuple[str, ...]) -> None:
    assert found(langs=langs) == []


@pytest.mark.parametrize(("langs", "says"), [(("en",), "as en"), ((), "without a language")])
def test_another_main_language_is_told(langs: tuple[str, ...], says: str) -> None:
    what, told = the_one(langs=langs)
    assert what == "languages"
    assert f"{says} instead of ja, en" in told


def test_a_language_that_was_left_to_the_network_is_no_difference() -> None:
    assert found(replace(WORDS, langs=()), langs=("en",)) == []


def test_a_post_that_is_gone_has_advice_too() -> None:
    assert "`postguard retract 12`" in GONE.words(12)


def test_a_mark_that_faded_is_told_with_what_is_left_of_it() -> None:
    kept = [{"notice": 0.93, "watermark": None}, {"notice": 0.21, "watermark": -0.1}]
    told = [each.words(7) for each in faded(kept)]
    assert [t.partition(" as it is served")[0] for t in told] == [
        "the notice on picture 2 keeps only 21% of its contrast",
        "the watermark on picture 2 keeps only 0% of its contrast",
    ]


def test_a_cloak_that_is_mostly_gone_is_told_with_what_that_means() -> None:
    kept = [{"notice": 0.93, "cloak": 0.81}, {"cloak": 0.124}, {"cloak": None}]
    (told,) = [each.words(7) for each in faded(kept)]
    assert told.startswith("the cloak of picture 2 keeps only 12% of its change as it is served")
    assert "protects this copy less than was measured before it was sent" in told
    assert "a higher strength survives better" in told
