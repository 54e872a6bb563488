"""Where a text that is too long for one post is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.networks.splitting import split
from postguard.networks.text import facets, graphemes, mastodon_length

JAPANESE = (
    "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。"
    "何でも薄暗いじめじめした所でニャーニャー泣いていた事だけは記憶している。"
)
ANY = st.text(st.sampled_from("あっ猫ー。、「」 \n#＃@.aé👩‍🎨0/:"), max_size=120)


def test_what_fits_stays_one_part() -> None:
    """Cut only where it must be."""
    assert split("狐の絵です。\n\n#狐", graphemes, 11) == ["狐の絵です。\n\n#狐"]
    assert split("", graphemes, 300) == [""]


def test_a_cut_comes_behind_a_sentence() -> None:
    """Japanese sentences end without a space behind them, and the quotes are closed first."""
    assert split(JAPANESE, graphemes, 40) == [
        "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。",
        "何でも薄暗いじめじめした所でニャーニャー泣いていた事だけは記憶している。",
    ]
    assert split("「もう帰る。」と猫は言った", graphemes, 10) == ["「もう帰る。」", "と猫は言った"]
    assert split("A fox sleeps. It will wake.", graphemes, 20) == [
        "A fox sleeps.",
        "It will wake.",
    ]


def test_a_paragraph_is_a_better_end_than_a_sentence() -> None:
    """But not one that leaves the part nearly empty."""
    text = "一枚目の狐です。\n\n二枚目は空。雲が多い。"
    assert split(text, graphemes, 16)[0] == "一枚目の狐です。"
    assert split(f"題\n{'猫が寝る。' * 6}", graphemes, 20)[0] == f"題\n{'猫が寝る。' * 3}"


def test_a_japanese_word_is_never_parted_from_its_lengthening() -> None:
    """Small letters and the long-vowel sign begin no line in Japanese, nor a closing quote."""
    for part in split("ニャーニャー泣いたちょっとした「猫」のキャラクター" * 4, graphemes, 9):
        assert part[0] not in "ャーょっ」ァ"
        assert part[-1] != "「"


def test_links_mentions_and_hashtags_stay_whole() -> None:
    """Half a link leads nowhere."""
    text = "新作です #狐の絵と長い名前 https://example.com/gallery/fox @hanako.bsky.social です"
    for limit in range(31, 60):
        parts = split(text, graphemes, limit)
        whole = [facet.value for part in parts for facet in facets(part)]
        assert whole == [facet.value for facet in facets(text)], limit


def test_a_word_longer_than_a_post_is_cut_between_its_characters() -> None:
    """No character a reader sees is halved, however many code points it has."""
    assert split("👩‍🎨" * 5, graphemes, 2) == ["👩‍🎨" * 2, "👩‍🎨" * 2, "👩‍🎨"]
    assert split("a" * 7, graphemes, 3) == ["aaa", "aaa", "a"]


def test_one_character_that_counts_too_much_stays_whole() -> None:
    """The caller objects to it; the split still ends."""
    assert split("👩‍🎨", len, 2) == ["👩‍🎨"]
    assert split("猫👩‍🎨猫", len, 2) == ["猫", "👩‍🎨", "猫"]


@pytest.mark.parametrize("count", [graphemes, mastodon_length, lambda text: len(text.encode())])
@given(ANY, st.integers(26, 60))
def test_no_part_is_too_long_and_no_word_is_lost(count, text: str, limit: int) -> None:
    """Only white space at the cuts is dropped."""
    parts = split(text, count, limit)
    assert all(count(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(parts) or parts == [""]
