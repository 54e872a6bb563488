"""Colours come out as the artist saw them, whatever profile the file carries."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageCms

from postguard.imaging import flatten, open_picture, to_image
from postguard.imaging.picture import Picture
from tests.unit.imaging import making
from tests.unit.imaging.making import art, saved

ADOBE = making.matrix_profile(making.ADOBE_RGB, making.ADOBE_GAMMA)


def pixels(image, kind="PNG", **options):
    return open_picture(saved(image, kind, **options), max_megapixels=1).pixels.astype(int)


def adobe_as_srgb(values):
    linear = (values / 255) ** making.ADOBE_GAMMA
    return making.srgb_of_linear(linear @ making.ADOBE_RGB.T @ np.linalg.inv(making.SRGB).T)


def inside_srgb(reference):
    """Pixels that sRGB can show; outside it, every engine clips in its own way."""
    return ((reference > 8) & (reference < 250)).all(axis=-1)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_a_wide_gamut_profile_is_applied(kind):
    values = np.random.default_rng(3).integers(60, 200, (40, 40, 3), dtype=np.uint8)
    options = {"lossless": True} if kind == "WEBP" else {}
    found = pixels(Image.fromarray(values), kind, icc_profile=ADOBE, **options)
    reference = adobe_as_srgb(values)
    shown = inside_srgb(reference)
    assert shown.mean() > 0.5
    assert np.abs(found - reference)[shown].max() <= 2
    assert np.abs(values.astype(int) - reference)[shown].max() > 10  # without it: visibly wrong


def test_a_wide_gamut_jpeg_is_as_its_pixels_and_profile_say():
    image = Image.new("RGB", (16, 16), (90, 160, 120))
    found = pixels(image, "JPEG", quality=100, subsampling=0, icc_profile=ADOBE)
    assert np.abs(found - adobe_as_srgb(np.array([90, 160, 120]))).max() <= 2


def test_a_profile_leaves_alpha_alone():
    image = Image.fromarray(art(8, 8)).convert("RGBA")
    image.putalpha(99)
    picture = open_picture(saved(image, "PNG", icc_profile=ADOBE), max_megapixels=1)
    assert picture.alpha is not None
    assert (picture.alpha == 99).all()


def test_an_srgb_profile_changes_no_pixel():
    values = art(16, 16)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert (pixels(Image.fromarray(values), icc_profile=srgb) == values).all()


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_a_gray_profile_is_applied_as_a_curve(mode):
    ramp = Image.frombytes("L", (256, 1), bytes(range(256))).convert(mode)
    found = pixels(ramp, icc_profile=making.gray_profile(1.0))
    reference = making.srgb_of_linear(np.arange(256) / 255)
    assert np.abs(found[0, :, 0] - reference).max() <= 2
    assert (found[..., 0] == found[..., 1]).all()


def test_a_print_profile_is_applied_to_cmyk():
    rng = np.random.default_rng(5)
    lab = np.stack([rng.uniform(35, 80, 16), *rng.uniform(-20, 20, (2, 16))], axis=1).round()
    lab[0], lab[-1] = (100, 0, 0), (0, 0, 0)  # paper and full ink, so that black stays black
    corners = np.array([[i >> 3 & 1, i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(16)]) * 255
    image = Image.frombytes("CMYK", (16, 1), corners.astype(np.uint8).tobytes())
    found = pixels(image, "TIFF", icc_profile=making.cmyk_profile(lab))[0]
    assert np.abs(found - making.srgb_of_lab(lab)).max() <= 2


def test_lab_pictures_are_converted():
    lab = np.array([[100, 0, 0], [50, 0, 0], [60, 20, -30]])
    stored = (lab * [2.55, 1, 1]).round() % 256  # a and b are signed in a file
    image = Image.frombytes("LAB", (3, 1), stored.astype(np.uint8).tobytes())
    found = pixels(image, "TIFF")[0]
    assert np.abs(found - making.srgb_of_lab(lab)).max() <= 3


@pytest.mark.parametrize("profile", [b"nonsense", ADOBE[:100], making.gray_profile(2.2)])
def test_a_profile_that_is_broken_or_of_another_kind_is_ignored(profile):
    values = art(8, 8)
    assert (pixels(Image.fromarray(values), icc_profile=profile) == values).all()


def test_flatten_blends_as_viewers_do():
    picture = Picture(
        np.full((1, 3, 3), 100, np.uint8), np.array([[0, 128, 255]], np.uint8), gray=True
    )
    flat = flatten(picture)
    assert flat.alpha is None
    assert flat.gray
    assert flat.pixels[0, :, 0].tolist() == [255, 177, 100]
    assert not flatten(picture, (255, 0, 0)).gray


def test_a_picture_survives_the_way_through_pillow():
    picture = Picture(art(5, 4), None)
    assert to_image(picture).mode == "RGB"
    see_through = Picture(art(5, 4), art(5, 4)[..., 0])
    assert to_image(see_through).mode == "RGBA"
    assert (np.asarray(to_image(see_through))[..., :3] == see_through.pixels).all()
