"""Which files hold the words, in which encoding, and who says what in the end."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.errors import BadWords
from postguard.intake import words
from postguard.intake.sidecar import Dropped, Fields, parse
from postguard.intake.written import trimmed
from postguard.model import Inspection, Quotes, Visibility, body
from postguard.settings.notices import NOTICES
from postguard.settings.schema import PreviewAccount

TOKYO = ZoneInfo("Asia/Tokyo")
ACCOUNTS = ("bsky", "fedi")


class Beside:
    """Files beside a picture."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, **contents: str | bytes) -> Dropped:
        paths = []
        for suffix, content in contents.items():
            path = self.folder / f"fox.{suffix}"
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            paths.append(path)
        return words.read(paths, ACCOUNTS, TOKYO)

    def problem(self, **contents: str | bytes) -> str:
        with pytest.raises(BadWords) as caught:
            self.read(**contents)
        return str(caught.value)


@pytest.fixture
def beside(tmp_path: Path) -> Beside:
    return Beside(tmp_path)


def test_a_text_file_is_the_text(beside: Beside) -> None:
    assert beside.read(txt="  \r\n　新作です\r\n#狐\r\n\r\n").top == Fields(text="　新作です\n#狐")


def test_fields_stand_above_a_text_between_plus_signs(beside: Beside) -> None:
    dropped = beside.read(md='+++\nalt = "a fox"\ntags = "art"\n+++\n\nA fox.\n\nIn snow.\n')
    assert dropped.top == Fields(text="A fox.\n\nIn snow.", alt="a fox", tags=("art",))


def test_fields_and_text_may_lie_in_two_files(beside: Beside) -> None:
    dropped = beside.read(toml='alt = "a fox"\n[bsky]\ntext = "short"', md="A long text.")
    assert dropped.top == Fields(text="A long text.", alt="a fox")
    assert dropped.own("bsky").text == "short"


@pytest.mark.parametrize(
    ("contents", "told"),
    [
        ({"toml": 'text = "a"', "md": "b"}, "fox.toml and fox.md both have a text"),
        ({"md": '+++\ntext = "a"\n+++\nb'}, "both have a text"),
        ({"toml": 'alt = "a"', "md": '+++\ncw = "a"\n+++\nb'}, "both have fields"),
        ({"md": "a", "txt": "b"}, "fox.md and fox.txt both hold words"),
        ({"md": "+++\nalt = 1"}, "fox.md:1: the fields begin with +++"),
        ({"md": "+++\n\nalt = 1\n+++\n"}, "fox.md:3: alt"),
        ({"txt": b"\x89PNG\r\n\x1a\n\0\0\0"}, "save it again with the encoding UTF-8"),
        ({"txt": "x" * 64_001}, "longer than 64 kB"),
    ],
)
def test_words_that_contradict_or_cannot_be_read_are_told(
    beside: Beside, contents: dict[str, str | bytes], told: str
) -> None:
    assert told in beside.problem(**contents)


def test_words_that_may_not_be_read_are_told(beside: Beside, tmp_path: Path) -> None:
    with pytest.raises(BadWords, match=r"gone\.toml cannot be read"):
        words.read([tmp_path / "gone.toml"], ACCOUNTS, TOKYO)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932"])
@pytest.mark.parametrize("text", ["新作の狐です。~①㈱", "狐", "ｷﾂﾈの絵", "text art 狐"])
def test_japanese_is_read_as_the_editors_of_artists_save_it(encoding: str, text: str) -> None:
    assert words.decode(text.encode(encoding), "fox.txt") == text


@pytest.mark.parametrize(
    "data",
    [
        "新作の狐です".encode("euc-jp"),
        "こんにちは".encode("iso2022_jp") + b"\0",
        "Le résumé à Noël".encode("latin-1"),
        "Réve".encode("latin-1"),
        "Grüße aus Köln".encode("latin-1"),
        "привет мир".encode("koi8-r"),
        "新作".encode("utf-16-le"),
        b"\xff\xfe\x00",
        "新作".encode()[:-1],
    ],
)
def test_what_may_be_garbage_is_never_posted(data: bytes) -> None:
    with pytest.raises(BadWords, match="UTF-8"):
        words.decode(data, "fox.txt")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=99))
