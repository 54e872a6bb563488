"""Contact sheets of the visible marks on real art, to be looked at: numbers do not show elegance.

Usage: `python bench/gallery.py FOLDER` writes FOLDER/watermark.jpg, notice.jpg, noise.jpg, and
FOLDER/ground.jpg (both marks on white, black, gray, noise and a sticker with transparent ground).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from postguard.imaging import Picture, flatten, from_image, open_picture, to_image
from postguard.model import Artist
from postguard.protect.steps import Scene, Step
from postguard.protect.steps.noise import Noise
from postguard.protect.steps.notice import Notice
from postguard.protect.steps.watermark import Watermark
from postguard.settings import recipes

ART = Path(__file__).parents[2] / "shared" / "art"
SIDE = 2048  # long side of the pictures that are marked
CELL = (900, 700)
STEPS: dict[str, Step] = {
    "watermark": Watermark(recipes.Watermark(step="watermark", text="© {year} {name}")),
    "notice": Notice(recipes.Notice(step="notice")),
    "noise": Noise(recipes.Noise(step="noise", amount=3)),
}


def scene(name: str) -> Scene:
    """Return a scene whose seed is the picture's name."""
    seed = name.encode().ljust(32, b".")
    artist = Artist("山田花子", "© 2026 山田花子", langs=("ja", "en"))
    return Scene(artist, "", "", seed, 2026, Path(), None, lambda _: None)


def art() -> Iterator[tuple[str, Picture]]:
    """Yield the shared pictures, at SIDE pixels."""
    for path in sorted(p for p in ART.iterdir() if p.suffix in {".png", ".jpg"}):
        image = to_image(open_picture(path.read_bytes(), max_megapixels=200))
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        yield path.stem, from_image(image)


def grounds() -> Iterator[tuple[str, Picture]]:
    """Yield the grounds that marks vanish on most easily."""
    shape = (800, 1200, 3)
    for name, value in (("white", 255), ("black", 0), ("middle", 128)):
        yield name, Picture(np.full(shape, value, np.uint8), gray=True)
    noise = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    yield "noise", Picture(noise)
    y, x = np.mgrid[:800, :1200]
    inside = np.hypot((x - 600) / 420, (y - 400) / 320) < 1
    alpha = np.where(inside, 255, 0).astype(np.uint8)
    colour = np.where(inside[..., None], np.array([240, 150, 170], np.uint8), np.uint8(0))
    yield "sticker", Picture(colour, alpha)


def sheet(pictures: list[Image.Image]) -> Image.Image:
    """Return the pictures in two columns, each whole and beside it a part of it at full size."""
    canvas = Image.new("RGB", (2 * CELL[0], len(pictures) * CELL[1]), "gray")
    for row, picture in enumerate(pictures):
        whole = picture.copy()
        whole.thumbnail(CELL)
        left, top = (max(0, (s - c) // 3) for s, c in zip(picture.size, CELL, strict=True))
        canvas.paste(whole, (0, row * CELL[1]))
        part = picture.crop((left, top, left + CELL[0] - 10, top + CELL[1] - 10))
        canvas.paste(part, (CELL[0] + 10, row * CELL[1]))
    return canvas


def main(folder: Path) -> None:
    """Write the sheets and print what each step cost and recorded."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = list(art()) if ART.is_dir() else []
    for step, maker in STEPS.items():
        shown = [_marked(maker, name, picture) for name, picture in pictures]
        if shown:
            sheet(shown).save(folder / f"{step}.jpg", quality=92)
    marks = [STEPS["watermark"], STEPS["notice"]]
    shown = [_marked(m, name, picture) for name, picture in grounds() for m in marks]
    sheet(shown).save(folder / "ground.jpg", quality=92)


def _marked(step: Step, name: str, picture: Picture) -> Image.Image:
    started = time.process_time()
    marked, record = step.apply(picture, scene(name))
    print(f"{time.process_time() - started:.3f} s CPU  {name:15} {record}")
    return to_image(flatten(marked, (230, 235, 240)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
