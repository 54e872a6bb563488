"""The line of every key is found, however TOML was written."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.settings import lines
from postguard.settings.load import default_path

TEXT = '''# [not.a.table]
outbox = "~/out # box"   # a remark = with signs
note = """
[not] = a table
"quoted" """
path = 'C:\\\\[x]'

[artist]
name = "[[no]] = \\" table"
"a b".c = 1

[accounts . "my.account"]
slots = [
  "mon 9:00",  # first
  # between
  ["x", { y = 1, z = [1,
    2] }],
]
[recipes]
sns = [ { step = "a" },
  { step = "b", size.of = 1.5, at = 2026-01-01 10:00:00 } ]

[[recipes.long]]
step = "a"
[[recipes.long]]
step = "b"
[recipes.long.inner]
deep = true
'''


@pytest.mark.parametrize(
    ("loc", "line"),
    [
        (("outbox",), 2),
        (("note",), 3),
        (("path",), 6),
        (("artist",), 8),
        (("artist", "name"), 9),
        (("artist", "a b", "c"), 10),
        (("accounts", "my.account"), 12),
        (("accounts", "my.account", "slots"), 13),
        (("accounts", "my.account", "slots", 0), 14),
        (("accounts", "my.account", "slots", 1, 1, "z", 0), 16),
        (("accounts", "my.account", "slots", 1, 1, "z", 1), 17),
        (("recipes", "sns", 0, "step"), 20),
        (("recipes", "sns", 1), 21),
        (("recipes", "sns", 1, "size", "of"), 21),
        (("recipes", "long", 0), 23),
        (("recipes", "long", 1, "step"), 26),
        (("recipes", "long", 1, "inner", "deep"), 28),
        (("artist", "missing"), 8),
        (("recipes", "sns", 1, "missing", "deeper"), 21),
        (("missing",), 1),
        ((), 1),
    ],
)
def test_a_place_is_found_or_the_nearest_around_it(loc, line):
    tomllib.loads(TEXT)
    assert lines.find(TEXT, loc) == line


KEYS = st.sampled_from(["a", "b-c", "d_1", '"e f"', "'g.h'", '"\\u0069"', "3"])
PLAIN = st.sampled_from(
    [
        "1",
        "-0.5e3",
        "true",
        "inf",
        '"#x"',
        "'[='",
        "1979-05-27 07:32:00",
        '"""a\n]\n"""',
        "'''\n''{'''",
    ]
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3).map(lambda v: "[" + ",\n # x\n".join(v) + "\n]"),
    max_leaves=6,
)


@given(st.dictionaries(KEYS, VALUES, max_size=5), st.booleans())
def test_every_top_key_is_found_on_the_line_where_it_stands(values, crlf):
    text, expected = "", {}
    for key, value in values.items():
        expected[next(iter(tomllib.loads(f"{key} = 1")))] = text.count("\n") + 1
        text += f"{key} = {value} # {key} = 1\n\n"
    text = text.replace("\n", "\r\n") if crlf else text
    assert set(tomllib.loads(text)) == set(expected)
    assert {key: lines.find(text, (key,)) for key in expected} == expected


def test_dotted_reads_as_people_write_it():
    assert lines.dotted(("recipes", "default", 3, "strength")) == "recipes.default[3].strength"
    assert lines.dotted(()) == ""


def test_the_config_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.delenv("POSTGUARD_CONFIG", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path() == tmp_path / ".config" / "postguard" / "config.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert default_path() == tmp_path / "xdg" / "postguard" / "config.toml"
    monkeypatch.setenv("POSTGUARD_CONFIG", "mine.toml")
    assert default_path() == Path("mine.toml")
