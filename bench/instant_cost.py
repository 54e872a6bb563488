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
    looked = holding.seen_posted

    def timed(*given):  # the look at the finished whole, counted apart
        began = time.process_time()
        found = looked(*given)
        looks.append(time.process_time() - began)
        return found

    holding.seen_posted = timed
    before, began = _held(), time.process_time()
    drawing.cloak(pixels, None, _SEED, 65.0, 24)
    spent = time.process_time() - began
    memory = 1 + (_peak() - before) / pixels.nbytes  # the picture itself is there before
    print(json.dumps({"draw": spent - sum(looks), "look": sum(looks), "memory": memory}))


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
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
