# /// script
# requires-python = ">=3.11"
# dependencies = ["fonttools>=4.55"]
# ///
"""Makes the font that postguard carries, so that its marks need no font on the machine.

Usage: `uv run tools/fonts/make_subset.py /usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc`
(Debian's fonts-noto-cjk; SIL OFL 1.1, whose text lies beside the result). The licence lets a
changed font be handed on under the same licence; it gets a name of its own, so that nobody takes
it for the whole Noto Sans CJK.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

TARGET = Path(__file__).parents[2] / "postguard/protect/fonts/PostguardSans-Bold.otf"
FAMILY = "Postguard Sans"
JAPANESE = 0  # index of the Japanese face in Debian's collection
KANJI = range(0xB0, 0xF5)  # rows 16 to 84 of JIS X 0208, as EUC-JP lead bytes
SYMBOLS_TO_CYRILLIC = range(0xA1, 0xA8)  # rows 1 to 7: punctuation, kana, Greek, Cyrillic
# The few of the jōyō list, and of what names are written with, that JIS X 0208 lacks.
MORE_KANJI = "剝𠮟塡頰髙﨑鷗德濵濱"
MARKS = "©®™–—‘’“”•…※★☆♪♡♥♦♣♠✓→←↑↓€¥×÷·・〜～"


def _rows(rows: range) -> Iterator[str]:
    for lead in rows:
        for trail in range(0xA1, 0xFF):
            yield bytes((lead, trail)).decode("euc_jp", errors="ignore")


def _characters() -> str:
    latin = "".join(map(chr, (*range(0x20, 0x7F), *range(0xA0, 0x180))))
    fullwidth = "".join(map(chr, (*range(0xFF01, 0xFFA0),)))
    japanese = "".join((*_rows(SYMBOLS_TO_CYRILLIC), *_rows(KANJI)))
    return latin + fullwidth + japanese + MORE_KANJI + MARKS


def _reduce(font: TTFont) -> None:
    options = subset.Options()
    options.layout_features = ["kern", "mark", "mkmk"]
    options.hinting = False  # drawn large or on art: hints would only weigh
    options.desubroutinize = False
    options.notdef_outline = True  # the box by which a missing glyph is known
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.name_languages = [0x409]
    options.drop_tables += ["BASE", "VORG", "vhea", "vmtx", "DSIG"]
    job = subset.Subsetter(options)
    job.populate(text=_characters())
    job.subset(font)


def _rename(font: TTFont) -> None:
    words = {1: FAMILY, 3: f"{FAMILY} Bold", 4: f"{FAMILY} Bold", 6: "PostguardSans-Bold"}
    for record in font["name"].names:
        if record.nameID in words:
            record.string = words[record.nameID]
    top = font["CFF "].cff
    top.fontNames = ["PostguardSans-Bold"]
    top.topDictIndex[0].FamilyName = FAMILY
    top.topDictIndex[0].FullName = f"{FAMILY} Bold"


def main(source: Path) -> None:
    """Write the subset of `source` (NotoSansCJK-Bold.ttc) to the package."""
    font = TTCollection(source).fonts[JAPANESE]
    font.recalcTimestamp = False  # the same input gives the same bytes
    _reduce(font)
    _rename(font)
    TARGET.parent.mkdir(exist_ok=True)
    font.save(TARGET)
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes, {len(font.getGlyphOrder())} glyphs")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
