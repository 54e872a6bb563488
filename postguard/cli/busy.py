"""A sign of life while something is at work that tells nothing of how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Show `what` on stderr as long as it lasts; nothing where no terminal is."""
    with Console(stderr=True).status(what):
        yield
