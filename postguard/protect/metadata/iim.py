"""IPTC IIM 4.2 datasets in a Photoshop resource block, as JPEG APP13 carries them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from postguard.protect.metadata.statement import Statement, clean, cut

_UTF8 = b"\x1b%G"  # 1:90 CodedCharacterSet; without it Japanese is read as Latin
_RESOURCE = b"8BIM\x04\x04\x00\x00"  # IPTC-NAA record, no name


def block(statement: Statement) -> bytes:
    """Return the payload of the APP13 segment, or b"" where there is nothing to say."""
    fields = b"".join(_dataset(2, number, text) for number, text in _texts(statement) if text)
    if not fields:
        return b""
    version = struct.pack(">H", 4)
    record = _dataset(1, 90, _UTF8) + _dataset(2, 0, version) + fields
    padding = b"\0" * (len(record) % 2)
    return b"Photoshop 3.0\0" + _RESOURCE + struct.pack(">I", len(record)) + record + padding


def _texts(s: Statement) -> Iterator[tuple[int, bytes]]:
    """Yield (dataset of record 2, UTF-8) within the standard's limits, which count bytes."""
    for keyword in s.keywords:
        yield 25, _bytes(keyword, 64)
    yield 40, _bytes(s.short, 256)  # SpecialInstructions
    yield 80, _bytes(s.creator, 32)  # By-line
    yield 110, _bytes(s.credit, 32)  # Credit
    yield 116, _bytes(s.rights, 128)  # CopyrightNotice
    yield 120, _bytes(s.description, 2_000)  # Caption-Abstract


def _bytes(text: str, size: int) -> bytes:
    return cut(clean(text), size).encode()


def _dataset(record: int, number: int, data: bytes) -> bytes:
    """One standard dataset; every limit above is below the 32,767 bytes of the short form."""
    return struct.pack(">BBBH", 0x1C, record, number, len(data)) + data
