"""What one instant cloak costs in a process of its own; see `bench.instant`."""

from __future__ import annotations

import io
import json
import resource
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from bench.squares import SHARED
from postguard.cloak.instant import drawing
from postguard.cloak.instant.painter import painter
from postguard.cloak.instant.sheet import Sheet
from postguard.cloak.pixels import Pixels
from postguard.cloak.platforms import Codec
from postguard.imaging import sample
from postguard.imaging.visibility import ssimulacra2
from postguard.protect.steps.cloak import CEILINGS, FLOORS

DEMO = "demo"  # the picture of `postguard demo`: flat, soft and rough parts
_SEED, _FLOOR, _CEILING = "1e" * 32, FLOORS["medium"], CEILINGS["medium"]


def cost(name: str, width: int, height: int) -> None:
    """Print CPU seconds of drawing and of looking, the memory that was added, and how visible the
    whole is, as JSON."""
    painter()
    pixels = _art(name, width, height)
    drawing.cloak(pixels[:64, :64], None, _SEED, _FLOOR, _CEILING)  # what is loaded once
    holds: list[tuple[float, Sheet, float]] = []
    drawing.hold = _timed(drawing.hold, holds)
    _forget()
    before, began = _held(), time.process_time()
    found = drawing.cloak(pixels, None, _SEED, _FLOOR, _CEILING)
    spent = time.process_time() - began
    memory = 1 + (_peak() - before) / pixels.nbytes  # the picture itself is there before
    look = _looking(*holds[0])
    posted = Codec("JPEG", 95, "4:4:4")
    both = (pixels, found.pixels), (posted(pixels), posted(found.pixels))
    told = {"draw": spent - look, "look": look, "memory": memory}
    print(json.dumps({**told, "score": min(ssimulacra2(*pair) for pair in both)}))


def _timed(hold, holds: list[tuple[float, Sheet, float]]):
    """Return what holds a drawing to its floor, and notes the CPU seconds that this took."""

    def timed(sheet: Sheet, floor: float):
        began = time.process_time()
        held = hold(sheet, floor)
        holds.append((time.process_time() - began, sheet, held.share))
        return held

    return timed


def _looking(spent: float, sheet: Sheet, share: float) -> float:
    """Return what of the seconds went into looks: all but the drawing of what was returned."""
    began = time.process_time()
    sheet.finished(share)
    return spent - (time.process_time() - began)


def _art(name: str, width: int, height: int) -> Pixels:
    """Return a picture, cut and enlarged to this size."""
    with Image.open(io.BytesIO(sample.draw()) if name == DEMO else SHARED / "art" / name) as image:
        cut = ImageOps.fit(image.convert("RGB"), (width, height), Image.Resampling.BICUBIC)
    return np.asarray(cut)


def _held() -> int:
    """Return the bytes that the process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def _peak() -> int:
    """Return the most bytes that the process has held since `_forget`."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def _forget() -> None:
    """Begin the peak anew: what made the picture is not counted."""
    Path("/proc/self/clear_refs").write_text("5")
