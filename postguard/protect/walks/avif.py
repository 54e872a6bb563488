"""AVIF (ISO 23000-22): the boxes and items of one still picture, as libavif writes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from postguard.protect.packets import Packets, srgb_profile
from postguard.protect.walks import av1
from postguard.protect.walks.manifest import UUID_HEAD
from postguard.protect.walks.reader import Blocks, Reader, Stray

_FTYP = b"avif\0\0\0\0avifmif1miaf"
_PROFILES = {b"", b"MA1A", b"MA1B"}  # of AV1: high, main, or none for gray
_HDLR = bytes(8) + b"pict" + bytes(13)
_PITM = bytes(4) + b"\0\x01"
_BOX_HEAD = 8  # bytes

_COLOUR, _ALPHA, _EXIF, _XMP = "picture", "alpha", "EXIF", "XMP"
_ITEMS = {
    b"av01Color\0": _COLOUR,
    b"av01Alpha\0": _ALPHA,
    b"ExifExif\0": _EXIF,
    b"mimeXMP\0application/rdf+xml\0": _XMP,
}
_REFERENCES = {_ALPHA: b"auxl", _EXIF: b"cdsc", _XMP: b"cdsc"}
_EXIF_HEAD = bytes(4)  # the TIFF stream stands right behind

_SIZE_LENGTH = 12
_OF_8_BITS = {b"\x01\x08", b"\x03\x08\x08\x08"}
# Full range and BT.601; sRGB's primaries and curve, or what the profile says.
_NCLX = {bytes([0, 1, 0, 13, 0, 6, 0x80]), bytes([0, 2, 0, 2, 0, 6, 0x80])}
_AUX_ALPHA = bytes(4) + b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"

Box = tuple[bytes, bytes]  # kind and content


def check(data: bytes, packets: Packets) -> bytes:
    """Walk the whole file; return its frames, as libavif wrote them.

    Raises:
        Stray: at the first thing that we did not write.
    """
    reader = Reader(data)
    kind, brands = _box(reader)
    if kind != b"ftyp" or brands[: len(_FTYP)] != _FTYP or brands[len(_FTYP) :] not in _PROFILES:
        raise Stray("no header of ours")
    manifest = UUID_HEAD + packets.manifest if packets.manifest else b""
    exif = _EXIF_HEAD + packets.exif if packets.exif else b""
    blocks = Blocks(
        {"C2PA": manifest, _EXIF: exif, _XMP: packets.xmp}, may={"ICC profile": srgb_profile()}
    )
    while (box := _box(reader))[0] == b"uuid":
        blocks.meet("C2PA", box[1])
    _expect(box, b"meta")
    items = _meta(box[1], blocks)
    _expect(media := _box(reader), b"mdat")
    reader.end("end of the AVIF")
    picture = _media(data, len(data) - len(media[1]), items, blocks)
    blocks.end()
    return picture


def _box(reader: Reader) -> Box:
    size = reader.number(">I", "box")
    if size < _BOX_HEAD:
        raise Stray("a box of a size that we do not write")
    kind = reader.take(4, "box")
    return kind, reader.take(size - _BOX_HEAD, f"box {kind!r}")


def _boxes(reader: Reader) -> Iterator[Box]:
    while reader.left:
        yield _box(reader)


def _expect(box: Box, kind: bytes, body: bytes | None = None) -> None:
    if box[0] != kind:
        raise Stray(f"a box {box[0]!r} where {kind!r} must be")
    if body is not None and box[1] != body:
        raise Stray(f"the box {kind!r} is not the one that we write")


def _meta(body: bytes, blocks: Blocks) -> Mapping[str, tuple[int, int]]:
    """Check what is said of the items; return where the bytes of each lie: offset and length."""
    reader = Reader(body)
    reader.expect(bytes(4), "meta box")
    _expect(_box(reader), b"hdlr", _HDLR)
    _expect(_box(reader), b"pitm", _PITM)
    _expect(places := _box(reader), b"iloc")
    _expect(infos := _box(reader), b"iinf")
    items = _items(infos[1])
    if any(name in _REFERENCES for name in items.values()):
        _expect(_box(reader), b"iref", _references(items))
    _expect(properties := _box(reader), b"iprp")
    reader.end("meta box")
    _check_properties(properties[1], items, blocks)
    return _places(places[1], items)


def _items(body: bytes) -> dict[int, str]:
    """Return the items' names by their numbers, 1 and up in the order of the file."""
    reader = Reader(body)
    reader.expect(bytes(4), "item list")
    count = reader.number(">H", "item list")
    found: dict[int, str] = {}
    for number, (kind, info) in enumerate(_boxes(reader), start=1):
        head = b"\x02\0\0\0" + number.to_bytes(2, "big") + b"\0\0"
        name = _ITEMS.get(info[len(head) :])
        if kind != b"infe" or not info.startswith(head) or name is None:
            raise Stray("an item that we did not write")
        found[number] = name
    if len(found) != count or len(set(found.values())) != count or found.get(1) != _COLOUR:
        raise Stray("items doubled or missing")
    return found


