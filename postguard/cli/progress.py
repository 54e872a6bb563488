"""A line that moves while pictures are worked on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from postguard.model import Progress


@contextmanager
def steps(*, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """Show each step with its bar on stderr; nothing when `quiet` or where no terminal is."""
    console = Console(stderr=True)
    hidden = quiet or not console.is_terminal
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task("opening", total=None)

        def show(progress: Progress) -> None:
            done = 1.0 if progress.done else progress.fraction or 0.0
            total = None if progress.fraction is None and not progress.done else 1.0
            bar.update(task, description=progress.step, completed=done, total=total)

        yield show
