"""What the gallery's page says in both languages; the Japanese one is made of the English one."""

from __future__ import annotations

HEAD = """\
# Gallery

[日本語](README.ja.md)

What each step does to pictures at {side} px, in every strength and look: whole, and beside it a
part as it is posted. Drawn by `make gallery`. No measure is complete protection; what each is for
stands in [how generation works](../how-generation-works.md).

*Likeness* is SSIMULACRA2 of the middle 512 px beside the same before the step: 100 is identical,
90 not to be told apart, 70 high quality; a mark all over brings it below 0. *Changed* is the
mean change of these pixels in 255. *Seconds* are of one core for the whole picture, with other
programs running. Each is the mean of the pictures.

The pictures are from KDE's plasma-workspace-wallpapers 5.27.5, by the KDE Visual Design Group and
contributors, GPL-2.0-or-later; so are these sheets. They are no part of the installed program.
"""
TABLE = "| look | likeness | changed | seconds |"
GROUNDS = "Both marks on what they vanish on most easily; the last is a sticker without a ground."

_HEAD_IN_JAPANESE = """\
# ギャラリー

[English](README.md)

それぞれの手順が、{side} pxの絵をどう変えるかです。すべての強度と見た目を、全体と、\
投稿されるままの大きさの一部で示します。\
`make gallery` で描きます。完全に防げる手段はありません。何のための手順かは、\
[画像生成AIのしくみ](../how-generation-works.ja.md)にあります。

**近さ**は、手順の前と後で、中央の512 pxを比べたSSIMULACRA2です。100は同一、\
90は見分けがつかない、70は高品質です。絵全体に透かしが入ると、0を下回ります。**変化**は、そのピクセルの平均の変化です（255段階）。**秒**は、ほかのプログラムも\
動いているPCの1コアで、絵全体にかかった時間です。どれも、絵の平均です。

絵は、KDE Visual Design Groupと協力者による、KDEのplasma-workspace-wallpapers 5.27.5のものです\
（GPL-2.0-or-later）。この一覧の画像も同じです。インストールされるプログラムには含まれません。
"""
_IN_JAPANESE = {
    TABLE: "| 見た目 | 近さ | 変化 | 秒 |",
    GROUNDS: "透かしと告知文を、いちばん見えにくくなる地に重ねました。"
    "最後は、地のないステッカーです。",
    "## Downscale": "## 縮小（downscale）",
    "## Watermark": "## 透かし（watermark）",
    "## Notice": "## 告知文（notice）",
    "## Noise": "## ノイズ（noise）",
    "## Hidden": "## 隠しマーク（hidden）",
    "## Cloak": "## クローク（cloak）",
    "## Grounds": "## 地",
}


def in_japanese(page: str, side: int) -> str:
    """Return the Japanese page with the figures of the English one."""
    _, *sections = page.split("\n## ")
    text = "\n## ".join([_HEAD_IN_JAPANESE.format(side=side), *sections])
    for english, japanese in _IN_JAPANESE.items():
        text = text.replace(english, japanese)
    return text
