"""A mark that nobody sees and only the artist's key reads: the post's number, everywhere in it.

Spread spectrum on luma. The picture is laid over a raster of chips, 512 along its long side
whatever its size, so that resizing does not move them. Each chip is + or - by the key; groups of
them carry the number and a checksum, six bytes as one of 256 orthogonal words each, and a seventh
part carries nothing but the key, by which a reader knows that there is a mark and where it lies.
The strength follows what the picture's own texture hides: lines and flat colour get next to none.

Without a mark, `Reading.pilot` is normally distributed with deviation 1 by the key's chance. 5 and
more has a probability of 3e-7, and a checksum that fits by chance of 1.5e-5: 4e-12 for each try.
"""

from __future__ import annotations

import functools
import math
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from postguard.imaging import Picture
from postguard.imaging.locating import Place
from postguard.imaging.picture import strips
from postguard.protect.chance import generator

CHIPS = 512  # along the long side
LEAST_PILOT = 5.0
_BYTES, _WORD = 6, 128  # a word of 128, or its opposite, for each byte
_PILOT = _BYTES * _WORD
_GROUPS = _PILOT + _WORD
_MOST_POST = 2**32 - 1
_FINE = 1.2  # chips; coarser than this is left to the picture
_TEXTURE = 1.5
_MOST = 10.0  # steps of 255 of a picture's own texture that the mark follows
_AROUND = 3.0  # chips whose mean strength makes each as loud as the others, for reading
_SPARE = 4  # chips around a strip, so that strips join without a seam
_MOVES = (1.0, 0.5, 0.25)  # chips

Chips = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a copy lies on the raster of the picture that was marked, in chips.

    Attributes:
        left, top: its corner.
        width: how wide it is.
    """

    left: float
    top: float
    width: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What a copy says.

    Attributes:
        post: the number it carries; None: none that can be read.
        pilot: how surely a mark of this key is there, in standard deviations.
        margin: how far the weakest byte's word stands out, in the same.
    """

    post: int | None
    pilot: float
    margin: float


def raster(picture: Picture | Image.Image) -> tuple[int, int]:
    """Return rows and columns of whole chips that cover a picture."""
    width, height = picture.width, picture.height
    pitch = max(width, height) / CHIPS
    return math.ceil(round(height / pitch, 6)), math.ceil(round(width / pitch, 6))


def field(gray: Image.Image, post: int, key: bytes) -> Chips:
    """Return (rows, columns): the mark of strength 1 for this picture, in steps of 255.

    Args:
        gray: the picture's luma.
        post: 1 to 2**32 - 1.
    """
    rows, columns = raster(gray)
    if not 0 < post <= _MOST_POST:
        raise ValueError(f"a mark cannot carry {post}")
    signs, groups = _chips(key)
    spread = (signs * _code(post)[groups])[:rows, :columns].astype(np.float32)
    pattern = spread - _blurred(spread, _FINE)
    pattern /= np.float32(pattern.std() + 1e-6)
    return pattern * np.minimum(_texture(_luma(gray, rows, columns)), _MOST)


def added(picture: Picture, mark: Chips, strength: float) -> NDArray[np.uint8]:
    """Return the picture's pixels with the mark, a strip at a time. It fades with the alpha."""
    result = np.empty_like(picture.pixels)
    pitch = max(picture.width, picture.height) / CHIPS
    image = Image.fromarray(mark * np.float32(strength))
    for rows in strips(picture.width, picture.height):
        change = _enlarged(image, picture, rows, pitch)
        if picture.alpha is not None:
            change = change * (picture.alpha[rows].astype(np.float32) / np.float32(255))
        step = np.rint(change).astype(np.int16)
        result[rows] = np.clip(picture.pixels[rows] + step[..., None], 0, 255)
    return result


def read(gray: Image.Image, key: bytes, spot: Spot | None = None) -> Reading:
    """Return what a copy's luma says; `spot`: where it lies, roughly, if it is a crop."""
    if spot is None:
        return _read(gray, key, Spot(0.0, 0.0, gray.width * CHIPS / max(gray.size)))
    best = _read(gray, key, spot)
    for move in _MOVES:
        for moved in _around(spot, move):
            found = _read(gray, key, moved)
            if found.pilot > best.pilot:
                best, spot = found, moved
    return best


def read_copy(
    gray: Image.Image, key: bytes, place: Place | None, size: tuple[int, int]
) -> Reading:
    """Return what a copy says that lies at a place in the picture of that width and height.

    Args:
        place: None: nobody knows, so it is read as a whole, as it is and mirrored.
    """
    if place is None:
        hands = (gray, ImageOps.mirror(gray))
        return max((read(hand, key) for hand in hands), key=lambda reading: reading.pilot)
    hand = ImageOps.mirror(gray) if place.mirrored else gray
    across, down = (side * CHIPS / max(size) for side in size)
    return read(hand, key, Spot(place.left * across, place.top * down, place.width * across))


def _around(spot: Spot, move: float) -> list[Spot]:
    """Return the spot moved and stretched by so many chips each way."""
    turns = (-move, 0.0, move)
    return [
        Spot(spot.left + x, spot.top + y, spot.width + wider)
        for x in turns
        for y in turns
        for wider in turns
        if (x, y, wider) != (0, 0, 0)
    ]


