"""Turns bytes of unknown charset into text, with Japanese painters' files in mind."""

from __future__ import annotations

import re
import unicodedata

_KANA = re.compile("[\u3041-\u30ff]")
_CJK = re.compile("[\u3041-\u30ff\u4e00-\u9fff]")
_IIM_CHARSETS = {b"\x1b%G": "utf-8", b"\x1b%/I": "utf-8", b"\x1b.A": "latin-1"}
_NOT_JAPANESE_SHARE = 0.5  # below this share of kana and kanji it is Western text, misread


def decoded(data: bytes) -> str:
    """Return text of bytes that say no charset: UTF-8, UTF-16 with a mark, a Japanese charset
    where the result reads as Japanese, else Windows' Western one."""
    data = data.rstrip(b"\0")
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", "replace")
    if data[:3] in {b"\x1b$B", b"\x1b$@"} or b"\x1b(B" in data:
        return data.decode("iso2022_jp", "replace")
    for charset in ("utf-8-sig", "cp932", "euc_jp"):
        text = _strictly(data, charset)
        if text is not None and (charset == "utf-8-sig" or _reads_as_japanese(text)):
            return text
    return data.decode("cp1252", "replace")


def iim_text(data: bytes, charset: bytes | None) -> str:
    """Return an IIM field's text; `charset` is record 1:90, missing in many old files."""
    named = _IIM_CHARSETS.get(charset or b"")
    strict = _strictly(data, named) if named else None
    return decoded(data) if strict is None else strict


def exif_comment(data: bytes, *, big_endian: bool) -> str:
    """Return EXIF's UserComment: eight bytes that name the charset, then the text (EXIF 3.0,
    4.6.6). Writers disagree on the byte order of UNICODE, so the likelier reading is taken."""
    code, body = data[:8], data[8:]
    if code.startswith(b"UNICODE"):
        return _utf16(body, big_endian=big_endian)
    if code.startswith(b"JIS"):
        return _strictly(body, "iso2022_jp") or decoded(body)
    if code.startswith(b"ASCII") or not code.strip(b"\0"):
        return decoded(body)
    return decoded(data)


def tidy(text: str) -> str:
    """Return the text without control characters and outer blanks, at most 10,000 characters."""
    kept = "".join(
        c for c in text if c in "\n\t" or unicodedata.category(c)[0] != "C" or c in _JOIN
    )
    return kept.strip()[:10_000]


_JOIN = "\u200d\u200c\ufe0f"  # joins emoji and letters: part of the text though invisible


def _strictly(data: bytes, charset: str) -> str | None:
    try:
        return data.decode(charset)
    except UnicodeDecodeError:
        return None


def _reads_as_japanese(text: str) -> bool:
    """Kana say so at once; kanji alone must be most of what is written."""
    written = [c for c in text if not c.isspace()]
    return bool(_KANA.search(text)) or (
        len(_CJK.findall(text)) > _NOT_JAPANESE_SHARE * len(written)
    )


def _utf16(body: bytes, *, big_endian: bool) -> str:
    if body[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return body.decode("utf-16", "replace")
    body = body[: len(body) // 2 * 2]
    orders = ("utf-16-be", "utf-16-le") if big_endian else ("utf-16-le", "utf-16-be")
    texts = [body.decode(order, "replace").rstrip("\0") for order in orders]
    return max(texts, key=_likely)  # the first, the file's own order, where both are as likely


def _likely(text: str) -> float:
    usual = sum(c.isascii() or bool(_CJK.match(c)) or "\u3000" <= c <= "\u3040" for c in text)
    return usual / max(1, len(text))
