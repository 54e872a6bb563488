"""The command that adds what is not installed: it depends on where postguard itself came from."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

_NAME = "postguard"
_CONSTRAINTS = "constraints.txt"  # of a checkout: the releases that it was tested with


def install(extra: str) -> str:
    """Return the command that installs an extra beside the postguard that runs."""
    return f"{_installer(Path(sys.executable))} {wanted(extra, _origin(), Path.cwd())}"


def wanted(extra: str, origin: str | None, here: Path) -> str:
    """Return what is to be installed, as a shell reads it.

    Args:
        origin: `direct_url.json`, in which pip keeps what it was given; None: it took postguard
            from an index, and finds it there again.
        here: the folder that the artist is in.
    """
    told: Any = {} if origin is None else json.loads(origin)
    url = str(told.get("url", ""))
    if urlsplit(url).scheme == "file":
        path = Path(unquote(urlsplit(url).path))
        shown = Path() if path == here else path
        constraints = shown / _CONSTRAINTS
        tested = f"-c {shlex.quote(str(constraints))} " if (path / _CONSTRAINTS).is_file() else ""
        return f"{tested}{_quoted(f'{shown}[{extra}]')}"
    kind = str(told.get("vcs_info", {}).get("vcs", ""))
    source = f" @ {f'{kind}+' if kind else ''}{url}" if url else ""
    return _quoted(f"{_NAME}[{extra}]{source}")


def _quoted(words: str) -> str:
    """Return it in quotes, always: brackets mean something to some shells."""
    return shlex.quote(words) if "'" in words else f"'{words}'"


def _origin() -> str | None:
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        return distribution(_NAME).read_text("direct_url.json")
    except PackageNotFoundError:  # run from its files, without being installed
        return None


def _installer(python: Path) -> str:
    """Return how this Python installs: another's `pip` would put it where it is not found."""
    if find_spec("pip") is None:
        return shlex.join(["uv", "pip", "install", "--python", str(python)])
    pip = shutil.which("pip")
    ours = pip is not None and Path(pip).parent == python.parent
    return shlex.join([*(["pip"] if ours else [str(python), "-m", "pip"]), "install"])
