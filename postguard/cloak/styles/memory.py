"""What is kept of an artist between works: the style that all of them are drawn towards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from postguard.system import wire
from postguard.system.files import write_whole

MOST_WORKS = 12
_DIGITS = 5


@dataclass(frozen=True, slots=True)
class Memory:
    """`style`: a name, or None before the first choice; `works`: signatures, the newest last."""

    style: str | None = None
    works: tuple[tuple[float, ...], ...] = ()


def read(path: Path) -> Memory:
    """Return what was remembered; a missing or damaged file is as if there were none."""
    try:
        return wire.load(Memory, path.read_bytes())
    except (OSError, ValueError):
        return Memory()


def remember(path: Path, style: str | None, works: Iterable[Iterable[float]]) -> None:
    """Write the style and the last works' signatures whole; the folder must be there."""
    last = tuple(tuple(round(v, _DIGITS) for v in work) for work in works)[-MOST_WORKS:]
    write_whole(path, wire.dump(Memory(style, last)).encode())
