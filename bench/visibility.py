"""Our SSIMULACRA2 against the public package's, on real art: python -m bench.visibility

Crops of 0.3, 1 and 4 Mpx from the middle of each picture of ../shared/art, beside themselves
through JPEG at quality 75. Seconds are CPU time, so that threads do not flatter: `prepare` is
`reference`, `score` is what each further candidate costs. The package is run up to 1 Mpx only,
and timed without reading its files. Peak is what numpy held at most, candidate included.
"""

from __future__ import annotations

import io
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from ssimulacra2 import compute_ssimulacra2

from postguard.imaging.visibility import reference

ART = Path(__file__).parents[2] / "shared" / "art"
SIZES = {0.3: (480, 640), 1.0: (960, 1024), 4.0: (1600, 2560)}
PACKAGE_UP_TO = 1.0
QUALITY = 75
BOUND = 0.5
TIMES = 3

Pixels = NDArray[np.uint8]
Result = TypeVar("Result")
HEAD = (
    "| crop | prepare, s | score, s | package, s | times faster: first / each further "
    "| ours less package | SSIMULACRA2 | peak |\n|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Row:
    """One crop measured; `package` is None where the package would take too long."""

    what: str
    prepare: float
    score: float
    package: float | None
    ours: float
    theirs: float | None
    peak: int

    def text(self) -> str:
        start = f"| {self.what} | {self.prepare:.3f} | {self.score:.3f} "
        end = f"| {self.ours:.3f} | {self.peak / 1e6:.0f} MB |"
        if self.package is None or self.theirs is None:
            return f"{start}| | | | {end}"
        ratios = f"{self.package / (self.prepare + self.score):.0f} / "
        ratios += f"{self.package / self.score:.0f}"
        return f"{start}| {self.package:.2f} | {ratios} | {self.ours - self.theirs:+.4f} {end}"


def crops() -> Iterator[tuple[str, float, Pixels]]:
    """Name, Mpx and pixels of each crop that the pictures are large enough for."""
    for path in sorted(p for p in ART.iterdir() if p.suffix in {".jpg", ".png"}):
        with Image.open(path) as image:
            whole = np.asarray(image.convert("RGB"))
        for size, sides in SIZES.items():
            height, width = sides if whole.shape[1] > whole.shape[0] else sides[::-1]
            top, left = (whole.shape[0] - height) // 2, (whole.shape[1] - width) // 2
            if top >= 0 and left >= 0:
                crop = whole[top : top + height, left : left + width]
                yield f"{path.stem}, {width}x{height}", size, np.ascontiguousarray(crop)


def measure(what: str, size: float, before: Pixels) -> Row:
    """Time and compare one crop."""
    with Image.open(_jpeg(before)) as image:
        after = np.asarray(image)
    prepare, known = _timed(lambda: reference(before))
    score, ours = _timed(lambda: known.score(after))
    package, theirs = None, None
    if size <= PACKAGE_UP_TO:
        package, theirs = _package(before, after)
    return Row(what, prepare, score, package, ours, theirs, _peak(before, after))


def _jpeg(pixels: Pixels) -> io.BytesIO:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=QUALITY)
    file.seek(0)
    return file


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """The least CPU seconds of a few runs, and the last result."""
    runs = [_once(work) for _ in range(TIMES)]
    return min(seconds for seconds, _ in runs), runs[-1][1]


def _once(work: Callable[[], Result]) -> tuple[float, Result]:
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def _package(before: Pixels, after: Pixels) -> tuple[float, float]:
    """The package's CPU seconds, less what reading the two files takes, and its score."""
    files = [_bmp(before), _bmp(after)]
    reading, _ = _once(lambda: [np.array(Image.open(file)) for file in files])
    seconds, score = _once(lambda: compute_ssimulacra2(*files))
    return seconds - reading, float(score)


def _bmp(pixels: Pixels) -> io.BytesIO:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "BMP")
    file.seek(0)
    return file


def _peak(before: Pixels, after: Pixels) -> int:
    tracemalloc.start()
    try:
        reference(before).score(after)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main() -> int:
    """Print the table; 1 if a score differs from the package's by more than the bound."""
    if not ART.is_dir():
        print("there is no ../shared/art; nothing was measured")
        return 0
    print(HEAD)
    worst = 0.0
    for crop in crops():
        row = measure(*crop)
        print(row.text(), flush=True)
        if row.theirs is not None:
            worst = max(worst, abs(row.ours - row.theirs))
    print(f"\nlargest difference: {worst:.4f} (asked: at most {BOUND})")
    return int(worst > BOUND)


if __name__ == "__main__":
    sys.exit(main())
