"""Finds which of many pictures a copy is of: whole, resized, mirrored or cropped.

Of each picture a small gray thumbnail is kept, its fingerprint. A copy is slid over all of them at
all sizes that it may have in them, in both hands, by normalised cross-correlation on a grid of
32 cells; a tiled mark and fine noise are gone at that size. What agrees best is looked at closely
by `locating`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from postguard.imaging.picture import Picture, flatten, to_image

SIDE = 96  # longest side of a fingerprint, in pixels
_CELL = 3
_GRID = SIDE // _CELL
_LEAST_CELLS = 4  # a shorter template agrees with anything
_STEP = 1.08  # between two sizes that are tried
_GRAIN = 9.0  # variance below which a place counts as flat, in squared steps of 255
_CLOSE = 8  # px of a copy for each cell, to make templates of
_MOST_SEEN = 2_048  # px of a side; no finer detail tells two pictures apart

Gray = NDArray[np.float32]
GrayImage = Image.Image  # of mode L


@dataclass(frozen=True, slots=True)
class Candidate:
    """A picture that the copy may be of.

    Attributes:
        key: whose fingerprint it is.
        score: correlation in [-1, 1].
        share: the copy's long side as a share of the picture's long side.
    """

    key: int
    score: float
    share: float
    mirrored: bool


def fingerprint(picture: Picture) -> bytes:
    """Return what finds a picture again: width and height in a byte each, then gray pixels."""
    image = gray(picture)
    scale = SIDE / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    small = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3)
    return bytes((width, height)) + small.tobytes()


def thumbnail(fingerprint: bytes) -> Image.Image:
    """Return the gray thumbnail of a fingerprint."""
    return Image.frombytes("L", (fingerprint[0], fingerprint[1]), fingerprint[2:])


def gray(picture: Picture) -> Image.Image:
    """Return a picture's luma, over white where it is transparent; a large one reduced."""
    image = to_image(flatten(picture)).convert("L")
    image.thumbnail((_MOST_SEEN, _MOST_SEEN), Image.Resampling.BOX, reducing_gap=2)
    return image


class Search:
    """Compares one copy with fingerprints as they come, and remembers the best."""

    def __init__(self, copy: Image.Image, least: float, most_kept: int = 40) -> None:
        """`copy`: gray; `least`: share of a picture's area that the copy shows at least."""
        self._least = least
        self._most_kept = most_kept
        self._best: list[Candidate] = []
        self._templates = list(_templates(copy))

    def add(self, keys: Sequence[int], fingerprints: Sequence[bytes]) -> None:
        """Compare with some more; a few hundred at a time keep the memory small."""
        shelf = _Shelf.of(fingerprints)
        best = np.full((len(keys), 2), -1.0, np.float32)
        share = np.zeros((len(keys), 2))
        for template in self._templates:
            rows = shelf.with_room(template, self._least)
            if rows.size:
                scores = shelf.scores(template, rows)
                better = scores > best[rows]
                best[rows] = np.where(better, scores, best[rows])
                share[rows] = np.where(better, template.share, share[rows])
        self._keep(keys, best, share)

    def best(self) -> list[Candidate]:
        """Return what agrees best, the best first."""
        return self._best

    def _keep(self, keys: Sequence[int], best: Gray, share: NDArray[np.float64]) -> None:
        for row in np.argsort(-best.max(1))[: self._most_kept]:
            hand = int(best[row].argmax())
            score, size = float(best[row, hand]), float(share[row, hand])
            if size > 0:  # else it had room for the copy at no size
                self._best.append(Candidate(keys[row], score, size, hand == 1))
        self._best.sort(key=lambda found: -found.score)
        del self._best[self._most_kept :]


@dataclass(frozen=True, slots=True)
class _Template:
    """The copy at one size in cells.

    Attributes:
        height, width: whole cells of it.
        area: of all of it, in cells.
        spectra: (2, ...) of it and of its mirror image, each of mean 0 and length 1.
    """

    height: int
    width: int
    area: float
    share: float
    spectra: NDArray[np.complex64]


