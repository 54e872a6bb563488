"""`models.lock`: which bytes each fetched model has, and what it answers; needs no torch.

Nobody can tell us these in advance, so the first fetch pins what it got (trust on first use) and
every later one must get the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from postguard.errors import Unusable
from postguard.language import _
from postguard.system import files, wire

LOCK = "models.lock"
_TOLERANCE = 0.02  # devices and versions of torch differ by far less, another network by far more
_FOR_ALL = 0o644


@dataclass(frozen=True, slots=True)
class Pin:
    """One model.

    Attributes:
        repository: on the hub; `revision`: its 40 hex digits, empty for what was copied.
        files: SHA-256 in hex by file name.
        answer: mean and deviation of each of its first latents on a picture drawn by code.
    """

    repository: str
    revision: str
    files: dict[str, str]
    answer: tuple[float, ...]


def read(models: Path) -> dict[str, Pin]:
    """Return the pins by the models' names. Raises Unusable when the file is damaged."""
    path = models / LOCK
    try:
        return wire.load(dict[str, Pin], path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as exc:
        raise Unusable(
            _(
                "{path} is damaged; put back a copy of it, or remove it: then the next fetch of "
                "each model pins what it gets"
            ).format(path=path)
        ) from exc


def write(models: Path, name: str, pin: Pin) -> None:
    """Add or replace one model's pin."""
    told = read(models) | {name: pin}
    text = json.dumps({k: asdict(v) for k, v in sorted(told.items())}, indent=2)
    files.write_whole(models / LOCK, f"{text}\n".encode(), mode=_FOR_ALL)


def hashes(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """Return the SHA-256 of files that are in a folder."""
    return {name: files.sha256_of(folder / name) for name in names if (folder / name).is_file()}


def differing(found: dict[str, str], pin: Pin) -> list[str]:
    """Return the names of files whose hash is not the pinned one, or that are missing."""
    return [name for name, sha256 in pin.files.items() if found.get(name) != sha256]


def agrees(answer: Sequence[float], pinned: Sequence[float]) -> bool:
    """Return whether two answers are those of one network: (mean, deviation) of each latent.

    A mean is compared by its latent's deviation, for it may be next to nothing.
    """
    if len(answer) != len(pinned):
        return False
    pairs = zip(_pairs(answer), _pairs(pinned), strict=True)
    return all(_close(found, wanted) for found, wanted in pairs)


def _close(found: tuple[float, ...], wanted: tuple[float, ...]) -> bool:
    scale = max(map(abs, wanted))
    return all(abs(a - b) <= _TOLERANCE * scale for a, b in zip(found, wanted, strict=True))


def _pairs(answer: Sequence[float]) -> list[tuple[float, ...]]:
    return [tuple(answer[i : i + 2]) for i in range(0, len(answer), 2)]
