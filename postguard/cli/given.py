"""Paths on the command line. `pathlib` is loaded with the first of them: help does without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pathlib import Path


class GivenPath(click.Path):
    """A path as `pathlib.Path`, with `~` of one's own home even where the shell left it there."""

    def convert(
        self,
        value: Any,  # noqa: ANN401  # click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        """Check the path as click does. Raises click.BadParameter."""
        from pathlib import Path

        checked = super().convert(str(Path(value).expanduser()), param, ctx)
        return Path(str(checked))


ANY_PATH = GivenPath()
ANY_FILE = GivenPath(dir_okay=False)
ANY_FOLDER = GivenPath(file_okay=False)
PRESENT = GivenPath(exists=True)
PRESENT_FILE = GivenPath(exists=True, dir_okay=False)
