"""Pictures alone: protect a file without posting it, and measure what a cloak is worth."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from postguard.cli import given
from postguard.language import _

if TYPE_CHECKING:
    from pathlib import Path


def _by_mode(
    context: click.Context, option: click.Parameter, words: tuple[str, ...]
) -> list[tuple[str, Path]]:
    """Return (mode, path) of each `MODE=PNG`; the mode is `target` where none is named."""
    from postguard.app.measuring_files import MODES

    found = []
    for word in words:
        mode, sign, path = word.partition("=")
        if not sign or mode not in MODES:
            mode, path = "target", word
        found.append((mode, given.PRESENT_FILE.convert(path, option, context)))
    return found


def _one_file(_context: click.Context, _argument: click.Parameter, path: Path) -> Path:
    """Return the path, unless it is a folder's. Raises click.BadParameter."""
    if not path.is_dir():
        return path
    raise click.BadParameter(
        _("{path} is a folder; all pictures in it are protected by: {command}").format(
            path=path, command=f"postguard archive {shlex.quote(str(path))} OUT"
        )
    )


@click.command()
@click.argument("file", type=given.PRESENT, callback=_one_file)
@click.option("-o", "--out", type=given.ANY_FILE, required=True, help="File to write.")
@click.option("--recipe", default="default", show_default=True, help="Recipe of the config.")
@click.option("--for", "account", default="", help="Fit this account's limits.")
@click.option("--alt", default="", help="Alt text for the tags.")
@click.option(
    "--save-target",
    "target",
    type=given.ANY_FILE,
    help="Also write what the cloak draws towards; with several modes, one file for each. It "
    "helps whoever wants to check the cloak, and whoever wants to undo it.",
)
@click.option(
    "--save-before",
    "before",
    type=given.ANY_FILE,
    help="Also write the picture without the cloak, encoded alike.",
)
@click.option("--record", type=given.ANY_FILE, help="Also write the record, as JSON.")
@click.option("--json", "as_json", is_flag=True, help="Print the record as JSON.")
@click.pass_obj
def protect(
    config: Path | None,
    /,
    as_json: bool,
    **wanted: Any,  # noqa: ANN401  # the options, named as the fields of Wanted
) -> None:
    """Run a recipe on FILE and write the protected picture to OUT; nothing is posted.

    The ending of OUT follows what was written (.jpg or .png); FILE is never touched. Nothing is
    kept of it: a copy of OUT is not found by `postguard prove`, which knows posts.
    """
    from postguard.app.installation import open_installation
    from postguard.app.protecting_files import Wanted, protect_file
    from postguard.cli import for_programs, progress, showing

    installation = open_installation(config)
    with progress.steps(quiet=as_json) as on_progress:
        written = protect_file(installation, Wanted(**wanted), on_progress)
    if as_json:
        told = for_programs.rendition(written.rendition) | {"file": str(written.file)}
        for_programs.echo(told | {"saved": [str(path) for path in written.saved()]})
        return
    for line in showing.done(written.rendition):
        click.echo(line)
    for path in written.saved():
        click.echo(f"{path}")
    click.secho(f"{written.file}", bold=True)


@click.command()
@click.argument("before", type=given.PRESENT_FILE)
@click.argument("after", type=given.PRESENT_FILE)
@click.option(
    "--target",
    "targets",
    callback=_by_mode,
    multiple=True,
    metavar="[MODE=]PNG",
    help="What the cloak drew towards; once for each mode.",
)
@click.option("--record", type=given.PRESENT_FILE, help="Record that leads to the targets.")
@click.option("--models", type=given.ANY_FOLDER, help="Folder with encoders; else the config's.")
@click.option("--sheet", type=given.ANY_FILE, help="Also draw it as a PNG to look at.")
@click.option(
    "--i2i",
    "prompt",
    default="",
    help="Also draw what Stable Diffusion makes of both with this prompt, on the sheet.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def measure(
    config: Path | None,
    /,
    before: Path,
    after: Path,
    as_json: bool,
    **asked: Any,  # noqa: ANN401  # the other options
) -> None:
    """Measure what a cloak is worth: AFTER beside BEFORE, the same picture without it.

    Both are files that `postguard protect` writes: AFTER as --out, BEFORE as --save-before, and
    the target as --save-target.
    """
    from postguard.app import measuring_files as app
    from postguard.cli import for_programs, measured, progress

    _check(asked)
    targets = dict(asked["targets"]) or app.targets_of(asked["record"])
    wanted = app.Asked(before, after, targets, asked["sheet"], asked["prompt"])
    models = asked["models"] or app.models_folder(config)
    with progress.steps(quiet=as_json) as on_progress:
        found = app.measure(wanted, models, on_progress)
    if as_json:
        for_programs.echo(found)
        return
    for line in measured.lines(found):
        click.echo(line)
    if wanted.sheet is not None:
        click.secho(f"{wanted.sheet}", bold=True)


COMMANDS = (protect, measure)


def _check(asked: dict[str, Any]) -> None:
    """Raise click.UsageError where the options do not go together."""
    modes = [mode for mode, _path in asked["targets"]]
    if bool(modes) == bool(asked["record"]):
        raise click.UsageError(_("give the target with --target, or the record with --record"))
    if twice := next((mode for mode in modes if modes.count(mode) > 1), None):
        told = _("say of which mode each is") if twice == "target" else _("give one for each mode")
        raise click.UsageError(
            _("there are two targets for {twice}; {told}: --target style=PNG").format(
                twice=twice, told=told
            )
        )
    if asked["prompt"] and not asked["sheet"]:
        raise click.UsageError(_("--i2i is drawn on the sheet; name one with --sheet"))
