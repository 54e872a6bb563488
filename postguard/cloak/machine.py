"""What this machine can cloak with, found by looking and not by loading torch."""

from __future__ import annotations

import importlib.util
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_NVIDIA, _AMD, _APPLE = "NVIDIA GPU", "AMD GPU", "Apple GPU"
_MODEL = re.compile(r"^Model:\s*(.+?)\s*$", re.MULTILINE)
_MADE_FOR = re.compile(r"^(cuda|hip)\b[^=\n]*=\s*['\"]([\d.]+)", re.MULTILINE)
_MAKERS = {"cuda": _NVIDIA, "hip": _AMD}


class Power(StrEnum):
    """What a cloak is drawn with, the best first."""

    GPU = "gpu"
    CPU = "cpu"
    NO_TORCH = "no torch"


@dataclass(frozen=True, slots=True)
class Machine:
    """What was seen.

    Attributes:
        gpu: the name of a GPU; empty: none was seen.
        idle: the GPU is there, but the PyTorch that is installed was not made for it.
    """

    power: Power
    gpu: str = ""
    idle: bool = False


def look(root: Path = Path("/")) -> Machine:
    """Look at the machine whose system files lie under `root`."""
    maker, name = next(_gpus(root), ("", ""))
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return Machine(Power.NO_TORCH, name)
    usable = bool(maker) and maker in {_APPLE, *_made_for(Path(spec.origin))}
    return Machine(Power.GPU if usable else Power.CPU, name, idle=bool(maker) and not usable)


def _gpus(root: Path) -> Iterator[tuple[str, str]]:
    """Yield maker and name of each GPU that PyTorch may know."""
    for told in sorted(root.glob("proc/driver/nvidia/gpus/*/information")):
        found = _MODEL.search(told.read_text(encoding="utf-8", errors="replace"))
        yield _NVIDIA, found[1] if found else _NVIDIA
    if (root / "dev" / "nvidia0").exists():
        yield _NVIDIA, _NVIDIA
    if (root / "dev" / "kfd").exists():
        yield _AMD, _AMD
    if (platform.system(), platform.machine()) == ("Darwin", "arm64"):
        yield _APPLE, _APPLE


def _made_for(torch: Path) -> Iterator[str]:
    """Yield the makers of the GPUs that an installed PyTorch was made for, as its version says."""
    version = torch.with_name("version.py")
    text = version.read_text(encoding="utf-8") if version.is_file() else ""
    yield from (_MAKERS[kind] for kind, _ in _MADE_FOR.findall(text))
