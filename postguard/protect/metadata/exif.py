"""A small EXIF (TIFF 6.0) writer whose texts survive Japanese.

Pillow encodes EXIF text as ASCII and turns the rest into question marks without a word; here the
bytes are UTF-8, which EXIF 3.0 allows and every reader in use shows.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from postguard.protect.metadata.statement import Statement, clean, cut

LONGEST_TEXT = 16_000  # bytes; all three together stay below one JPEG segment

_ASCII, _SHORT, _RATIONAL = 2, 3, 5
_UNIT = {_ASCII: 1, _SHORT: 2, _RATIONAL: 8}
# Little endian; where the directory begins, no box of a signed PNG's manifest does, which exiftool
# counts from 0 as well: at 8, as usual, it warns that it had read "that directory" before.
_HEADER = b"II*\x00\x0c\x00\x00\x00" + bytes(4)

_DESCRIPTION, _ARTIST, _COPYRIGHT = 0x010E, 0x013B, 0x8298


@dataclass(frozen=True, slots=True)
class _Value:
    kind: int
    data: bytes

    @property
    def count(self) -> int:
        return len(self.data) // _UNIT[self.kind]


def block(statement: Statement) -> bytes:
    """Return a TIFF stream with Artist, Copyright and ImageDescription, or b"" with none of them.

    The other tags are the ones that EXIF 2.32 asks for there; none tells anything of the source.
    A directory for cameras is left out: it would have to repeat the size, not known here.
    """
    texts = {
        _DESCRIPTION: statement.description,
        _ARTIST: statement.creator,
        _COPYRIGHT: statement.rights,
    }
    said = {tag: cut(clean(text), LONGEST_TEXT) for tag, text in texts.items()}
    tags = {tag: _Value(_ASCII, text.encode() + b"\0") for tag, text in said.items() if text}
    if not tags:
        return b""
    per_inch = _Value(_RATIONAL, struct.pack("<II", 72, 1))
    tags |= {0x011A: per_inch, 0x011B: per_inch, 0x0128: _short(2), 0x0213: _short(1)}
    return _HEADER + _directory(tags, len(_HEADER))


def _short(number: int) -> _Value:
    return _Value(_SHORT, struct.pack("<H", number))


def _directory(tags: Mapping[int, _Value], at: int) -> bytes:
    """Serialise one IFD that will stand at offset `at`, its values behind it, even in length."""
    entries, values = b"", b""
    values_at = at + 2 + 12 * len(tags) + 4
    for tag, value in sorted(tags.items()):
        inline = value.data.ljust(4, b"\0")
        if len(value.data) > 4:  # noqa: PLR2004  # what fits into the entry itself
            inline = struct.pack("<I", values_at + len(values))
            values += value.data + b"\0" * (len(value.data) % 2)
        entries += struct.pack("<HHI", tag, value.kind, value.count) + inline
    return struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0) + values
