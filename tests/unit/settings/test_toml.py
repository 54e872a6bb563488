"""What keeps a text from being TOML is told in words, for every message of tomllib's."""

import inspect
import re
import tomllib
from tomllib import _parser

import pytest

from postguard.language import in_language
from postguard.settings import toml

QUOTE = 'is no quote to TOML, only straight ones are: "…"'
SPACE = "a space that is not an ordinary one stands here; write it with the space bar"
NEEDS_QUOTES = 'a text needs quotes, name = "…"; true and false are written in small letters'
NEEDS_EQUALS = 'between a name and its value belongs a =: name = "…"; a number has no commas'
MORE = "more stands behind the value than belongs there; a text or a time needs quotes"
LINE = 'a line is name = "…", or [name], or begins with # as a remark'
NAME = 'a name of other letters than a to z needs quotes: "狐.png" = "…"; what stands in { }'
ONE_LINE = "the text is not closed on its line; its last quote is missing"
NOT_CLOSED = "a text is not closed; its last quote is missing"
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
        ('tags = ["a", “b”]', 1, f"“ {QUOTE}"),
        ('text = "hello”\nat = "now"\n', 1, f"” {QUOTE}"),
        ('text = "hello”', 1, f"” {QUOTE}"),
        ("text = 'hello’\nat = 'now'\n", 1, f"’ {QUOTE}"),
        ('a = "x\u2028y"\nb = “hi”', 2, f"“ {QUOTE}"),
        ('text ＝ "hello"', 1, "＝ is not what TOML reads; write = instead"),
        ('text: "hello"', 1, ": is not what TOML reads; write = instead"),
        ('text："hello"', 1, "： is not what TOML reads; write = instead"),
        ('ｔext = "hello"', 1, "ｔ is not what TOML reads; write t instead"),
        ("side = １６００", 1, "１ is not what TOML reads; write 1 instead"),
        ('tags = ["a"、"b"]', 1, "、 is not what TOML reads; write , instead"),
        ('tags = ［"a"］', 1, "［ is not what TOML reads; write [ instead"),
        ('tags = ["a"］', 1, "］ is not what TOML reads; write ] instead"),
        ("＃ remark", 1, "＃ is not what TOML reads; write # instead"),
        ("a = 1 ＃ remark", 1, "＃ is not what TOML reads; write # instead"),
        ('\u3000text = "a"', 1, SPACE),
        ('text\u00a0= "a"', 1, SPACE),
    ],
)
def test_a_sign_that_only_looks_right_is_named(text, line, said):
    assert refused(text) == (line, said)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (r'outbox = "C:\絵「星」"', 1, BACKSLASH),
        (r'text = "D:\作、品"', 1, BACKSLASH),
        ('text = "\\o\u3000hi"', 1, BACKSLASH),
        ('text = "\\u「a"', 1, BACKSLASH),
        ('a = 1\ntext = """foo\nbar 「baz」\n', 2, NOT_CLOSED),
        ('text = "y  # 「z」', 1, NOT_CLOSED),
        ("at = 9：00", 1, MORE),
        ("side = 1，600", 1, MORE),
        ('tags = "a"、"b"', 1, MORE),
        ("color = ＃fff", 1, NEEDS_QUOTES),
    ],
)
def test_a_sign_of_the_artists_own_is_not_accused(text, line, said):
    told_line, told = refused(text)
    assert (told_line, told[: len(said)]) == (line, said)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("name = Hanako", 1, NEEDS_QUOTES),
        ("a = 1\r\nb = True\r\n", 2, NEEDS_QUOTES),
        ('text "x"', 1, NEEDS_EQUALS),
        ("x = { a = 1,200 }", 1, NEEDS_EQUALS),
        ('text = "she said "hi""', 1, MORE),
        ("at = 2026-11-28 9:00", 1, MORE),
        ("at = 2026-02-31", 1, "there is no such day or time"),
        ('題 = "x"', 1, LINE),
        ("[アカウント]", 1, NAME),
        ('[alt]\nalt.狐 = "x"', 2, NAME),
        ("x = { a = 1,\n b = 2 }", 1, NAME),
        ('text = "one\ntwo"', 1, ONE_LINE),
        ("outbox = 'C:\\Art\nx = '1'", 1, ONE_LINE),
        ('text = "one', 1, NOT_CLOSED),
        ("text = 'one\n", 1, NOT_CLOSED),
        ("text = 'one", 1, NOT_CLOSED),
        ('tags = ["a" "b"]', 1, 'the list is not closed, or lacks a comma: ["…", "…"]'),
        ('a = "x\u2028y"\nb = [1,\n', 2, "the list is not closed, or lacks a comma"),
        ("a = 1\nb =\n", 2, NEEDS_QUOTES),
        ("x = {a = 1 b = 2}", 1, "what stands in { } is not closed, or lacks a comma, or is a"),
        ("[artist\nname = 1", 1, "the ] of [name] is missing"),
        ("[[concept]\n", 1, "the ] of [name] is missing"),
        ("a = 1\na = 2\n", 2, TWICE),
        ("x = {a = 1, a = 2}", 1, TWICE),
        ("x = {a = 1}\nx.b = 2\n", 2, TWICE),
        ("[a]\n[b]\n[a]\n", 3, "this [name] stands twice; put what is below both below one of th"),
        (r'outbox = "C:\Art"', 1, BACKSLASH),
        (r'outbox = "C:\Users\me"', 1, BACKSLASH),
        (r'x = "\ud800"', 1, BACKSLASH),
        ('x = "a\x01"', 1, "a sign that cannot be seen stands here; write the line anew"),
        ("x = " + "1" * 5_000, 1, "a number is far too long"),
        ("x = " + "[" * 5_000, 1, "brackets are nested too deeply"),
    ],
)
def test_what_is_to_be_done_is_said_with_the_line(text, line, said):
    told_line, told = refused(text)
    assert (told_line, told[: len(said)]) == (line, said)


def test_every_message_of_this_python_has_its_sentence():
    source = inspect.getsource(_parser)
    text = r'f?("(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\')'
    written = re.findall(rf"(?:suffixed_err\(\s*src,\s*\w+,|TOMLDecodeError\()\s*{text}", source)
    assert len(written) > 20
    messages = {each[1:-1].replace("\\\\", "\\").split("{")[0] for each in written}
    messages = {"Expected \"'" if each == "Expected " else each for each in messages}
    assert {each for each in messages if toml._sentence(each) == each} == {""}  # "" + the place


def test_no_sentence_is_for_a_message_that_is_gone():
    source = inspect.getsource(_parser).replace("\\\\", "\\")
    ours = {"Exceeds the limit"}  # int's own
    shown = {begin.split("'")[0].rstrip('"') for begin in toml._SENTENCES}
    assert {each for each in shown if each not in source} == ours


def test_it_is_said_in_japanese():
    with in_language("ja"):
        assert re.search("[ぁ-ん]", refused("text = “hello”")[1])
        assert re.search("[ぁ-ん]", refused("name = Hanako")[1])
        assert "”" in refused('text = "hello”')[1]
