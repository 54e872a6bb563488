"""Fills an account's template with what the artist says of one post. Pure."""

from __future__ import annotations

import re

from postguard.intake.written import trimmed
from postguard.model import Words, body
from postguard.settings.notices import NOTICES

_PLACE = re.compile(r"\{(text|title|tags|notice)\}")


def filled(template: str, words: Words) -> str:
    """Return the text to post; lines left blank by what was not said close up.

    Hashtags that the template has no place for are added behind it later, as everywhere.
    """
    said = {
        "text": words.text,
        "title": words.title,
        "tags": body(words)[len(words.text) :].strip(),
        "notice": _notice(words.langs),
    }
    text = _PLACE.sub(lambda place: said[place[1]], template)
    return trimmed(re.sub(r"\n{3,}", "\n\n", text)) if template != "{text}" else words.text


def _notice(langs: tuple[str, ...]) -> str:
    known = [lang for lang in langs if lang.split("-")[0] in NOTICES]
    return NOTICES[known[0].split("-")[0]] if known else NOTICES["en"]
