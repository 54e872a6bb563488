"""Text is drawn whole or refused by name; never a box, and without any font on the machine."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.errors import StepFailed
from postguard.protect.lettering import BUNDLED, FontFile, Lettering, clean, installed_fonts
from postguard.protect.wrapping import wrap
from postguard.settings.notices import NOTICES

ARTISTS = "© 2026 山田花子 — 髙﨑凪澪 Ærø Ñandú ♪★ 𠮟"


def drawn(lettering, text, size=64):
    return lettering.typeface(text, "watermark").draw([text], size).fill


def box_of(face):
    """What the face draws for a character that it cannot have."""
    from PIL import ImageFont

    font = ImageFont.truetype(face.path, 64, face.index, layout_engine=ImageFont.Layout.BASIC)
    return bytes(font.getmask("\U0010fffe"))


@pytest.mark.parametrize("text", [*NOTICES.values(), ARTISTS])
def test_sentences_and_japanese_names_need_no_font_on_the_machine(no_fonts, text):
    assert drawn(no_fonts, text).max() == 255


def test_no_character_of_the_sentences_is_drawn_as_a_box():
    from PIL import ImageFont

    font = ImageFont.truetype(str(BUNDLED), 64, layout_engine=ImageFont.Layout.BASIC)
    box = box_of(FontFile(str(BUNDLED)))
    characters = {c for c in "".join(NOTICES.values()) + ARTISTS if c != " "}
    assert any(box)
    assert [c for c in characters if bytes(font.getmask(c)) in (box, b"")] == []


def test_a_missing_character_is_named_and_the_way_out_too(no_fonts):
    with pytest.raises(StepFailed, match=r"watermark: .*🦊 \(U\+1F98A\).*fonts-noto-cjk"):
        no_fonts.typeface("fox 🦊", "watermark")


def test_every_missing_character_is_named_once(no_fonts):
    with pytest.raises(StepFailed) as caught:
        no_fonts.typeface("홍길홍 fox", "notice")
    assert caught.value.reason.count("홍") == 1
    assert "길" in caught.value.reason
    assert "f (" not in caught.value.reason


def test_a_font_that_only_claims_a_character_is_not_believed():
    lettering = Lettering(lambda characters: [FontFile(str(BUNDLED))])
    with pytest.raises(StepFailed, match="홍"):
        lettering.typeface("홍", "watermark")


def test_a_damaged_font_file_is_passed_over(tmp_path):
    broken = tmp_path / "broken.otf"
    broken.write_bytes(b"OTTO not a font")
    lettering = Lettering(lambda characters: [FontFile(str(broken))])
    with pytest.raises(StepFailed, match="홍"):
        lettering.typeface("홍", "watermark")


def test_other_scripts_come_from_the_fonts_of_the_machine():
    if not installed_fonts("홍"):
        pytest.skip("no Korean font is installed here (apt install fonts-noto-cjk)")
    ink = drawn(Lettering(), "© 홍길동")
    assert ink.max() == 255


def test_fontconfig_is_asked_once_for_the_same_text():
    asked = []

    def find(characters):
        asked.append(characters)
        return []

    lettering = Lettering(find)
    lettering.typeface("abc", "notice")
    assert asked == []
    with pytest.raises(StepFailed):
        lettering.typeface("홍", "notice")
    assert set(asked) == {"홍"}


def test_cap_height_is_what_a_capital_measures(no_fonts):
    face = no_fonts.typeface("H", "notice")
    block = face.draw(["H"], 200)
    rows = np.flatnonzero(block.fill.max(axis=1) > 127)
    assert rows[-1] - rows[0] + 1 == pytest.approx(face.cap * 200, abs=1.5)
    assert rows[0] == pytest.approx(block.top, abs=1.5)
    assert rows[-1] + 1 == pytest.approx(block.bottom, abs=1.5)


@pytest.mark.parametrize("text", ["ÂÅqpgÿ", "漢字のバランス", "j", "「」"])
def test_nothing_is_cut_off_at_the_edges(no_fonts, text):
    face = no_fonts.typeface(text, "notice")
    outline = face.draw([text, text], 60, stroke=4).outline
    assert max(e.max() for e in (outline[0], outline[-1], outline[:, 0], outline[:, -1])) == 0


def test_the_outline_surrounds_the_letters(no_fonts):
    block = no_fonts.typeface("書A", "watermark").draw(["書A"], 60, stroke=3)
    assert (block.outline >= block.fill).all()
    assert (block.outline > 127).sum() > 1.3 * (block.fill > 127).sum()


@given(st.text(max_size=40))
def test_cleaned_text_has_no_control_characters_and_stays_clean(text):
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert not [c for c in cleaned if ord(c) < 32 and c != "\n"]


def test_japanese_breaks_after_pauses_and_evenly():
    assert wrap(NOTICES["ja"], 14, len) == ["AI学習・画像生成への利用・", "無断転載を禁じます"]


def test_lines_are_evened_out():
    assert wrap("aaa bbb ccc ddd", 11, len) == ["aaa bbb", "ccc ddd"]


def test_a_sentence_begins_a_line_where_that_takes_no_line_more():
    said = ["No AI training or", "image-to-image use.", "Do not repost."]
    assert wrap(NOTICES["en"], 22, len) == said
    assert wrap(NOTICES["en"], 60, len) == [NOTICES["en"]]
    assert wrap("犬。この絵を、使わないで！？", 12, len) == ["犬。", "この絵を、使わないで！？"]


def test_no_line_begins_with_a_mark_that_belongs_to_the_one_before():
    lines = wrap("ちょっと待って。「はい」、よし！", 4, len, anywhere=True)
    assert lines is not None
    assert not {line[0] for line in lines} & set("、。」！っょ")
    assert not {line[-1] for line in lines} & set("「")


def test_a_word_wider_than_the_line_fits_nowhere():
    assert wrap("image-to-image", 5, len) is None


@given(st.text(alphabet="abc 、。漢字かな「」", min_size=1, max_size=60), st.integers(4, 30))
def test_wrapping_loses_no_letter_and_keeps_the_width(text, width):
    text = clean(text)
    lines = wrap(text, width, len, anywhere=True) if text else []
    if lines is not None:
        assert "".join("".join(lines).split()) == "".join(text.split())
        assert all(len(line) <= width for line in lines)
