"""Files with blocks put in, doubled, moved, changed or cut: what passes has our blocks and no
other, as code of the tests' own reads it; nothing but the audit's own error comes of the rest."""

from __future__ import annotations

import random
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.errors import StepFailed
from postguard.protect.packets import Packets, srgb_profile
from postguard.protect.privacy import audit
from tests.unit.protect.blocks import (
    Block,
    box,
    boxes,
    chunk,
    chunks,
    riff,
    riff_chunks,
    segment,
    segments,
)
from tests.unit.protect.test_privacy import FILES, JPEG, PACKETS, PNG, SECRET, WEBP
from tests.unit.protect.test_privacy_avif import AVIF, OURS

MANIFEST = Packets(PACKETS.xmp, PACKETS.exif, PACKETS.iim, b"\0\0\0\x40jumb" + b"signed" * 9)


def jpeg_blocks(data: bytes) -> list[Block]:
    scans = data.index(b"\xff\xda")
    head = [(bytes([marker]), payload) for marker, payload in segments(data)]
    return [*head, (b"scans", data[scans:])]


def jpeg_file(blocks: list[Block]) -> bytes:
    return b"\xff\xd8" + b"".join(
        body if kind == b"scans" else segment(kind[0], body[:65_000]) for kind, body in blocks
    )


def png_file(blocks: list[Block]) -> bytes:
    return FILES[PNG][:8] + b"".join(chunk(kind, body) for kind, body in blocks)


def avif_file(blocks: list[Block]) -> bytes:
    return b"".join(box(kind, body) for kind, body in blocks)


@dataclass(frozen=True)
class Kind:
    """How to take a format apart, put it together, and which of its blocks are the picture."""

    mime: str
    ours: bytes = field(repr=False)
    apart: Callable[[bytes], list[Block]]
    together: Callable[[list[Block]], bytes]
    strange: tuple[bytes, ...]
    picture: tuple[bytes, ...]

    def told(self, data: bytes) -> list[Block]:
        """All but the picture and what measures it, in an order of its own; and the profile,
        which a gray picture has not, only where it is another than ours."""
        told = [(k, _masked(k, body)) for k, body in self.apart(data) if k not in self.picture]
        return sorted(block for block in told if not block[1].endswith(srgb_profile()))


def _masked(kind: bytes, body: bytes) -> bytes:
    """Unpack a PNG's profile; blank what belongs to the picture in an AVIF's boxes: its frames,
    size and level, and whether a property is essential."""
    if kind == b"iCCP":
        stream = zlib.decompressobj()
        return stream.decompress(body[13:]) + stream.unused_data
    if kind == b"mdat" and PACKETS.xmp in body:
        return body[: body.index(PACKETS.xmp) + len(PACKETS.xmp)] + b"%d" % len(body)
    if kind == b"meta":
        free = {
            *range(body.index(b"ispe") + 8, body.index(b"ispe") + 16),
            *(found.end() + i for found in re.finditer(b"av1C", body) for i in (1, 2)),
            *range(body.index(b"ipma"), body.index(b"ipma") + 24),
        }
        return bytes(0 if at in free else byte for at, byte in enumerate(body))
    return body


def riff_file(blocks: list[Block]) -> bytes:
    return riff(*blocks)


KINDS = [
    Kind(
        JPEG,
        FILES[JPEG],
        jpeg_blocks,
        jpeg_file,
        (b"\xe0", b"\xe1", b"\xe2", b"\xeb", b"\xed", b"\xee", b"\xfe", b"\xdd", b"\xdb", b"\xc4"),
        (b"scans", b"\xdb", b"\xc4", b"\xc0", b"\xc2"),
    ),
    Kind(
        PNG,
        FILES[PNG],
        chunks,
        png_file,
        (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"iCCP", b"caBX", b"gAMA", b"cICP", b"IDAT", b"prVw"),
        (b"IDAT",),
    ),
    Kind(
        WEBP,
        FILES[WEBP],
        riff_chunks,
        riff_file,
        (b"EXIF", b"XMP ", b"ICCP", b"C2PA", b"ANIM", b"ANMF", b"ALPH", b"SECR", b"VP8X"),
        (b"VP8 ", b"ALPH"),
    ),
    Kind(
        AVIF,
        OURS,
        boxes,
        avif_file,
        (b"free", b"skip", b"uuid", b"moov", b"meta", b"mdat", b"ftyp", b"idat", b"thmb"),
        (),
    ),
]
each_kind = pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.ours], ids=lambda kind: kind.mime
)


