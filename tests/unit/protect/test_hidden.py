"""The hidden mark is read by its own key behind what networks do, and by no other key."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image, ImageFilter, ImageOps

from postguard.imaging import Picture, to_image
from postguard.imaging.locating import Place
from postguard.model import CloakKit
from postguard.protect import hidden
from postguard.protect.steps.hidden import Hidden
from postguard.settings import steps
from tests.unit.protect.conftest import pictures, plain, scene_of

KEY = b"k" * 32
POST = 70_123


def painted(width: int = 1200, height: int = 800) -> Picture:
    """Strokes of every size, as a painting has them."""
    noise = np.random.default_rng(3).integers(0, 256, (height, width), np.uint8)
    image = Image.fromarray(noise)
    layers = [np.asarray(image.filter(ImageFilter.GaussianBlur(r)), float) for r in (1, 3, 8)]
    mixed = sum((layer - 127.5) / layer.std() * 16 for layer in layers) + 127.5
    return Picture(np.repeat(np.clip(mixed, 0, 255).astype(np.uint8)[..., None], 3, 2))


def scene(post: int = POST, key: bytes = KEY):
    return replace(scene_of(), post=post, kit=CloakKit(artist_seed=key.hex()))


def marked(picture: Picture, post: int = POST):
    return Hidden(steps.Hidden(step="hidden")).apply(picture, scene(post))


@pytest.fixture(scope="module")
def sent() -> Image.Image:
    """A marked picture as it is sent."""
    return to_image(marked(painted())[0])


def served(image: Image.Image, kind: str = "JPEG", quality: int = 75) -> Image.Image:
    file = io.BytesIO()
    image.save(file, kind, quality=quality)
    with Image.open(file) as again:
        return again.convert("L")


@pytest.mark.parametrize(("kind", "quality"), [("JPEG", 75), ("WEBP", 80)])
@pytest.mark.parametrize("width", [1200, 1000])
def test_it_is_read_behind_what_networks_do(sent, kind, quality, width):
    small = sent.resize((width, round(width / 1.5)), Image.Resampling.LANCZOS)
    reading = hidden.read(served(small, kind, quality), KEY)
    assert reading.post == POST
    assert reading.pilot > 8


def test_it_is_read_in_a_mirrored_crop_whose_place_is_known_roughly(sent):
    crop = ImageOps.mirror(sent.crop((200, 150, 960, 660)))
    place = Place(0.9, True, 0.168, 0.186, 0.634, 0.638)
    assert hidden.read_copy(served(crop), KEY, place, sent.size).post == POST


def test_a_mirrored_whole_copy_is_read_without_being_told(sent):
    assert hidden.read_copy(served(ImageOps.mirror(sent)), KEY, None, (1, 1)).post == POST


@pytest.mark.parametrize("key", [b"x" * 32, b"", b"k" * 31])
def test_another_key_reads_nothing(sent, key):
    reading = hidden.read(sent.convert("L"), key)
    assert reading.post is None
    assert reading.pilot < hidden.LEAST_PILOT


def test_nothing_is_read_where_nothing_was_drawn():
    """Over many keys the pilot is as chance has it: the threshold's probability rests on that."""
    gray = to_image(painted(600, 400)).convert("L")
    readings = [hidden.read(gray, bytes([n])) for n in range(40)]
    assert all(reading.post is None for reading in readings)
    assert 0.75 < np.std([reading.pilot for reading in readings]) < 1.3


@pytest.mark.parametrize("post", [1, 255, 256, 2**32 - 1])
def test_any_number_of_a_post_comes_back(post):
    picture, _ = marked(painted(640, 512), post)
    assert hidden.read(to_image(picture).convert("L"), KEY).post == post


def test_it_stays_faint_and_in_luma_and_the_record_says_how_faint():
    before = painted()
    after, record = marked(before)
    change = after.pixels.astype(int) - before.pixels
    assert record["carried"] is True
    assert record["psnr"] == pytest.approx(10 * np.log10(255**2 / (change**2).mean()), abs=0.1)
    assert record["psnr"] > 42
    assert np.abs(change).max() <= 16
    assert (change == change[..., :1]).all()
    assert KEY.hex() not in str(record)


def test_flat_colour_beside_texture_is_left_alone():
    before = painted()
    before.pixels[:, :500] = 200
    after, record = marked(before)
    assert record["carried"] is True
    assert np.array_equal(after.pixels[:, :460], before.pixels[:, :460])


@pytest.mark.parametrize(
    ("picture", "post", "said"),
    [
        (plain(800, 600, 120), POST, "too flat"),
        (painted(400, 300), POST, "too small"),
        (painted(640, 480), 0, "a file by itself has none"),
    ],
)
def test_what_cannot_carry_it_is_left_as_it_is_and_says_why(picture, post, said):
    after, record = marked(picture, post)
    assert after is picture
    assert record["carried"] is False
    assert said in str(record["note"])


def test_it_fades_with_the_alpha():
    before = painted(640, 480)
    alpha = np.full((480, 640), 255, np.uint8)
    alpha[:, 400:] = 0
    before.pixels[alpha == 0] = 0
    after, _ = marked(Picture(before.pixels, alpha))
    assert not after.pixels[alpha == 0].any()
    assert after.alpha is alpha


@settings(max_examples=12, deadline=None)
@given(picture=pictures(most=700))
def test_any_picture_keeps_its_shape_alpha_and_grayness(picture):
    before = picture.pixels.copy()
    after, _ = marked(picture)
    assert np.array_equal(picture.pixels, before)
    assert after.pixels.shape == before.shape
    assert after.alpha is picture.alpha
    assert after.gray == picture.gray
