import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.cli import wide

LINES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=60)


@pytest.mark.parametrize(
    ("text", "columns"),
    [("fox", 3), ("狐の絵", 6), ("ｷﾂﾈ", 3), ("か\u3099", 2), ("e\u0301", 1), ("", 0), ("＃", 2)],
)
def test_japanese_takes_two_columns_and_marks_none(text, columns):
    assert wide.width(text) == columns


@given(LINES, st.integers(2, 40))
def test_a_cell_is_exactly_as_wide_as_its_column(text, room):
    assert wide.width(wide.fitted(text, room)) == room


def test_what_is_cut_ends_with_dots():
    assert wide.fitted("月の下の狐.png", 8) == "月の下… "


@given(LINES, st.integers(2, 40))
def test_wrapping_loses_nothing_but_spaces(text, room):
    lines = wide.wrapped(text, room)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(st.text("狐の絵を描くfox ", max_size=80), st.integers(6, 40))
def test_lines_fit_where_they_can_be_broken(text, room):
    for line in wide.wrapped(text, room):
        assert wide.width(line) <= room or not any(
            unicodedata.east_asian_width(sign) == "W" or sign == " " for sign in line
        )


def test_no_line_begins_with_what_closes_a_sentence():
    lines = wide.wrapped("月の下のきつね。夜の丘。", 14)
    assert lines == ["月の下のきつ", "ね。夜の丘。"]


def test_blank_lines_stay():
    assert wide.wrapped("one\n\ntwo", 10) == ["one", "", "two"]


def test_a_bracket_stays_with_what_it_opens_and_a_full_stop_with_what_it_ends():
    assert wide.wrapped("あいう（えお）config.toml。", 8) == [
        "あいう",
        "（えお）",
        "config.toml。",
    ]
