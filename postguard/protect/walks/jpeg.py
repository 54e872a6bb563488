"""JPEG (ITU T.81): markers, segments and entropy-coded data, baseline and progressive."""

from __future__ import annotations

import re

from postguard.protect.packets import EXIF_HEAD, ICC_HEAD, XMP_HEAD, Packets, srgb_profile
from postguard.protect.walks.manifest import Segments
from postguard.protect.walks.reader import Blocks, Reader, Stray

_SOI, _EOI, _SOS, _DHT, _DQT = 0xD8, 0xD9, 0xDA, 0xC4, 0xDB
_APP0, _APP1, _APP2, _APP11, _APP13 = 0xE0, 0xE1, 0xE2, 0xEB, 0xED
_SOF = {0xC0, 0xC2}  # baseline and progressive
_APPS = {_APP0: "JFIF", _APP1: "XMP", _APP2: "ICC profile", _APP13: "IPTC"}
_JFIF = b"JFIF\0\x01\x01\x00\x00\x01\x00\x01\x00\x00"  # version 1.1, square pixels, no thumbnail
_NOT_PICTURE = re.compile(rb"\xff[^\x00]")  # libjpeg stuffs FF as FF 00; we write no restarts

_SIZE_BYTES = 2  # a segment's size counts itself
_LUMA_AND_COLOUR = {0, 1}  # 8-bit tables
_CLASS_AND_ID = {0x00, 0x01, 0x10, 0x11}


def check(data: bytes, packets: Packets) -> None:
    """Walk the whole file. Raises Stray at the first thing that we did not write."""
    reader = Reader(data)
    reader.expect(bytes([0xFF, _SOI]), "start of image")
    blocks, signed, tables = _blocks(packets), Segments(packets.manifest), Tables()
    frame: Frame | None = None
    while (marker := _marker(reader)) != _EOI:
        segment = _segment(reader, marker)
        if marker in _SOF and frame is None:
            frame = Frame(segment)
        elif marker == _SOS and frame is not None:
            frame.scan(segment)
            tables.used()
            _skip_picture(reader, data)
        elif marker in _APPS and frame is None:
            blocks.meet(_app_name(marker, segment), segment)
        elif marker == _APP11 and frame is None:
            signed.meet(segment)
        else:
            tables.meet(marker, segment, before_frame=frame is None)
    reader.end("end of the JPEG")
    for part in (blocks, signed, tables):
        part.end()
    if frame is None or not frame.scans:
        raise Stray("no picture")


def _blocks(packets: Packets) -> Blocks:
    due = {
        "JFIF": _JFIF,
        "EXIF": EXIF_HEAD + packets.exif if packets.exif else b"",
        "XMP": XMP_HEAD + packets.xmp if packets.xmp else b"",
        "IPTC": packets.iim,
    }
    return Blocks(due, may={"ICC profile": ICC_HEAD + srgb_profile()})


def _marker(reader: Reader) -> int:
    reader.expect(b"\xff", "marker")
    return reader.number("B", "marker")


def _segment(reader: Reader, marker: int) -> bytes:
    what = f"segment FF{marker:02X}"
    size = reader.number(">H", what)
    if size < _SIZE_BYTES:
        raise Stray(f"{what} is cut off")
    return reader.take(size - _SIZE_BYTES, what)


def _app_name(marker: int, segment: bytes) -> str:
    """Name an APPn segment by what it starts with, as readers do."""
    is_exif = marker == _APP1 and segment.startswith(EXIF_HEAD)
    return "EXIF" if is_exif else _APPS[marker]


def _skip_picture(reader: Reader, data: bytes) -> None:
    found = _NOT_PICTURE.search(data, reader.at)
    if found is None:
        raise Stray("the picture is cut off")
    reader.at = found.start()


class Frame:
    """The frame header: how many components there are, which the scans must agree with."""

    def __init__(self, segment: bytes) -> None:
        self.scans = 0
        reader = Reader(segment)
        reader.expect(b"\x08", "sample precision")
        if not (reader.number(">H", "height") and reader.number(">H", "width")):
            raise Stray("a picture without pixels")
        self._components = reader.number("B", "components")
        if self._components not in {1, 3}:
            raise Stray(f"a picture of {self._components} channels")
        for number in range(1, self._components + 1):
            found = reader.take(3, "component")
            if found not in self._known(number):
                raise Stray(f"component {number} of a kind that postguard does not write")
        reader.end("frame header")

    def _known(self, number: int) -> set[bytes]:
        """Return a component as we write it: its number, its sampling (luma may have twice the
        samples of colour, 4:2:0), and the quantiser of luma or of colour."""
        samplings = {0x11, 0x22} if number == 1 and self._components > 1 else {0x11}
        return {bytes([number, sampling, min(number - 1, 1)]) for sampling in samplings}

    def scan(self, segment: bytes) -> None:
        """Check a scan header and count it."""
        reader = Reader(segment)
        count = reader.number("B", "scan header")
        if not 1 <= count <= self._components:
            raise Stray("a scan of channels that are not there")
        reader.take(2 * count + 3, "scan header")
        reader.end("scan header")
        self.scans += 1


class Tables:
    """Quantisers, each once; Huffman tables, each once for a scan and never without one."""

    def __init__(self) -> None:
        self._quantisers: set[int] = set()
        self._huffman: set[int] = set()

    def meet(self, marker: int, segment: bytes, *, before_frame: bool) -> None:
        """Check one segment of tables. Raises Stray where it is anything else."""
        reader = Reader(segment)
        if marker == _DHT:
            while reader.left:
                _note(self._huffman, reader, _CLASS_AND_ID)
                codes = sum(reader.take(16, "Huffman table"))
                if len(set(reader.take(codes, "Huffman table"))) != codes:
                    raise Stray("a Huffman table with doubled symbols")
        elif marker == _DQT and before_frame:
            while reader.left:
                _note(self._quantisers, reader, _LUMA_AND_COLOUR)
                if 0 in reader.take(64, "quantiser table"):
                    raise Stray("a quantiser table with a zero")
        else:
            raise Stray(f"a segment FF{marker:02X} that we did not write")

    def used(self) -> None:
        """Note that a scan follows: the next one may have other tables."""
        self._huffman.clear()

    def end(self) -> None:
        """Raise Stray where tables were met that belong to no scan."""
        if self._huffman:
            raise Stray("a Huffman table without a picture")


def _note(met: set[int], reader: Reader, known: set[int]) -> None:
    """Note a table by its number. Raises Stray where we write none such, or it was met."""
    number = reader.number("B", "table")
    if number not in known or number in met:
        raise Stray("a table that we did not write")
    met.add(number)