def test_any_unicode_comes_through_a_text_file(text: str) -> None:
    data = text.encode()
    assert words.decode(data, "fox.txt") == text.removeprefix("\ufeff")


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_refused_in_words(data: bytes) -> None:
    with suppress(BadWords):
        assert "\0" not in words.decode(data, "fox.txt")


# Merging


def account(**changes: object) -> PreviewAccount:
    return PreviewAccount.model_validate({"network": "preview", **changes})


def seen(description: str = "", alt: str = "") -> Inspection:
    return Inspection("0" * 64, "PNG", 6, 4, description, alt)


def drop(text: str) -> Dropped:
    return parse(text, "post.toml", ACCOUNTS, TOKYO)


def test_an_accounts_own_table_goes_before_the_sidecar_and_this_before_the_config() -> None:
    dropped = drop('visibility = "unlisted"\nquotes = "nobody"\n[bsky]\nvisibility = "public"')
    defaults = account(visibility="private", quotes="followers", labels=["nudity"], tags=["＃a"])
    said = words.resolve(dropped, "bsky", defaults, ("ja",), ["fox.png"], [seen()])
    assert (said.visibility, said.quotes) == (Visibility.PUBLIC, Quotes.NOBODY)
    assert (said.labels, said.tags, said.langs) == (("nudity",), ("a",), ("ja",))
    other = words.resolve(dropped, "fedi", defaults, ("ja",), ["fox.png"], [seen()])
    assert other.visibility is Visibility.UNLISTED


def test_saying_nothing_on_purpose_goes_before_the_config_and_the_picture() -> None:
    dropped = drop('text = ""\ntags = []\nlabels = []')
    defaults = account(tags=["art"], labels=["nudity"])
    said = words.resolve(dropped, "bsky", defaults, ("ja",), ["fox.png"], [seen("A fox")])
    assert (said.text, said.tags, said.labels) == ("", (), ())


@pytest.mark.parametrize(
    ("sidecar", "own", "langs"),
    [("", (), ("en",)), ("", ("de",), ("de",)), ('lang = "ja"', ("de",), ("ja",))],
)
def test_the_language_is_the_posts_else_the_accounts_else_the_artists(
    sidecar: str, own: tuple[str, ...], langs: tuple[str, ...]
) -> None:
    said = words.resolve(drop(sidecar), "bsky", account(lang=own), ("en",), ["a.png"], [seen()])
    assert said.langs == langs


def test_the_language_of_a_post_is_that_of_its_text_and_not_of_the_notice() -> None:
    """An artist whose pictures say it in Japanese and in English posts in one of them."""
    defaults = account(text="{text}\n\n{notice}")
    for text, langs in (("月の下の狐です", ("ja",)), ("A fox below the moon.", ("en",))):
        dropped = drop(f'text = "{text}"')
        said = words.resolve(dropped, "bsky", defaults, ("ja", "en"), ["a.png"], [seen()])
        assert said.langs == langs
        assert said.text == f"{text}\n\n{NOTICES[langs[0]]}"


def test_the_pictures_own_words_are_used_where_the_sidecar_has_none() -> None:
    said = words.resolve(
        Dropped(), "bsky", account(), ("en",), ["1.png", "2.png"], [seen(alt="one"), seen("Two")]
    )
    assert (said.text, said.alts) == ("Two", ("one", "Two"))
    over = drop('text = "T"\nalt = ["x", "y"]')
    said = words.resolve(
        over, "bsky", account(), ("en",), ["1.png", "2.png"], [seen(alt="one"), seen("Two")]
    )
    assert (said.text, said.alts) == ("T", ("x", "y"))


def test_each_picture_has_its_alt_text_from_the_nearest_place() -> None:
    dropped = drop('alt = { "1.png" = "top 1", "2.png" = "top 2" }\n[bsky.alt]\n2 = "own 2"')
    files = ["1.png", "2.png", "3.png"]
    said = words.resolve(dropped, "bsky", account(), (), files, [seen(alt="in")] * 3)
    assert said.alts == ("top 1", "own 2", "in")


@pytest.mark.parametrize(
    ("alt", "files", "alts"),
    [
        ('"a fox"', ["fox.png"], ["a fox"]),
        ('{ "FOX.PNG" = "x" }', ["fox.png"], ["x"]),
        ('{ "か\u3099.png" = "x" }', ["が.png"], ["x"]),
        ('{ fox = "x" }', ["fox.png", "owl.png"], ["x", None]),
        ('["x", "y"]', ["fox.png", "owl.png"], ["x", "y"]),
    ],
)
def test_alt_texts_find_their_picture(alt: str, files: list[str], alts: list[str | None]) -> None:
    assert words.spread(drop(f"alt = {alt}").top.alt, files) == alts


