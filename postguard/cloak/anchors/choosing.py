"""Finds the picture that stands for a concept: one of the artist's own, else one that we draw."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postguard.cloak.anchors.drawing import SUBJECTS, draw
from postguard.errors import BadPicture, PostguardError
from postguard.imaging import flatten, open_picture, read
from postguard.language import _

Pixels = NDArray[np.uint8]
NAMES = tuple(SUBJECTS)
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff", ".gif")
_MEGAPIXELS = 1000.0  # the artist chose the picture: whatever opens is taken


class UnknownAnchor(PostguardError):  # noqa: N818  # named as its kin in errors are
    """There is no such anchor, or its picture cannot be opened; says what to do."""


def anchor(
    name: str, size: tuple[int, int], rng: np.random.Generator, folder: Path | None
) -> Pixels:
    """Return the picture of a concept, (height, width, 3) uint8 of exactly `size`.

    Args:
        name: as the table of concepts writes it.
        size: (height, width).
        folder: of the artist's own anchors: `cat.png`, or any pictures in `cat/`.

    Raises:
        UnknownAnchor: nobody has such a picture, or the artist's own cannot be opened.
    """
    if folder is not None and (own := _own(name, folder)):
        return _fitted(_opened(own[rng.integers(len(own))]), size)
    if name in SUBJECTS:
        return draw(name, size, rng)
    where = str(folder) if folder is not None else _("a folder of anchors")
    raise UnknownAnchor(
        _(
            "there is no picture for the anchor {name}: put {name}.png in {where}, or write one "
            "of {names} in concepts.toml"
        ).format(name=name, where=where, names=", ".join(NAMES))
    )


def is_own(name: str, folder: Path | None) -> bool:
    """Return whether the artist has a picture of a concept."""
    return folder is not None and bool(_own(name, folder))


def _own(name: str, folder: Path) -> list[Path]:
    """Return the artist's pictures for a name, in the order of their names."""
    named = [path for path in _inside(folder) if _folded(path.stem) == _folded(name)]
    alone = [path for path in named if not path.is_dir()]
    shelves = [
        path for path in _inside(folder) if path.is_dir() and _folded(path.name) == _folded(name)
    ]
    return [
        path
        for path in (*alone, *(p for shelf in shelves for p in _inside(shelf)))
        if _is_picture(path)
    ]


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as exc:
        said = _("{name} cannot be read: {strerror}")
        raise UnknownAnchor(said.format(name=folder, strerror=exc.strerror or exc)) from exc


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()


def _folded(name: str) -> str:
    """Return a name as it is compared: some systems write ペ in one character, some in two."""
    return unicodedata.normalize("NFKC", name).casefold()


def _opened(path: Path) -> Pixels:
    try:
        data = read(path, _MEGAPIXELS)
        return flatten(open_picture(data, max_megapixels=_MEGAPIXELS)).pixels
    except BadPicture as exc:
        said = _("the anchor {path} cannot be used: {exc}").format(path=path, exc=exc)
        raise UnknownAnchor(said) from exc


def _fitted(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Cut the middle out in the aspect of `size`, and resize it (Lanczos)."""
    height, width = pixels.shape[:2]
    share = min(height / size[0], width / size[1])
    high, wide = size[0] * share, size[1] * share
    left, top = (width - wide) / 2, (height - high) / 2
    image = Image.fromarray(np.ascontiguousarray(pixels))
    box = (left, top, left + wide, top + high)
    return np.asarray(image.resize(size[::-1], Image.Resampling.LANCZOS, box=box))
