"""A post's words say what it shows, in English and Japanese; a table, what stands against it."""

from __future__ import annotations

from pathlib import Path

import pytest

from postguard.cloak.concepts import (
    BUNDLED,
    Concept,
    Pair,
    UnknownConcepts,
    pair,
    read_table,
    tables,
)

OURS = read_table([BUNDLED])
SEED = b"secret"

FOX = '[[concept]]\nname = "fox"\nwords = ["fox", "きつね"]\nanchor = "teapot"\n'


def concept(text: str, table: tuple[Concept, ...] = OURS) -> str:
    return pair([], text, table, SEED).concept


def own(folder: Path, text: str) -> tuple[Concept, ...]:
    (folder / "concepts.toml").write_text(text, encoding="utf-8")
    return read_table(tables(folder))


def fault(folder: Path, text: str) -> str:
    with pytest.raises(UnknownConcepts) as caught:
        own(folder, text)
    return str(caught.value).removeprefix(str(folder / "concepts.toml"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a sleeping dog", "dog"),
        ("Two PUPPIES, side by side", "dog"),
        ("foxes", "fox"),
        ("The fox's den", "fox"),
        ("DogArt", "dog"),
        ("dragon_art", "dragon"),
        ("TeddyBear", "bear"),
        ("teddy-bear", "bear"),
        ("#MechaMonday", "mecha"),
        ("ＣＡＴ", "cat"),
    ],
)
def test_an_english_word_is_found_in_any_case_number_and_spelling_of_tags(text, shown):
    assert concept(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("女の子", "girl"),
        ("木陰で本を読む女の子のイラスト", "girl"),
        ("子犬と遊ぶ", "dog"),
        ("昼寝する犬", "dog"),
        ("うちのいぬ", "dog"),
        ("黒猫", "cat"),
        ("ﾈｺ", "cat"),
        ("dogの絵", "dog"),
        ("巨大ロボットアニメ", "mecha"),
        ("海老フライ", "food"),
        ("桜の花", "flower"),
    ],
)
def test_a_japanese_word_is_found_inside_a_text(text, shown):
    assert concept(text) == shown


@pytest.mark.parametrize(
    "text",
    ["catalogue", "hotdogs2", "carpet", "image", "training", "#DoNotTrain", "BlueSkyArt", "gales"],
)
def test_a_part_of_an_english_word_is_not_the_word(text):
    assert concept(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "海外",
        "北海道",
        "山田花子",
        "空想",
        "カメラ",
        "ジャパン",
        "ハンドメイド",
        "女性向け",
        "馬鹿",
    ],
)
def test_a_short_japanese_word_inside_a_longer_one_is_not_the_word(text):
    assert concept(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        *(
            "イラスト",
            "オリジナル",
            "創作",
            "オリキャラ",
            "一次創作",
            "落書き",
            "らくがき",
            "お絵描き",
        ),
        *("絵描きさんと繋がりたい", "うちの子", "AI学習禁止", "無断転載禁止", "10月", "月曜日"),
        *("art", "illustration", "digital art", "OC", "original character", "WIP", "sketch"),
        *("commission", "MastoArt", "fanart", "ArtistsOnBluesky", "NoAI", ""),
    ],
)
def test_words_that_say_nothing_of_what_is_shown_match_nothing(text):
    assert concept(text) == ""


def test_a_longer_word_is_not_also_the_shorter_one_inside():
    assert concept("猫耳") == "girl"
    assert concept("dragonfly") == "insect"
    assert concept("hot dog") == "food"


def test_tags_count_before_the_alt_text_and_earlier_tags_before_later_ones():
    assert pair(["イラスト", "風景", "猫"], "a dog", OURS, SEED).concept == "landscape"
    assert pair(["イラスト"], "a dog", OURS, SEED).concept == "dog"


def test_of_several_in_one_text_the_subject_counts_and_not_what_is_around_it():
    assert concept("blue sky over a girl with her cat") == "girl"
    assert concept("海と空を見る黒猫") == "cat"


