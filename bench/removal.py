"""Attackers that erase a mark from a collection of pictures that all bear it.

`estimated` is the attack of Dekel et al. (CVPR 2017): what all pictures share in one place, the
median of their gradients, is the mark; solved back (Poisson) it gives the mark's opacity, which
is then undone. `placed` also registers: it is told text, font, and where, how large and at which
angle every single mark lies, as if somebody had laid a clean copy over each by hand; what is left
to it is to follow the bend by block matching. Both get what nobody has: the opacity that erases
best, picked by looking at the unmarked picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]

_DENSE = 3  # pixels: a search no wider looks at every displacement
OPACITIES = np.linspace(0, 1.6, 17)  # factors of an estimated opacity
CHANGED = 2 / 255  # a pixel that the mark changed by more is the marked region's


@dataclass(frozen=True)
class Marked:
    """A picture before and after it was marked, (H, W, 3) in [0, 1]."""

    plain: Floats
    marked: Floats

    @cached_property
    def region(self) -> NDArray[np.bool_]:
        """(H, W): where the mark is."""
        return np.asarray(np.abs(self.marked - self.plain).max(-1) > CHANGED)

    @cached_property
    def error(self) -> float:
        """The mean square of what the mark changed, in the region."""
        return self._error(self.marked)

    def gain(self, attacked: Floats) -> float:
        """Return by how many dB the attacked picture is nearer to the plain one, in the region."""
        return 10 * float(np.log10(self.error / max(self._error(attacked), 1e-9)))

    def _error(self, picture: Floats) -> float:
        return float(((picture[self.region] - self.plain[self.region]) ** 2).mean())


@dataclass(frozen=True)
class Copy:
    """A clean copy of one mark, laid over a picture: coverage (h, w) in [0, 1] of letters and
    outline, its upper left corner, the mark's unit in pixels, and how far its bend may reach."""

    body: Floats
    ring: Floats
    left: int
    top: int
    unit: float
    reach: float


def luma(picture: Floats) -> Floats:
    """Return (H, W) brightness."""
    return np.asarray(picture @ np.array([0.299, 0.587, 0.114]))


def estimated(pictures: Sequence[Marked]) -> list[Floats]:
    """Return the pictures without what they share."""
    grays = np.stack([luma(p.marked) for p in pictures])
    shared = _solved(
        np.median(np.diff(grays, axis=2, append=grays[:, :, -1:]), axis=0),
        np.median(np.diff(grays, axis=1, append=grays[:, -1:, :]), axis=0),
    )
    shared -= np.median(shared)
    level = blurred(grays.mean(0), 0.03 * min(shared.shape))
    # A mark of white and black: what is lighter than the mean picture is white's share.
    white = np.clip(shared, 0, None) / np.clip(1 - level, 0.05, None)
    black = np.clip(-shared, 0, None) / np.clip(level, 0.05, None)
    return [_best(p, white, black) for p in pictures]


def _solved(across: Floats, down: Floats) -> Floats:
    """Return the plane whose forward differences are nearest to these, by Poisson's equation."""
    height, width = across.shape
    divergence = np.diff(across, axis=1, prepend=0.0) + np.diff(down, axis=0, prepend=0.0)
    mirrored = np.block(
        [[divergence, divergence[:, ::-1]], [divergence[::-1], divergence[::-1, ::-1]]]
    )
    y, x = (2 - 2 * np.cos(2 * np.pi * np.fft.fftfreq(n)) for n in mirrored.shape)
    power = y[:, None] + x[None, :]
    power[0, 0] = 1
    spectrum = np.fft.fft2(mirrored) / -power
    spectrum[0, 0] = 0
    return np.asarray(np.fft.ifft2(spectrum).real[:height, :width])


def _best(picture: Marked, white: Floats, black: Floats) -> Floats:
    tries = (_without(picture.marked, o * white, o * black) for o in OPACITIES)
    return max(tries, key=picture.gain)


def _without(marked: Floats, white: Floats, black: Floats) -> Floats:
    """Undo a blend with white and black of these opacities."""
    opacity = np.clip(white + black, 0, 0.95)
    return np.clip((marked - np.minimum(white, 0.95)[..., None]) / (1 - opacity[..., None]), 0, 1)


def placed(picture: Marked, copies: Sequence[Copy], *, follow: bool = True) -> Floats:
    """Return the picture with every copy bent to fit (`follow`) and subtracted."""
    result = picture.marked.copy()
    for copy in copies:
        _erase(picture, copy, result, follow=follow)
    return result


