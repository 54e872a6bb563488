"""Outlines in units of the subject: (N,2), x to the right, y down, the subject in [-1,1]."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Corners = Sequence[tuple[float, float]] | Points


def curve(corners: Corners, *, closed: bool = True, fine: int = 8) -> Points:
    """Return a smooth line through the corners (Catmull and Rom, 1974)."""
    points = np.asarray(corners, float)
    ends = (points[-1:], points[:2]) if closed else (points[:1], points[-1:])
    p = np.concatenate([ends[0], points, ends[1]])
    t = np.linspace(0, 1, fine, endpoint=False)[:, None, None]
    a, b, c, d = p[:-3], p[1:-2], p[2:-1], p[3:]
    line = b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    smooth: Points = line.transpose(1, 0, 2).reshape(-1, 2)
    return smooth if closed else np.concatenate([smooth, points[-1:]])


def symmetric(right: Corners) -> Points:
    """Return the closed outline of which this is the right half, from top to bottom."""
    half = np.asarray(right, float)
    return np.concatenate([half, (half * (-1, 1))[::-1]])


def ellipse(x: float, y: float, wide: float, high: float, turn: float = 0.0) -> Points:
    """Return an ellipse of half-axes `wide` and `high`, turned by radians."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    points = np.stack([wide * np.cos(angle), high * np.sin(angle)], 1)
    return moved(turned(points, turn), x, y)


def box(left: float, top: float, right: float, bottom: float) -> Points:
    """Return a rectangle."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def turned(points: Corners, angle: float) -> Points:
    """Return the points turned about the origin, clockwise as seen."""
    c, s = np.cos(angle), np.sin(angle)
    around: Points = np.asarray(points, float) @ np.array([(c, s), (-s, c)])
    return around


def mirrored(points: Corners, side: int) -> Points:
    """Return the points, or for side -1 their mirror image on the left."""
    reflected: Points = np.asarray(points, float) * np.array((side, 1))
    return reflected


def moved(points: Points, x: float, y: float) -> Points:
    """Return the points moved by (x, y)."""
    there: Points = points + np.array((x, y))
    return there


def ribbon(corners: Corners, start: float, end: float | None = None) -> Points:
    """Return the outline of a smooth band along the corners, as wide as told at its ends."""
    line = curve(corners, closed=False)
    along = np.gradient(line, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    width = np.linspace(start, start if end is None else end, len(line))[:, None] / 2
    across = along[:, ::-1] * (-1, 1) * width
    return np.concatenate([line + across, (line - across)[::-1]])


def jagged(outline: Points, rng: np.random.Generator, depth: float) -> Points:
    """Return the outline roughened as fur, leaves or rock are, by up to `depth`."""
    steps = np.diff(outline, axis=0, append=outline[:1])
    counts = np.maximum(1, (np.linalg.norm(steps, axis=1) / (1.5 * depth)).astype(int))
    start, step = np.repeat(outline, counts, 0), np.repeat(steps / counts[:, None], counts, 0)
    place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    rough: Points = start + step * place[:, None] + rng.uniform(-depth, depth, (len(start), 2))
    return rough
