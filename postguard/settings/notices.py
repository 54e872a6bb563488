"""What the notice says, in the picture and where a text asks for `{notice}`: the same words.
And what a mark without an artist's name says beside it."""

from __future__ import annotations

from collections.abc import Mapping

NOTICES: Mapping[str, str] = {
    "ja": "AI学習・画像生成への利用・無断転載を禁じます",
    "en": "No AI training or image-to-image use. Do not repost.",
}
# The Japanese mark of this kind is a preset.
ENGLISH_MARK = "Do not repost"
