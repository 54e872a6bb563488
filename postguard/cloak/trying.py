"""Has a fetched encoder tried out in a child process: torch stays out of the one that fetches."""

from __future__ import annotations

import importlib.util
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from postguard.cloak.architectures import UnknownWeights
from postguard.cloak.catalogue import KL, Model
from postguard.errors import Unusable

log = logging.getLogger(__name__)
Check = Callable[[Path], list[float]]
_SECONDS = 600.0


def need_parts(model: Model, *, download: bool) -> None:
    """Refuse at once what would fail after the download."""
    needs = ["torch", *["diffusers"] * (model.kind == KL), *["huggingface_hub"] * download]
    if missing := [name for name in needs if importlib.util.find_spec(name) is None]:
        raise Unusable(
            f"this needs {' and '.join(missing)}; install it with: pip install 'postguard[cloak]'"
        )


def in_child(folder: Path) -> list[float]:
    """Return a folder's known answer as a child process gives it: torch stays out of this one.

    Raises:
        Unusable: the child ended without an answer.
        UnknownWeights: the folder holds no encoder that postguard can use.
    """
    command = [sys.executable, "-P", "-m", "postguard.cloak.published", str(folder)]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_SECONDS, check=False, encoding="utf-8"
        )
    except subprocess.TimeoutExpired as exc:
        raise Unusable(f"trying {folder.name} out took more than {_SECONDS:.0f} s") from exc
    if done.returncode:
        log.error("the child that tried %s out said: %s", folder.name, done.stderr)
        raise Unusable(
            f"trying {folder.name} out ended unexpectedly (code {done.returncode}); the log holds "
            "what it said. If memory is short, close other programs and try again"
        )
    answer = json.loads(done.stdout.splitlines()[-1])
    if isinstance(answer, dict):
        raise UnknownWeights(str(answer["reason"]))
    return [float(value) for value in answer]
