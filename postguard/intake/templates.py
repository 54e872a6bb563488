"""Fills an account's template with what the artist says of one post. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from postguard.intake.written import trimmed
from postguard.model import Words, body

_NOTICES: Mapping[str, str] = {
    "ja": "AI学習・画像生成への利用・無断転載を禁じます",
    "en": "No AI training or image-to-image use. Do not repost.",
}
_PLACE = re.compile(r"\{(text|title|tags|notice)\}")


def filled(template: str, words: Words, title: str) -> str:
    """Return the text to post; lines left blank by what was not said close up.

    Hashtags that the template has no place for are added behind it later, as everywhere.
    """
    said = {
        "text": words.text,
        "title": title,
        "tags": body(words)[len(words.text) :].strip(),
        "notice": _notice(words.langs),
    }
    text = _PLACE.sub(lambda place: said[place[1]], template)
    return trimmed(re.sub(r"\n{3,}", "\n\n", text)) if template != "{text}" else words.text


def _notice(langs: tuple[str, ...]) -> str:
    known = [lang for lang in langs if lang.split("-")[0] in _NOTICES]
    return _NOTICES[known[0].split("-")[0]] if known else _NOTICES["en"]
