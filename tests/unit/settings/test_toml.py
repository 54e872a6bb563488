"""What keeps a text from being TOML is told in words, for every message of tomllib's."""

import inspect
import re
import tomllib
from tomllib import _parser

import pytest

from postguard.language import in_language
from postguard.settings import toml

QUOTE = 'is no quote to TOML, only straight ones are: "…"'
NEEDS_QUOTES = 'a text needs quotes: name = "…"'
TWICE = "a name stands twice; take one of the two out"
BACKSLASH = "a \\ must be written twice, or the text be put into ' instead: '…'"


def refused(text):
    with pytest.raises(toml.NotTomlError) as raised:
        toml.read(text)
    return raised.value.line, str(raised.value)


def test_what_is_toml_is_read_as_tomllib_reads_it():
    text = 'text = "星"\r\n[alt]\n1 = \'say "x": 、\'\n'
    assert toml.read(text) == tomllib.loads(text)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a = 1\ntext = “hello”\n", 2, f"“ {QUOTE}"),
        ("text = 「hello」", 1, f"「 {QUOTE}"),
        ("text = ‘hello’", 1, f"‘ {QUOTE}"),
        ('text = "hello”\nat = "now"\n', 1, f"” {QUOTE}"),
        ('text = "hello”', 1, f"” {QUOTE}"),
        ('text ＝ "hello"', 1, "＝ is not what TOML reads; write = instead"),
        ('text: "hello"', 1, ": is not what TOML reads; write = instead"),
        ('tags = ["a"、"b"]', 1, "、 is not what TOML reads; write , instead"),
        ('tags = ［"a"］', 1, "［ is not what TOML reads; write [ instead"),
        ("＃ remark", 1, "＃ is not what TOML reads; write # instead"),
        ('\u3000text = "a"', 1, "a space that is not an ordinary one stands here; write it"),
        ('text\u00a0= "a"', 1, "a space that is not an ordinary one stands here; write it"),
    ],
)
def test_a_sign_that_only_looks_right_is_named(text, line, said):
    told_line, told = refused(text)
    assert (told_line, told[: len(said)]) == (line, said)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("name = Hanako", 1, NEEDS_QUOTES),
        ("a = 1\r\nb = True\r\n", 2, NEEDS_QUOTES),
        ('text "x"', 1, 'between a name and its value belongs a =: name = "…"'),
        ('text = "she said "hi""', 1, "more stands behind the value than belongs there; a text"),
        ("at = 2026-11-28 9:00", 1, "more stands behind the value than belongs there; a text"),
        ("at = 9:00", 1, "more stands behind the value than belongs there; a text"),
        ('題 = "x"', 1, 'a line is name = "…", or [name], or begins with # as a remark'),
        ('text = "one\ntwo"', 1, "the text is not closed on its line; its last quote is missing"),
        ('text = "one', 1, "a text is not closed; its last quote is missing"),
        ('tags = ["a" "b"]', 1, 'the list is not closed, or lacks a comma: ["…", "…"]'),
        ("x = {a = 1 b = 2}", 1, "what stands in { } is not closed, or lacks a comma; it stands"),
        ("[artist\nname = 1", 1, "the ] of [name] is missing"),
        ("[[concept]\n", 1, "the ] of [name] is missing"),
        ("a = 1\na = 2\n", 2, TWICE),
        ("x = {a = 1, a = 2}", 1, TWICE),
        ("[a]\n[b]\n[a]\n", 3, "this [name] stands twice; put what is below both below one of th"),
        (r'outbox = "C:\Art"', 1, BACKSLASH),
        (r'outbox = "C:\Users\me"', 1, BACKSLASH),
        ("x = " + "1" * 5_000, 1, "a number is far too long"),
        ("x = " + "[" * 5_000, 1, "brackets are nested too deeply"),
    ],
)
def test_what_is_to_be_done_is_said_with_the_line(text, line, said):
    told_line, told = refused(text)
    assert (told_line, told[: len(said)]) == (line, said)


def test_what_has_no_sentence_is_told_as_it_is():
    assert refused('x = "a\x01"') == (1, "Illegal character '\\x01'")


def test_the_messages_are_those_of_this_python():
    """A message that tomllib words anew would be told in English again."""
    source = inspect.getsource(_parser)
    gone = [begin for begin in toml._SENTENCES if begin.split("'")[0] not in source]
    assert gone == ["Exceeds the limit"]  # int's own


def test_it_is_said_in_japanese():
    with in_language("ja"):
        assert re.search("[ぁ-ん]", refused("text = “hello”")[1])
        assert re.search("[ぁ-ん]", refused("name = Hanako")[1])
