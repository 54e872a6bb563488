"""Looks closely where in a picture a copy lies, and how well the two agree in fine detail.

Only detail is compared: what is left of both without their blurred forms. Unrelated pictures may
share a sky that fades from dark to light; they do not share their lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from postguard.imaging.likeness import Candidate, Gray, at_scale

# Agreement from which a copy counts as found, and surely so. In bench/proving.py the weakest of 60
# crops of 40 % had 0.47, and the nearest of 60 strangers 0.44.
LEAST, SURE = 0.46, 0.55
_WHOLE = 0.97  # share of the area from which it is no crop
_BLUR = 3.0  # px; what is coarser is not detail
_GRAIN = 1.0  # variance below which a place counts as flat, in squared steps of 255
_SMALLEST = 12  # px of a template's side
_BLOCKS = 6  # along each side; each that has detail counts alike, however strong its lines
_LINES = 4.0  # variance from which a block has detail
_FEW = 6  # blocks: the agreement of fewer is chance


@dataclass(frozen=True, slots=True)
class _Look:
    """At what long side of the picture, in px, it is looked; how far around each share, in what
    steps; and how many of the shares are looked at more closely then."""

    side: int
    around: float
    step: float
    kept: int = 1


_ROUGH = _Look(96, 0.14, 0.02)
_CLOSE = (
    _Look(96, 0.14, 0.01, kept=4),
    _Look(256, 0.012, 0.003),
    _Look(512, 0.003, 0.00075),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a copy lies in a picture.

    Attributes:
        agreement: correlation of the fine detail, in [-1, 1].
        left, top, width, height: as shares of the picture's sides.
    """

    agreement: float
    mirrored: bool
    left: float
    top: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """The share of the picture that the copy shows."""
        return min(1.0, self.width) * min(1.0, self.height)

    @property
    def whole(self) -> bool:
        """Whether it shows all of the picture, but perhaps its rim."""
        return self.area >= _WHOLE

    @property
    def found(self) -> bool:
        """Whether the two agree well enough to be the same picture."""
        return self.agreement >= LEAST

    @property
    def sure(self) -> bool:
        """Whether they agree better than anything unrelated was seen to."""
        return self.agreement >= SURE


NOWHERE = Place(-1.0, mirrored=False, left=0, top=0, width=0, height=0)


def resemblance(copy: Image.Image, thumbnail: Image.Image, candidate: Candidate) -> float:
    """Return how well a gray copy agrees with a thumbnail, in [-1, 1], somewhere around the size
    of the candidate: rough, and quick."""
    found = _found(_hand(copy, candidate), thumbnail, [candidate.share], _ROUGH)
    return found[0].agreement if found else -1.0


def locate(copy: Image.Image, picture: Image.Image, candidate: Candidate) -> Place:
    """Return where a gray copy lies in a gray picture, and how well the two agree there."""
    hand, shares = _hand(copy, candidate), [candidate.share]
    found: list[_Found] = []
    for look in _CLOSE:
        found = _found(hand, picture, shares, look)
        shares = [one.share for one in found]
    if not found:
        return NOWHERE
    left, top, width, height = found[0].box
    place = Place(0.0, candidate.mirrored, left, top, width, height)
    return replace(place, agreement=_agreement(hand, picture, place))


def cut(picture: Image.Image, place: Place, size: tuple[int, int]) -> Image.Image:
    """Return what a picture shows at that place, at that size; not mirrored."""
    left, top = max(0.0, place.left * picture.width), max(0.0, place.top * picture.height)
    right = min(float(picture.width), left + place.width * picture.width)
    bottom = min(float(picture.height), top + place.height * picture.height)
    return picture.resize(size, Image.Resampling.BOX, box=(left, top, right, bottom))


def _hand(copy: Image.Image, candidate: Candidate) -> Image.Image:
    return ImageOps.mirror(copy) if candidate.mirrored else copy


@dataclass(frozen=True, slots=True)
class _Found:
    """A copy at one share of the long side; `box`: left, top, width, height as shares."""

    agreement: float
    share: float
    box: tuple[float, float, float, float]


def _found(
    copy: Image.Image, picture: Image.Image, shares: Sequence[float], look: _Look
) -> list[_Found]:
    """Return the best of the shares around those given, the best first."""
    scene = _Scene(picture, _no_finer(look.side, copy, picture, max(shares)))
    steps = round(look.around / look.step)
    around = [share * (1 + look.step * i) for share in shares for i in range(-steps, steps + 1)]
    found = [one for share in around if (one := scene.find(copy, share)) is not None]
    found.sort(key=lambda one: -one.agreement)
    return found[: look.kept]