def _erase(picture: Marked, copy: Copy, result: Floats, *, follow: bool) -> None:
    shape = copy.body.shape
    top, left = max(0, copy.top), max(0, copy.left)
    bottom = min(result.shape[0], copy.top + shape[0])
    right = min(result.shape[1], copy.left + shape[1])
    if bottom - top < 4 or right - left < 4:
        return
    here = np.s_[top:bottom, left:right]
    own = np.s_[top - copy.top : bottom - copy.top, left - copy.left : right - copy.left]
    body, ring = copy.body[own], copy.ring[own]
    truth, seen = picture.plain[here], result[here].copy()
    sign = _tone(luma(seen), body - ring, copy.unit)
    if follow:
        body, ring = _bent(luma(seen), body, ring, sign, copy)
    tries = seen, _fitted(seen, truth, body, ring, sign)
    result[here] = min(tries, key=lambda t: float(((t - truth) ** 2).sum()))


def _tone(seen: Floats, shape: Floats, unit: float) -> int:
    """Return 1 where the letters are lighter than their ground, -1 where they are darker."""
    sharp = seen - blurred(seen, 0.4 * unit)
    return 1 if float((sharp * shape).sum()) >= 0 else -1


def _fitted(seen: Floats, truth: Floats, body: Floats, ring: Floats, sign: int) -> Floats:
    """Return the patch without a mark of the two opacities that explain it best."""
    tones = (1.0, 0.0) if sign > 0 else (0.0, 1.0)
    layers = [
        layer[..., None] * (tone - truth)
        for layer, tone in zip((body, ring), tones, strict=True)
        if layer.any()
    ]
    if not layers:
        return seen
    columns = np.stack([layer.ravel() for layer in layers], -1)
    found = np.linalg.lstsq(columns, (seen - truth).ravel(), rcond=None)[0].clip(0, 0.9)
    inner, outer = (*found, 0.0)[:2]
    shares = inner * body, outer * ring
    return _without(seen, *(shares if sign > 0 else shares[::-1]))


def _bent(
    seen: Floats, body: Floats, ring: Floats, sign: int, copy: Copy
) -> tuple[Floats, Floats]:
    """Return body and ring moved, part by part, to where the picture looks most like them."""
    flow = np.zeros((*seen.shape, 2))
    sharp = seen - blurred(seen, 0.4 * copy.unit)
    for window, share in ((0.9, 1.0), (0.45, 0.5), (0.25, 0.3)):
        shape = moved(sign * (body - ring), flow)
        flow = flow + _matched(
            sharp, shape - blurred(shape, 0.4 * copy.unit), window * copy.unit, share * copy.reach
        )
        flow = np.stack(
            [blurred(f, 0.6 * window * copy.unit) for f in (flow[..., 0], flow[..., 1])], -1
        )
    return moved(body, flow), moved(ring, flow)


def _matched(seen: Floats, shape: Floats, window: float, reach: float) -> Floats:
    """Return (h, w, 2) by how much (y, x) the shape must move, around each pixel, to fit."""
    most = max(1, round(reach))
    step = 1 if most <= _DENSE else 2  # finer passes follow
    best = np.full(seen.shape, -np.inf)
    flow = np.zeros((*seen.shape, 2))
    power = np.sqrt(blurred(shape**2, window) + 1e-4)
    for dy in range(-most, most + 1, step):
        for dx in range(-most, most + 1, step):
            here = np.roll(shape, (dy, dx), (0, 1))
            fit = blurred(seen * here, window) / np.roll(power, (dy, dx), (0, 1))
            better = fit > best + 1e-9
            best[better] = fit[better]
            flow[better] = dy, dx
    return flow


def moved(plane: Floats, flow: Floats) -> Floats:
    """Return the plane moved by (h, w, 2) pixels (y, x); between pixels linearly."""
    height, width = plane.shape
    y, x = np.mgrid[:height, :width]
    y = np.clip(y - flow[..., 0], 0, height - 1)
    x = np.clip(x - flow[..., 1], 0, width - 1)
    top, left = np.minimum(y.astype(int), height - 2), np.minimum(x.astype(int), width - 2)
    down, across = y - top, x - left
    upper = plane[top, left] * (1 - across) + plane[top, left + 1] * across
    lower = plane[top + 1, left] * (1 - across) + plane[top + 1, left + 1] * across
    return np.asarray(upper * (1 - down) + lower * down)


def blurred(plane: Floats, reach: float) -> Floats:
    """Return the plane averaged over a square of about twice the reach, its edges repeated."""
    side = 2 * max(1, round(reach)) + 1
    return np.asarray(ndimage.uniform_filter(plane, side, mode="nearest"))
