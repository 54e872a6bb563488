"""Setting up: init, login, logout, check, completion."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from postguard.app.starting import Answers

_LANGS = click.Choice(["en", "ja", "both"])
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
@click.pass_obj
def init(config: Path | None, /, yes: bool, **given: str | None) -> None:
    """Ask a few questions, write a commented config and make the folders."""
    from postguard.app import starting
    from postguard.settings import default_path

    path = config or default_path()
    answers = starting.Answers.usual(given)
    if not yes:
        answers = _ask(answers)
    written = starting.write(path, answers)
    click.echo(f"\nwritten: {written.config}\noutbox:  {written.outbox}")
    for line in written.next_steps:
        click.echo(line)


@click.command()
@click.argument("name")
@click.option("--secret-stdin", is_flag=True, help="Read the password or token from stdin.")
@click.pass_obj
def login(config: Path | None, name: str, secret_stdin: bool) -> None:
    """Log the account NAME of the config in; the secret is kept outside the config."""
    from postguard.app import open_installation
    from postguard.app.login import Login

    accounts = Login(open_installation(config))
    if secret_stdin:
        click.echo(accounts.with_secret(name, sys.stdin.readline().strip()))
        return
    if accounts.wants_code(name):
        url, finish = accounts.begin(name)
        click.echo(f"Open this page, allow postguard, and paste the code it shows:\n\n  {url}\n")
        click.echo(finish(click.prompt("code", hide_input=True).strip()))
        return
    click.echo(
        "Bluesky: make an app password at Settings > Privacy and security > App passwords.\n"
        "Never give your main password to any program, this one included."
    )
    click.echo(accounts.with_secret(name, click.prompt("app password", hide_input=True).strip()))


@click.command()
@click.argument("name")
@click.pass_obj
def logout(config: Path | None, name: str) -> None:
    """Forget the login of the account NAME on this PC."""
    from postguard.app import open_installation
    from postguard.app.login import Login

    click.echo(Login(open_installation(config)).forget(name))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--offline", is_flag=True, help="Do not ask the networks.")
@click.pass_obj
def check(config: Path | None, as_json: bool, offline: bool) -> None:
    """Look at everything postguard needs, and say how to mend what is missing."""
    from postguard.app import open_installation
    from postguard.app.checking import findings

    found = findings(open_installation(config), offline=offline)
    if as_json:
        told = [{"what": f.what, "ok": f.ok, "said": f.said, "fix": f.fix} for f in found]
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        for f in found:
            mark = click.style("ok  ", fg="green") if f.ok else click.style("FIX ", fg="yellow")
            click.echo(f"{mark} {f.what}: {f.said}")
            if f.fix:
                click.echo(f"     {f.fix}")
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


def _ask(usual: Answers) -> Answers:
    """Ask what the options have not said, each with the usual answer."""
    from dataclasses import replace

    click.echo("A few questions; Enter takes the answer in brackets.\n")
    ask = click.prompt
    return replace(
        usual,
        name=ask("Your name or pen name, for marks", default=usual.name or "", show_default=False),
        lang=ask("Language of the notice (en, ja, both)", default=usual.lang, type=_LANGS),
        timezone=ask("Your time zone", default=usual.timezone),
        outbox=ask("Folder to drop finished art into", default=usual.outbox),
        bluesky=ask("Bluesky handle (empty: none)", default=usual.bluesky, show_default=False),
        mastodon=ask("Mastodon server (empty: none)", default=usual.mastodon, show_default=False),
        fear=ask("What do you fear most? (training, image-to-image, both)", default=usual.fear),
        visible=ask("How visible may marks be? (subtle, clear, sample)", default=usual.visible),
        preset=ask("Picture size (portfolio, sns, small, sample)", default=usual.preset),
    )