def _read(gray: Image.Image, key: bytes, spot: Spot) -> Reading:
    seen = _window(gray, spot)
    if seen is None:
        return Reading(None, 0.0, 0.0)
    luma, top, left = seen
    rows, columns = luma.shape
    loud = _whitened(luma)
    signs, groups = (part[top : top + rows, left : left + columns] for part in _chips(key))
    noise = math.sqrt(max(float((loud * loud).sum()) / _GROUPS, 1e-9))
    sums = np.bincount(groups.ravel(), (signs * loud).ravel(), _GROUPS) / noise
    words = sums[:_PILOT].reshape(_BYTES, _WORD) @ _words().T / math.sqrt(_WORD)
    pilot = float(sums[_PILOT:].sum()) / math.sqrt(_WORD)
    best = np.abs(words).argmax(1)
    told = bytes(
        int(word) | (_WORD if line[word] < 0 else 0)
        for word, line in zip(best, words, strict=True)
    )
    fits = pilot >= LEAST_PILOT and told[4:] == _check(told[:4])
    post = int.from_bytes(told[:4]) if fits else None
    return Reading(post, pilot, float(np.abs(words).max(1).min()))


def _window(gray: Image.Image, spot: Spot) -> tuple[Chips, int, int] | None:
    """Return the luma of the whole chips that a copy covers, and the first row and column."""
    pitch = gray.width / spot.width
    top, left = (max(0, math.ceil(at - 1e-6)) for at in (spot.top, spot.left))
    bottom, right = (
        min(CHIPS, math.floor(at + length / pitch + 1e-6))
        for at, length in ((spot.top, gray.height), (spot.left, gray.width))
    )
    if bottom - top < _SPARE or right - left < _SPARE:
        return None
    x, y = (left - spot.left) * pitch, (top - spot.top) * pitch
    box = (
        max(0.0, x),
        max(0.0, y),
        min(float(gray.width), x + (right - left) * pitch),
        min(float(gray.height), y + (bottom - top) * pitch),
    )
    size = right - left, bottom - top
    small = gray.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=3)
    return np.asarray(small, np.float32), top, left


def _luma(gray: Image.Image, rows: int, columns: int) -> Chips:
    small = gray.resize((columns, rows), Image.Resampling.LANCZOS, reducing_gap=3)
    return np.asarray(small, np.float32)


def _whitened(luma: Chips) -> Chips:
    """Return what no neighbour foretells, everywhere about as loud."""
    fine = luma - _blurred(luma, 1.0)
    loud: Chips = np.clip(fine / np.sqrt(_blurred(fine * fine, _AROUND) + 0.5), -3, 3)
    return loud


def _texture(luma: Chips) -> Chips:
    """Return how much each chip's neighbourhood hides, in steps of 255: little at a single edge,
    where one side of it is flat and would show the mark."""
    fine = luma - _blurred(luma, _TEXTURE)
    strength = np.sqrt(np.maximum(_blurred(fine * fine, _TEXTURE), 0))
    ways = [(y, x) for y in (-2, 0, 2) for x in (-2, 0, 2)]
    calmest = np.minimum.reduce([np.roll(strength, way, (0, 1)) for way in ways])
    return np.asarray(0.3 * strength + 0.7 * calmest, np.float32)


def _enlarged(image: Image.Image, picture: Picture, rows: slice, pitch: float) -> Chips:
    """Return some rows of the mark at the picture's size."""
    spare = math.ceil(_SPARE * pitch)
    top, bottom = max(0, rows.start - spare), min(picture.height, rows.stop + spare)
    right, low = picture.width / pitch, min(bottom / pitch, image.height)
    box = (0, top / pitch, min(right, image.width), low)
    large = image.resize((picture.width, bottom - top), Image.Resampling.BICUBIC, box=box)
    return np.asarray(large, np.float32)[rows.start - top : rows.stop - top]


def _blurred(values: Chips, radius: float) -> Chips:
    """Return a Gaussian blur; the rim is continued as it is."""
    reach = math.ceil(3 * radius)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / radius) ** 2).astype(np.float32)
    weights /= weights.sum()
    rows, columns = values.shape
    wide = np.pad(values, reach, mode="edge")
    wide = sum(w * wide[:, i : i + columns] for i, w in enumerate(weights))
    blurred: Chips = sum(w * wide[i : i + rows] for i, w in enumerate(weights))
    return blurred


@functools.lru_cache(1)
def _chips(key: bytes) -> tuple[NDArray[np.int8], NDArray[np.int16]]:
    """Return (512, 512) twice: each chip's sign, and the group that it carries a part of."""
    chance = generator(key, "hidden")
    signs = chance.integers(0, 2, (CHIPS, CHIPS), np.int8) * np.int8(2) - np.int8(1)
    return signs, chance.integers(0, _GROUPS, (CHIPS, CHIPS), np.int16)


@functools.cache
def _words() -> NDArray[np.float64]:
    """Return 128 orthogonal words of + and - (Sylvester's construction)."""
    words = np.ones((1, 1))
    while len(words) < _WORD:
        words = np.block([[words, words], [words, -words]])
    return words


def _code(post: int) -> NDArray[np.int8]:
    """Return the sign of each group for this number; the pilot's is always +."""
    number = post.to_bytes(4)
    words = [
        _words()[byte % _WORD] * (-1 if byte >= _WORD else 1) for byte in number + _check(number)
    ]
    return np.concatenate([*words, np.ones(_WORD)]).astype(np.int8)


def _check(number: bytes) -> bytes:
    return (zlib.crc32(number) & 0xFFFF).to_bytes(2)
