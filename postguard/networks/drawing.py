"""Draws the pictures of a preview in a process of its own: `python -m postguard.networks.drawing`.

It reads one job as JSON from its input and prints what it drew, so the daemon carries neither
Pillow nor anybody's canvas.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from postguard.errors import BadPicture
from postguard.networks.mastodon.instance import KEPT_PIXELS
from postguard.system import files, wire

if TYPE_CHECKING:
    from PIL.Image import Image

# Bluesky's image service is closed; its presets are published as WebP inside these sides
# (atproto, packages/bsky/src/image/uri.ts), the quality is a guess at what is seen.
BLUESKY_FEED, BLUESKY_OPENED = 2000, 1000
BLUESKY_QUALITY = 80
MASTODON_QUALITY = 90
COMPARED_SIDE, COMPARED_QUALITY = 1400, 90


@dataclass(frozen=True, slots=True)
class Pair:
    """One picture: the protected file, and the artist's original where it is still there.

    Attributes:
        art: share of the protected file's height that is art; a strip with the notice is below.
    """

    rendition: Path
    original: Path | None
    art: float = 1.0


@dataclass(frozen=True, slots=True)
class Job:
    """What to draw, and the folder to draw it into."""

    shows: Literal["bluesky", "mastodon"]
    pairs: tuple[Pair, ...]
    into: Path
    max_megapixels: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """One file that was drawn; `name` inside the job's folder, `size` in bytes."""

    name: str
    width: int
    height: int
    size: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """What belongs to one picture: as it is served, served small, and before and after."""

    served: Drawn
    small: Drawn | None
    after: Drawn
    before: Drawn | None


def draw(job: Job) -> tuple[Drawing, ...]:
    """Draw all files. Raises BadPicture when a protected file cannot be opened."""
    return tuple(_one(job, number, pair) for number, pair in enumerate(job.pairs, start=1))


def served_size(shows: str, width: int, height: int) -> tuple[int, int]:
    """Return the size in which a network serves a picture; never enlarged."""
    if shows == "bluesky":
        return _inside(width, height, BLUESKY_FEED)
    scale = min(1.0, sqrt(KEPT_PIXELS / (width * height)))
    return max(1, int(width * scale)), max(1, int(height * scale))


def _one(job: Job, number: int, pair: Pair) -> Drawing:
    image = _opened(pair.rendition, job.max_megapixels)
    compared = _inside(image.width, image.height, COMPARED_SIDE)
    after = _save(_resized(image, compared), job.into / f"{number}-after.webp", COMPARED_QUALITY)
    before = None
    if pair.original is not None and (original := _original(pair.original, job.max_megapixels)):
        path = job.into / f"{number}-before.webp"
        before = _save(_beside(original, compared, pair.art), path, COMPARED_QUALITY)
    return Drawing(*_served(job, number, pair.rendition, image), after, before)


def _served(job: Job, number: int, source: Path, image: Image) -> tuple[Drawn, Drawn | None]:
    size = served_size(job.shows, image.width, image.height)
    picture = _resized(image, size)
    if job.shows == "bluesky":
        path = job.into / f"{number}-served.webp"
        small = _resized(image, _inside(image.width, image.height, BLUESKY_OPENED))
        return (
            _save(picture, path, BLUESKY_QUALITY),
            _save(small, job.into / f"{number}-small.webp", BLUESKY_QUALITY),
        )
    suffix = ".png" if source.suffix == ".png" else ".jpg"
    return _save(picture, job.into / f"{number}-served{suffix}", MASTODON_QUALITY), None


def _opened(path: Path, max_megapixels: float) -> Image:
    from postguard import imaging

    data = imaging.read(path, max_megapixels)
    picture = imaging.open_picture(data, max_megapixels=max_megapixels)
    return imaging.to_image(picture)


def _original(path: Path, max_megapixels: float) -> Image | None:
    """The comparison is a courtesy: without the original the page stands without it."""
    try:
        return _opened(path, max_megapixels)
    except BadPicture:
        return None


def _beside(original: Image, size: tuple[int, int], art: float) -> Image:
    """Return the original as large as the protected art, with nothing where its strip is: the
    slider compares the same places."""
    width, height = size
    rows = min(height, max(1, round(height * art)))
    small = _resized(original, (width, rows)).convert("RGBA")
    return small.crop((0, 0, width, height))


def _inside(width: int, height: int, side: int) -> tuple[int, int]:
    scale = min(1.0, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _resized(image: Image, size: tuple[int, int]) -> Image:
    from PIL.Image import Resampling

    return image if image.size == size else image.resize(size, Resampling.LANCZOS)


def _save(image: Image, path: Path, quality: int) -> Drawn:
    if path.suffix == ".jpg":
        image.convert("RGB").save(path, quality=quality, progressive=True)
    elif path.suffix == ".webp":
        image.save(path, quality=quality, method=4)
    else:
        image.save(path)
    path.chmod(files.PRIVATE_FILE)
    return Drawn(path.name, image.width, image.height, path.stat().st_size)


def main() -> int:
    """Draw the job on standard input; 1 and a sentence on standard error when it cannot be."""
    try:
        sys.stdout.write(wire.dump(draw(wire.load(Job, sys.stdin.read()))))
    except (BadPicture, OSError) as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
