"""The scenes of the training pictures: each draws one kind of art on a square of `side` px."""

from __future__ import annotations

import colorsys
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from tools.train import pictures_ink as ink
from tools.train.pictures_ink import Colour, Points, Rng

Plane = NDArray[np.float32]
_CEL_SHADE, _CEL_LIGHT = 0.72, 1.18


def colour(rng: Rng, light: float | None = None) -> Colour:
    """Return a colour; near `light` in [0,1] where told. Muted ones come more often."""
    tone = rng.beta(1.6, 1.4) if light is None else float(np.clip(rng.normal(light, 0.1), 0, 1))
    red, green, blue = colorsys.hls_to_rgb(rng.random(), tone, rng.beta(1.5, 1.8))
    return round(255 * red), round(255 * green), round(255 * blue)


def palette(rng: Rng) -> list[Colour]:
    """Return five to eight colours of one mood: hues near each other, and one against them."""
    hue, spread, rich = rng.random(), rng.uniform(0.03, 0.2), rng.beta(2, 1.6)
    found = []
    for _ in range(rng.integers(5, 9)):
        turn = hue + (0.5 if rng.random() < 0.2 else rng.normal(0, spread))
        rgb = colorsys.hls_to_rgb(turn % 1, rng.uniform(0.1, 0.95), rich * rng.uniform(0.5, 1))
        found.append((round(255 * rgb[0]), round(255 * rgb[1]), round(255 * rgb[2])))
    return found


def toned(base: Colour, tone: float) -> Colour:
    """Return a colour darker (below 1) or lighter."""
    red, green, blue = (min(255, round(c * tone)) for c in base)
    return red, green, blue


def noise(rng: Rng, side: int, cells: float, stretch: float = 1.0) -> Plane:
    """Return (side,side) smooth noise in about [0,1] with so many humps across."""
    count = max(2, round(cells)), max(2, round(cells * stretch))
    grid = Image.fromarray(rng.random(count, np.float32))
    return np.asarray(grid.resize((side, side), Image.Resampling.BICUBIC), np.float32)


def clouds(rng: Rng, side: int, cells: float, octaves: int = 5) -> Plane:
    """Return (side,side) noise on many scales in [0,1]."""
    stretch = rng.uniform(0.4, 2.5)
    layers = [
        noise(rng, side, cells * 2**k, stretch) * 0.55**k
        for k in range(octaves)
        if k == 0 or cells * 2**k < side
    ]
    total: Plane = np.sum(layers, 0)
    low, high = float(total.min()), float(total.max())
    return (total - low) / max(high - low, 1e-6)


def gradients(rng: Rng, side: int) -> Image.Image:
    """Soft light: a linear or a round gradient over a few colours, softly clouded."""
    shades = np.array(palette(rng), np.float32)[: rng.integers(2, 5)]
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32) / side
    if rng.random() < 0.6:
        angle = rng.uniform(0, 2 * math.pi)
        way = rows * math.sin(angle) + columns * math.cos(angle)
    else:
        way = np.hypot(rows - rng.random(), columns - rng.random())
    way = (way - way.min()) / (way.max() - way.min())
    if rng.random() < 0.5:
        way = (way + rng.uniform(0, 0.25) * clouds(rng, side, rng.uniform(2, 6))).clip(0, 1)
    return _mapped(way, shades)


def leaves(rng: Rng, side: int) -> Image.Image:
    """Dead leaves: shapes of all sizes over one another, each flat, faded or rough."""
    shades = palette(rng)
    image = Image.new("RGB", (side, side), shades[0])
    pen = ImageDraw.Draw(image)
    rough = _mapped(clouds(rng, side, rng.uniform(4, 40)), np.array(palette(rng), np.float32))
    line = (colour(rng, 0.1), int(rng.integers(1, 6))) if rng.random() < 0.3 else (None, 0)
    for _ in range(rng.integers(30, 180)):
        size = min(side * 0.02 / rng.random() ** 0.7, side * 0.4)
        points = _form(rng, side, size)
        if rng.random() < 0.12:
            image.paste(rough, mask=_mask(points, side))
        else:
            ink.filled(pen, points, toned(_one(rng, shades), rng.uniform(0.6, 1.3)), *line)
    return image


