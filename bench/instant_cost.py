"""What one instant cloak costs in a process of its own; see `bench.instant`."""

from __future__ import annotations

import io
import json
import resource
import time
from pathlib import Path

import numpy as np
from PIL import Image

from postguard.cloak.instant import drawing, holding
from postguard.cloak.instant.painter import painter
from postguard.cloak.pixels import Pixels
from postguard.imaging import sample

_SEED = "1e" * 32


def cost(width: int, height: int) -> None:
    """Print CPU seconds of drawing and of looking, and the memory that was added, as JSON."""
    painter()
    pixels = _art(width, height)
    drawing.cloak(pixels[:64, :64], None, _SEED, 65.0, 24)  # what is loaded once
    looks: list[float] = []
    holding.seen = _timed(holding.seen, looks)
    holding.seen_posted = _timed(holding.seen_posted, looks)
    _forget()
    before, began = _held(), time.process_time()
    drawing.cloak(pixels, None, _SEED, 65.0, 24)
    spent = time.process_time() - began
    memory = 1 + (_peak() - before) / pixels.nbytes  # the picture itself is there before
    print(json.dumps({"draw": spent - sum(looks), "look": sum(looks), "memory": memory}))


def _timed(look, spent: list[float]):
    """Return a look at visibility that notes its CPU seconds: looks are counted apart."""

    def timed(*given):
        began = time.process_time()
        found = look(*given)
        spent.append(time.process_time() - began)
        return found

    return timed


def _art(width: int, height: int) -> Pixels:
    """Return the sample of `postguard demo` at this size: flat, soft and rough parts."""
    with Image.open(io.BytesIO(sample.draw())) as image:
        large = image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(large)


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
