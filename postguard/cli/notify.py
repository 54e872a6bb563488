"""Messages on the desktop and the phone: where to, and whether they arrive."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from postguard.language import _

if TYPE_CHECKING:
    from pathlib import Path


@click.group()
def notify() -> None:
    """Hear of posts on your desktop or phone; [notify] in the config says of which."""


@notify.command()
@click.option("--secret-stdin", is_flag=True, help="Read the address from stdin.")
@click.option("--forget", is_flag=True, help="Forget the address.")
@click.pass_obj
def phone(config: Path | None, secret_stdin: bool, forget: bool) -> None:
    """Keep the address of a service that writes to your phone (ntfy, Matrix, mail, ...).

    Who has the address can write to you, so it is kept among the secrets, never in the config. The
    service sees the names of your pictures, and where they were posted.
    """
    from postguard.app.installation import open_installation
    from postguard.system.notify import phone as port

    installation = open_installation(config)
    if forget:
        installation.secrets.delete(port.SECRET)
        click.echo(_("The address is forgotten."))
        return
    if secret_stdin:
        address = sys.stdin.readline().strip()
    else:
        click.echo(_("Write it as ntfy://ntfy.sh/a-topic-that-nobody-guesses, for example."))
        address = click.prompt(_("address"), hide_input=True).strip()
    port.refuse_unknown(address)
    installation.secrets.set(port.SECRET, address)
    click.echo(_("The address is kept. Try it: postguard notify test"))
    if not installation.settings.notify.phone:
        click.echo(_("To have it used, write under [notify] in the config: phone = true"))


@notify.command()
@click.pass_obj
def test(config: Path | None) -> None:
    """Send a message to the desktop and the phone that the config names."""
    from postguard.app import notifying
    from postguard.app.installation import open_installation
    from postguard.cli.busy import busy
    from postguard.errors import PostguardError, Unusable

    wanted = notifying.notifiers(open_installation(config))
    if not wanted:
        raise Unusable(
            _("the config wants no messages: write desktop = true or phone = true under [notify]")
        )
    failed = False
    for notifier in wanted:
        try:
            with busy(_("sending")):
                notifier.tell(notifying.trial())
        except PostguardError as exc:
            failed = True
            click.echo(f"{notifier.name}: {exc}", err=True)
        else:
            click.echo(_("{where}: sent").format(where=notifier.name))
    sys.exit(int(failed))


COMMANDS = (notify,)
