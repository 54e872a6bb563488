"""What an artist may write beside a picture, and what is said when it cannot be meant."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.errors import BadWords
from postguard.intake.sidecar import Dropped, Fields, parse
from postguard.intake.written import trimmed
from postguard.model import Quotes, Replies, Visibility
from postguard.settings.values import RESERVED

TOKYO = ZoneInfo("Asia/Tokyo")
FIELDS = tuple(f.name for f in fields(Fields))
ACCOUNTS = ("bsky", "fedi")


def read(text: str, lines_above: int = 0) -> Dropped:
    return parse(text, "fox.toml", ACCOUNTS, TOKYO, lines_above)


def problem(text: str) -> str:
    with pytest.raises(BadWords) as caught:
        read(text)
    return str(caught.value)


def test_every_field_is_read() -> None:
    dropped = read(
        """
        text = "新作です"
        alt = "雪の中の狐"
        cw = "snow"
        labels = ["nudity"]
        tags = ["#art", "＃狐", "創作"]
        lang = "ja"
        at = 2026-12-01T19:30:00
        to = ["bsky"]
        recipe = "small"
        visibility = "unlisted"
        replies = "followers"
        quotes = "nobody"
        dry_run = true
        title = "狐"
        reply_to = 12
        series = "雪"
        not_before = 2026-12-01
        hidden_tags = ["noai"]
        lists = ["at://did:plc:x/app.bsky.graph.list/1"]
        focus = [0, -0.5]
        thread = true
        """
    )
    assert dropped == Dropped(
        Fields(
            text="新作です",
            alt="雪の中の狐",
            cw="snow",
            labels=("nudity",),
            tags=("art", "狐", "創作"),
            langs=("ja",),
            asked="2026-12-01T19:30:00+09:00",
            to=("bsky",),
            recipe="small",
            visibility=Visibility.UNLISTED,
            replies=Replies.FOLLOWERS,
            quotes=Quotes.NOBODY,
            dry_run=True,
            title="狐",
            reply_to="#12",
            series="雪",
            not_before=datetime(2026, 12, 1, tzinfo=TOKYO),
            hidden_tags=("noai",),
            lists=("at://did:plc:x/app.bsky.graph.list/1",),
            focus=(0.0, -0.5),
            thread=True,
        )
    )


def test_every_field_is_a_word_that_no_account_may_be_called() -> None:
    """Its table would be read as the field."""
    known = {"lang" if f == "langs" else "at" if f == "asked" else f for f in FIELDS}
    assert {*known, "all"} == RESERVED


def test_a_table_named_after_an_account_is_that_accounts() -> None:
    dropped = read('text = "a"\n[fedi]\ntext = "b"\nat = "now"')
    assert dropped.top == Fields(text="a")
    assert dropped.accounts == {"fedi": Fields(text="b", asked="now")}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("at = 2026-12-01T19:30:00+01:00", "2026-12-01T19:30:00+01:00"),
        ("at = 2026-12-01 19:30:00", "2026-12-01T19:30:00+09:00"),
        ('at = "2026-12-01 19:30"', "2026-12-01T19:30:00+09:00"),
        ('at = "2026-12-01T10:30Z"', "2026-12-01T10:30:00+00:00"),
        ('at = "now"', "now"),
        ('at = " Slot "', "slot"),
    ],
)
def test_times_are_in_the_configured_zone_unless_they_say_theirs(written: str, meant: str) -> None:
    assert read(written).top.asked == meant


@pytest.mark.parametrize(
    "written",
    [
        *("at = 2026-12-01", "at = 19:30:00", 'at = "tomorrow"', "at = 5", 'at = "2026-12-01"'),
        *("at = 0001-01-01T00:00:00", "at = 9999-12-31T23:00:00"),
    ],
)
def test_a_time_that_is_no_moment_is_refused(written: str) -> None:
    assert problem(written).startswith("fox.toml:1: at: ")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('tags = "#art ＃狐、創作,x"', ("art", "狐", "創作", "x")),
        ('tags = ["art", "art", ""]', ("art",)),
        ("tags = []", ()),
    ],
)
def test_hashtags_come_with_or_without_their_sign(written: str, meant: tuple[str, ...]) -> None:
    assert read(written).top.tags == meant


def test_alt_texts_for_file_names_need_no_quotes_around_the_name() -> None:
    """TOML reads `1.png = "…"` as a table in a table; everybody writes it once."""
    assert read('[alt]\n1.png = "one"\n"2.png" = "two"').top.alt == {
        "1.png": "one",
        "2.png": "two",
    }
    assert read('alt = ["one", "two"]').top.alt == ("one", "two")


@pytest.mark.parametrize(
    ("written", "line", "told"),
    [
        ('text = "x"\nvisiblity = "public"', 2, "unknown key; did you mean visibility?"),
        ('accounts = ["bsky"]', 1, "unknown key; it is called to here"),
        ('[bsky]\noverflow = "thread"', 2, "unknown key; it is called thread here"),
        ("q7 = 1", 1, "unknown key; the keys are text, title, alt, "),
        ('alt = "…"', 1, '"…" stands for your own words'),
        ('alt = ["a fox", "..."]', 1, '"..." stands for your own words'),
        ("[bsyk]\n", 1, "there is no account of this name; did you mean bsky?"),
        ('\n[bsky]\nto = "fedi"', 3, "stands at the top of the file"),
        ('[bsky]\ntxt = "x"', 2, "unknown key; did you mean text?"),
        ('to = ["bsky", "fedy"]', 1, "there is no account fedy; did you mean fedi?"),
        ("to = []", 1, "it names no account"),
        ('visibility = "unlsted"', 1, "did you mean unlisted?"),
        ('quotes = "x"', 1, "must be one of everyone, followers, nobody"),
        ('lang = "日本語"', 1, '"日本語" is not a language'),
        (
            'lang = "jp"',
            1,
            '"jp" is not a language: write it as "ja" or "pt-BR"; did you mean ja?',
        ),
        ('lang = ["ja", "en", "de", "fr"]', 1, "at most 3"),
        ("text = 5", 1, "write it in quotes"),
        ("dry_run = 1", 1, "write true or false"),
        ('[bsky]\nseries = "a"', 2, "stands at the top of the file"),
        ("reply_to = true", 1, "your own post 12"),
        ('reply_to = "fox"', 1, "your own post 12"),
        ('not_before = "soon"', 1, "write a day as 2026-12-01"),
        ("not_before = 0001-01-01", 1, "cannot be meant"),
        ("focus = [0, 2]", 1, "from -1 to 1"),
        ('focus = { "a.png" = 1 }', 1, "from -1 to 1"),
        ('lists = "https://bsky.app/x"', 1, "is not a list's address"),
        ('tags = ["a b"]', 1, "one word without spaces"),
        ("labels = [1]", 1, "write a list of texts"),
        ("alt = 1", 1, "write one text, or one for each file"),
        ("[alt]\n1.png = 3", 1, "must be in quotes"),
        ('a = "1"\nb = ', 2, "is not valid TOML"),
        ('text = "a"\ntext = "b"', 2, "is not valid TOML"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_line(written: str, line: int, told: str) -> None:
    said = problem(written)
    assert said.startswith(f"fox.toml:{line}: ")
    assert told in said


def test_every_fault_is_told_in_the_order_of_the_file() -> None:
    said = problem('[bsky]\ntxt = "x"\nlang = "日本語"\n[fedi]\nvisibility = "unlsted"\n')
    assert [line.split(": ")[:2] for line in said.splitlines()] == [
        ["fox.toml:2", "bsky.txt"],
        ["fox.toml:3", "bsky.lang"],
        ["fox.toml:5", "fedi.visibility"],
    ]


def test_of_a_file_that_is_no_words_at_all_the_first_faults_are_told() -> None:
    assert len(problem("\n".join(f"key{n} = {n}" for n in range(1_000))).splitlines()) == 20


def test_lines_are_counted_from_the_top_of_the_file() -> None:
    with pytest.raises(BadWords, match=r"^fox\.toml:3: "):
        read('text = "x"\nvisiblity = "public"', lines_above=1)


@pytest.mark.parametrize("text", ["[" * 60_000, "a = " + "[" * 60_000, "a = " + "9" * 6000])
def test_no_file_breaks_the_reader(text: str) -> None:
    assert problem(text).startswith("fox.toml")


def _quoted(text: str) -> str:
    return '"' + "".join(f"\\U{ord(c):08x}" for c in text) + '"'


any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


seen = any_text.filter(lambda said: trimmed(said) not in {"…", "..."})  # these stand for one


@given(text=any_text, alt=seen, cw=any_text, own=any_text)
def test_any_unicode_comes_through_a_sidecar(text: str, alt: str, cw: str, own: str) -> None:
    dropped = read(
        f"text = {_quoted(text)}\nalt = {_quoted(alt)}\ncw = {_quoted(cw)}\n"
        f"[bsky]\ntext = {_quoted(own)}\n"
    )
    assert dropped.top == Fields(text=trimmed(text), alt=trimmed(alt), cw=trimmed(cw))
    assert dropped.own("bsky").text == trimmed(own)
    assert dropped.own("fedi") == Fields()


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    with suppress(BadWords):
        assert isinstance(read(text), Dropped)
