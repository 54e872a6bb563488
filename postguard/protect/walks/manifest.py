"""How files carry a signed C2PA manifest (C2PA 2.2, A.3), as c2pa-rs writes it.

PNG (`caBX`) and WebP (`C2PA`) hold it as it is; JPEG cuts it into segments (ISO 19566-5), and
AVIF puts a header before it.
"""

from __future__ import annotations

from postguard.protect.walks.reader import Reader, Stray

# The C2PA uuid; a full box's version and flags; what it holds; no Merkle tree elsewhere.
UUID_HEAD = bytes.fromhex("d8fec3d61b0e483c92975828877ec481") + b"\0\0\0\0manifest\0" + bytes(8)

_SEGMENT_HEAD = b"JP\x02\x11"  # JPEG XT's identifier, and the one number of the one box
_BOX_HEAD = 8  # bytes: a JUMBF box's size and kind, which every segment repeats


class Segments:
    """The APP11 segments of a JPEG, which must hold the manifest once, whole and in order."""

    def __init__(self, manifest: bytes) -> None:
        self._manifest = manifest
        self._count = 0
        self._met = 0

    def meet(self, segment: bytes) -> None:
        """Tick off one segment. Raises Stray where it is not the next part of the manifest."""
        if self._met == len(self._manifest):
            raise Stray("a block C2PA that we did not write")
        self._count += 1
        reader = Reader(segment)
        reader.expect(_SEGMENT_HEAD + self._count.to_bytes(4, "big"), "part of C2PA")
        if self._count > 1:
            reader.expect(self._manifest[:_BOX_HEAD], "part of C2PA")
        part = reader.take(reader.left, "part of C2PA")
        if not part or self._manifest[self._met :][: len(part)] != part:
            raise Stray("the block C2PA is not the one that was signed")
        self._met += len(part)

    def end(self) -> None:
        """Raise Stray where a part that must be there was not met."""
        if self._met != len(self._manifest):
            raise Stray("no C2PA, or not the whole of it")
