"""Changing one's mind about a post: move, edit, retract, hold, release, retry, pause."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from postguard.cli.rows import NUMBER, open_rows, say, say_as_json, say_of, time_now, zone
from postguard.language import _

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from postguard.app.outcomes import Outcome
    from postguard.model import Delivery, Post
    from postguard.store import Store

_ACCOUNT = click.option("--account", help="Only this account's copy.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.argument("post_id", metavar="POST", type=NUMBER)
@click.argument("where", metavar="TIME|now|slot|first|last|up|down")
@_ACCOUNT
@_JSON
def move(post_id: int, where: str, account: str | None, as_json: bool) -> None:
    """Give a post another time ("2026-12-24 19:30"), or another place among those that wait.

    `slot` is its account's next free one; `up` and `down` change places with the neighbour. A
    post that you gave day and time keeps them, whatever else is moved.
    """
    from postguard.app import moving

    rows = open_rows()
    told = moving.move(rows, post_id, where, account, zone(rows), time_now())
    say_of(rows, post_id, told, as_json=as_json)


@click.command()
@click.argument("post_id", metavar="POST", type=NUMBER)
@click.option("--text", help="What the post says.")
@click.option("--cw", help='Content warning; "" takes it away.')
@click.option("--alt", "alts", multiple=True, help="Alt text; of picture 2 as 2=TEXT.")
@_ACCOUNT
@_JSON
@click.pass_obj
def edit(
    config: Path | None,
    /,
    post_id: int,
    text: str | None,
    cw: str | None,
    alts: tuple[str, ...],
    account: str | None,
    as_json: bool,
) -> None:
    """Change the words of a post, before it is posted and, where the network can, after.

    A post that was held for its words alone goes on. What you say here goes before what the files
    beside it say.
    """
    from postguard.app import editing
    from postguard.app.installation import open_installation
    from postguard.cli.busy import busy

    if text is None and cw is None and not alts:
        raise click.UsageError(_("say what to change: --text, --cw or --alt"))
    new = editing.NewWords(text, cw, dict(_numbered(alt) for alt in alts))
    with busy(_("changing it")):
        told = editing.edit(open_installation(config), post_id, new, account, time_now())
    _tell(post_id, told, as_json=as_json)


@click.command()
@click.argument("post_id", metavar="POST", type=NUMBER)
@_ACCOUNT
@click.option("--everywhere", is_flag=True, help="All its copies, and those still to come.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_JSON
@click.pass_obj
def retract(
    config: Path | None,
    /,
    post_id: int,
    account: str | None,
    everywhere: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Take a post back: delete its copies on the networks; your files stay in posted/."""
    from postguard.app import retracting
    from postguard.app.installation import open_installation
    from postguard.cli.busy import busy

    if account is not None and everywhere:
        raise click.UsageError(
            _("--account names one copy, --everywhere means all: say one of them")
        )
    installation = open_installation(config)
    post, chosen = retracting.to_retract(installation.store, post_id, account)
    if len(chosen) > 1 and not everywhere:
        names = _(" or ").join(f"--account {d.account}" for d in chosen)
        raise click.UsageError(
            _("post {post_id} has several copies: say --everywhere, or {names}").format(
                post_id=post_id, names=names
            )
        )
    if not yes:
        click.confirm(_question(post, chosen, installation.store), abort=True, err=True)
    with busy(_("deleting it there")):
        told = retracting.retract(installation, post, chosen, time_now())
    _tell(post_id, told, as_json=as_json)


@click.command()
@click.argument("post_id", metavar="POST", type=NUMBER)
@_JSON
def hold(post_id: int, as_json: bool) -> None:
    """Keep a post back until you release it."""
    from postguard.app import steering

    rows = open_rows()
    say_of(rows, post_id, steering.hold(rows, post_id, time_now()), as_json=as_json)


@click.command()
@click.argument("post_id", metavar="POST", type=NUMBER)
@_JSON
@click.pass_obj
def release(config: Path | None, /, post_id: int, as_json: bool) -> None:
    """Let a held post go on; words that you put beside it in held/ are read anew."""
    from postguard.app import releasing

    rows, settings = open_rows(), releasing.settings_at(config)
    told = releasing.release(settings, rows, post_id, time_now())
    say_of(rows, post_id, told, as_json=as_json)


@click.command()
@click.argument("post_id", metavar="POST", type=NUMBER)
@_JSON
@click.pass_obj
def retry(config: Path | None, /, post_id: int, as_json: bool) -> None:
    """Try a post again now: release it if it is held, and send it without waiting for its slot."""
    from postguard.app import releasing

    rows, settings = open_rows(), releasing.settings_at(config)
    told = releasing.retry(settings, rows, post_id, time_now())
    say_of(rows, post_id, told, as_json=as_json)


@click.command()
@click.argument("account", required=False)
@click.option("--off", is_flag=True, help="Go on posting.")
@_JSON
@click.pass_obj
def pause(config: Path | None, account: str | None, off: bool, as_json: bool) -> None:
    """Stop posting, to one ACCOUNT or to all; taking and protecting go on."""
    from postguard.app import steering
    from postguard.store import EVERYTHING

    rows = open_rows()
    told = steering.pause(config, account, rows, paused=not off)
    if not as_json:
        say(told)
        return
    paused = rows.accounts.paused()
    say_as_json(told, all_paused=EVERYTHING in paused, paused=sorted(paused - {EVERYTHING}))


COMMANDS = (move, edit, retract, hold, release, retry, pause)


def _numbered(alt: str) -> tuple[int, str]:
    match = re.fullmatch(r"\s*([0-9]{1,3})=(.*)", alt, re.DOTALL)
    return (int(match[1]), match[2]) if match else (1, alt)


def _question(post: Post, chosen: Sequence[Delivery], rows: Store) -> str:
    receipts = rows.deliveries.receipts(post.id)
    found = [receipts.get(d.account) for d in chosen]
    urls = [d.account if r is None else r.url for d, r in zip(chosen, found, strict=True)]
    if all(r is not None and r.is_page for r in found):
        asked = _(
            "Post {post_id} ({name}) was a dry run: pages on this PC, and nothing on a network.\n"
            "{urls}\nTake the pages away?"
        )
    else:
        asked = _(
            "Post {post_id} ({name}): {urls}\n"
            "What is deleted there cannot be brought back; likes and answers go with it. Delete?"
        )
    return asked.format(post_id=post.id, name=post.name, urls=", ".join(urls))


def _tell(post_id: int, told: Sequence[Outcome], *, as_json: bool) -> None:
    """Print how it went on each account; not done on one is exit code 1."""
    from postguard.app.bell import ring
    from postguard.cli import for_programs

    ring()
    if as_json:
        for_programs.echo([{"account": o.account, "done": o.done, "said": o.said} for o in told])
    else:
        for outcome in told:
            click.secho(
                _("Post {post_id} on {account}: {said}.")
                .format(post_id=post_id, account=outcome.account, said=outcome.said)
                .replace("..", ".")
                .replace("。。", "。"),
                fg=None if outcome.done else "yellow",
                err=not outcome.done,
            )
    if not all(o.done for o in told):
        raise click.exceptions.Exit(1)