def spoilt(blocks: list[Block], draw: random.Random, strange: tuple[bytes, ...]) -> list[Block]:
    """Do one thing to the blocks that a careless tool or a bug could do."""
    at, other = draw.randrange(len(blocks)), draw.randrange(len(blocks))
    kind, body = blocks[at]
    match draw.choice(("insert", "double", "drop", "swap", "change", "grow", "shrink", "rename")):
        case "insert":
            stuffing = draw.choice([SECRET, b"", PACKETS.xmp, srgb_profile(), draw.randbytes(65)])
            return [*blocks[:at], (draw.choice(strange), stuffing), *blocks[at:]]
        case "double":
            return [*blocks[:other], blocks[at], *blocks[other:]]
        case "drop":
            return blocks[:at] + blocks[at + 1 :]
        case "swap":
            swapped = list(blocks)
            swapped[at], swapped[other] = blocks[other], blocks[at]
            return swapped
        case "change" if body:
            place = draw.randrange(len(body))
            body = body[:place] + bytes([body[place] ^ draw.randrange(1, 256)]) + body[place + 1 :]
        case "grow":
            body += draw.choice([SECRET, b"\0", draw.randbytes(9)])
        case "shrink":
            body = body[: -draw.randrange(1, 9)]
        case "rename":
            kind = draw.choice(strange)
    return [*blocks[:at], (kind, body), *blocks[at + 1 :]]


def passes(data: bytes, mime: str, packets: Packets = PACKETS) -> bool:
    """Whether the audit lets a file out; any other error of its fails the test."""
    try:
        audit(data, mime, packets)
    except StepFailed:
        return False
    return True


@each_kind
def test_a_file_taken_apart_and_put_together_is_the_same(kind: Kind) -> None:
    """Else the tests below would prove nothing."""
    assert kind.together(kind.apart(kind.ours)) == kind.ours
    assert passes(kind.ours, kind.mime)


@each_kind
@given(st.randoms(use_true_random=False), st.integers(1, 3))
def test_a_file_of_other_blocks_than_ours_never_passes(
    kind: Kind, draw: random.Random, times: int
) -> None:
    blocks = kind.apart(kind.ours)
    for _ in range(times):
        blocks = spoilt(blocks, draw, kind.strange) if blocks else blocks
    data = kind.together(blocks)
    if passes(data, kind.mime):
        assert kind.told(data) == kind.told(kind.ours)


@each_kind
@given(st.binary(min_size=1, max_size=64))
def test_nothing_passes_behind_the_end(kind: Kind, tail: bytes) -> None:
    assert not passes(kind.ours + tail, kind.mime)


@each_kind
@given(st.data())
def test_two_files_spliced_anywhere_never_pass(kind: Kind, data: st.DataObject) -> None:
    """As a file that is written over a longer one, or two downloads in one."""
    donor = data.draw(st.sampled_from([other.ours for other in KINDS if other.ours]))
    start = data.draw(st.integers(0, len(donor)))
    end = data.draw(st.integers(0, len(kind.ours)))
    spliced = kind.ours[:end] + donor[start:]
    if passes(spliced, kind.mime):
        # The walk does not see into one scan, which may hold some of its bytes twice.
        assert len(spliced) <= len(kind.ours) or kind.mime == JPEG
        assert kind.told(spliced) == kind.told(kind.ours)


@each_kind
@given(st.randoms(use_true_random=False))
def test_a_manifest_that_is_due_must_be_there_whole(kind: Kind, draw: random.Random) -> None:
    assert not passes(kind.ours, kind.mime, MANIFEST)
    blocks = kind.apart(kind.ours)
    assert not passes(kind.together(spoilt(blocks, draw, kind.strange)), kind.mime, MANIFEST)


@pytest.mark.parametrize(
    "payload",
    [
        b"\x00" + SECRET.ljust(64, b" "),  # a table that we have already
        b"\x02" + SECRET.ljust(64, b" "),  # one that nothing uses
        b"\x03" + bytes(range(1, 65)),
    ],
)
def test_a_quantiser_more_which_could_hold_a_text_is_refused(payload: bytes) -> None:
    blocks = jpeg_blocks(FILES[JPEG])
    at = [kind for kind, _ in blocks].index(b"\xdb")
    for place in (at, at + 2):
        spoiled = [*blocks[:place], (b"\xdb", payload), *blocks[place:]]
        assert not passes(jpeg_file(spoiled), JPEG)


def test_huffman_tables_that_no_scan_uses_are_refused() -> None:
    table = b"\x00" + bytes([0, len(SECRET)]) + bytes(14)
    symbols = bytes(range(len(SECRET)))
    data = FILES[JPEG]
    for load in (table + symbols, b"\x02" + table[1:] + symbols):
        assert not passes(data[:-2] + segment(0xC4, load) + data[-2:], JPEG)
    first = data.index(b"\xff\xc4")
    length = struct.unpack(">H", data[first + 2 : first + 4])[0] + 2
    assert not passes(data[:first] + data[first : first + length] + data[first:], JPEG)