def _templates(copy: Image.Image) -> Iterator[_Template]:
    """Yield the copy at every size that it may have in a fingerprint."""
    copy = copy.copy()
    copy.thumbnail((_GRID * _CLOSE, _GRID * _CLOSE), reducing_gap=3)
    hands = (copy, ImageOps.mirror(copy))
    share = 1.0
    while (cells := at_scale(copy, share * _GRID / max(copy.size))) is not None:
        height, width = cells.shape
        framed = np.zeros((2, _GRID, _GRID), np.float32)
        for hand, image in enumerate(hands):
            cells = at_scale(image, share * _GRID / max(copy.size))
            assert cells is not None  # its mirror image was large enough
            cells = cells - cells.mean()
            framed[hand, :height, :width] = cells / (np.linalg.norm(cells) + 1e-6)
        area = copy.width * copy.height * (share * _GRID / max(copy.size)) ** 2
        yield _Template(
            height, width, area, share, np.conj(np.fft.rfft2(framed)).astype(np.complex64)
        )
        share /= _STEP


def at_scale(image: Image.Image, scale: float, least: int = _LEAST_CELLS) -> Gray | None:
    """Return (h, w) of an image at exactly that scale, what is left of whole pixels cut off on
    all sides alike; None where a side would be shorter than `least`."""
    width, height = (int(side * scale + 1e-6) for side in image.size)
    if min(width, height) < least:
        return None
    left = max(0.0, (image.width - width / scale) / 2)
    top = max(0.0, (image.height - height / scale) / 2)
    box = (left, top, image.width - left, image.height - top)
    kind = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    return np.asarray(image.resize((width, height), kind, box=box), np.float32)


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Some fingerprints as cells: (n, 32, 32), with the sums that tell any window's variance."""

    width: NDArray[np.intp]
    height: NDArray[np.intp]
    spectra: NDArray[np.complex64]
    sums: Gray
    squares: Gray

    @classmethod
    def of(cls, fingerprints: Sequence[bytes]) -> _Shelf:
        fine = np.zeros((len(fingerprints), SIDE, SIDE), np.uint8)
        for row, one in enumerate(fingerprints):
            width, height = one[0], one[1]
            fine[row, :height, :width] = np.frombuffer(one, np.uint8, offset=2).reshape(
                height, width
            )
        cells = fine.reshape(-1, _GRID, _CELL, _GRID, _CELL).mean((2, 4), dtype=np.float32)
        return cls(
            np.array([one[0] // _CELL for one in fingerprints]),
            np.array([one[1] // _CELL for one in fingerprints]),
            np.fft.rfft2(cells).astype(np.complex64, copy=False),
            _table(cells),
            _table(cells * cells),
        )

    def with_room(self, template: _Template, least: float) -> NDArray[np.intp]:
        """Return the rows that the template fits into, filling at least that share of them."""
        fits = (self.width >= template.width) & (self.height >= template.height)
        return np.nonzero(fits & (template.area >= least * self.width * self.height))[0]

    def scores(self, template: _Template, rows: NDArray[np.intp]) -> Gray:
        """Return (n, 2): the best correlation in each of the rows, as it is and mirrored."""
        height, width = template.height, template.width
        down, across = _GRID - height + 1, _GRID - width + 1
        size = height * width
        mean = _windows(self.sums[rows], height, width) / size
        spread = _windows(self.squares[rows], height, width) / size - mean * mean
        length = np.sqrt((np.maximum(spread, 0) + _GRAIN) * size)
        below = np.arange(down)[:, None] > (self.height[rows] - height)[:, None, None]
        beside = np.arange(across) > (self.width[rows] - width)[:, None, None]
        length[below | beside] = np.inf
        spectra, found = self.spectra[rows], np.empty((len(rows), 2), np.float32)
        for hand in (0, 1):
            agree = np.fft.irfft2(spectra * template.spectra[hand], s=(_GRID, _GRID))
            found[:, hand] = (agree[:, :down, :across] / length).reshape(len(rows), -1).max(1)
        return found


def _table(values: Gray) -> Gray:
    """Return (n, h+1, w+1): the sums of all that lies above and to the left. 32 bits hold 1,024
    squares of 255 to within 4, of which a window's variance feels less than 0.1."""
    sums = np.zeros((values.shape[0], values.shape[1] + 1, values.shape[2] + 1), np.float32)
    sums[:, 1:, 1:] = values.cumsum(1, dtype=np.float64).cumsum(2)
    return sums


def _windows(sums: Gray, height: int, width: int) -> Gray:
    """Return the sum inside each window of that size."""
    low, high = sums[:, height:], sums[:, :-height]
    found: Gray = low[:, :, width:] - low[:, :, :-width]
    return found - high[:, :, width:] + high[:, :, :-width]
