"""The audit looks into every box and item of an AVIF, and lets out only ours."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, features

from postguard.errors import StepFailed
from postguard.protect import containers
from postguard.protect.packets import Packets, srgb_profile
from postguard.protect.privacy import audit
from tests.unit.protect.blocks import box, boxes
from tests.unit.protect.test_privacy import PACKETS, SECRET, refused

has_avif = pytest.mark.skipif(
    not features.check("avif"), reason="Pillow was built without AVIF on this machine"
)
pytestmark = has_avif

AVIF = "image/avif"


def noise(mode: str) -> Image.Image:
    channels = len(Image.new(mode, (1, 1)).getbands())
    pixels = np.random.default_rng(0).integers(0, 256, (24, 40, channels), np.uint8)
    return Image.fromarray(pixels.squeeze())


@cache
def written(mode: str = "RGB", packets: Packets = PACKETS, **options: object) -> bytes:
    """Return a small AVIF as Pillow writes it of a new image."""
    options = {"subsampling": "4:0:0" if mode in {"L", "LA"} else "4:4:4", **options}
    file = io.BytesIO()
    noise(mode).save(
        file, "AVIF", quality=80, speed=10, exif=packets.exif, xmp=packets.xmp, **options
    )
    return file.getvalue()


OURS = written("RGBA", icc_profile=srgb_profile()) if features.check("avif") else b""


def moved(data: bytes, by: int) -> bytes:
    """Return the file with all its items' places moved: what stands before them grew."""
    at = data.index(b"iloc") + 4
    count = struct.unpack(">H", data[at + 6 : at + 8])[0]
    changed = bytearray(data)
    for i in range(count):
        place = at + 8 + 14 * i + 6
        offset = struct.unpack(">I", data[place : place + 4])[0]
        changed[place : place + 4] = struct.pack(">I", offset + by)
    return bytes(changed)


def with_box(block: bytes, *path: bytes) -> bytes:
    """Return our file with a box more at the end of the boxes named, all sizes set right."""
    grown = _grown(OURS, block, path)
    return moved(grown, len(grown) - len(OURS))


def _grown(data: bytes, block: bytes, path: tuple[bytes, ...]) -> bytes:
    full = {b"meta": 4, b"iinf": 6, b"iref": 4}  # bytes of theirs before the boxes in them
    made = b""
    for kind, body in boxes(data):
        inside = body
        if path and kind == path[0]:
            head = full.get(kind, 0)
            inside = body[:head] + (
                _grown(body[head:], block, path[1:]) if path[1:] else body[head:] + block
            )
        made += box(kind, inside)
    return made


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
@pytest.mark.parametrize("packets", [PACKETS, Packets(), Packets(xmp=PACKETS.xmp)])
@pytest.mark.parametrize("profile", [b"", srgb_profile()])
def test_what_pillow_writes_of_a_new_image_passes(
    mode: str, packets: Packets, profile: bytes
) -> None:
    audit(written(mode, packets, icc_profile=profile), AVIF, packets)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
@pytest.mark.parametrize("packets", [PACKETS, Packets()])
def test_what_our_encoder_writes_passes(mode: str, packets: Packets) -> None:
    audit(containers.avif(noise(mode), 60, packets), AVIF, packets)


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2"])
def test_halved_colour_passes(subsampling: str) -> None:
    audit(written(subsampling=subsampling), AVIF, PACKETS)


def test_a_promised_item_that_is_missing_or_another_one_is_refused() -> None:
    for name in ("xmp", "exif"):
        without = replace(PACKETS, **{name: b""})
        refused(written("RGBA", without), AVIF)
        refused(OURS, AVIF, without)
        refused(OURS, AVIF, replace(PACKETS, **{name: getattr(PACKETS, name) + b" "}))


def test_another_profile_is_refused() -> None:
    other = bytearray(srgb_profile())
    other[24] ^= 1  # the moment when it was made
    assert "ICC" in refused(written(icc_profile=bytes(other)), AVIF)


def test_bytes_behind_the_end_are_refused() -> None:
    for tail in (b"\0", SECRET, OURS, box(b"free", SECRET), box(b"mdat", SECRET)):
        refused(OURS + tail, AVIF)


def test_a_file_cut_off_anywhere_is_refused() -> None:
    frames = OURS.index(b"mdat")
    for size in [*range(0, frames, 3), *range(frames, len(OURS), 41), len(OURS) - 1]:
        refused(OURS[:size], AVIF)


