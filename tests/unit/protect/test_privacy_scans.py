"""The audit knows which scans a JPEG must have: no other picture and no text fits between them."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from postguard.protect import containers
from postguard.protect.privacy import audit
from tests.unit.protect.blocks import segment
from tests.unit.protect.test_privacy import JPEG, PACKETS, SECRET, refused

EOI = b"\xff\xd9"
COLOUR, GRAY = "RGB", "L"


def picture(mode: str, seed: int = 0, *, progressive: bool = True, half: bool = False) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 24, 3), np.uint8)
    image = Image.fromarray(pixels).convert(mode)
    return containers.jpeg(image, 80, PACKETS, progressive=progressive, half_colour=half)


def apart(data: bytes) -> tuple[bytes, list[bytes]]:
    """Return what stands before the first scan's tables, and each scan with its tables."""
    start = data.index(b"\xff\xc4")
    scan = re.compile(rb"(?:\xff\xc4.*?)?\xff\xda\0.(?:[^\xff]|\xff\0)*", re.DOTALL)
    scans = scan.findall(data, start)
    assert data[:start] + b"".join(scans) + EOI == data
    return data[:start], scans


HEAD, SCANS = apart(picture(COLOUR))
HEADER = SCANS[0].index(b"\xff\xda") + 4  # where the first scan's header begins


@pytest.mark.parametrize("mode", [COLOUR, GRAY])
@pytest.mark.parametrize("progressive", [True, False])
@pytest.mark.parametrize("half", [True, False])
def test_every_kind_of_jpeg_that_we_write_passes(
    mode: str, *, progressive: bool, half: bool
) -> None:
    half = half and mode == COLOUR
    audit(picture(mode, progressive=progressive, half=half), JPEG, PACKETS)


@pytest.mark.parametrize("mode", [COLOUR, GRAY])
@pytest.mark.parametrize("progressive", [True, False])
def test_a_scan_too_many_or_too_few_is_refused(mode: str, *, progressive: bool) -> None:
    head, scans = apart(picture(mode, progressive=progressive))
    _, others = apart(picture(mode, seed=1, progressive=progressive))
    for at, scan in enumerate(scans):
        told_later = [*scans[: at + 1], scan, *scans[at + 1 :]]
        for more in (
            told_later,
            [*scans, scan],
            [*scans, others[at]],
            scans[:at] + scans[at + 1 :],
        ):
            refused(head + b"".join(more) + EOI, JPEG)
    refused(head + b"".join(scans) + b"".join(others) + EOI, JPEG)


@given(st.permutations(range(len(SCANS))))
def test_scans_in_another_order_pass_only_where_each_bit_follows_the_one_before(
    order: list[int],
) -> None:
    """Of each component the scans of one part stand in their order: 0 is followed by 6."""
    follows = [(0, 6), (1, 5), (4, 5), (5, 9), (2, 7), (3, 8)]
    data = HEAD + b"".join(SCANS[at] for at in order) + EOI
    if all(order.index(first) < order.index(then) for first, then in follows):
        audit(data, JPEG, PACKETS)
    else:
        refused(data, JPEG)


@given(st.integers(0, 9), st.integers(1, 255))
def test_no_byte_of_a_scans_header_can_be_another(at: int, flip: int) -> None:
    changed = bytearray(HEAD + b"".join(SCANS) + EOI)
    changed[len(HEAD) + HEADER + at] ^= flip
    refused(bytes(changed), JPEG)


@pytest.mark.parametrize(
    "header",
    [
        b"\0\0\x3f\0",  # of no channel
        b"\x01\x01\0\x01\x40\x01",  # beyond the last coefficient
        b"\x01\x01\0\x05\x01\x02",  # backwards
        b"\x02\x01\0\x02\0\x01\x05\x02",  # of two channels, where one must be
        b"\x01\x01\x01\x01\x05\x02",  # with the tables of another
        b"\x01\x01\0\x01\x05\x02" + SECRET,
    ],
)
def test_a_scan_that_libjpeg_would_not_write_is_refused(header: bytes) -> None:
    refused(HEAD + SCANS[0] + segment(0xDA, header) + b"".join(SCANS[1:]) + EOI, JPEG)


def test_a_table_that_its_scan_does_not_need_is_refused() -> None:
    tables = SCANS[0][: HEADER - 4]
    for at in range(1, len(SCANS)):
        refused(HEAD + b"".join([*SCANS[:at], tables, *SCANS[at:]]) + EOI, JPEG)


def test_a_gray_picture_has_no_quantiser_of_colour() -> None:
    head, scans = apart(picture(GRAY))
    table = segment(0xDB, b"\x01" + SECRET.ljust(64, b" "))
    at = head.index(b"\xff\xdb")
    refused(head[:at] + table + head[at:] + b"".join(scans) + EOI, JPEG)


@pytest.mark.parametrize("marker", [0xC4, 0xDB])
def test_a_segment_of_tables_without_a_table_is_refused(marker: int) -> None:
    at = HEAD.index(b"\xff\xdb")
    for head, tail in ((HEAD[:at], HEAD[at:]), (HEAD, b"")):
        refused(head + segment(marker, b"") + tail + b"".join(SCANS) + EOI, JPEG)
    refused(HEAD + b"".join(SCANS) + segment(marker, b"") + EOI, JPEG)