def test_where_nothing_matches_the_seed_alone_decides_among_all_anchors():
    drawn = [pair(["art"], "", OURS, bytes([i])) for i in range(200)]
    assert drawn == [pair([], "イラスト", OURS, bytes([i])) for i in range(200)]
    assert {p.concept for p in drawn} == {""}
    assert {p.anchor for p in drawn} == {entry.anchor for entry in OURS if entry.name}


def test_our_table_knows_forty_concepts_in_both_languages_each_drawn_to_another():
    known = [entry for entry in OURS if entry.name]
    assert len({entry.name for entry in known}) >= 40
    for entry in known:
        assert any(word.isascii() for word in entry.words), entry.name
        assert not all(word.isascii() for word in entry.words), entry.name
        assert concept(entry.anchor) != entry.name


def test_every_word_of_our_table_is_found_as_its_own_concept():
    wrong = [(w, e.name) for e in OURS for w in e.words if concept(w) != e.name]
    assert wrong == []


def test_without_a_file_of_the_artist_there_is_only_ours(tmp_path):
    assert tables(tmp_path) == (BUNDLED,)


def test_the_artists_entries_come_first_and_take_the_place_of_ours(tmp_path):
    table = own(tmp_path, FOX + '[[concept]]\nname = "Aoi"\nwords = ["Aoi"]\nanchor = "cup"\n')
    assert pair(["fox"], "", table, SEED) == Pair("fox", "teapot")
    assert concept("a girl named Aoi", table) == "Aoi"
    assert concept("a dog", table) == "dog"
    assert concept("vixen", table) == ""


def test_the_artist_may_leave_ours_out(tmp_path):
    table = own(tmp_path, "replace = true\n" + FOX)
    assert [entry.name for entry in table] == ["fox"]
    assert pair(["dog"], "", table, SEED) == Pair("", "teapot")


def test_the_artist_may_have_words_ignored(tmp_path):
    table = own(tmp_path, 'ignore = ["CatStudio", "猫屋"]\n')
    assert concept("CatStudio", table) == concept("猫屋", table) == ""
    assert concept("a cat of CatStudio", table) == "cat"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[concept]]\nname = dog\n", ":2: is not valid TOML: a text needs quotes"),
        (FOX + "colour = 1\n", ":5: concept[0].colour: unknown; there are only name, words and"),
        ("replaces = true\n", ":1: replaces: unknown; there are only concept, ignore and replace"),
        ('replace = "yes"\n' + FOX, ":1: replace: write true or false"),
        (FOX + '[[concept]]\nname = "a"\nwords = ["a"]\n', ":5: concept[1]: it has no anchor"),
        (
            FOX + '[[concept]]\nname = "a"\nwords = "a"\nanchor = "b"\n',
            ":7: concept[1].words: wri",
        ),
        (FOX.replace('"きつね"', '"#"'), ":3: concept[0].words: '#' is no word; take it out"),
        (FOX.replace("teapot", "../secret"), ":4: concept[0].anchor: '../secret' is no name"),
        ('[concept]\nname = "a"\n', ":1: concept: write [[concept]], with two brackets"),
        ("concept = [1]\n", ":1: concept[0]: write a table"),
        ("replace = true\n", ": no concept is in it; write one, or take `replace` out"),
    ],
)
def test_a_fault_is_told_with_its_file_and_line_and_what_to_write(tmp_path, text, problem):
    assert fault(tmp_path, text).startswith(problem)


def test_a_file_that_cannot_be_read_is_told_by_its_name(tmp_path):
    with pytest.raises(UnknownConcepts, match=r"gone\.toml cannot be read: No such file"):
        read_table([tmp_path / "gone.toml"])
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'ignore = ["caf\xe9"]')
    with pytest.raises(UnknownConcepts, match=r"latin\.toml is not UTF-8 text; save it as UTF-8"):
        read_table([latin])
