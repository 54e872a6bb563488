"""How busy the GPU is with what others do, such as a drawing program or a game."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 5.0
_ASK = (
    "--query-gpu=name,utilization.gpu,memory.used,memory.total",
    "--format=csv,noheader,nounits",
)
_AMD = "/sys/class/drm"


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU, as its driver tells.

    Attributes:
        busy: percent of the last moment in which it worked.
        used: of its memory, in percent; None: not told.
    """

    name: str
    busy: int
    used: int | None = None


def gpus(cards: Path = Path(_AMD)) -> list[Gpu]:
    """Return the GPUs whose driver tells how busy they are; none where none does."""
    return [*_nvidia(), *_amd(cards)]


def read_nvidia(said: str) -> list[Gpu]:
    """Read the lines of nvidia-smi. Pure."""
    found = []
    for line in said.splitlines():
        name, *numbers = (part.strip() for part in line.split(","))
        if len(numbers) == 3 and all(number.isdigit() for number in numbers):  # noqa: PLR2004
            busy, used, total = (int(number) for number in numbers)
            found.append(Gpu(name, busy, 100 * used // max(total, 1)))
    return found


def _nvidia() -> list[Gpu]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        done = subprocess.run(
            [program, *_ASK], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return read_nvidia(done.stdout) if done.returncode == 0 else []


def _amd(cards: Path) -> list[Gpu]:
    """The kernel tells of AMD's cards in a file."""
    found = []
    for file in sorted(cards.glob("card*/device/gpu_busy_percent")):
        try:
            busy = int(file.read_text())
        except (OSError, ValueError):
            continue
        found.append(Gpu(f"AMD {file.parents[1].name}", busy))
    return found
