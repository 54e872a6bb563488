"""Small pictures made by code, and the scene that steps are given."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from postguard.imaging import Picture
from postguard.model import Artist
from postguard.protect.lettering import Lettering
from postguard.protect.steps import Scene


def scene_of(
    seed: str = "seed", langs: tuple[str, ...] = ("en",), name: str = "山田花子"
) -> Scene:
    return Scene(
        artist=Artist(name, f"© 2026 {name}", langs=langs),
        alt="",
        description="",
        seed=hashlib.sha256(seed.encode()).digest(),
        year=2026,
        work=Path(),
        engine=None,
        on_fraction=lambda _: None,
    )


def plain(width: int, height: int, value: int | tuple[int, int, int]) -> Picture:
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:] = value
    return Picture(pixels, gray=isinstance(value, int))


def busy(width: int, height: int, seed: int = 0) -> Picture:
    rng = np.random.default_rng(seed)
    return Picture(rng.integers(0, 256, (height, width, 3), np.uint8))


def cut_out(width: int, height: int, colour: tuple[int, int, int] = (240, 150, 170)) -> Picture:
    """An ellipse of one colour on transparent ground, soft at its rim."""
    y, x = np.mgrid[:height, :width]
    radius = np.hypot((x - width / 2) / (0.4 * width), (y - height / 2) / (0.4 * height))
    alpha = np.clip(255 * (1 - radius) * 8, 0, 255).astype(np.uint8)
    pixels = np.where(alpha[..., None] > 0, np.array(colour, np.uint8), np.uint8(0))
    return Picture(pixels, alpha)


@st.composite
def pictures(draw: st.DrawFn, most: int = 260) -> Picture:
    """Any shape from 1x1, long strips among them; plain, busy, gray, with or without alpha."""
    side = st.integers(1, most)
    width, height = draw(
        st.one_of(st.tuples(side, side), st.sampled_from([(12_000, 40), (40, 12_000), (1, 900)]))
    )
    picture = busy(width, height, draw(st.integers(0, 9)))
    if draw(st.booleans()):
        picture = plain(width, height, draw(st.integers(0, 255)))
    if draw(st.booleans()):
        rng = np.random.default_rng(1)
        alpha = rng.choice(np.array([0, 90, 255], np.uint8), (height, width))
        pixels = np.where(alpha[..., None] > 0, picture.pixels, np.uint8(0))
        return Picture(pixels, alpha, picture.gray)
    return picture


@pytest.fixture(scope="session")
def no_fonts() -> Lettering:
    """Lettering as on a machine where fontconfig knows no font at all."""
    return Lettering(lambda characters: [])
