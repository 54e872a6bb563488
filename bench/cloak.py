"""What a cloak costs and what is left of it: python bench/cloak.py [--side 512] [--files NAME ...]

For a centre square of each art file in ../shared/art and each strength: seconds, SSIMULACRA2, R of
each encoder behind each chain, and the gain behind the worse platform beside the two controls of
the same size (random signs, shuffled). Reference loops come with the next issue.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from PIL import Image
from ssimulacra2 import compute_ssimulacra2

from postguard.cloak.cloaking import Studio, cloak
from postguard.cloak.device import best_device
from postguard.cloak.encoders import load_encoders
from postguard.cloak.job import Job
from postguard.protect.steps.cloak import CEILINGS

SHARED = Path(__file__).resolve().parents[2] / "shared"
SEED = "be" * 32  # of no artist


def main() -> None:
    """Print one row for each file and strength."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=512, help="pixels of the square")
    parser.add_argument("--files", nargs="*", default=["safe-landing.jpg", "flying-konqui.png"])
    parser.add_argument("--strengths", nargs="*", default=list(CEILINGS), choices=list(CEILINGS))
    asked = parser.parse_args()
    studio = Studio(load_encoders(SHARED / "weights", best_device()), time.monotonic)
    print(f"{studio.encoders[0].device.name}; R as {'/'.join(e.name for e in studio.encoders)}")
    for name in asked.files:
        for strength in asked.strengths:
            print(row(name, strength, asked.side, studio), flush=True)


def row(name: str, strength: str, side: int, studio: Studio) -> str:
    """Cloak one crop and return its line."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.png"), Path(folder, "out.png")
        crop(SHARED / "art" / name, side).save(source)
        job = Job(
            "immunise",
            strength,
            CEILINGS[strength],
            SEED,
            86_400.0,
            SHARED / "weights",
            source,
            target,
        )
        found = cloak(job, studio, lambda _: None)
        visibility = compute_ssimulacra2(str(source), str(target))
    chains = " ".join(
        f"{chain} {'/'.join(format(e['r'], '.3f') for e in encoders.values())}"
        for chain, encoders in found["ratios"].items()
    )
    gains = f"{found['gain']:.3f} (signs {found['gain_of_random_signs']:.3f}, "
    gains += f"shuffled {found['gain_of_shuffled']:.3f})"
    head = f"{name:18} {strength:6} {found['seconds']:6.1f} s  ssimulacra2 {visibility:5.1f}"
    return f"{head}  gain {gains}  {chains}"


def crop(path: Path, side: int) -> Image.Image:
    """Return a centre square after bringing the short side to `side`."""
    with Image.open(path) as image:
        scale = side / min(image.size)
        size = round(image.width * scale), round(image.height * scale)
        small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    return small.crop((left, top, left + side, top + side))


if __name__ == "__main__":
    main()
