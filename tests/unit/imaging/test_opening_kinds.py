"""Whatever a painter exports opens upright, as 8-bit sRGB, with its transparency."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from postguard.imaging import Picture, from_image, open_picture, opening
from tests.unit.imaging.making import Values, art, chunk, png, saved, tiff16, ycck

SIDES = st.integers(1, 24)
SEEDS = st.integers(0, 999)


def opened(data: bytes) -> Picture:
    return open_picture(data, max_megapixels=1)


def gray_of(values: Values) -> Values:
    return np.repeat(values[..., :1], 3, axis=2)


RGB_KINDS: dict[str, Callable[[Values], bytes]] = {
    "png": lambda v: saved(Image.fromarray(v), "PNG"),
    "png 16 bit": lambda v: png(v.astype(np.uint16) * 257, 16, 2),
    "png palette": lambda v: saved(Image.fromarray(v).quantize(256), "PNG"),
    "webp lossless": lambda v: saved(Image.fromarray(v), "WEBP", lossless=True),
    "tiff": lambda v: saved(Image.fromarray(v), "TIFF"),
    "tiff lzw": lambda v: saved(Image.fromarray(v), "TIFF", compression="tiff_lzw"),
    "tiff deflate": lambda v: saved(Image.fromarray(v), "TIFF", compression="tiff_adobe_deflate"),
    "tiff 16 bit": lambda v: tiff16(v.astype(np.uint16) * 257),
    "gif": lambda v: saved(Image.fromarray(v).quantize(256), "GIF"),
    "mpo": lambda v: saved(
        Image.fromarray(v), "MPO", save_all=True, append_images=[Image.fromarray(255 - v)]
    ),
    "jpeg": lambda v: saved(Image.fromarray(v), "JPEG", quality=100, subsampling=0),
    "avif": lambda v: saved(Image.fromarray(v), "AVIF", quality=100, subsampling="4:4:4", speed=9),
}
LOSSY = {"mpo": 48, "jpeg": 4, "avif": 8}  # a camera's second frame would differ by up to 255
PALETTES = {"png palette", "gif"}  # exact only where there are no more colours than entries


@pytest.mark.parametrize("kind", RGB_KINDS)
@given(width=SIDES, height=SIDES, seed=SEEDS)
@settings(max_examples=12, deadline=None)
def test_a_colour_picture_opens_with_its_colours(kind, width, height, seed):
    values = art(width, height, seed)
    if kind in PALETTES:
        values = values // 128 * 255
    if kind == "mpo":
        values[:] = values[0, 0]
    picture = opened(RGB_KINDS[kind](values))
    assert picture.pixels.shape == (height, width, 3)
    assert picture.alpha is None
    assert np.abs(picture.pixels.astype(int) - values).max() <= LOSSY.get(kind, 0)


GRAY_KINDS: dict[str, Callable[[Values], bytes]] = {
    "png": lambda v: saved(Image.fromarray(v), "PNG"),
    "png 16 bit": lambda v: png(v.astype(np.uint16) * 257, 16, 0),
    "png as colour": lambda v: saved(Image.fromarray(v).convert("RGB"), "PNG"),
    "tiff": lambda v: saved(Image.fromarray(v), "TIFF"),
    "tiff 16 bit": lambda v: tiff16(v.astype(np.uint16) * 257),
    "tiff 16 bit, white is zero": lambda v: tiff16(
        65535 - v.astype(np.uint16) * 257, photometric=0
    ),
    "gif": lambda v: saved(Image.fromarray(v), "GIF"),
    "webp": lambda v: saved(Image.fromarray(v), "WEBP", lossless=True),
}


@pytest.mark.parametrize("kind", GRAY_KINDS)
@given(width=SIDES, height=SIDES, seed=SEEDS)
@settings(max_examples=12, deadline=None)
def test_a_gray_picture_opens_gray_and_not_clipped(kind, width, height, seed):
    values = art(width, height, seed)[..., 0]
    picture = opened(GRAY_KINDS[kind](values))
    assert picture.gray
    assert (picture.pixels == values[..., None]).all()


def test_one_bit_line_art_is_black_and_white():
    values = art(9, 7)[..., 0] > 99
    picture = opened(saved(Image.fromarray(values), "PNG"))
    assert picture.gray
    assert (picture.pixels == values[..., None] * np.uint8(255)).all()


ALPHA_KINDS: dict[str, Callable[[Values], bytes]] = {
    "png": lambda v: saved(Image.fromarray(v), "PNG"),
    "png 16 bit": lambda v: png(v.astype(np.uint16) * 257, 16, 6),
    "webp": lambda v: saved(Image.fromarray(v), "WEBP", lossless=True, exact=True),
    "tiff": lambda v: saved(Image.fromarray(v), "TIFF"),
}


@pytest.mark.parametrize("kind", ALPHA_KINDS)
@given(width=SIDES, height=SIDES, seed=SEEDS)
@settings(max_examples=12, deadline=None)
def test_transparency_is_kept_and_hides_no_colour(kind, width, height, seed):
    """A sketch under alpha 0 is invisible to the artist, and must not leave the PC."""
    values = np.concatenate([art(width, height, seed), art(width, height, seed + 1)[..., :1]], 2)
    values[0, 0, 3] = 0
    picture = opened(ALPHA_KINDS[kind](values))
    assert picture.alpha is not None
    assert (picture.alpha == values[..., 3]).all()
    assert (picture.pixels == values[..., :3] * (values[..., 3:] > 0)).all()


def test_gray_with_alpha_is_gray():
    values = art(6, 5)[..., :2].copy()
    values[0, 0, 1] = 0
    picture = opened(saved(Image.fromarray(values), "PNG"))
    assert picture.gray
    assert picture.alpha is not None
    assert (picture.alpha == values[..., 1]).all()


def test_an_alpha_channel_that_hides_nothing_is_dropped():
    opaque = Image.fromarray(art(4, 4)).convert("RGBA")
    assert opened(saved(opaque, "PNG")).alpha is None


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_transparent_palette_entry_is_transparent(kind):
    image = Image.new("P", (4, 2), 1)
    image.putpalette([255, 0, 0, 0, 128, 255])
    image.putpixel((0, 0), 0)
    picture = opened(saved(image, kind, transparency=0))
    assert picture.alpha is not None
    assert picture.alpha[0].tolist() == [0, 255, 255, 255]
    assert picture.pixels[0, 1].tolist() == [0, 128, 255]


def test_half_transparent_palette_entries_keep_their_alpha():
    image = Image.new("P", (2, 1), 1)
    image.putpalette([255, 0, 0, 0, 128, 255])
    picture = opened(saved(image, "PNG", transparency=bytes([0, 99])))
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[99, 99]]


def test_the_transparent_gray_of_a_deep_png_is_transparent():
    values = np.array([[0, 700, 65_535]], np.uint16)
    picture = opened(png(values, 16, 0, chunk(b"tRNS", (700).to_bytes(2, "big"))))
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[255, 0, 255]]


@pytest.mark.parametrize(("depth", "packed"), [(1, 0b01000000), (2, 0b00_11_01_00), (4, 0)])
def test_the_transparent_gray_of_a_shallow_png_is_transparent(depth, packed):
    """The key counts in the file's own steps of gray, not in 0-255."""
    head = struct.pack(">IIBBBBB", 2, 1, depth, 0, 0, 0, 0)
    row = bytes([0, packed if depth < 4 else 0x0F])
    body = chunk(b"IHDR", head) + chunk(b"tRNS", struct.pack(">H", 2**depth - 1))
    body += chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")
    picture = opened(b"\x89PNG\r\n\x1a\n" + body)
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[255, 0]]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_rotated_photo_opens_upright(kind, orientation):
    """The tag says how the stored pixels were turned; the corner tells what came out."""
    upright = Image.new("RGB", (32, 16), "white")
    upright.paste("red", (0, 0, 8, 8))
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = upright.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = opened(saved(stored, kind, exif=exif))
    assert (picture.width, picture.height) == (32, 16)
    assert np.abs(picture.pixels[4, 4].astype(int) - [255, 0, 0]).max() < 40
    assert picture.pixels[12, 28].min() > 215


