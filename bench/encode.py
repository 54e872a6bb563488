"""Our encode against Pillow's plain quality loop, on real art: python -m bench.encode

The loop is what other tools do: quality 95, then one less until the file fits. Ratios are of CPU
time in one run; the baseline of each row is the 4:4:4 loop on the same pixels and tags.
"""

from __future__ import annotations

import io
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from postguard.imaging import Picture, flatten, open_picture, to_image
from postguard.model import Limits
from postguard.protect import containers
from postguard.protect.encode import encode
from postguard.protect.metadata import exif, iim, xmp
from postguard.protect.metadata.statement import Statement
from postguard.protect.packets import Packets
from postguard.protect.steps.downscale import fitting, shrink

ART = Path(__file__).resolve().parents[1].parent / "shared" / "art"
LIMITS = (1_000_000, 2_000_000)
LONG_SIDES = (2_048, None)
SAID = Statement(creator="山田花子", rights="© 2026 山田花子", alt="雪の上の赤い狐" * 10)
PACKETS = Packets(xmp.packet(SAID), exif.block(SAID), iim.block(SAID))


@dataclass
class Result:
    """One way to make one file."""

    size: int
    quality: str
    encodes: int
    seconds: float
    pixels: str = ""


def ours(picture: Picture, room: int, mimes: tuple[str, ...]) -> Result:
    """Measure `encode`."""
    start = time.process_time()
    made = encode(picture, Limits("bench", 300, 2_000, 4, room, mimes=mimes), PACKETS)
    seconds = time.process_time() - start
    quality = made.record["quality"]
    name = "PNG" if made.mime == containers.PNG else f"q{quality}"
    return Result(
        len(made.data),
        name,
        int(str(made.record["encodes"])),
        seconds,
        f"{made.width}x{made.height}",
    )


def loop(picture: Picture, room: int, subsampling: int) -> Result:
    """Measure the plain loop: 0 is 4:4:4, 2 is 4:2:0 (Pillow's default)."""
    start = time.process_time()
    image = to_image(picture)
    for tries, quality in enumerate(range(95, 0, -1), start=1):
        size = _plain(image, quality, subsampling)
        if size <= room:
            return Result(size, f"q{quality}", tries, time.process_time() - start)
    raise SystemExit("the loop found nothing")


def _plain(image: Image.Image, quality: int, subsampling: int) -> int:
    file = io.BytesIO()
    image.save(
        file,
        "JPEG",
        quality=quality,
        subsampling=subsampling,
        exif=b"Exif\0\0" + PACKETS.exif,
        xmp=PACKETS.xmp,
    )
    return len(file.getvalue())


def main() -> None:
    """Print one row for each picture, size and limit."""
    if not ART.is_dir():
        sys.exit(f"no art to measure with in {ART}")
    heads = " | ".join(
        f"{way:>16}{'n':>3}{'s':>7}" for way in ("ours", "4:4:4 loop", "4:2:0 loop")
    )
    print(f"{'picture':<18}{'side':>6}{'limit':>11} | {heads} | ours/444")
    for path in sorted(ART.glob("*.*g")):
        whole = flatten(open_picture(path.read_bytes(), max_megapixels=200))
        for side in LONG_SIDES:
            size = fitting((whole.width, whole.height), side, None)
            picture = shrink(whole, *size) if side else whole
            for room in LIMITS:
                _row(path.name, picture, room)


def _row(name: str, picture: Picture, room: int) -> None:
    with_png = ours(picture, room, ("image/jpeg", "image/png"))
    mine = ours(picture, room, ("image/jpeg",))
    full, half = loop(picture, room, 0), loop(picture, room, 2)
    ways = (mine, full, half)
    cells = " | ".join(
        f"{way.quality:>4}{way.size:>12,}{way.encodes:>3}{way.seconds:>7.2f}" for way in ways
    )
    side, ratio = max(picture.width, picture.height), mine.seconds / full.seconds
    kept = f"{with_png.size:,} in {with_png.seconds:.2f} s" if with_png.quality == "PNG" else "-"
    print(f"{name:<18}{side:>6}{room:>11,} | {cells} | {ratio:>8.2f}  {mine.pixels}  PNG: {kept}")


if __name__ == "__main__":
    main()