def _references(items: Mapping[int, str]) -> bytes:
    """Return the one `iref` that these items have: all of them tell of the picture, item 1."""
    to_picture = b"\0\x01\0\x01"
    return bytes(4) + b"".join(
        b"\0\0\0\x0e" + _REFERENCES[name] + number.to_bytes(2, "big") + to_picture
        for number, name in items.items()
        if name in _REFERENCES
    )


def _places(body: bytes, items: Mapping[int, str]) -> dict[str, tuple[int, int]]:
    """Return offset and length of each item, which must be one run of bytes."""
    reader = Reader(body)
    reader.expect(bytes(4) + b"\x44\0" + len(items).to_bytes(2, "big"), "item places")
    found = {}
    for number, name in items.items():
        reader.expect(number.to_bytes(2, "big") + b"\0\0\0\x01", "item place")
        found[name] = reader.number(">I", "item place"), reader.number(">I", "item place")
    reader.end("item places")
    return found


def _check_properties(body: bytes, items: Mapping[int, str], blocks: Blocks) -> None:
    """Look at every property, and that each belongs to a picture of which we know."""
    reader = Reader(body)
    _expect(container := _box(reader), b"ipco")
    _expect(used := _box(reader), b"ipma")
    reader.end("property box")
    properties = list(_boxes(Reader(container[1])))
    kinds = [kind for kind, _ in properties]
    if len(set(properties)) != len(properties) or kinds.count(b"ispe") != 1:
        raise Stray("properties doubled or missing")
    for box in properties:
        _check_property(box, blocks)
    with_alpha = _ALPHA in items.values()
    if kinds.count(b"auxC") != with_alpha or not 1 <= kinds.count(b"av1C") <= 1 + with_alpha:
        raise Stray("properties of a picture that is not there")
    _check_used(used[1], len(properties), 1 + with_alpha)


def _check_property(box: Box, blocks: Blocks) -> None:
    kind, body = box
    if kind == b"av1C":
        av1.check_configuration(body)
    elif kind == b"colr" and body[:4] == b"prof":
        blocks.meet("ICC profile", body[4:])
    else:
        known = {
            b"ispe": len(body) == _SIZE_LENGTH and body[:4] == bytes(4),
            b"pixi": body[:4] == bytes(4) and body[4:] in _OF_8_BITS,
            b"colr": body[:4] == b"nclx" and body[4:] in _NCLX,
            b"auxC": body == _AUX_ALPHA,
        }
        if not known.get(kind):
            raise Stray(f"a property {kind!r} that we did not write")


def _check_used(body: bytes, properties: int, pictures: int) -> None:
    """Look at which picture has which properties: all are used, and there are no others."""
    reader = Reader(body)
    reader.expect(bytes(4) + pictures.to_bytes(4, "big"), "property list")
    used = set()
    for number in range(1, pictures + 1):
        reader.expect(number.to_bytes(2, "big"), "property list")
        count = reader.number("B", "property list")
        used |= {index & 0x7F for index in reader.take(count, "property list")} - {0}
    reader.end("property list")
    if used != set(range(1, properties + 1)):
        raise Stray("properties that belong to nothing")


def _media(data: bytes, start: int, items: Mapping[str, tuple[int, int]], blocks: Blocks) -> bytes:
    """Look at the items' bytes, which must fill the media box from `start` without a gap; return
    those of the frames."""
    runs = sorted((at, at + size) for at, size in items.values())
    ends = [(0, start), *runs, (len(data), 0)]
    if any(before[1] != after[0] for before, after in pairwise(ends)):
        raise Stray("bytes that belong to no item")
    picture = b""
    for name, (at, size) in items.items():
        body = data[at : at + size]
        if name in {_COLOUR, _ALPHA}:
            av1.check(body)
            picture += body
        else:
            blocks.meet(name, body)
    return picture
