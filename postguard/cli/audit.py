"""The account audit: what each network's own settings let others do with your art."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from postguard.language import _

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("account", required=False)
@click.option("--fix", is_flag=True, help="Show each change, ask, write it and read it back.")
@click.option("--undo", is_flag=True, help="Take changes of earlier --fix runs back.")
@click.option("--yes", is_flag=True, help="Ask nothing: mend warnings; [audit] says the rest.")
@click.option("--full", is_flag=True, help="Explain what is well, too.")
@click.option("--no-browser", is_flag=True, help="Paste a code; the browser is on another PC.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def audit(config: Path | None, /, *, account: str | None, **flags: bool) -> None:
    """Look at what the settings of ACCOUNT (else of all) let others do with your art."""
    from postguard.app.auditing import Auditing
    from postguard.app.installation import open_installation
    from postguard.cli import audited, consenting
    from postguard.cli.mending import Mending

    if flags["fix"] and flags["undo"]:
        raise click.UsageError(_("--fix and --undo cannot be done together"))
    if flags["as_json"] and (flags["fix"] or flags["undo"]) and not flags["yes"]:
        raise click.UsageError(_("--json cannot ask; add --yes, or leave --json out"))
    auditing = Auditing(open_installation(config))
    consent = consenting.consent(browser=not flags["no_browser"])
    mending = Mending(auditing, consent, quiet=flags["as_json"], yes=flags["yes"])
    names = auditing.chosen(account)
    if flags["undo"]:
        for name in names:
            mending.undo(name)
    seen = [each for name in names if (each := mending.look(name)) is not None]
    if flags["fix"]:
        for before in seen:
            mending.fix(before)
        seen = [each for name in names if (each := mending.look(name)) is not None]
    audited.show(seen, as_json=flags["as_json"], full=flags["full"])
    sys.exit(1 if audited.to_mend(seen) or mending.failed else 0)


COMMANDS = (audit,)
