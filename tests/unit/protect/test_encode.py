"""The file that leaves: within the limits, at the best quality, lean."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, features

from postguard.errors import StepFailed
from postguard.imaging import Picture
from postguard.imaging.visibility import ssimulacra2
from postguard.model import Limits
from postguard.protect import chroma, containers, sampling, scoring, search, weighing
from postguard.protect.encode import alike, encode
from postguard.protect.finishing import Finish, asked, finish
from postguard.protect.job import MOST_ENCODES, Encoded
from postguard.protect.metadata import exif, iim, xmp
from postguard.protect.metadata.statement import Statement
from postguard.protect.packets import Packets, srgb_profile
from postguard.protect.privacy import audit
from postguard.protect.steps.encode import Encode
from postguard.protect.weighing import Way, Weighing
from postguard.settings import steps

SAID = Statement(creator="山田花子", rights="© 2026 山田花子", alt="雪の狐" * 100)
PACKETS = Packets(xmp.packet(SAID), exif.block(SAID), iim.block(SAID))
JPEG_ONLY = ("image/jpeg",)


def limits(
    size: int = 2_000_000,
    mimes: tuple[str, ...] = ("image/jpeg", "image/png"),
    side: int | None = None,
    pixels: int | None = None,
) -> Limits:
    return Limits("test", 300, 2_000, 4, size, pixels, side, mimes)


def painted(height: int = 300, width: int = 400, seed: int = 0) -> Picture:
    """Brush-like texture: noise at several scales, as dense as a painting."""
    rng = np.random.default_rng(seed)
    canvas = np.zeros((height, width, 3))
    for cells in (4, 16, 64, 256):
        coarse = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), np.uint8))
        canvas += np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)) / 4
    return Picture(canvas.clip(0, 255).astype(np.uint8))


def flat(height: int = 300, width: int = 400) -> Picture:
    pixels = np.full((height, width, 3), (250, 240, 200), np.uint8)
    pixels[height // 3 :, : width // 2] = (200, 30, 60)
    return Picture(pixels)


def decoded(made: Encoded) -> Image.Image:
    image = Image.open(io.BytesIO(made.data))
    image.load()
    return image


def noise(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def test_flat_art_stays_png_without_any_loss() -> None:
    made = encode(flat(), limits(), PACKETS)
    assert made.mime == "image/png"
    assert (np.asarray(decoded(made)) == flat().pixels).all()
    assert made.record["quality"] is None


def test_painted_art_becomes_progressive_jpeg_444_at_top_quality_in_one_encode() -> None:
    made = encode(painted(), limits(), PACKETS)
    image = decoded(made)
    assert (made.mime, made.record["quality"], made.record["encodes"]) == ("image/jpeg", 95, 1)
    assert image.info.get("progressive")
    assert {(h, v) for _, h, v, _ in image.layer} == {(1, 1)}  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [60_000, 80_000, 100_000])
def test_a_tight_limit_is_used_up_by_quality_before_pixels_are_given_up(size: int) -> None:
    picture = painted()
    made = encode(picture, limits(size), PACKETS)
    assert (made.width, made.height) == (picture.width, picture.height)
    assert 0.9 * size < len(made.data) <= size
    assert made.record["scaled_from"] is None


def test_one_more_step_of_quality_would_not_have_fitted() -> None:
    made = encode(painted(), limits(70_000), PACKETS)
    quality = made.record["quality"]
    assert isinstance(quality, int)
    better = io.BytesIO()
    Image.fromarray(painted().pixels).save(
        better, "JPEG", quality=quality + 1, subsampling=0, progressive=True
    )
    assert len(better.getvalue()) + PACKETS.size() + len(srgb_profile()) > 70_000


def test_below_the_quality_floor_there_are_fewer_pixels_instead() -> None:
    made = encode(painted(), limits(20_000), PACKETS)
    assert made.width < 400
    assert made.record["scaled_from"] == [400, 300]
    assert isinstance(made.record["quality"], int)
    assert made.record["quality"] >= search.JPEG.floor
    assert len(made.data) <= 20_000


def test_noise_in_444_does_not_overflow_pillows_buffer() -> None:
    picture = Picture(noise(700, 700))
    made = encode(picture, limits(16_000_000, JPEG_ONLY), PACKETS)
    assert made.record["quality"] == 95
    assert len(made.data) > 700 * 700  # what Pillow sets aside


def test_the_pixel_and_side_limits_of_the_network_hold() -> None:
    assert max(encode(painted(), limits(side=100), PACKETS).record["scaled_from"] or []) == 400
    made = encode(painted(), limits(side=100), PACKETS)
    assert (made.width, made.height) == (100, 75)
    made = encode(painted(), limits(pixels=30_000), PACKETS)
    assert made.width * made.height <= 30_000
    assert made.width / made.height == pytest.approx(4 / 3, rel=0.02)


def test_transparency_is_kept_in_png_and_flattened_on_white_where_that_does_not_fit() -> None:
    alpha = np.full((300, 400), 255, np.uint8)
    alpha[:, :200] = 0
    picture = Picture(painted().pixels, alpha)
    kept = encode(picture, limits(), PACKETS)
    assert (kept.mime, decoded(kept).mode) == ("image/png", "RGBA")
    flattened = encode(picture, limits(60_000), PACKETS)
    assert flattened.mime == "image/jpeg"
    assert flattened.record["flattened_on_white"] is True
    assert np.asarray(decoded(flattened))[:, :150].min() >= 250


@pytest.mark.parametrize("mime", ["image/png", "image/webp"])
def test_colour_hidden_under_alpha_zero_is_not_in_the_file(mime: str) -> None:
    alpha = np.full((64, 64), 255, np.uint8)
    alpha[16:48, 16:48] = 0
    made = encode(Picture(noise(64, 64), alpha), limits(mimes=(mime,)), Packets())
    assert made.mime == mime
    pixels = np.asarray(decoded(made))
    assert (pixels[16:48, 16:48, 3] == 0).all()
    hidden = pixels[20:44, 20:44, :3].astype(float)
    assert hidden.std() < 1


@pytest.mark.parametrize("least", [255, 253])
def test_an_alpha_channel_that_hides_nothing_does_not_make_a_png(least: int) -> None:
    alpha = np.full((300, 400), 255, np.uint8)
    alpha[10, 20:30] = least
    opaque = Picture(painted().pixels, alpha)
    made = encode(opaque, limits(), PACKETS)
    assert made.mime == "image/jpeg"
    assert made.record["flattened_on_white"] is False


def test_gray_art_has_one_channel_and_a_coloured_mark_on_it_keeps_its_colour() -> None:
    gray = np.repeat(painted().pixels[..., :1], 3, axis=2)
    assert decoded(encode(Picture(gray, gray=True), limits(), PACKETS)).mode == "L"
    gray[:40, :40] = (255, 0, 0)
    marked = decoded(encode(Picture(gray, gray=True), limits(), PACKETS))
    red, green, _ = marked.getpixel((20, 20))  # type: ignore[misc]
    assert red > 200
    assert green < 60


def test_webp_is_written_where_nothing_else_is_taken() -> None:
    made = encode(painted(), limits(40_000, ("image/webp",)), PACKETS)
    assert (made.mime, decoded(made).format) == ("image/webp", "WEBP")
    assert made.record["subsampling"] == "4:2:0"
    assert len(made.data) <= 40_000


def test_png_alone_shrinks_until_it_fits() -> None:
    made = encode(painted(), limits(60_000, ("image/png",)), PACKETS)
    assert made.mime == "image/png"
    assert made.width < 400
    assert len(made.data) <= 60_000


EVERY = ("image/jpeg", "image/png", "image/webp", "image/avif")


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif"])
@pytest.mark.parametrize("art", [painted, flat])
def test_the_recipes_format_is_taken_where_the_network_takes_it(
    kind: str, art: Callable[[], Picture]
) -> None:
    made = encode(art(), limits(mimes=EVERY), PACKETS, kind)
    assert made.mime == f"image/{kind}"
    assert made.record["why"] == "the recipe asks for it"
    assert decoded(made).size == (400, 300)
    audit(made.data, made.mime, PACKETS)


@pytest.mark.parametrize(("art", "mime"), [(painted, "image/jpeg"), (flat, "image/png")])
@pytest.mark.parametrize(("kind", "name"), [("webp", "WebP"), ("avif", "AVIF")])
def test_a_format_that_the_network_does_not_take_becomes_what_suits_and_the_record_says_so(
    kind: str, name: str, art: Callable[[], Picture], mime: str
) -> None:
    made = encode(art(), limits(), PACKETS, kind)
    assert made.mime == mime
    assert str(made.record["why"]).startswith(f"the network takes no {name}; ")


def test_a_png_that_is_too_big_becomes_a_jpeg_and_keeps_its_pixels() -> None:
    made = encode(painted(), limits(100_000), PACKETS, "png")
    assert (made.mime, made.width) == ("image/jpeg", 400)
    assert re.fullmatch(r"as PNG it would take about \d+ kB", str(made.record["why"]))


def test_avif_keeps_colour_at_full_size_within_a_tight_limit() -> None:
    made = encode(painted(), limits(30_000, EVERY), PACKETS, "avif")
    assert made.record["subsampling"] == "4:4:4"
    assert 0.8 * 30_000 < len(made.data) <= 30_000
    assert (made.width, made.height) == (400, 300)


def test_without_avif_in_pillow_the_artist_reads_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(features, "check", lambda name: name != "avif")
    with pytest.raises(StepFailed, match='format = "auto"'):
        encode(painted(), limits(mimes=EVERY), PACKETS, "avif")


def test_webp_is_without_loss_where_that_fits() -> None:
    made = encode(flat(), limits(mimes=EVERY), PACKETS, "webp")
    assert (np.asarray(decoded(made).convert("RGB")) == flat().pixels).all()
    assert (made.record["quality"], made.record["subsampling"]) == (None, None)
    lossy = encode(painted(), limits(60_000, EVERY), PACKETS, "webp")
    assert isinstance(lossy.record["quality"], int)


def outlined(size: int = 256) -> Picture:
    """Flat saturated colours with hard outlines: what halved colour frays most."""
    y, x = np.mgrid[:size, :size]
    pixels = np.full((size, size, 3), (250, 240, 220), np.uint8)
    pixels[(x // 21 + y // 17) % 3 == 0] = (225, 20, 45)
    pixels[(x // 13 - y // 19) % 5 == 0] = (20, 60, 200)
    pixels[np.abs((x + 2 * y) % 61 - 30) < 2] = (15, 10, 20)
    return Picture(pixels)


def test_webp_keeps_outlines_between_colours_better_than_pillow_alone_at_no_more_bytes() -> None:
    """Chroma is prepared for 4:2:0; the score is of what a viewer shows."""
    art = outlined()
    made = encode(art, limits(22_000, ("image/webp",)), Packets())
    quality = made.record["quality"]
    assert isinstance(quality, int)
    plain = next(
        data
        for q in range(quality, 101)
        if len(data := containers.webp(Image.fromarray(art.pixels), q, Packets()))
        >= len(made.data)
    )
    shown = [np.asarray(Image.open(io.BytesIO(data))) for data in (made.data, plain)]
    ours, alone = (ssimulacra2(art.pixels, one) for one in shown)
    assert ours > alone + 5


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (64, 2), (500, 700)])
def test_preparing_colour_keeps_the_shape_and_gray_pixels(shape: tuple[int, int]) -> None:
    gray = np.repeat(noise(*shape)[..., :1], 3, axis=2)
    prepared = chroma.sharpened(gray)
    assert prepared.shape == gray.shape
    assert np.abs(prepared.astype(int) - gray).max() <= 2


def test_strips_of_a_large_picture_do_not_show_in_its_colour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    art = outlined().pixels
    whole = chroma.sharpened(art)
    monkeypatch.setattr(chroma, "_STRIP", 256 * 32)
    assert np.abs(chroma.sharpened(art).astype(int) - whole).max() <= 1


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif"])
def test_another_picture_is_encoded_alike_for_comparison(kind: str) -> None:
    made = encode(flat(), limits(mimes=EVERY), PACKETS, kind)
    other = Image.open(io.BytesIO(alike(painted(), made)))
    assert (other.format or "").lower() == kind
    assert other.size == (made.width, made.height)


def test_what_comes_into_the_file_afterwards_is_kept_free() -> None:
    made = encode(painted(), limits(70_000), PACKETS, reserved=20_000)
    assert 40_000 < len(made.data) <= 50_000
    with pytest.raises(StepFailed, match="tags alone need"):
        encode(painted(), limits(20_000), PACKETS, reserved=19_000)


def test_the_step_of_a_recipe_decides_the_format_and_the_record_scores_the_file() -> None:
    step = Encode(steps.Encode(step="encode", format="webp"))
    how = asked([step], None)
    made = finish(painted(), limits(60_000, EVERY), how)
    assert made.mime == "image/webp"
    scored = made.record["ssimulacra2"]
    assert isinstance(scored, dict)
    assert scored["over"] == "the whole picture"
    shown = np.asarray(decoded(made).convert("RGB"))
    assert scored["score"] == pytest.approx(ssimulacra2(painted().pixels, shown), abs=0.02)


@pytest.mark.parametrize("shape", [(360, 800), (800, 360)])
def test_a_large_picture_is_scored_over_squares_that_tell_about_the_whole(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int]
) -> None:
    monkeypatch.setattr(scoring, "SIDE", 160)
    monkeypatch.setattr(scoring, "_WHOLE", 4 * 160**2)
    picture = painted(*shape)
    made = encode(picture, limits(100_000, JPEG_ONLY), PACKETS)
    scored = scoring.score(picture, made.data)
    assert scored is not None
    assert scored["over"] == "4 squares of 160 px"
    whole = ssimulacra2(picture.pixels, np.asarray(decoded(made)))
    assert scored["score"] == pytest.approx(whole, abs=3)


def test_a_picture_too_small_for_the_measure_has_no_score() -> None:
    assert scoring.score(Picture(noise(7, 9)), b"") is None


def test_a_picture_without_loss_scores_100() -> None:
    made = finish(flat(), limits(), Finish())
    assert made.record["ssimulacra2"] == {"score": 100.0, "over": "the whole picture"}


def test_a_limit_smaller_than_the_tags_is_refused_in_words() -> None:
    with pytest.raises(StepFailed, match="tags alone need"):
        encode(painted(), limits(PACKETS.size()), PACKETS)


def test_a_network_that_takes_no_kind_of_ours_is_refused_in_words() -> None:
    with pytest.raises(StepFailed, match="image/heic"):
        encode(painted(), limits(mimes=("image/heic",)), PACKETS)


def test_the_same_picture_gives_the_same_bytes() -> None:
    first, again = (encode(painted(), limits(70_000), PACKETS) for _ in range(2))
    assert first == again


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([(1, 1), (1, 300), (200, 1), (7, 9), (64, 64), (130, 90), (40, 1200)]),
    st.sampled_from(["rgb", "gray", "alpha", "gray alpha"]),
    st.integers(6_000, 200_000),
    st.sampled_from([("image/jpeg", "image/png"), JPEG_ONLY, ("image/webp",), ("image/png",)]),
    st.sampled_from(["auto", "jpeg", "png", "webp", "avif"]),
)
def test_any_picture_fits_any_sane_limit_and_passes_the_audit(
    size: tuple[int, int], kind: str, most: int, mimes: tuple[str, ...], form: str
) -> None:
    pixels = noise(*size)
    gray = kind.startswith("gray")
    if gray:
        pixels = np.repeat(pixels[..., :1], 3, axis=2)
    alpha = pixels[..., 0].copy() if kind.endswith("alpha") else None
    made = encode(
        Picture(pixels, alpha, gray), limits(most, (*mimes, f"image/{form}")), PACKETS, form
    )
    assert len(made.data) <= most
    assert made.record["encodes"] in range(1, MOST_ENCODES + 1)
    assert decoded(made).size == (made.width, made.height)
    audit(made.data, made.mime, PACKETS)


@given(st.floats(0.2, 1.2), st.floats(0, 60_000), st.floats(1_000, 3e6), st.integers(2_000, 10**6))
def test_the_search_finds_the_best_quality_of_any_falling_curve_in_eight_trials(
    power: float, constant: float, scale: float, room: int
) -> None:
    def size(quality: int) -> int:
        return int(constant + scale * ((200 - 2 * quality) / 10) ** -power) + 1

    trials: dict[int, int] = {}
    while (quality := search.next_quality(trials, room)) is not None:
        assert quality not in trials
        trials[quality] = size(quality)
        assert len(trials) <= 8
    found = search.best(trials, room)
    truth = [q for q in range(search.JPEG.floor, search.JPEG.top + 1) if size(q) <= room]
    if not truth:
        assert found is None
    else:
        assert found is not None
        assert found == max(truth) or trials[found] >= 0.985 * room


def test_shrinking_aims_at_a_quality_above_the_floor() -> None:
    trials = {95: 400_000, 70: 120_000}
    factor = search.shrink(trials, 100_000)
    assert factor == pytest.approx(math.sqrt(100_000 / search.size_at(search.JPEG.aim, trials)))
    assert search.size_at(70, trials) == pytest.approx(120_000)


def test_a_picture_that_was_a_jpeg_comes_out_at_its_old_quality_where_that_shows_it_better() -> (
    None
):
    """A higher one that fits would round its blocks anew."""
    old = containers.jpeg(Image.fromarray(grained(1)), 75, PACKETS, progressive=False)
    picture = Picture(np.asarray(Image.open(io.BytesIO(old))))
    image = Image.fromarray(picture.pixels)
    higher = containers.jpeg(image, 82, PACKETS, progressive=False)
    made = encode(picture, limits(len(higher) + 100, JPEG_ONLY), PACKETS)
    assert made.record["quality"] == 75
    assert score_of(made.data, picture) > score_of(higher, picture) + 1


@pytest.mark.parametrize(
    ("channels", "room", "chroma"), [(1, 230_000, "4:2:0"), (3, 450_000, "4:4:4")]
)
def test_colour_is_halved_only_where_lines_gain_more_by_it_than_colour_loses(
    channels: int, room: int, chroma: str
) -> None:
    """Grain in the light alone within few bytes, and grain in the colour too within more."""
    made = encode(Picture(grained(channels)), limits(room, JPEG_ONLY), PACKETS)
    assert made.record["subsampling"] == chroma


@pytest.mark.parametrize("room", [300_000, 320_000])
def test_a_jpeg_is_as_near_as_the_nearer_of_full_and_halved_colour_at_their_best(
    room: int,
) -> None:
    """At 300,000 bytes the one is nearer, at 320,000 the other."""
    picture = Picture(grained(1))
    made = encode(picture, limits(room, JPEG_ONLY), PACKETS)
    both = [best_jpeg(picture, room, half_colour=half) for half in (False, True)]
    assert abs(both[0] - both[1]) > 0.5
    assert score_of(made.data, picture) >= max(both) - 0.05


def best_jpeg(picture: Picture, room: int, *, half_colour: bool) -> float:
    """Return the score of the first quality that fits, from the top down."""
    image = Image.fromarray(picture.pixels)
    files = (
        containers.jpeg(image, quality, PACKETS, progressive=True, half_colour=half_colour)
        for quality in range(search.JPEG.top, search.JPEG.floor, -1)
    )
    return score_of(next(data for data in files if len(data) <= room), picture)


def test_of_files_that_look_alike_the_one_is_taken_that_keeps_most_of_a_cloak() -> None:
    image = Image.fromarray(grained(1))
    weighs = Weighing(image, "image/jpeg")
    near, far = (containers.jpeg(image, q, PACKETS, progressive=False) for q in (90, 80))
    full, gentle, lean = Way(90), Way(80, gentle=True), Way(95, lean=True)
    assert weighs.best({full: near, gentle: near, lean: near}) == full
    assert weighs.best({full: far, gentle: near, lean: near}) == gentle
    assert weighs.best({full: far, gentle: far, lean: near}) == lean


def test_files_that_look_alike_are_looked_at_once_where_that_was_at_the_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[float] = []

    def counted(*pair: NDArray[np.uint8]) -> float:
        looks.append(ssimulacra2(*pair))
        return looks[-1]

    monkeypatch.setattr(weighing, "ssimulacra2", counted)  # what a look costs
    image = Image.fromarray(grained(1))
    data = containers.jpeg(image, 90, PACKETS, progressive=False)
    Weighing(image, "image/jpeg").best({Way(90): data, Way(88, gentle=True): data})
    assert len(looks) == 2


@pytest.mark.parametrize("size", [(700, 700), (90, 4000), (512, 512)])
def test_a_picture_that_is_hardly_larger_than_a_sample_is_taken_whole(
    size: tuple[int, int],
) -> None:
    image = Image.effect_noise(size, 50)
    assert sampling.sample_of(image) is image
    assert sampling.sample_of(image.resize((2 * max(size),) * 2)).size == (512, 512)


def grained(channels: int) -> NDArray[np.uint8]:
    """Soft colour under a grain of one pixel, the same in all channels or in each its own."""
    soft = painted(640, 640).pixels.astype(int) // 2 + 60
    grain = np.random.default_rng(2).integers(-30, 30, (640, 640, channels))
    return np.clip(soft + grain, 0, 255).astype(np.uint8)


def score_of(data: bytes, picture: Picture) -> float:
    return ssimulacra2(picture.pixels, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