@pytest.mark.parametrize("size", [(12_000, 40), (40, 12_000), (65_535, 1), (1, 65_535), (1, 1)])
def test_extreme_shapes_open(size):
    picture = opened(saved(Image.new("RGB", size, (9, 99, 199)), "PNG"))
    assert (picture.width, picture.height) == size
    assert (picture.pixels == [9, 99, 199]).all()


INKS = [
    (0, 0, 0, 0),
    (255, 0, 0, 0),
    (0, 255, 0, 0),
    (0, 0, 255, 0),
    (0, 0, 0, 255),
    (90, 30, 0, 40),
]


@pytest.mark.parametrize("inks", INKS)
@pytest.mark.parametrize("kind", ["TIFF", "JPEG", "YCCK"])
def test_cmyk_without_a_profile_looks_like_offset_print(kind, inks):
    """The eight overprints are interpolated and black ink darkens to black."""
    image = Image.new("CMYK", (16, 16), inks)
    data = ycck(image) if kind == "YCCK" else saved(image, kind)
    c, m, y, k = np.array(inks) / 255
    corners = np.array(
        [
            [[[255, 255, 255], [255, 242, 0]], [[236, 0, 140], [237, 28, 36]]],
            [[[0, 174, 239], [0, 166, 81]], [[46, 49, 146], [54, 54, 57]]],
        ]
    )
    mixed = np.einsum(
        "a,b,c,abcd->d", [1 - c, c], [1 - m, m], [1 - y, y], corners.astype(float)
    ) * (1 - k)
    found = opened(data).pixels.reshape(-1, 3).astype(int)
    assert np.abs(found - mixed).max() <= (2 if kind == "TIFF" else 6)


def test_an_image_of_our_own_becomes_a_picture_strip_by_strip():
    values = art(2_000, 1_100)
    assert (from_image(Image.fromarray(values)).pixels == values).all()


def test_nobody_else_changes_what_warnings_do_while_an_orientation_is_read():
    """Put back crosswise by two threads, one's warnings would stay for good."""
    free = []

    class Asked:
        def getexif(self):
            free.append(opening._globals.acquire(blocking=False))
            return {0x0112: 6}

    assert opening.orientation(Asked()) == 6
    assert free == [False]
