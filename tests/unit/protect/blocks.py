"""The blocks of picture files, put together and taken apart by code of the tests' own."""

from __future__ import annotations

import struct
import zlib

Block = tuple[bytes, bytes]  # kind and content


def segment(marker: int, payload: bytes) -> bytes:
    """Return one JPEG segment."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload


def segments(data: bytes) -> list[tuple[int, bytes]]:
    """Return the segments of a JPEG up to its first scan."""
    found, at = [], 2
    while data[at + 1] != 0xDA:
        size = struct.unpack(">H", data[at + 2 : at + 4])[0]
        found.append((data[at + 1], data[at + 4 : at + 2 + size]))
        at += 2 + size
    return found


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return one PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def chunks(data: bytes) -> list[Block]:
    """Return the chunks of a PNG."""
    found, at = [], 8
    while at < len(data):
        size = struct.unpack(">I", data[at : at + 4])[0]
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    return found


def riff(*parts: Block) -> bytes:
    """Return a WebP file of these chunks."""
    body = b"".join(
        kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
        for kind, data in parts
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def riff_chunks(data: bytes) -> list[Block]:
    """Return the chunks of a WebP file."""
    found, at = [], 12
    while at < len(data):
        size = struct.unpack("<I", data[at + 4 : at + 8])[0]
        found.append((data[at : at + 4], data[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return found


def box(kind: bytes, body: bytes) -> bytes:
    """Return one ISO box."""
    return struct.pack(">I", 8 + len(body)) + kind + body


def boxes(data: bytes) -> list[Block]:
    """Return the ISO boxes of a file, or of the inside of a box."""
    found, at = [], 0
    while at < len(data):
        size = struct.unpack(">I", data[at : at + 4])[0]
        found.append((data[at + 4 : at + 8], data[at + 8 : at + size]))
        at += size
    return found
