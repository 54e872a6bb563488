"""Runs a module of this package in a process of its own, for pictures that may be anything."""

from __future__ import annotations

import subprocess
import sys
from subprocess import CompletedProcess

from postguard.errors import Retryable
from postguard.language import _
from postguard.system import wire


def run(module: str, job: object, seconds: float, doing: str) -> CompletedProcess[str]:
    """Hand `job` to `python -m module` and return how it ended.

    Args:
        doing: what it does, as a sentence begins: "drawing the preview".

    Raises:
        Retryable: it took longer than `seconds`.
    """
    try:
        return subprocess.run(
            [sys.executable, "-m", module],
            input=wire.dump(job),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise Retryable(_("{doing} took too long").format(doing=doing)) from exc