def cartoon(rng: Rng, side: int) -> Image.Image:
    """Flat cartoon: cel-shaded shapes with hard outlines and soft shadows on a calm ground."""
    shades = palette(rng)
    image = (
        gradients(rng, side) if rng.random() < 0.6 else Image.new("RGB", (side, side), shades[0])
    )
    dark, width = colour(rng, 0.08), int(rng.integers(0, max(3, side // 60)))
    soft = rng.random() < 0.6
    for _ in range(rng.integers(3, 16)):
        points = _form(rng, side, side * rng.uniform(0.05, 0.35))
        if soft:
            _shadow(rng, image, points)
        _cel(rng, image, points, _one(rng, shades))
        if width:
            ink.filled(ImageDraw.Draw(image), points, None, dark, width)
    return image


def figure(rng: Rng, side: int) -> Image.Image:
    """A drawn face: hair in locks, large eyes, cel shade; the subject of much posted art."""
    image = (cartoon, gradients, hills)[rng.integers(3)](rng, side)
    skin = toned((245, 214, 190), rng.uniform(0.4, 1.04))
    hair, dark = colour(rng), colour(rng, 0.08)
    width = max(1, round(side * rng.uniform(0.003, 0.012)))
    x, y, r = (
        side * rng.uniform(0.3, 0.7),
        side * rng.uniform(0.35, 0.65),
        side * rng.uniform(0.15, 0.4),
    )
    for _ in range(rng.integers(4, 10)):
        lock = ink.blob(rng, (x + rng.normal() * r * 0.7, y - r * rng.uniform(-0.9, 0.9)), r * 0.6)
        _outlined(rng, image, lock, hair, (dark, width))
    turn = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    chin = np.where(np.sin(turn) > 0, 1.15, 0.9)
    face = np.stack([np.cos(turn) * 0.85, np.sin(turn) * chin], 1) * r + (x, y)
    _outlined(rng, image, face, skin, (dark, width))
    pen = ImageDraw.Draw(image)
    for at in (-1, 1):
        _eye(rng, pen, (x + at * r * 0.38, y + r * 0.15), r * rng.uniform(0.16, 0.28), dark)
    mouth = np.array(
        [(x - r * 0.18, y + r * 0.68), (x, y + r * 0.75), (x + r * 0.2, y + r * 0.66)]
    )
    ink.pen_line(pen, mouth, dark, width * 1.5)
    for k in np.linspace(-0.9, 0.9, int(rng.integers(3, 8))):
        tip = (x + k * r + rng.normal() * r * 0.1, y - r * rng.uniform(-0.15, 0.35))
        fringe = np.array([(x + (k - 0.3) * r, y - r), tip, (x + (k + 0.35) * r, y - r * 1.05)])
        _outlined(rng, image, fringe, hair, (dark, width))
    return image


def painting(rng: Rng, side: int) -> Image.Image:
    """Brush work: strokes along a flow, coloured by blurred shapes beneath, coarse ones first."""
    under = (leaves, hills, gradients)[rng.integers(3)](rng, max(side // 8, 16))
    base = np.asarray(under.resize((side, side), Image.Resampling.BICUBIC))
    image = Image.fromarray(base).filter(ImageFilter.GaussianBlur(side / 60))
    pen = ImageDraw.Draw(image)
    flow = noise(rng, side, rng.uniform(2, 7)) * 2 * math.pi
    wide, long = side * rng.uniform(0.006, 0.03), rng.uniform(1.5, 7)
    for finer in (1.0, 0.6, 0.35)[: rng.integers(1, 4)]:
        count = int(min(1.1 * side * side / (wide * finer) ** 2 / long, 900))
        ys, xs = rng.integers(0, side, (2, count))
        angles = flow[ys, xs] + rng.normal(0, 0.25, count)
        tones = rng.normal(1, 0.12, count)
        steps = np.stack([np.cos(angles), np.sin(angles)], 1) * wide * finer * long / 2
        for x, y, step, tone in zip(xs, ys, steps, tones, strict=True):
            ends = (x - step[0], y - step[1], x + step[0], y + step[1])
            red, green, blue = base[y, x].tolist()
            pen.line(ends, fill=toned((red, green, blue), tone), width=max(1, round(wide * finer)))
    return image.filter(ImageFilter.GaussianBlur(0.8)) if rng.random() < 0.5 else image


def hills(rng: Rng, side: int) -> Image.Image:
    """A landscape: sky, and ridges that grow darker and rougher towards the viewer."""
    image = gradients(rng, side)
    pen = ImageDraw.Draw(image)
    shades = palette(rng)
    far, near = (np.array(_one(rng, shades), np.float32) for _ in range(2))
    count = int(rng.integers(2, 8))
    across = np.arange(0, side + 8, 8)
    for k in range(count):
        share = (k + 1) / count
        ridge = side * (0.25 + 0.6 * share) + np.zeros(across.shape)
        for wave in range(1, 7):
            high = side * 0.12 / wave ** rng.uniform(0.8, 1.6)
            turn = across / side * wave * math.pi * rng.uniform(0.7, 2)
            ridge = ridge + high * rng.normal() * np.sin(turn + rng.uniform(0, 6.3))
        red, green, blue = (far + (near - far) * share).astype(int).tolist()
        line = np.stack([across, ridge], 1).ravel().tolist()
        pen.polygon([0, side, *line, side + 8, side], fill=(red, green, blue))
    if rng.random() < 0.4:
        _trees(rng, pen, side, toned(_one(rng, shades), 0.6))
    if rng.random() < 0.3:
        return _textured(rng, image, rng.uniform(0.1, 0.4))
    return image


def line_art(rng: Rng, side: int) -> Image.Image:
    """Pen on paper: curves, outlined shapes and hatching, now and then flatly coloured."""
    image = Image.new("RGB", (side, side), colour(rng, 0.95))
    pen = ImageDraw.Draw(image)
    dark, width = colour(rng, 0.1), side * rng.uniform(0.003, 0.02)
    shades = palette(rng) if rng.random() < 0.3 else []
    for _ in range(rng.integers(2, 10)):
        fill = _one(rng, shades) if shades else None
        points = _form(rng, side, side * rng.uniform(0.05, 0.35))
        ink.filled(pen, points, fill, dark, max(1, round(width)))
    for _ in range(rng.integers(4, 40)):
        ink.pen_line(pen, ink.curve(rng, side), dark, width * rng.uniform(0.5, 2))
    for _ in range(rng.integers(0, 6)):
        ink.hatching(rng, pen, side, dark)
    return image


def manga(rng: Rng, side: int) -> Image.Image:
    """Ink and screentone: line art whose shapes are filled with dots, panels and speech."""
    image = line_art(rng, side).convert("L").convert("RGB")
    tone = clouds(rng, side, rng.uniform(1, 4)) * np.float32(rng.uniform(0.3, 0.9))
    dots = ink.screentone(rng, (side, side), tone)
    toned_image = Image.fromarray(np.where(dots[..., None], 20, 250).astype(np.uint8).repeat(3, 2))
    pen = ImageDraw.Draw(image)
    for _ in range(rng.integers(1, 6)):
        points = _form(rng, side, side * rng.uniform(0.1, 0.5))
        image.paste(toned_image, mask=_mask(points, side))
        ink.filled(pen, points, None, (15, 15, 15), max(1, side // 90))
    if rng.random() < 0.5:
        balloon = ink.blob(rng, tuple(rng.uniform(0.2, 0.8, 2) * side), side * 0.2, 0.08)
        ink.filled(pen, balloon, (252, 252, 252), (10, 10, 10), max(2, side // 100))
        ink.lettering(rng, image, (10, 10, 10), None)
    if rng.random() < 0.4:
        cut = int(rng.uniform(0.2, 0.8) * side)
        pen.rectangle((cut, -9, cut + side // 30, side + 9), (252, 252, 252), (10, 10, 10), 3)
    return image


def textures(rng: Rng, side: int) -> Image.Image:
    """Surfaces: clouds, paper, cloth and stone in the colours of a palette."""
    plane = clouds(rng, side, rng.uniform(2, 30), octaves=int(rng.integers(2, 7)))
    if rng.random() < 0.5:
        plane = 1 - np.abs(2 * plane - 1)
    return _mapped(plane, np.array(palette(rng), np.float32))


def _form(rng: Rng, side: int, size: float) -> Points:
    x, y = rng.uniform(-0.1, 1.1, 2) * side
    make = ink.polygon if rng.random() < 0.3 else ink.blob
    return make(rng, (float(x), float(y)), size)


def _one(rng: Rng, shades: list[Colour]) -> Colour:
    return shades[rng.integers(len(shades))]


def _mask(points: Points, side: int) -> Image.Image:
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).polygon(points.ravel().tolist(), fill=255)
    return mask


def _mapped(way: Plane, shades: NDArray[np.float32]) -> Image.Image:
    """Colour a plane in [0,1] by a run of colours."""
    stops = np.linspace(0, 1, len(shades))
    table = np.stack([np.interp(np.linspace(0, 1, 1024), stops, c) for c in shades.T], 1)
    return Image.fromarray(np.rint(table).astype(np.uint8)[(way * 1023).astype(np.int16)])


def _cel(rng: Rng, image: Image.Image, points: Points, base: Colour) -> None:
    """Fill a shape with its colour, a shade on one side and a light on the other."""
    mask = _mask(points, image.width)
    image.paste(base, mask=mask)
    size = np.ptp(points, axis=0).mean()
    away = rng.normal(0, 0.16 * size, 2)
    moved = ImageChops.subtract(mask, _mask(points + away, image.width))
    image.paste(toned(base, _CEL_SHADE), mask=moved)
    if rng.random() < 0.4:
        light = ink.blob(rng, tuple(points.mean(0) + away), size * 0.12)
        inside = ImageChops.multiply(mask, _mask(light, image.width))
        image.paste(toned(base, _CEL_LIGHT), mask=inside)


def _outlined(
    rng: Rng, image: Image.Image, points: Points, base: Colour, line: tuple[Colour, int]
) -> None:
    _cel(rng, image, points, base)
    ink.filled(ImageDraw.Draw(image), points, None, *line)


def _eye(
    rng: Rng, pen: ImageDraw.ImageDraw, at: tuple[float, float], size: float, dark: Colour
) -> None:
    x, y = at
    for scale, fill in ((1.0, (250, 250, 250)), (0.85, colour(rng, 0.45)), (0.5, dark)):
        wide, high = size * 0.7 * scale, size * scale
        pen.ellipse((x - wide, y - high, x + wide, y + high), fill=fill)
    bright = size * 0.25
    pen.ellipse((x - bright, y - size * 0.6, x, y - size * 0.6 + bright), fill=(255, 255, 255))
    lid = np.array([(x - size * 0.9, y - size * 0.5), (x, y - size), (x + size, y - size * 0.5)])
    ink.pen_line(pen, lid, dark, size * 0.3)


def _shadow(rng: Rng, image: Image.Image, points: Points) -> None:
    """Darken what lies under a shape, softly; computed small, for it is smooth."""
    small = max(image.width // 8, 8)
    mask = _mask((points + image.width * rng.uniform(0, 0.05, 2)) / 8, small)
    soft = mask.filter(ImageFilter.GaussianBlur(rng.uniform(0.8, 3)))
    soft = soft.resize(image.size, Image.Resampling.BILINEAR)
    image.paste((20, 20, 40), mask=soft.point([round(v * 0.4) for v in range(256)]))


def _trees(rng: Rng, pen: ImageDraw.ImageDraw, side: int, dark: Colour) -> None:
    for _ in range(rng.integers(3, 30)):
        x, foot = rng.uniform(0, side), rng.uniform(0.6, 1.0) * side
        high = side * rng.uniform(0.05, 0.3)
        half = high * rng.uniform(0.12, 0.3)
        pen.polygon([x - half, foot, x, foot - high, x + half, foot], fill=dark)


def _textured(rng: Rng, image: Image.Image, share: float) -> Image.Image:
    """Lay paper or canvas over a picture."""
    side = image.width
    grain = noise(rng, side, side / rng.uniform(1.5, 6), rng.uniform(0.3, 3))
    lit = np.asarray(image, np.float32) * (1 + share * (grain[..., None] - 0.5))
    return Image.fromarray(lit.clip(0, 255).astype(np.uint8))