def _agreement(copy: Image.Image, picture: Image.Image, place: Place) -> float:
    """Return the mean correlation of all blocks that have detail in either of the two."""
    shown = max(place.width * picture.width, place.height * picture.height)
    shown *= min(1.0, _CLOSE[-1].side / max(picture.size))
    scale = min(1.0, shown / max(copy.size))
    width, height = (max(_BLOCKS, round(length * scale)) for length in copy.size)
    ours = _detail(np.asarray(copy.resize((width, height), Image.Resampling.BOX), np.float32))
    theirs = _detail(np.asarray(cut(picture, place, (width, height)), np.float32))
    scores = list[float]()
    for a, b in zip(_blocks(ours), _blocks(theirs), strict=True):
        own, there = float((a * a).mean()), float((b * b).mean())
        if max(own, there) > _LINES:
            scores.append(float((a * b).mean()) / ((own + _GRAIN) * (there + _GRAIN)) ** 0.5)
    return sum(scores) / max(len(scores), _FEW)


def _blocks(detail: Gray) -> list[Gray]:
    return [
        part
        for rows in np.array_split(detail, _BLOCKS)
        for part in np.array_split(rows, _BLOCKS, 1)
    ]


def _no_finer(side: int, copy: Image.Image, picture: Image.Image, share: float) -> int:
    """Return a long side at which neither the copy nor the picture has to be enlarged."""
    return int(min(side, max(picture.size), max(copy.size) / share))


class _Scene:
    """The detail of a picture at one size, to find templates in."""

    def __init__(self, picture: Image.Image, side: int) -> None:
        scale = side / max(picture.size)
        size = tuple(max(1, round(length * scale)) for length in picture.size)
        small = picture.resize((size[0], size[1]), Image.Resampling.BOX)
        detail = _detail(np.asarray(small, np.float32))
        self.side, self.height, self.width = side, *detail.shape
        self._spectrum = np.fft.rfft2(detail)
        self._squares = np.zeros((self.height + 1, self.width + 1))
        self._squares[1:, 1:] = (detail.astype(np.float64) ** 2).cumsum(0).cumsum(1)

    def find(self, copy: Image.Image, share: float) -> _Found | None:
        """Return where the copy agrees best at a share of the long side; None: it has no room."""
        scale = share * self.side / max(copy.size)
        template = at_scale(copy, scale, _SMALLEST)
        if template is None or template.shape[0] > self.height or template.shape[1] > self.width:
            return None
        agree = self._agree(_detail(template))
        y, x = np.unravel_index(int(agree.argmax()), agree.shape)
        corner = _peak(agree[y, :], int(x)), _peak(agree[:, x], int(y))
        return _Found(float(agree[y, x]), share, self._box(corner, copy, scale))

    def _agree(self, template: Gray) -> Gray:
        """Return the correlation at every place that has room for the template."""
        height, width = template.shape
        framed = np.zeros((self.height, self.width), np.float32)
        framed[:height, :width] = template
        spectrum = self._spectrum * np.conj(np.fft.rfft2(framed))
        agree = np.fft.irfft2(spectrum, s=framed.shape)
        s = self._squares
        there = s[height:, width:] - s[:-height, width:] - s[height:, :-width]
        there = np.maximum(there + s[:-height, :-width], 0) + _GRAIN * template.size
        own = float((template.astype(np.float64) ** 2).sum()) + _GRAIN * template.size
        found: Gray = agree[: there.shape[0], : there.shape[1]] / np.sqrt(there * own)
        return found

    def _box(
        self, corner: tuple[float, float], copy: Image.Image, scale: float
    ) -> tuple[float, float, float, float]:
        """Return shares of the picture's sides. The template was cut to whole pixels on all sides
        alike, so the copy begins a little before it."""
        width, height = (length * scale for length in copy.size)
        left = corner[0] - (width - int(width + 1e-6)) / 2
        top = corner[1] - (height - int(height + 1e-6)) / 2
        across, down = self.width, self.height
        return left / across, top / down, width / across, height / down


def _detail(values: Gray) -> Gray:
    """Return what is finer than the blur."""
    image = Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))
    blurred = np.asarray(image.filter(ImageFilter.GaussianBlur(_BLUR)), np.float32)
    found: Gray = values - blurred
    return found


def _peak(line: Sequence[float] | Gray, at: int) -> float:
    """Return where between its neighbours a maximum lies, by the parabola through the three."""
    if not 0 < at < len(line) - 1:
        return float(at)
    before, here, after = (float(line[i]) for i in (at - 1, at, at + 1))
    bend = before - 2 * here + after
    return at if bend >= 0 else at + 0.5 * (before - after) / bend
