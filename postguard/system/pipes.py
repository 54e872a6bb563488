"""How a child process speaks to its parent: one line of JSON for each answer, on stdout alone."""

from __future__ import annotations

import os
from typing import BinaryIO

from postguard.system import wire


def take_stdout() -> BinaryIO:
    """Return the pipe to the parent; whatever else prints, C libraries too, goes to stderr."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def send(answers: BinaryIO, answer: object) -> None:
    """Write one answer as `system.wire` dumps it, at once."""
    answers.write(wire.dump(answer).encode() + b"\n")
    answers.flush()
