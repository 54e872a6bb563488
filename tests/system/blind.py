"""Hides torch from every Python process of an environment: the base install, without a venv."""

from __future__ import annotations

from pathlib import Path

# Python runs it at its start, wherever it is started from. The import system then finds no torch,
# neither to import nor when it is asked whether there is one.
_SITECUSTOMIZE = """\
import sys
from importlib.machinery import PathFinder


class Blind(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        hidden = name.partition(".")[0] in {"torch", "diffusers", "transformers"}
        return None if hidden else super().find_spec(name, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = Blind
"""


def without_torch(folder: Path) -> dict[str, str]:
    """Return what to add to an environment; `folder` is made for it."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_SITECUSTOMIZE)
    return {"PYTHONPATH": str(folder)}
