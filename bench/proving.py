"""Copies found again, and strangers not: python -m bench.proving

Random crops of 40 % of the area, half of them mirrored, at half size, JPEG 60, of the shared art
and of pictures drawn by code; then pictures that were never posted; then the time among 1,000 and
10,000 rows. Each copy is looked for by the code of `postguard prove`, among the fingerprints.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from bench.drawn import drawn
from postguard.imaging import from_image, likeness, locating, open_picture
from postguard.imaging.locating import NOWHERE, Place

ART = Path(__file__).resolve().parents[1].parent / "shared" / "art"
SIDE = 1_600
NEARLY_WHOLE, LEAST_CROP, LOOKED_AT = 0.9, 0.3, 5


def crop(image: Image.Image, rng: np.random.Generator, *, mirrored: bool) -> Image.Image:
    """Return 40 % of a picture as somebody else may post it."""
    across = float(np.exp(rng.uniform(np.log(0.5), np.log(0.8))))
    width, height = round(image.width * across), round(image.height * 0.4 / across)
    x, y = (int(rng.integers(0, n + 1)) for n in (image.width - width, image.height - height))
    part = image.crop((x, y, x + width, y + height)).resize((width // 2, height // 2))
    file = io.BytesIO()
    (ImageOps.mirror(part) if mirrored else part).save(file, "JPEG", quality=60)
    return Image.open(file).convert("L")


class Ledger:
    """Pictures and their fingerprints."""

    def __init__(self, pictures: list[Image.Image]) -> None:
        self.pictures = pictures
        self.prints = [likeness.fingerprint(from_image(picture)) for picture in pictures]

    def search(self, copy: Image.Image, least: float) -> list[likeness.Candidate]:
        """Return what may be it, among all rows."""
        search = likeness.Search(copy, least)
        for start in range(0, len(self.prints), 400):
            part = self.prints[start : start + 400]
            search.add(range(start, start + len(part)), part)
        return search.best()

    def find(self, copy: Image.Image) -> tuple[int, Place]:
        """Return the row and place that agree best."""
        best = -1, NOWHERE
        for least in (NEARLY_WHOLE, LEAST_CROP):
            rough = [
                (locating.resemblance(copy, likeness.thumbnail(self.prints[one.key]), one), one)
                for one in self.search(copy, least)
            ]
            rough.sort(key=lambda pair: -pair[0])
            for _, one in rough[:LOOKED_AT]:
                place = locating.locate(copy, self.pictures[one.key].convert("L"), one)
                if place.agreement > best[1].agreement:
                    best = one.key, place
            if best[1].found:
                break
        return best


def art() -> list[Image.Image]:
    """Return the shared pictures."""
    found = []
    for path in sorted(ART.glob("*.*g")) if ART.is_dir() else []:
        image = Image.fromarray(open_picture(path.read_bytes(), max_megapixels=200).pixels)
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        found.append(image)
    return found


def main() -> int:
    """Print what was found and how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crops", type=int, default=200)
    parser.add_argument("--drawn", type=int, default=150)
    asked = parser.parse_args()
    shared = art()
    ledger = Ledger([*shared, *(drawn(seed) for seed in range(asked.drawn))])
    rng, hits, sure = np.random.default_rng(7), 0, 0
    agreements, wrong = [], []
    for number in range(asked.crops):
        row = (
            number % len(shared)
            if shared and number % 2
            else int(rng.integers(len(ledger.prints)))
        )
        found, place = ledger.find(crop(ledger.pictures[row], rng, mirrored=number % 4 < 2))
        hit = found == row and place.found
        hits, sure = hits + hit, sure + (hit and place.sure)
        agreements.append(place.agreement if found == row else 0.0)
        wrong += [place.agreement] if found != row and place.found else []
    strangers = [ledger.find(crop(drawn(90_000 + n), rng, mirrored=False))[1] for n in range(60)]
    false = [place.agreement for place in strangers if place.found]
    highest = max(place.agreement for place in strangers)
    print(
        f"crops of 40 %, half size, JPEG 60, half of them mirrored: {hits} of {asked.crops} found "
        f"({sure} surely), {len(wrong)} taken for another; weakest agreement {min(agreements):.2f}"
        f"\npictures never posted: {len(false)} of {len(strangers)} taken for a post; highest "
        f"agreement {highest:.2f} (found from {locating.LEAST})"
    )
    for rows in (1_000, 10_000):
        ledger.prints = (ledger.prints * (rows // len(ledger.prints) + 1))[:rows]
        copy = crop(ledger.pictures[0], rng, mirrored=True)
        began, clock = time.process_time(), time.perf_counter()
        ledger.search(copy, LEAST_CROP)
        cpu, wall = time.process_time() - began, time.perf_counter() - clock
        print(f"among {rows:,} rows: {cpu:.1f} s CPU, {wall:.1f} s on the clock")
    return int(hits < 0.95 * asked.crops or bool(false))


if __name__ == "__main__":
    sys.exit(main())
