"""The languages of a text that does not say them: what it is written in tells, as far as scripts
can, and else what its artist writes in. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from postguard.model import Words

# Names, addresses and hashtags are in no language; `ー` and `・` stand in faces as well.
_NO_WORDS = re.compile(r"https?://\S+|[#＃@＠][^\s#＃@＠]+")
_JAPANESE = re.compile(r"[\u3041-\u3096\u30a1-\u30fa\u3400-\u9fff々]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_WORD = re.compile(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ'’]+")
_LETTER = re.compile(r"[^\W\d_]")
_SENTENCE = re.compile(r"[\n。！？.!?]+")
_OWN_SCRIPT = {"ja", "ko", "zh", "ru", "uk", "el", "th", "ar", "he", "hi"}
_A_FACE = 2  # Japanese letters, as in a kaomoji
_A_FEW = 3  # words: fewer are names, in whatever language
_MOST = 3  # what Bluesky takes


def of_words(words: Words, usual: Sequence[str]) -> tuple[str, ...]:
    """Return the languages of a post's text or, where it says nothing, of its alt texts.

    Args:
        usual: what the artist writes in, the main language first.
    """
    said = next((text for text in (words.text, " ".join(words.alts)) if _bare(text)), "")
    return of_text(said, usual)


def of_text(text: str, usual: Sequence[str]) -> tuple[str, ...]:
    """Return the languages that a text is in, in their order; none: nobody can tell."""
    bare = _bare(text)
    if not bare:
        return tuple(usual[:1])
    found = dict.fromkeys(
        lang for part in _SENTENCE.split(bare) for lang in _of_part(part, bare, usual)
    )
    return tuple(found)[:_MOST] or _of_names(bare, usual)


def _bare(text: str) -> str:
    """Return the words of a text; empty: it has none."""
    bare = _NO_WORDS.sub(" ", text)
    return bare.strip() if _LETTER.search(bare) else ""


def _of_part(part: str, whole: str, usual: Sequence[str]) -> Sequence[str]:
    """Return the languages of one sentence: those that its letters can only mean."""
    japanese, latin = len(_JAPANESE.findall(part)), len(_WORD.findall(part))
    if _HANGUL.search(part):
        return ["ko"]
    if japanese and (japanese > _A_FACE or latin < _A_FEW):
        return ["ja"]
    mixed = _JAPANESE.search(whole) is not None
    if latin > (_A_FEW if mixed else _A_FEW - 1):
        return _in_latin(usual) or ["en"]
    return []


def _of_names(bare: str, usual: Sequence[str]) -> tuple[str, ...]:
    """Return what a word or two are taken for."""
    if not _WORD.search(bare):
        others = [lang for lang in usual if _base(lang) in _OWN_SCRIPT - {"ja", "ko"}]
        return tuple(others)
    return tuple(_in_latin(usual) or usual[:1])


def _in_latin(usual: Sequence[str]) -> list[str]:
    return [lang for lang in usual if _base(lang) not in _OWN_SCRIPT]


def _base(lang: str) -> str:
    return lang.partition("-")[0].lower()
