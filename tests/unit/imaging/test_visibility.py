"""The score of visibility agrees with the public package and keeps its own promises."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter
from ssimulacra2 import compute_ssimulacra2

from postguard.imaging.ssimulacra2.opsin import _halve, linear
from postguard.imaging.visibility import SMALLEST, coarse_reference, reference, ssimulacra2

ART = Path(__file__).parents[4] / "shared" / "art"
BOUND = 0.5
SEARCHED = 0.02  # between 0 and 100, where strengths are searched, the bound is far tighter
SIDE = 232  # the shortest round side that has all six scales is 225


def package(before, after):
    """The public package's score; it reads files."""
    return compute_ssimulacra2(_file(before), _file(after))


def _file(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    file.seek(0)
    return file


def photo(height=SIDE, width=SIDE, seed=1):
    """Noise with the spectrum of photographs, 1/f in amplitude, coloured."""
    random = np.random.default_rng(seed)
    far = np.hypot(*np.meshgrid(np.fft.fftfreq(height), np.fft.fftfreq(width), indexing="ij"))
    far[0, 0] = 1
    waves = np.fft.fft2(random.normal(size=(3, height, width)), axes=(1, 2)) / far
    noise = np.fft.ifft2(waves, axes=(1, 2)).real
    noise[1:] = 0.7 * noise[0] + 0.3 * noise[1:]
    return np.clip(128 + 45 * noise / noise.std(), 0, 255).astype(np.uint8).transpose(1, 2, 0)


def cartoon(height=SIDE, width=SIDE):
    """Flat colours with hard borders and black lines."""
    pixels = np.full((height, width, 3), (250, 240, 225), np.uint8)
    pixels[height // 8 : height // 2, width // 8 : width // 2] = (230, 80, 60)
    pixels[height // 3 :, width // 2 :] = (40, 110, 200)
    y, x = np.mgrid[:height, :width]
    pixels[abs(np.hypot(y - height / 2, x - width / 2) - min(height, width) / 3) < 1.5] = 0
    return pixels


def gradient(height=SIDE, width=SIDE):
    """A smooth sky: a ramp of another slope in each channel."""
    y, x = np.mgrid[:height, :width]
    ramps = [200 * x / width + 30, 160 * y / height + 60, 90 * (x / width + y / height) + 40]
    return np.stack(ramps, axis=2).astype(np.uint8)


def flat(height=SIDE, width=SIDE):
    """One colour near white, where rounding would show first."""
    return np.full((height, width, 3), (254, 254, 252), np.uint8)


def signs(pixels, size, seed=2):
    """Every value up or down by `size`."""
    turns = np.random.default_rng(seed).choice([-size, size], pixels.shape)
    return np.clip(pixels.astype(int) + turns, 0, 255).astype(np.uint8)


def colour_noise(pixels):
    """Red and blue moved against each other, pixel by pixel: next to nothing in luma."""
    turns = np.random.default_rng(3).choice([-1, 1], pixels.shape[:2])[..., None]
    return np.clip(pixels + turns * [10, -3, -25], 0, 255).astype(np.uint8)


def jpeg(pixels, quality):
    """Through a JPEG file of this quality."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def blurred(pixels):
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(1.2)))


def one_value(pixels):
    changed = pixels.copy()
    changed[len(changed) // 3, 5, 1] ^= 4
    return changed


PICTURES = {"photo": photo, "cartoon": cartoon, "gradient": gradient, "flat": flat}
CHANGES = {
    "JPEG 95": lambda pixels: jpeg(pixels, 95),
    "JPEG 75": lambda pixels: jpeg(pixels, 75),
    "JPEG 20": lambda pixels: jpeg(pixels, 20),
    "blur": blurred,
    "signs of 1": lambda pixels: signs(pixels, 1),
    "signs of 8": lambda pixels: signs(pixels, 8),
    "colour noise": colour_noise,
    "one value": one_value,
    "one row up": lambda pixels: np.roll(pixels, 1, axis=0),
    "negative": lambda pixels: 255 - pixels,
}


def assert_as_package(before, after):
    theirs = package(before, after)
    assert ssimulacra2(before, after) == pytest.approx(
        theirs, rel=0, abs=SEARCHED if theirs >= 0 else BOUND
    )


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_the_score_is_the_packages(picture, change):
    assert_as_package(picture(), change(picture()))


@pytest.mark.parametrize(
    "size",
    [(8, 8), (8, 300), (301, 9), (16, 15), (63, 65), (127, 129), (224, 225), (225, 449)],
    ids=str,
)
def test_small_odd_and_narrow_pictures_score_as_the_package_scores_them(size):
    assert_as_package(photo(*size), signs(photo(*size), 6))


@pytest.mark.parametrize(
    "name", sorted(path.name for path in ART.glob("*.*") if path.suffix != ".md") or [None]
)
def test_real_art_scores_as_the_package_scores_it(name):
    if name is None:
        pytest.skip("not run: the folder of real art is not beside this checkout")
    with Image.open(ART / name) as image:
        image.draft("RGB", (1200, 1200))
        middle = image.resize((384, 320), box=_middle(image), reducing_gap=1.0).convert("RGB")
    before = np.asarray(middle)
    assert_as_package(before, signs(before, 4))
    assert_as_package(before, jpeg(before, 60))


def _middle(image):
    left, top = image.width // 4, image.height // 4
    return (left, top, left + image.width // 2, top + image.height // 2)


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_a_picture_beside_itself_scores_100(picture):
    assert ssimulacra2(picture(), picture()) == 100.0


def test_a_reference_gives_each_candidate_the_score_it_has_alone():
    known = reference(photo())
    candidates = [signs(photo(), size) for size in (1, 8, 3)]
    alone = [ssimulacra2(photo(), candidate) for candidate in candidates]
    assert [known.score(candidate) for candidate in candidates] == alone


@pytest.mark.parametrize("finest", [1, 2, 5])
def test_a_reference_of_coarse_scales_finds_the_same_from_there_on(finest):
    before, after = photo(), signs(photo(), 5)
    whole = reference(before).features(after)
    lights = []
    for pixels in (before, after):
        light = linear(pixels)
        for _ in range(finest):
            light = _halve(light)
        lights.append(light)
    rest = coarse_reference(lights[0], finest, before.shape[:2]).features(lights[1])
    assert np.allclose(whole[:, finest:], rest[:, finest:], rtol=1e-4, atol=1e-9)
    assert whole[:, :finest].any()
    assert not rest[:, :finest].any()


@pytest.mark.parametrize("height", [31, 32, 33, 36, 37, 38, 64, 69, 100])
def test_the_score_does_not_hang_on_where_strips_end(height):
    before = photo(height, 40)
    assert_as_package(before, jpeg(before, 70))


def test_neither_picture_is_changed_and_views_will_do():
    before, after = photo()[:, ::-1], signs(photo(), 5)[:, ::-1]
    kept = before.copy(), after.copy()
    assert ssimulacra2(before, after) == ssimulacra2(*kept)
    assert np.array_equal(before, kept[0])
    assert np.array_equal(after, kept[1])


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    height=st.integers(40, 120),
    width=st.integers(40, 120),
    size=st.integers(1, 40),
)
def test_more_noise_scores_lower(seed, height, width, size):
    before = photo(height, width, seed) // 2 + 64  # so that no value is cut at 0 or 255
    known = reference(before)
    scores = [known.score(signs(before, each, seed)) for each in (0, size, size + 8)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == 100 > scores[1] > scores[2]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    height=st.integers(SMALLEST, 90),
    width=st.integers(SMALLEST, 90),
    amount=st.integers(1, 255),
)
def test_any_two_pictures_score_as_the_package_scores_them(seed, height, width, amount):
    random = np.random.default_rng(seed)
    before = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    after = before ^ random.integers(0, amount + 1, before.shape, dtype=np.uint8)
    theirs = package(before, after)
    assert ssimulacra2(before, after) == pytest.approx(theirs, rel=1e-3, abs=BOUND)


def test_memory_is_bounded_by_24_bytes_a_pixel_of_the_reference():
    before = np.resize(photo(500, 500), (2000, 2000, 3))
    after = before ^ np.uint8(2)
    known, held, _ = traced(lambda: reference(before))
    assert held < 97e6
    assert traced(lambda: known.score(after))[2] < 25e6


def test_one_look_takes_no_memory_that_grows_with_the_height():
    before = np.resize(photo(500, 500), (2000, 500, 3))
    after = before ^ np.uint8(2)
    _, _, peak = traced(lambda: ssimulacra2(before, after))
    _, _, less = traced(lambda: ssimulacra2(before[:500], after[:500]))
    assert peak < 1.2 * less


def traced(make):
    """What `make` made, the memory that it holds, and the most that was held meanwhile."""
    tracemalloc.start()
    try:
        made = make()
        return made, *tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((7, 100, 3), np.uint8),
        np.zeros((100, 7, 3), np.uint8),
        np.zeros((0, 100, 3), np.uint8),
        np.zeros((100, 100), np.uint8),
        np.zeros((100, 100, 4), np.uint8),
        np.zeros((100, 100, 3), np.float32),
    ],
    ids=lambda pixels: f"{pixels.shape} {pixels.dtype}",
)
def test_what_has_no_score_is_refused(pixels):
    with pytest.raises(ValueError, match="needs"):
        ssimulacra2(pixels, pixels)


def test_pictures_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match="sizes differ"):
        ssimulacra2(photo(40, 50), photo(50, 40))
