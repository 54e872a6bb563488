"""Setting up: init, login, logout, check, completion."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from postguard.cli.ending import INTERRUPTED
from postguard.language import _

if TYPE_CHECKING:
    from pathlib import Path

    from postguard.app.checked import Checked
    from postguard.model.layers import Door

_SHELLS = ("bash", "zsh", "fish")


def version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Print the version from the package's metadata and end."""
    if not wanted:
        return
    from importlib.metadata import version as installed

    click.echo(f"postguard {installed('postguard')}")
    context.exit()


@click.command()
@click.option("--yes", is_flag=True, help="Ask nothing; take what the options or defaults say.")
@click.option("--name", default=None, help="Your name or pen name.")
@click.option("--lang", type=click.Choice(["en", "ja", "both"]), help="Language of the notice.")
@click.option("--timezone", default=None, help="As Asia/Tokyo; else this PC's.")
@click.option("--outbox", default=None, help="Folder to drop art into.")
@click.option("--bluesky", default=None, metavar="HANDLE", help="Bluesky handle.")
@click.option("--service", default=None, metavar="URL", help="Its PDS, if not bsky.social.")
@click.option("--mastodon", default=None, metavar="URL", help="Mastodon server.")
@click.option(
    "--fear", type=click.Choice(["training", "image-to-image", "both"]), help="What you fear most."
)
@click.option(
    "--visible", type=click.Choice(["subtle", "clear", "sample"]), help="How visible marks may be."
)
@click.option(
    "--preset", type=click.Choice(["portfolio", "sns", "small", "sample"]), help="Common wish."
)
@click.option(
    "--reach", type=click.Choice(["wide", "usual", "close"]), help="Who may come across your art."
)
@click.pass_obj
def init(config: Path | None, /, yes: bool, **answers: str | None) -> None:
    """Ask a few questions, write a commented config and make the folders."""
    from postguard.app import starting
    from postguard.settings import default_path

    path = config or default_path()
    starting.refuse_to_overwrite(path)
    usual = starting.Answers.usual(answers)
    if not yes:
        from postguard.cli import asking

        try:
            usual = asking.ask(usual)
        except click.Abort:
            click.echo(_("\nNothing was written; begin anew with: postguard init"), err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None
    written = starting.write(path, usual)
    click.echo(
        _("\nconfig:  {config}\noutbox:  {outbox}").format(
            config=written.config, outbox=written.outbox
        )
    )
    for line in written.next_steps:
        click.echo(line)


@click.command()
@click.argument("name")
@click.option("--secret-stdin", is_flag=True, help="Read the password or token from stdin.")
@click.option("--no-browser", is_flag=True, help="Paste a code; the browser is on another PC.")
@click.pass_obj
def login(config: Path | None, name: str, secret_stdin: bool, no_browser: bool) -> None:
    """Log the account NAME of the config in; the secret is kept outside the config."""
    from postguard.app import bell
    from postguard.app.installation import open_installation
    from postguard.app.login import Login
    from postguard.cli import consenting
    from postguard.cli.busy import busy

    accounts = Login(open_installation(config))
    if secret_stdin:
        secret = sys.stdin.readline().strip()
        with busy(_("logging in to {name}").format(name=name)):
            said = accounts.with_secret(name, secret)
    elif accounts.wants_consent(name):
        said = accounts.with_consent(name, consenting.consent(browser=not no_browser))
    else:
        click.echo(
            _(
                "Bluesky: make an app password at Settings > Privacy and security > App "
                "passwords.\nNever give your main password to any program, this one included."
            )
        )
        secret = click.prompt(_("app password"), hide_input=True).strip()
        with busy(_("logging in to {name}").format(name=name)):
            said = accounts.with_secret(name, secret)
    bell.ring()
    click.echo(said)


@click.command()
@click.argument("name")
@click.pass_obj
def logout(config: Path | None, name: str) -> None:
    """End the login of the account NAME on its server, and forget it on this PC."""
    from postguard.app.installation import open_installation
    from postguard.app.login import Login
    from postguard.cli.busy import busy

    with busy(_("logging out of {name}").format(name=name)):
        said = Login(open_installation(config)).forget(name)
    click.echo(said)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--offline", is_flag=True, help="Do not ask the networks.")
@click.pass_obj
def check(config: Path | None, as_json: bool, offline: bool) -> None:
    """Look at everything postguard needs, and say how to mend what is missing."""
    from postguard.app.checking import checks
    from postguard.app.installation import open_installation
    from postguard.cli.busy import busy

    with busy(_("looking at everything, and asking the networks")):
        found = checks(open_installation(config), offline=offline)
    if as_json:
        from postguard.cli import for_programs

        for_programs.echo([_told(f) for f in found])
    else:
        _print_layers(found)
        _print_checks(found)
    if any(not f.ok for f in found):
        sys.exit(1)


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
def completion(shell: str) -> None:
    """Print the completion script: eval "$(postguard completion bash)"."""
    from click.shell_completion import get_completion_class

    from postguard.cli import cli

    kind = get_completion_class(shell)
    assert kind is not None  # click has all of _SHELLS
    click.echo(kind(cli, {}, "postguard", "_POSTGUARD_COMPLETE").source())


COMMANDS = (init, login, logout, check, completion)


def _told(found: Checked) -> dict[str, Any]:
    from postguard.cli import layered

    plain = {"what": found.what, "ok": found.ok, "said": found.said, "fix": found.fix}
    return plain if found.layers is None else plain | {"layers": layered.told(found.layers)}


def _print_layers(found: list[Checked]) -> None:
    from postguard.cli import layered

    doors: dict[str, Door] = {}
    for f in found:
        if f.layers is not None:
            click.secho(f.what.capitalize(), bold=True)
            for line in layered.lines(f.layers, doors):
                click.echo(line)
            click.echo()
            doors |= f.layers.doors


def _print_checks(found: list[Checked]) -> None:
    from postguard.cli import listing, wide

    room = max(wide.width(f.what) for f in found)
    beside = listing.terminal_width() - room - 7
    for f in found:
        mark = click.style(_("ok  "), fg="green") if f.ok else click.style(_("FIX "), fg="yellow")
        first, *more = wide.wrapped(f.said, beside)
        click.echo(f"{mark} {wide.fitted(f.what, room)}  {first}")
        mend = [] if f.ok or not f.fix else wide.wrapped(f"-> {f.fix}", beside)
        for line in (*more, *mend):
            click.echo(f"     {' ' * room}  {line}")
    if missing := sum(not f.ok for f in found):
        click.secho(_("{missing} to mend.").format(missing=missing), fg="yellow")
    else:
        click.secho(_("Everything is there."), fg="green")
