"""The audit lets exactly our own files out, and stops at anything else without falling over."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from postguard.errors import StepFailed
from postguard.imaging import Picture
from postguard.model import Limits
from postguard.protect import containers
from postguard.protect.encode import encode
from postguard.protect.metadata import exif, iim, xmp
from postguard.protect.metadata.statement import Statement
from postguard.protect.packets import Packets, srgb_profile
from postguard.protect.privacy import audit
from tests.unit.protect.blocks import chunk, riff, riff_chunks, segment

JPEG, PNG, WEBP = "image/jpeg", "image/png", "image/webp"
SAID = Statement(creator="山田花子", rights="© 2026 山田花子", alt="雪の上の狐")
PACKETS = Packets(xmp.packet(SAID), exif.block(SAID), iim.block(SAID))
SECRET = b"GPS 35.6895 N 139.6917 E"


def written(
    mime: str, packets: Packets = PACKETS, *, gray: bool = False, alpha: bool = False
) -> bytes:
    """Return a small file as postguard writes it."""
    pixels = np.random.default_rng(0).integers(0, 256, (24, 40, 3), np.uint8)
    if gray:
        pixels = np.repeat(pixels[..., :1], 3, axis=2)
    picture = Picture(pixels, pixels[..., 0].copy() if alpha else None, gray)
    return encode(picture, Limits("t", 1, 1, 1, 10**6, mimes=(mime,)), packets).data


FILES = {mime: written(mime) for mime in (JPEG, PNG, WEBP)}


def refused(data: bytes, mime: str, packets: Packets = PACKETS) -> str:
    with pytest.raises(StepFailed) as stopped:
        audit(data, mime, packets)
    assert stopped.value.step == "privacy"
    return stopped.value.reason


def behind_header(mime: str, block: bytes) -> bytes:
    """Put a block where metadata stands: behind SOI, or behind IHDR."""
    at = 2 if mime == JPEG else 33
    return FILES[mime][:at] + block + FILES[mime][at:]


@pytest.mark.parametrize("mime", [JPEG, PNG, WEBP])
@pytest.mark.parametrize("packets", [PACKETS, Packets(), Packets(xmp=PACKETS.xmp)])
@pytest.mark.parametrize(("gray", "alpha"), [(False, False), (True, False), (False, True)])
def test_what_we_write_passes(mime: str, packets: Packets, gray: bool, alpha: bool) -> None:
    audit(written(mime, packets, gray=gray, alpha=alpha), mime, packets)


def test_a_kind_of_file_that_cannot_be_looked_into_is_refused() -> None:
    assert "image/gif" in refused(FILES[PNG], "image/gif")
    refused(FILES[PNG], JPEG)
    refused(FILES[JPEG], WEBP)


@pytest.mark.parametrize(
    ("mime", "name"),
    [(mime, name) for mime in (JPEG, PNG, WEBP) for name in ("xmp", "exif")] + [(JPEG, "iim")],
)
def test_a_promised_block_that_is_missing_or_another_one_is_refused(mime: str, name: str) -> None:
    refused(written(mime, replace(PACKETS, **{name: b""})), mime)
    refused(FILES[mime], mime, replace(PACKETS, **{name: b""}))
    refused(FILES[mime], mime, replace(PACKETS, **{name: getattr(PACKETS, name) + b" "}))


@pytest.mark.parametrize("mime", [JPEG, PNG, WEBP])
def test_bytes_behind_the_end_are_refused(mime: str) -> None:
    for tail in (b"\0", SECRET, FILES[mime], b"\xff\xd9"):
        refused(FILES[mime] + tail, mime)


@pytest.mark.parametrize("mime", [JPEG, PNG, WEBP])
def test_a_file_cut_off_anywhere_is_refused(mime: str) -> None:
    for size in range(len(FILES[mime])):
        refused(FILES[mime][:size], mime)


@pytest.mark.parametrize("flip", [0x01, 0x20, 0xFF])
def test_no_byte_of_a_jpegs_tags_can_be_changed(flip: int) -> None:
    data = bytearray(FILES[JPEG])
    for at in range(data.index(b"\xff\xdb")):
        data[at] ^= flip
        refused(bytes(data), JPEG)
        data[at] ^= flip


@pytest.mark.parametrize("flip", [0x01, 0x20, 0xFF])
def test_no_byte_of_a_png_can_be_changed(flip: int) -> None:
    data = bytearray(FILES[PNG])
    for at in range(len(data)):
        data[at] ^= flip
        refused(bytes(data), PNG)
        data[at] ^= flip


@pytest.mark.parametrize("flip", [0x01, 0x20, 0xFF])
def test_no_byte_of_a_webp_but_its_frame_can_be_changed(flip: int) -> None:
    data = bytearray(FILES[WEBP])
    frame = data.index(b"VP8 ") + 8
    size = struct.unpack("<I", data[frame - 4 : frame])[0]
    for at in [*range(frame), *range(frame + size, len(data))]:
        data[at] ^= flip
        refused(bytes(data), WEBP)
        data[at] ^= flip


@pytest.mark.parametrize(
    ("marker", "payload"),
    [
        (0xFE, SECRET),  # a comment
        (0xE0, b"JFXX\0\x10" + SECRET),  # a thumbnail
        (0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01abc"),  # another
        (0xE1, b"Exif\0\0II*\0" + SECRET),
        (0xE1, b"http://ns.adobe.com/xmp/extension/\0" + SECRET),
        (0xE2, b"MPF\0" + SECRET),  # a second picture, as phones write it
        (0xE2, b"ICC_PROFILE\0\x01\x01" + srgb_profile()),  # ours, but twice
        (0xED, b"Photoshop 3.0\08BIM\x04\x0c" + SECRET),
        (0xEB, b"JP\0\1" + SECRET),  # C2PA
        (0xEE, b"Adobe\0d\0\0\0\0\1"),
        (0xDD, b"\0\1"),
        (0xDC, b"\0\1"),
        (0xDB, SECRET),
        (0xDB, b"\x09" + b"x" * 64),
        (0xDB, b"\x00" + bytes(64)),
        (0xC4, SECRET),
        (0xC4, b"\x00\x02" + bytes(15) + b"aa"),
        (0xC0, b"\x08\0\1\0\1\x01\x01\x22\0"),
        (0xC1, SECRET),
        (0xDA, b"\x01\x01\0\0\x3f\0"),
    ],
)
def test_a_segment_that_we_did_not_write_is_refused(marker: int, payload: bytes) -> None:
    refused(behind_header(JPEG, segment(marker, payload)), JPEG)


@pytest.mark.parametrize("stray", [b"\xff", b"\0", b"\xff\x01", b"\xff\xd0", b"\xff\xe5\0\1"])
def test_stray_bytes_and_bare_markers_between_segments_are_refused(stray: bytes) -> None:
    refused(behind_header(JPEG, stray), JPEG)


def test_tags_between_the_scans_of_a_progressive_jpeg_are_refused() -> None:
    data = FILES[JPEG]
    second_scan = data.index(b"\xff\xda", data.index(b"\xff\xda") + 2)
    for block in (segment(0xFE, SECRET), segment(0xE1, b"Exif\0\0" + PACKETS.exif)):
        refused(data[:second_scan] + block + data[second_scan:], JPEG)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"tEXt", b"parameters\0masterpiece, Steps: 20"),
        (b"zTXt", b"prompt\0\0" + zlib.compress(SECRET)),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + PACKETS.xmp),  # ours, but twice
        (b"iTXt", b"Comment\0\0\0\0\0" + SECRET),
        (b"eXIf", b"II*\0" + SECRET),
        (b"iCCP", b"ICC Profile\0\0" + zlib.compress(SECRET)),
        (b"iCCP", b"ICC Profile\0\0" + zlib.compress(srgb_profile()) + SECRET),
        (b"iCCP", b"ICC Profile\0\0not zlib"),
        (b"iCCP", SECRET + b"\0\0" + zlib.compress(srgb_profile())),
        (b"tIME", bytes(7)),
        (b"pHYs", bytes(9)),
        (b"PLTE", b"abc"),
        (b"IHDR", bytes(13)),
        (b"caBX", SECRET),
        (b"gAMA", struct.pack(">I", 45_455)),
        (b"cHRM", bytes(32)),
        (b"sRGB", b"\0"),
        (b"cICP", bytes([1, 13, 0, 1])),
        (b"mDCV", bytes(24)),
        (b"cLLI", bytes(8)),
        (b"sBIT", b"\x08\x08\x08"),
        (b"bKGD", bytes(6)),
        (b"tRNS", bytes(6)),
        (b"acTL", bytes(8)),
        (b"sPLT", SECRET),
        (b"prVw", SECRET),
        (b"\xff\xfe\xfd\xfc", b""),
        (b"IDAT", zlib.compress(SECRET)),
    ],
)
def test_a_chunk_that_we_did_not_write_is_refused(kind: bytes, body: bytes) -> None:
    refused(behind_header(PNG, chunk(kind, body)), PNG)


def test_bytes_inside_the_picture_data_of_a_png_are_refused() -> None:
    head, end = FILES[PNG][:-12], FILES[PNG][-12:]
    refused(head + chunk(b"IDAT", SECRET) + end, PNG)  # behind the zlib stream
    refused(head + chunk(b"IEND", SECRET), PNG)
    at = head.index(b"IDAT") - 4
    size = struct.unpack(">I", head[at : at + 4])[0]
    rows = zlib.decompress(head[at + 8 : at + 8 + size])
    audit(head[:at] + chunk(b"IDAT", zlib.compress(rows)) + end, PNG, PACKETS)
    for other in (rows + SECRET, rows[:-1], rows + bytes(50_000_000)):
        refused(head[:at] + chunk(b"IDAT", zlib.compress(other)) + end, PNG)


@pytest.mark.parametrize(
    "header",
    [
        struct.pack(">IIBBBBB", 0, 24, 8, 2, 0, 0, 0),
        struct.pack(">IIBBBBB", 40, 24, 16, 2, 0, 0, 0),
        struct.pack(">IIBBBBB", 40, 24, 8, 3, 0, 0, 0),
        struct.pack(">IIBBBBB", 40, 24, 8, 2, 0, 0, 1),
        struct.pack(">IIBBBBB", 40, 24, 8, 2, 0, 0, 0) + SECRET,
    ],
)
def test_a_png_header_that_we_do_not_write_is_refused(header: bytes) -> None:
    refused(FILES[PNG][:8] + chunk(b"IHDR", header) + FILES[PNG][33:], PNG)


@pytest.mark.parametrize(
    "stray",
    [
        (b"EXIF", SECRET),
        (b"XMP ", PACKETS.xmp),
        (b"C2PA", SECRET),
        (b"ANIM", bytes(6)),
        (b"ICCP", srgb_profile()),
        (b"VP8X", bytes(10)),
        (b"VP8L", b"\x2f" + bytes(4)),
        (b"ALPH", SECRET),
        (b"\xff\xfe\xfd\xfc", b""),
    ],
)
def test_a_riff_chunk_that_we_did_not_write_is_refused(stray: tuple[bytes, bytes]) -> None:
    ours = riff_chunks(FILES[WEBP])
    audit(riff(*ours), WEBP, PACKETS)
    for at in range(len(ours) + 1):
        refused(riff(*ours[:at], stray, *ours[at:]), WEBP)


def test_a_webp_without_its_extended_header_or_picture_is_refused() -> None:
    ours = riff_chunks(FILES[WEBP])
    refused(riff(*ours[1:]), WEBP)
    refused(riff(*[part for part in ours if part[0] != b"VP8 "]), WEBP)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
@pytest.mark.parametrize("packets", [PACKETS, Packets()])
def test_a_lossless_webp_passes(mode: str, packets: Packets) -> None:
    noise = Image.effect_noise((40, 24), 60).convert(mode)
    if "A" in mode:
        noise.putalpha(Image.linear_gradient("L").resize(noise.size))
    audit(containers.webp_lossless(noise, packets), WEBP, packets)


def test_a_simple_lossless_webp_passes_without_tags() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (5, 4), (1, 2, 3, 128)).save(file, "WEBP", lossless=True)
    frame = [part for part in riff_chunks(file.getvalue()) if part[0] == b"VP8L"]
    audit(riff(*frame), WEBP, Packets())


def test_transparency_beside_a_webp_frame_that_no_viewer_asks_for_it_is_refused() -> None:
    """A lossless frame has its own, and without the extended header none is looked for."""
    secret = (b"ALPH", SECRET)
    clear = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 40, 4), np.uint8))
    header, *others = riff_chunks(containers.webp_lossless(clear, PACKETS))
    at = [kind for kind, _ in others].index(b"VP8L")
    refused(riff(header, *others[:at], secret, *others[at:]), WEBP)
    lossy = riff_chunks(containers.webp(clear, 80, Packets()))
    refused(riff(*[part for part in lossy if part[0] in {b"ALPH", b"VP8 "}]), WEBP, Packets())


@given(st.binary(max_size=400), st.sampled_from([JPEG, PNG, WEBP]))
def test_garbage_is_refused_in_words(data: bytes, mime: str) -> None:
    starts = {JPEG: b"\xff\xd8", PNG: FILES[PNG][:33], WEBP: b"RIFF\x90\1\0\0WEBP"}
    refused(data, mime)
    refused(starts[mime] + data, mime)


@given(st.sampled_from([JPEG, PNG, WEBP]), st.data())
def test_a_mutated_file_is_refused_or_holds_our_tags_whole(mime: str, data: st.DataObject) -> None:
    ours = FILES[mime]
    start = data.draw(st.integers(0, len(ours)))
    size = data.draw(st.integers(0, 64))
    new = data.draw(st.binary(max_size=64))
    mutated = ours[:start] + new + ours[start + size :]
    try:
        audit(mutated, mime, PACKETS)
    except StepFailed:
        return
    assert PACKETS.xmp in mutated
    assert PACKETS.exif in mutated
    assert mutated[:2] == ours[:2]


def test_real_files_of_others_are_refused() -> None:
    for kind, mime in (("JPEG", JPEG), ("PNG", PNG), ("WEBP", WEBP)):
        file = io.BytesIO()
        Image.effect_noise((64, 64), 50).convert("RGB").save(file, kind)
        refused(file.getvalue(), mime)