def test_bytes_of_the_media_box_that_belong_to_no_item_are_refused() -> None:
    head, media = OURS[: OURS.index(b"mdat") - 4], boxes(OURS)[-1][1]
    audit(head + box(b"mdat", media), AVIF, PACKETS)
    refused(head + box(b"mdat", media + SECRET), AVIF)
    refused(moved(head, len(SECRET)) + box(b"mdat", SECRET + media), AVIF)


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (b"free", ()),
        (b"mdat", ()),
        (b"uuid", ()),
        (b"moov", ()),
        (b"idat", (b"meta",)),
        (b"grpl", (b"meta",)),
        (b"dinf", (b"meta",)),
        (b"infe", (b"meta", b"iinf")),
        (b"thmb", (b"meta", b"iref")),
        (b"free", (b"meta", b"iprp")),
        (b"ipma", (b"meta", b"iprp")),
        (b"free", (b"meta", b"iprp", b"ipco")),
        (b"udes", (b"meta", b"iprp", b"ipco")),
        (b"colr", (b"meta", b"iprp", b"ipco")),
        (b"av1C", (b"meta", b"iprp", b"ipco")),
    ],
)
def test_a_box_that_we_did_not_write_is_refused(kind: bytes, path: tuple[bytes, ...]) -> None:
    refused(with_box(box(kind, SECRET), *path) if path else box(kind, SECRET) + OURS, AVIF)
    refused(with_box(box(kind, b""), *path) if path else OURS + box(kind, b""), AVIF)


def test_boxes_with_nothing_inserted_are_ours() -> None:
    """Else the test above would prove nothing."""
    audit(with_box(b"", b"meta", b"iprp", b"ipco"), AVIF, PACKETS)


@pytest.mark.parametrize("flip", [0x01, 0xFF])
def test_no_byte_but_the_frames_and_what_measures_them_can_be_changed(flip: int) -> None:
    """Those are the picture's width and height, AV1's level, and its sequence headers."""
    data = bytearray(OURS)
    frames = OURS.index(b"\x12\0\x0a")
    free = set(range(frames, len(OURS)))
    size = OURS.index(b"ispe") + 8
    free |= set(range(size, size + 8))
    at = -1
    while (at := OURS.find(b"av1C", at + 1)) > 0:
        free |= {at + 5, at + 6}
    lists = OURS.index(b"ipma")
    free |= set(range(lists, lists + 24))  # an essential property, or not
    for at in sorted(set(range(frames)) - free):
        data[at] ^= flip
        refused(bytes(data), AVIF)
        data[at] ^= flip


@pytest.mark.parametrize(
    "unit", [b"\x2a\x04\x04\xb5ab", b"\x7a\x02ab", b"\x12\0", b"\x32\x02ab", SECRET, b"\x32\xff"]
)
def test_a_unit_of_av1_that_could_hold_anything_is_refused(unit: bytes) -> None:
    plain = written(packets=Packets())
    place = plain.index(b"iloc") + 4 + 8 + 10
    size = struct.unpack(">I", plain[place : place + 4])[0]
    head, frames = plain[: -size - 8], plain[-size:]
    for picture in (frames + unit, unit + frames, frames[:2] + unit + frames[2:]):
        longer = head[:place] + struct.pack(">I", len(picture)) + head[place + 4 :]
        refused(longer + box(b"mdat", picture), AVIF, Packets())


def test_a_second_picture_or_an_animation_is_refused() -> None:
    frames = [Image.new("RGB", (40, 24), colour) for colour in ("red", "blue")]
    file = io.BytesIO()
    frames[0].save(file, "AVIF", save_all=True, append_images=frames[1:], speed=10)
    refused(file.getvalue(), AVIF, Packets())


def test_a_picture_that_its_reader_should_turn_is_refused() -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    file = io.BytesIO()
    Image.new("RGB", (40, 24)).save(file, "AVIF", exif=turned, speed=10)
    assert "irot" in refused(file.getvalue(), AVIF, Packets())


@given(st.binary(max_size=400))
def test_garbage_is_refused_in_words(data: bytes) -> None:
    refused(data, AVIF)
    refused(OURS[:32] + data, AVIF)


@given(st.data())
def test_a_mutated_file_is_refused_or_holds_our_tags_whole(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, OURS.index(b"\x12\0\x0a")))
    size = data.draw(st.integers(0, 64))
    new = data.draw(st.binary(max_size=64))
    mutated = OURS[:start] + new + OURS[start + size :]
    try:
        audit(mutated, AVIF, PACKETS)
    except StepFailed:
        return
    assert len(mutated) == len(OURS)
    assert PACKETS.xmp in mutated
    assert PACKETS.exif in mutated
