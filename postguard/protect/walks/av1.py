"""AV1 (bitstream specification, 5.3): the three units of which one still picture is made."""

from __future__ import annotations

from postguard.protect.walks.reader import Reader, Stray

# Temporal delimiter, sequence header, frame: each with its size, and no extension. Metadata and
# padding are units of their own, which could hold anything.
_UNITS = (0x12, 0x0A, 0x32)
_MORE, _SEVEN_BITS = 0x80, 0x7F
_LONGEST_SIZE = 4  # bytes: no picture of ours takes more than 2^28


def check(data: bytes) -> None:
    """Walk one picture. Raises Stray where there is any other unit, or bytes behind it."""
    reader = Reader(data)
    for unit in _UNITS:
        reader.expect(bytes([unit]), "unit of the picture")
        reader.take(_size(reader), "unit of the picture")
    reader.end("picture")


def check_configuration(body: bytes) -> None:
    """Look at an `av1C` property. Raises Stray where it is more than four bytes of 8-bit AV1."""
    reader = Reader(body)
    reader.expect(b"\x81", "AV1 configuration")
    reader.take(1, "AV1 configuration")  # profile and level
    if reader.number("B", "AV1 configuration") & 0b1110_0011:
        raise Stray("a picture of a kind that we do not write")
    reader.expect(b"\0", "AV1 configuration")
    reader.end("AV1 configuration")


def _size(reader: Reader) -> int:
    """Return a size in LEB128."""
    size = 0
    for i in range(_LONGEST_SIZE):
        byte = reader.number("B", "size of a unit")
        size |= (byte & _SEVEN_BITS) << 7 * i
        if not byte & _MORE:
            return size
    raise Stray("a unit larger than any picture")
