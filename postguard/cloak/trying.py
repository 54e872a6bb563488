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
from postguard.language import _
from postguard.system import extras

log = logging.getLogger(__name__)
Check = Callable[[Path], list[float]]
_SECONDS = 600.0


def need_parts(model: Model, *, download: bool) -> None:
    """Refuse at once what would fail after the download."""
    needs = ["torch", *["diffusers"] * (model.kind == KL), *["huggingface_hub"] * download]
    if missing := [name for name in needs if importlib.util.find_spec(name) is None]:
        raise Unusable(
            _("this needs {missing}; install it with: {command}").format(
                missing=_(" and ").join(missing), command=extras.install("cloak")
            )
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
        raise Unusable(
            _("trying {name} out took more than {seconds:.0f} s").format(
                name=folder.name, seconds=_SECONDS
            )
        ) from exc
    if done.returncode:
        log.error("the child that tried %s out said: %s", folder.name, done.stderr)
        raise Unusable(
            _(
                "trying {name} out ended unexpectedly (code {code}); the log holds what it "
                "said. If memory is short, close other programs and try again"
            ).format(name=folder.name, code=done.returncode)
        )
    answer = json.loads(done.stdout.splitlines()[-1])
    if isinstance(answer, dict):
        raise UnknownWeights(str(answer["reason"]))
    return [float(value) for value in answer]
