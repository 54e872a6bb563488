"""PNG (W3C, third edition): chunks with their checksums, and nothing behind the zlib stream."""

from __future__ import annotations

import zlib

from postguard.protect.packets import ITXT_XMP_HEAD, Packets, srgb_profile
from postguard.protect.walks.reader import Blocks, Reader, Stray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}  # colour type: gray, RGB, gray and alpha, RGBA
_PROFILE_HEAD = b"ICC Profile\0\0"
_STEP = 1 << 20


def check(data: bytes, packets: Packets) -> bytes:
    """Walk the whole file; return its rows, packed, as they stand in it.

    Raises:
        Stray: at the first thing that we did not write.
    """
    reader = Reader(data)
    reader.expect(_SIGNATURE, "PNG signature")
    kind, header = _chunk(reader)
    if kind != b"IHDR":
        raise Stray("no header")
    pixels = _Pixels(header)
    blocks = Blocks(
        {
            "eXIf": packets.exif,
            "iTXt": ITXT_XMP_HEAD + packets.xmp if packets.xmp else b"",
            "caBX": packets.manifest,
        },
        may={"iCCP": srgb_profile()},
    )
    while (chunk := _chunk(reader))[0] != b"IEND":
        kind, body = chunk
        if kind == b"IDAT":
            pixels.add(body)
        else:
            blocks.meet(kind.decode("latin-1"), _profile(body) if kind == b"iCCP" else body)
    if chunk[1]:
        raise Stray("bytes in the last chunk")
    reader.end("end of the PNG")
    pixels.end()
    blocks.end()
    return bytes(pixels.packed)


def _chunk(reader: Reader) -> tuple[bytes, bytes]:
    size = reader.number(">I", "chunk")
    kind = reader.take(4, "chunk")
    body = reader.take(size, f"chunk {kind!r}")
    if reader.number(">I", f"chunk {kind!r}") != zlib.crc32(body, zlib.crc32(kind)):
        raise Stray(f"the checksum of chunk {kind!r} is wrong")
    return kind, body


def _profile(body: bytes) -> bytes:
    """Return the profile of an iCCP chunk. Raises Stray where anything else is in it."""
    if not body.startswith(_PROFILE_HEAD):
        raise Stray("a colour profile of another name")
    stream = zlib.decompressobj()
    try:
        profile = stream.decompress(body[len(_PROFILE_HEAD) :], len(srgb_profile()) + 1)
    except zlib.error as exc:
        raise Stray("a colour profile that cannot be read") from exc
    if not stream.eof or stream.unused_data:
        raise Stray("a colour profile with something behind it")
    return profile


class _Pixels:
    """The zlib stream of all IDAT chunks, which must hold the rows and nothing else."""

    def __init__(self, header: bytes) -> None:
        reader = Reader(header)
        width, height = reader.number(">I", "width"), reader.number(">I", "height")
        reader.expect(b"\x08", "bit depth")
        channels = _CHANNELS.get(reader.number("B", "colour type"))
        reader.expect(b"\0\0\0", "compression, filter and interlace")
        reader.end("header")
        if channels is None or not width or not height:
            raise Stray("a picture of a kind that we do not write")
        self._expected = height * (1 + width * channels)
        self._found = 0
        self.packed = bytearray()
        self._stream = zlib.decompressobj()

    def add(self, part: bytes) -> None:
        """Inflate one chunk in steps, so that a bomb takes no memory."""
        self.packed += part
        try:
            while part and self._found <= self._expected:
                self._found += len(self._stream.decompress(part, _STEP))
                part = self._stream.unconsumed_tail
        except zlib.error as exc:
            raise Stray("the picture cannot be read") from exc
        if self._stream.unused_data:
            raise Stray("bytes behind the picture")

    def end(self) -> None:
        """Raise Stray where there were more or fewer rows than the header says."""
        if self._found != self._expected or not self._stream.eof:
            raise Stray("a picture of another size than its header says")
