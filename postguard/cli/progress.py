"""A line that moves while pictures are worked on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.text import Text

from postguard.cli import underway
from postguard.language import _
from postguard.model import Progress

if TYPE_CHECKING:
    from postguard.app.archive.running import Count


class _Left(ProgressColumn):
    """The time left as the work itself estimates it; else as the bar moves."""

    def render(self, task: Task) -> Text:
        told = task.fields["seconds_left"]
        seconds = task.time_remaining if told is None else told
        return Text("" if seconds is None else underway.left(seconds), style="progress.remaining")


@contextmanager
def steps(*, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """Show each step with its bar on stderr; nothing when `quiet` or where no terminal is."""
    console = Console(stderr=True)
    hidden = quiet or not console.is_terminal
    columns = (TextColumn("{task.description}"), BarColumn(), _Left())
    with Bar(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task(_("opening"), total=None, seconds_left=None)

        def show(progress: Progress) -> None:
            done = 1.0 if progress.done else progress.fraction or 0.0
            total = None if progress.fraction is None and not progress.done else 1.0
            left = progress.seconds_left
            said = underway.doing(progress.step)
            bar.update(task, description=said, completed=done, total=total, seconds_left=left)

        yield show


@contextmanager
def pictures(*, quiet: bool) -> Iterator[Callable[[Count], None]]:
    """Show how many pictures are done, their rate and the time left, on stderr."""
    console = Console(stderr=True)
    hidden = quiet or not console.is_terminal
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task("", total=None, rate="")

        def show(count: Count) -> None:
            rate = count.made / count.seconds if count.seconds else 0.0
            said = _("{rate:.1f} a second").format(rate=rate)
            bar.update(task, completed=count.seen, total=count.total, rate=said)

        yield show
