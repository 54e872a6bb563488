"""Which pictures an archive has, and what is made of them is called; pure but for looking."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from postguard.intake import names
from postguard.model import Artist, Json


def key_of(recipe: Iterable[Json], artist: Artist) -> str:
    """Return what tells one recipe's pictures from another's, as the ledger keeps it."""
    said = json.dumps([list(recipe), asdict(artist)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Found:
    """A picture; `twin`: another of its folder differs from it by the ending alone."""

    path: Path
    twin: bool


def pictures(root: Path, beside: Path) -> Iterator[Found]:
    """Return every picture below a folder, in the order of names; `beside` is not looked into.

    Hidden files and what programs leave behind are passed over, links are not followed.
    """
    for folder, inside, found in os.walk(root):
        here = Path(folder)
        inside[:] = sorted(n for n in inside if not names.is_litter(n) and here / n != beside)
        art = [here / name for name in sorted(found) if _is_art(name)]
        stems = Counter(path.stem for path in art)
        yield from (Found(p, stems[p.stem] > 1) for p in art if not p.is_symlink())


def place_of(name: str, ending: str, *, twin: bool) -> str:
    """Return where what is made of `name` goes, by its way from the root.

    The ending follows what was made; twins keep their own before it.
    """
    way = PurePosixPath(name)
    return (way.parent / f"{way.name if twin else way.stem}{ending}").as_posix()


def _is_art(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in names.PICTURES and not names.is_litter(name)
