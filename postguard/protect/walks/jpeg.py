"""JPEG (ITU T.81): markers, segments and entropy-coded data, baseline and progressive."""

from __future__ import annotations

import re

from postguard.protect.packets import EXIF_HEAD, ICC_HEAD, XMP_HEAD, Packets, srgb_profile
from postguard.protect.walks.manifest import Segments
from postguard.protect.walks.reader import Blocks, Reader, Stray
from postguard.protect.walks.scans import Scans

_SOI, _EOI, _SOS, _DHT, _DQT = 0xD8, 0xD9, 0xDA, 0xC4, 0xDB
_APP0, _APP1, _APP2, _APP11, _APP13 = 0xE0, 0xE1, 0xE2, 0xEB, 0xED
_BASELINE, _PROGRESSIVE = 0xC0, 0xC2
_APPS = {_APP0: "JFIF", _APP1: "XMP", _APP2: "ICC profile", _APP13: "IPTC"}
_JFIF = b"JFIF\0\x01\x01\x00\x00\x01\x00\x01\x00\x00"  # version 1.1, square pixels, no thumbnail
_NOT_PICTURE = re.compile(rb"\xff[^\x00]")  # libjpeg stuffs FF as FF 00; we write no restarts

_MARKER_BYTES = 2
_SIZE_BYTES = 2  # a segment's size counts itself
_LUMA, _COLOUR = 0, 1  # 8-bit tables
_CLASS_AND_ID = {0x00, 0x01, 0x10, 0x11}


def check(data: bytes, packets: Packets) -> bytes:
    """Walk the whole file; return its tables and scans, the picture as libjpeg wrote it.

    Raises:
        Stray: at the first thing that we did not write.
    """
    reader = Reader(data)
    reader.expect(bytes([0xFF, _SOI]), "start of image")
    _tags(reader, packets)
    start = reader.at
    _picture(reader, data)
    reader.end("end of the JPEG")
    return data[start:]


def _tags(reader: Reader, packets: Packets) -> None:
    """Walk the segments that stand before the picture."""
    blocks, signed = _blocks(packets), Segments(packets.manifest)
    while (marker := _marker(reader)) in {*_APPS, _APP11}:
        segment = _segment(reader, marker)
        if marker == _APP11:
            signed.meet(segment)
        else:
            blocks.meet(_app_name(marker, segment), segment)
    reader.at -= _MARKER_BYTES
    for part in (blocks, signed):
        part.end()


def _picture(reader: Reader, data: bytes) -> None:
    """Walk the tables, the frame header and the scans, up to the end of the image."""
    tables, frame = Tables(), None
    while (marker := _marker(reader)) != _EOI:
        segment = _segment(reader, marker)
        if marker in {_BASELINE, _PROGRESSIVE} and frame is None:
            frame = Frame(segment, progressive=marker == _PROGRESSIVE)
            tables.check_quantisers(frame.quantisers)
        elif marker == _SOS and frame is not None:
            tables.use(frame.scans.meet(segment))
            _skip_scan(reader, data)
        else:
            tables.meet(marker, segment, before_frame=frame is None)
    if frame is None:
        raise Stray("no picture")
    tables.end()
    frame.scans.end()


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


def _skip_scan(reader: Reader, data: bytes) -> None:
    found = _NOT_PICTURE.search(data, reader.at)
    if found is None:
        raise Stray("the picture is cut off")
    reader.at = found.start()


class Frame:
    """The frame header: of which components the scans may tell."""

    def __init__(self, segment: bytes, *, progressive: bool) -> None:
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
        self.scans = Scans(self._components, progressive=progressive)

    @property
    def quantisers(self) -> set[int]:
        """The numbers of the tables that the components use."""
        return {_LUMA, _COLOUR} if self._components > 1 else {_LUMA}

    def _known(self, number: int) -> set[bytes]:
        """Return a component as we write it: its number, its sampling (luma may have twice the
        samples of colour, 4:2:0), and the quantiser of luma or of colour."""
        samplings = {0x11, 0x22} if number == 1 and self._components > 1 else {0x11}
        return {bytes([number, sampling, min(number - 1, 1)]) for sampling in samplings}


class Tables:
    """Quantisers, each once; Huffman tables, each once for a scan that needs it."""

    def __init__(self) -> None:
        self._quantisers: set[int] = set()
        self._huffman: set[int] = set()

    def meet(self, marker: int, segment: bytes, *, before_frame: bool) -> None:
        """Check one segment of tables. Raises Stray where it is anything else."""
        reader = Reader(segment)
        if not segment:
            raise Stray(f"an empty segment FF{marker:02X}")
        if marker == _DHT:
            while reader.left:
                _note(self._huffman, reader, _CLASS_AND_ID)
                codes = sum(reader.take(16, "Huffman table"))
                if len(set(reader.take(codes, "Huffman table"))) != codes:
                    raise Stray("a Huffman table with doubled symbols")
        elif marker == _DQT and before_frame:
            while reader.left:
                _note(self._quantisers, reader, {_LUMA, _COLOUR})
                if 0 in reader.take(64, "quantiser table"):
                    raise Stray("a quantiser table with a zero")
        else:
            raise Stray(f"a segment FF{marker:02X} that we did not write")

    def check_quantisers(self, due: set[int]) -> None:
        """Raise Stray where there are others than the frame needs."""
        if self._quantisers != due:
            raise Stray("a quantiser table too many or too few")

    def use(self, needed: set[int]) -> None:
        """Note that a scan follows: the next one may have other tables. Raises Stray where one was
        met that this scan does not need."""
        if not self._huffman <= needed:
            raise Stray("a Huffman table that its scan does not need")
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
