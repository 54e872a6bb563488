"""WebP (RFC 9649): RIFF chunks, lossy and lossless, simple and extended."""

from __future__ import annotations

from postguard.protect.packets import Packets, srgb_profile
from postguard.protect.walks.reader import Blocks, Reader, Stray

_EXTENDED = b"VP8X"
_HAS_PROFILE, _HAS_ALPHA, _HAS_EXIF, _HAS_XMP = 0x20, 0x10, 0x08, 0x04
_FLAGS = {b"ICCP": _HAS_PROFILE, b"EXIF": _HAS_EXIF, b"XMP ": _HAS_XMP, b"C2PA": 0}
_LOSSY, _WITHOUT_LOSS = b"VP8 ", b"VP8L"
_KEY_FRAME = b"\x9d\x01\x2a"
_LOSSLESS = b"\x2f"
_ALPHA_USED = 1 << 28


def check(data: bytes, packets: Packets) -> bytes:
    """Walk the whole file; return its frame and its transparency, as libwebp wrote them.

    Raises:
        Stray: at the first thing that we did not write.
    """
    reader = Reader(data)
    reader.expect(b"RIFF", "RIFF header")
    if reader.number("<I", "RIFF header") != reader.left:
        raise Stray("the file is longer or shorter than its header says")
    reader.expect(b"WEBP", "WebP header")
    due = {"EXIF": packets.exif, "XMP ": packets.xmp, "C2PA": packets.manifest}
    blocks = Blocks(due, may={"ICCP": srgb_profile()})
    walk = _Walk(blocks)
    while reader.left:
        walk.meet(*_chunk(reader))
    walk.end()
    blocks.end()
    return walk.picture


def _chunk(reader: Reader) -> tuple[bytes, bytes]:
    kind = reader.take(4, "chunk")
    body = reader.take(reader.number("<I", f"chunk {kind!r}"), f"chunk {kind!r}")
    if len(body) % 2:
        reader.expect(b"\0", f"padding of chunk {kind!r}")
    return kind, body


class _Walk:
    """What was met so far: the header that announces, and the parts that keep its word."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._begun = False
        self._announced: tuple[int, int, int] | None = None  # flags, width, height
        self._flags = 0
        self._frames = {_LOSSY, _WITHOUT_LOSS}  # of which one is still to come
        self._frame: tuple[int, int] | None = None
        self.picture = b""

    def meet(self, kind: bytes, body: bytes) -> None:
        """Check one chunk and note what it brings."""
        first, self._begun = not self._begun, True
        if kind == _EXTENDED and first:
            self._announced = _extended(body)
        elif kind in self._frames:
            self._frame, alpha = _frame(kind, body)
            self._frames = set()
            self._flags |= alpha
            self.picture += body
        elif kind == b"ALPH" and len(self._frames) > 1 and self._announced is not None:
            self._frames = {_LOSSY}  # no viewer looks for it beside the other one
            self._flags |= _HAS_ALPHA
            self.picture += body
        else:
            self._blocks.meet(kind.decode("latin-1"), body)
            self._flags |= _FLAGS[kind]

    def end(self) -> None:
        """Raise Stray where the header announced something else than what was there."""
        if self._frame is None:
            raise Stray("no picture")
        if self._announced is None:
            # A lossless frame of a simple file may have alpha; all else needs the header.
            strays = self._flags & ~_HAS_ALPHA
        else:
            strays = self._announced != (self._flags, *self._frame)
        if strays:
            raise Stray("the header announces other parts than there are")


def _extended(body: bytes) -> tuple[int, int, int]:
    reader = Reader(body)
    flags = reader.number("B", "extended header")
    reader.expect(b"\0\0\0", "extended header")
    width = int.from_bytes(reader.take(3, "extended header"), "little") + 1
    height = int.from_bytes(reader.take(3, "extended header"), "little") + 1
    reader.end("extended header")
    return flags, width, height


def _frame(kind: bytes, body: bytes) -> tuple[tuple[int, int], int]:
    """Return the (width, height) that a frame's own header says, and whether it has alpha."""
    reader = Reader(body)
    if kind == _WITHOUT_LOSS:
        reader.expect(_LOSSLESS, "lossless frame")
        bits = reader.number("<I", "lossless frame")
        size = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        return size, _HAS_ALPHA if bits & _ALPHA_USED else 0
    reader.take(3, "frame")
    reader.expect(_KEY_FRAME, "frame")
    return (reader.number("<H", "frame") & 0x3FFF, reader.number("<H", "frame") & 0x3FFF), 0
