"""Draws what the dashboard shows of pictures, in a process of its own:
`python -m postguard.networks.proofs`.

It reads a list of orders as JSON from its input. What a browser cannot show (a TIFF, an original
of 16 bits) it can show afterwards, and the daemon and the dashboard carry no Pillow.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from postguard.errors import BadPicture
from postguard.system import files, wire

if TYPE_CHECKING:
    from PIL.Image import Image

_QUALITY = 90


@dataclass(frozen=True, slots=True)
class Order:
    """One file to draw as WebP.

    Attributes:
        size: fits into it, never enlarged; `exact`: becomes just this, as its protected file is.
    """

    source: Path
    target: Path
    size: tuple[int, int]
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Orders:
    """What to draw in one go."""

    orders: tuple[Order, ...]
    max_megapixels: float


def draw(job: Orders) -> list[str]:
    """Draw all of them; return a sentence for each that cannot be drawn, else an empty text."""
    return [_outcome(order, job.max_megapixels) for order in job.orders]


def _outcome(order: Order, max_megapixels: float) -> str:
    try:
        _draw(order, max_megapixels)
    except (BadPicture, OSError) as exc:
        return str(exc)
    return ""


def _draw(order: Order, max_megapixels: float) -> None:
    from postguard import imaging

    data = imaging.read(order.source, max_megapixels)
    image = imaging.to_image(imaging.open_picture(data, max_megapixels=max_megapixels))
    with tempfile.TemporaryDirectory(dir=order.target.parent, prefix=".new-") as folder:
        made = Path(folder) / order.target.name
        _fitted(image, order).save(made, "WEBP", quality=_QUALITY, method=2)
        made.chmod(files.PRIVATE_FILE)
        made.replace(order.target)


def _fitted(image: Image, order: Order) -> Image:
    from PIL.Image import Resampling

    scale = min(1.0, order.size[0] / image.width, order.size[1] / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if order.exact:
        size = order.size
    return image if image.size == size else image.resize(size, Resampling.LANCZOS, reducing_gap=3)


def main() -> int:
    """Draw the job on standard input and print how each went."""
    sys.stdout.write(wire.dump(draw(wire.load(Orders, sys.stdin.read()))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