@pytest.mark.parametrize(
    ("alt", "told"),
    [
        ('"one for both"', "there are 2 pictures"),
        ('["one"]', "alt has 1 texts for 2 pictures"),
        ('{ "fux.png" = "x" }', "did you mean fox.png?"),
        ('{ "fox" = "x" }', "no single picture"),
    ],
)
def test_alt_texts_without_a_picture_are_told(alt: str, told: str) -> None:
    with pytest.raises(BadWords, match=r"alt") as caught:
        words.spread(drop(f"alt = {alt}").top.alt, ["fox.png", "fox.jpg"])
    assert told in str(caught.value)


def test_what_is_asked_has_a_default_for_each_question() -> None:
    assert words.asked(Dropped(), "bsky") == "slot"
    assert words.asked(drop('at = "2026-12-01 19:30"\n[bsky]\nat = "now"'), "bsky") == "now"
    assert not words.dry_run(Dropped(), "bsky", account())
    assert words.dry_run(Dropped(), "bsky", account(dry_run=True))
    assert words.dry_run(drop("[bsky]\ndry_run = false"), "bsky", account(dry_run=True))
    assert words.dry_run(drop("dry_run = true"), "fedi", account())
    assert words.recipe(Dropped(), "bsky", account()) == "default"
    assert words.recipe(Dropped(), "bsky", account(recipe="small")) == "small"
    assert words.recipe(drop('recipe = "a"'), "bsky", account(recipe="small")) == "a"


def test_what_only_some_posts_say_comes_from_the_nearest_place_too() -> None:
    dropped = drop(
        'reply_to = "#3"\nthread = false\nhidden_tags = "a"\nnot_before = 2026-12-01\n'
        '[bsky]\nreply_to = "https://bsky.app/profile/x/post/y"\nnot_before = 2026-12-02'
    )
    defaults = account(overflow="thread", hidden_tags=["#b"], link="other")
    own, top = (
        words.resolve(dropped, name, defaults, ("ja",), ["fox.png"], [seen()])
        for name in ("bsky", "fedi")
    )
    assert (own.reply_to, top.reply_to) == ("https://bsky.app/profile/x/post/y", "#3")
    assert (top.thread, top.hidden_tags, top.link_to) == (False, ("a",), "other")
    assert words.not_before(dropped, "bsky") == datetime(2026, 12, 2, tzinfo=TOKYO)
    assert words.not_before(dropped, "fedi") == datetime(2026, 12, 1, tzinfo=TOKYO)
    assert words.not_before(Dropped(), "fedi") is None
    plain = words.resolve(Dropped(), "bsky", defaults, ("ja",), ["fox.png"], [seen()])
    assert (plain.thread, plain.hidden_tags) == (True, ("b",))


def test_each_picture_keeps_its_own_focus() -> None:
    files = ["1.png", "2.png"]
    dropped = drop("[focus]\n1.png = [0, 0.5]\n2 = [1, -1]\n[bsky.focus]\n2.png = [0.1, 0.2]")
    said = words.resolve(dropped, "bsky", account(), (), files, [seen()] * 2)
    assert said.focus == ((0.0, 0.5), (0.1, 0.2))
    assert words.resolve(Dropped(), "bsky", account(), (), files, [seen()] * 2).focus == ()
    with pytest.raises(BadWords, match="there are 2 pictures"):
        words.resolve(drop("focus = [0, 0]"), "bsky", account(), (), files, [seen()] * 2)


def test_an_accounts_template_is_filled_with_the_words_of_the_post() -> None:
    dropped = drop('title = "月"\ntext = "下の狐"\ntags = ["art"]')
    defaults = account(text="{title}: {text} {tags}")
    said = words.resolve(dropped, "bsky", defaults, ("ja",), ["fox.png"], [seen()])
    assert said.text == body(said) == "月: 下の狐 #art"


def test_blank_lines_around_a_text_go_and_a_japanese_indent_stays() -> None:
    assert trimmed(" \r\n　字下げ\r\n \n") == "　字下げ"
