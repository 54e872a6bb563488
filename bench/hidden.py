"""The hidden mark on real art: what it costs to the eye, and what reads it: python -m bench.hidden

Each picture at two sizes, marked by the step itself, then served as networks do, and cropped. Also
how often a reader finds a mark where there is none: unmarked art, and art of another key.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from postguard.imaging import Picture, from_image, open_picture, to_image
from postguard.imaging.visibility import ssimulacra2
from postguard.model import Artist, CloakKit
from postguard.protect import hidden
from postguard.protect.hidden import Spot
from postguard.protect.steps import Scene
from postguard.protect.steps.hidden import Hidden
from postguard.settings import steps

ART = Path(__file__).resolve().parents[1].parent / "shared" / "art"
SIDES = (1_600, 4_000)
KEY, POST = b"k" * 32, 123_456
STRANGERS = 200
CHAINS = {"JPEG 75": ("JPEG", 75), "WebP 80": ("WEBP", 80)}


def scene() -> Scene:
    """Return what the step is told of post 123456."""
    kit = CloakKit(artist_seed=KEY.hex())
    return Scene(
        *(Artist("花", "© 花"), "", "", b"s" * 32, 2026, Path(), None, lambda _: None),
        kit=kit,
        post=POST,
    )


def saved(image: Image.Image, kind: str, quality: int) -> Image.Image:
    """Return the image as a server would serve it."""
    file = io.BytesIO()
    image.save(file, kind, quality=quality)
    return Image.open(file).convert("L")


def served(image: Image.Image) -> Iterator[tuple[str, Image.Image]]:
    """Yield what networks make of a picture."""
    small = image.copy()
    small.thumbnail((1_000, 1_000), Image.Resampling.LANCZOS)
    for name, (kind, quality) in CHAINS.items():
        yield name, saved(image, kind, quality)
        yield f"1000 px, {name}", saved(small, kind, quality)


def crops(image: Image.Image, count: int, seed: int) -> Iterator[tuple[Image.Image, Spot]]:
    """Yield random crops of 40 % of the area as JPEG 75, and where they lie, to a chip or so."""
    rng, pitch = np.random.default_rng(seed), max(image.size) / hidden.CHIPS
    for _ in range(count):
        across = float(np.exp(rng.uniform(np.log(0.5), np.log(0.8))))
        width, height = round(image.width * across), round(image.height * 0.4 / across)
        x, y = (int(rng.integers(0, n)) for n in (image.width - width, image.height - height))
        off = rng.uniform(-1, 1, 3)
        spot = Spot(x / pitch + off[0], y / pitch + off[1], width / pitch + off[2])
        yield saved(image.crop((x, y, x + width, y + height)), "JPEG", 75), spot


def row(name: str, picture: Picture) -> str:
    """Mark one picture and return its line."""
    began = time.process_time()
    marked, record = Hidden(steps.Hidden(step="hidden")).apply(picture, scene())
    seconds = time.process_time() - began
    size = f"{picture.width}x{picture.height}"
    if not record["carried"]:
        return f"| {name} | {size} | {seconds:.1f} | - | - | {record['note']} | - |"
    score = ssimulacra2(picture.pixels, marked.pixels)
    image = to_image(marked)
    told = {kind: hidden.read(seen, KEY).post == POST for kind, seen in served(image)}
    lost = [kind for kind, well in told.items() if not well]
    behind = "all four" if not lost else "not " + ", ".join(lost)
    tries = [hidden.read(seen, KEY, spot).post == POST for seen, spot in crops(image, 10, 1)]
    return (
        f"| {name} | {size} | {seconds:.1f} | {score:.1f} | {record['psnr']} "
        f"| {behind} | {sum(tries)} of {len(tries)} |"
    )


def strangers(pictures: list[Picture]) -> str:
    """Read pictures with keys that drew nothing in them; return what came of it."""
    pilots, read = [], 0
    for number in range(STRANGERS):
        picture = pictures[number % len(pictures)]
        reading = hidden.read(to_image(picture).convert("L"), number.to_bytes(32, "big"))
        pilots.append(reading.pilot)
        read += reading.post is not None
    return (
        f"{STRANGERS} readings by keys that drew nothing: {read} read a post; the pilot's "
        f"deviation is {np.std(pilots):.2f} (1 by theory), its highest {max(pilots):.1f} of the "
        f"{hidden.LEAST_PILOT:g} that are asked for"
    )


def main() -> None:
    """Print a row for each picture and size."""
    if not ART.is_dir():
        sys.exit(f"no art to measure with in {ART}")
    print(
        "| picture | size | s CPU | SSIMULACRA2 | PSNR | read behind JPEG 75, WebP 80, both at "
        "1000 px | 40 % crops, JPEG 75 |\n|---|---|---|---|---|---|---|"
    )
    small = []
    for path in sorted(ART.glob("*.*g")):
        whole = to_image(open_picture(path.read_bytes(), max_megapixels=200)).convert("RGB")
        for side in SIDES:
            image = whole.copy()
            image.thumbnail((side, side), Image.Resampling.LANCZOS)
            if side == SIDES[0]:
                small.append(from_image(image))
            if side == SIDES[0] or max(whole.size) >= side:
                print(row(path.stem, from_image(image)), flush=True)
    print(f"\n{strangers(small)}")


if __name__ == "__main__":
    main()
