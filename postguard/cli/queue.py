"""The queue: add, list, show."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from postguard.cli import given
from postguard.cli.rows import NOT_RUNNING, NUMBER, open_rows, say, time_now, zone
from postguard.errors import ConfigError
from postguard.language import _, marked, ngettext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from postguard.model import Delivery, Post
    from postguard.store import Store
    from postguard.store.progress import UnderWay

STATES = ("taking", "taken", "protected", "posted", "held", "released", "withdrawn", "retracted")


@click.command()
@click.argument("pictures", nargs=-1, required=True, type=given.PRESENT_FILE)
@click.option("--text", default="", help="What the post says.")
@click.option("--title", default="", help="Its title, where the account's template has one.")
@click.option("--alt", multiple=True, help="Alt text; once for each picture, in order.")
@click.option("--cw", default="", help="Content warning.")
@click.option("--tag", "tags", multiple=True, help="Hashtag, without #; may be repeated.")
@click.option("--label", "labels", multiple=True, help="Label such as sexual or nudity.")
@click.option("--lang", default="", help="Language of the text, as en or ja.")
@click.option("--at", default="", help='Time ("2026-12-24 19:30"), "now" or "slot".')
@click.option("--not-before", default="", help='Day ("2026-12-24") or time; never earlier.')
@click.option("--reply-to", default="", help='Post that it answers: an address, or "#12".')
@click.option("--series", default="", help="Name of a series, whose posts answer each other.")
@click.option("--thread", is_flag=True, help="What is too long goes on in answers to itself.")
@click.option("--to", "to", multiple=True, help="Account; may be repeated. Else all of them.")
@click.option("--recipe", default="", help="Recipe of the config.")
@click.option(
    "--visibility",
    type=click.Choice(["public", "unlisted", "private", "direct"]),
    help="Who sees it; a network that cannot give this holds the post.",
)
@click.option("--dry-run", is_flag=True, help="Make preview pages; post nothing.")
@click.pass_obj
def add(config: Path | None, /, pictures: tuple[Path, ...], **words: object) -> None:
    """Drop copies of PICTURES into the outbox as one post, with their words."""
    from postguard.app import first_start
    from postguard.app.adding import drop, no_room, without_alt

    said = {k: v for k, v in words.items() if v}
    silent = without_alt(config, pictures, said)
    dropped = drop(config, pictures, said, time_now())
    first_start.expect(open_rows(), dropped)
    say(
        _("{dropped} is in the outbox; `postguard list` shows where it is on its way.").format(
            dropped=dropped
        )
    )
    for warning in filter(None, (silent, no_room(config))):
        click.secho(warning, fg="yellow")


@click.command(name="list")
@click.option("--state", multiple=True, type=click.Choice(STATES), help="Only these states.")
@click.option("--before", type=NUMBER, help="Posts older than this number: the next page.")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="Posts on a page."
)
@click.option("--calendar", is_flag=True, help="The next 30 days: what goes out, and free slots.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_(
    config: Path | None,
    /,
    state: tuple[str, ...],
    before: int | None,
    limit: int,
    calendar: bool,
    as_json: bool,
) -> None:
    """Show the posts, newest first, and where each is on its way."""
    if calendar:
        _calendar(config, as_json=as_json)
        return
    from postguard.model import PostState

    store = open_rows()
    posts = store.posts.page([PostState(s) for s in state], before, limit)
    deliveries = {p.id: store.deliveries.of_post(p.id) for p in posts}
    now = store.posts.progress.now()
    if as_json:
        from postguard.cli import for_programs

        for_programs.echo([_told(p, deliveries[p.id], store, now) for p in posts])
        return
    from postguard.cli import listing

    if not posts:
        click.echo(_nothing(config, state, before))
    else:
        receipts = {p.id: store.deliveries.receipts(p.id) for p in posts}
        for line in listing.lines(posts, deliveries, zone(store), now, receipts):
            click.echo(line)
    if len(posts) == limit:
        click.echo(_("older posts: postguard list --before {number}").format(number=posts[-1].id))
    _say_what_stands_still(store)


@click.command()
@click.argument("post_id", metavar="POST", type=NUMBER)
@click.option(
    "--as",
    "as_",
    metavar="bluesky|mastodon|ACCOUNT",
    default="",
    help="Show exactly what is sent there instead, and write it as a page to look at.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def show(config: Path | None, /, post_id: int, as_: str, as_json: bool) -> None:
    """Show one post: its words, what was done to its pictures, its history and receipts."""
    if as_:
        _preview(config, post_id, as_, as_json=as_json)
        return
    from postguard.app import layering

    store = open_rows()
    post = store.posts.get(post_id)
    deliveries = store.deliveries.of_post(post_id)
    now = store.posts.progress.now()
    layers = layering.of_post(config, store, post, deliveries)
    if as_json:
        from postguard.cli import for_programs, layered

        told = _told(post, deliveries, store, now)
        protects = {"layers": None if layers is None else layered.told(layers)}
        seen = {name: read.seen for name, read in store.readings.of_post(post_id).items()}
        details = for_programs.details(post, deliveries, store)
        for_programs.echo(told | details | {"shown": seen} | protects)
        return
    from postguard.cli import showing, underway, wide

    for line in showing.lines(store, post, deliveries, zone(store), layers):
        click.echo(line)
    if said := underway.words(now, post):  # behind the history, which it goes on with
        click.echo(f"  {wide.fitted(_('now'), len('2026-12-25 19:30:00'))}  {said}")


COMMANDS = (add, list_, show)


def _calendar(config: Path | None, *, as_json: bool) -> None:
    """Print the next 30 days."""
    from postguard.app import calendar
    from postguard.cli import calendar_page, for_programs

    days = calendar.days(config, open_rows(), time_now())
    if as_json:
        for_programs.echo([calendar_page.told(day) for day in days])
        return
    for line in calendar_page.lines(days):
        click.echo(line)


def _preview(config: Path | None, post_id: int, wanted: str, *, as_json: bool) -> None:
    """Print what is sent, and write the page."""
    from postguard.app.installation import open_installation
    from postguard.app.previewing import views
    from postguard.cli import for_programs, previewing
    from postguard.cli.busy import busy

    installation = open_installation(config)
    with busy(_("drawing its page")):
        found = views(installation, post_id, wanted)
    if as_json:
        for_programs.echo([previewing.told(view) for view in found])
        return
    for view in found:
        for line in previewing.lines(view, installation.settings.timezone):
            click.echo(line)


def _told(
    post: Post, deliveries: Sequence[Delivery], store: Store, now: UnderWay | None
) -> dict[str, Any]:
    """Return one post for programs, with how far its protection is; null: it is not its turn."""
    from postguard.cli import for_programs, underway

    return for_programs.post(post, deliveries, store) | {"progress": underway.fields(now, post)}


_NOT_SET_UP = marked("postguard is not set up yet. A few questions: postguard init")


def _nothing(config: Path | None, state: tuple[str, ...], before: int | None) -> str:
    if state or before is not None:
        return _("There is no such post.")
    if lying := _lying(config):
        return ngettext(
            "No posts yet; {count} picture waits in the outbox to be taken.",
            "No posts yet; {count} pictures wait in the outbox to be taken.",
            lying,
        ).format(count=lying)
    return _(
        "No posts yet. Drop a picture into the outbox with a text file of the same name beside it,"
        '\nor: postguard add fox.png --alt "what can be seen" --text "what you say"'
    )


def _lying(config: Path | None) -> int:
    """Return how many pictures were not taken yet; a config that says no outbox hides no list."""
    if not _is_set_up():
        return 0
    from postguard.app.adding import waiting

    try:
        return waiting(config)
    except ConfigError:
        return 0


def _say_what_stands_still(store: Store) -> None:
    import json

    from postguard.app.bell import running
    from postguard.app.config_file import not_counting
    from postguard.store import CONFIG_NOT_TAKEN, DISK_LOW, DRAWING, EVERYTHING

    at_work = running() is not None
    if at_work and (why := not_counting(store.meta.get(CONFIG_NOT_TAKEN) or "")):
        click.secho(why, fg="yellow")
    if store.meta.get(DISK_LOW):
        said = _(
            "The disk is all but full: what is dropped waits in the outbox until there is room."
        )
        click.secho(said, fg="yellow")
    for name in json.loads(store.meta.get(DRAWING) or "[]"):
        said = _("{name} posts nothing: dry_run = true. What was planned before waits.")
        click.secho(said.format(name=name), fg="yellow")
    for name in store.accounts.logged_out():
        click.secho(
            _("{name} is logged out: postguard login {name}").format(name=name), fg="yellow"
        )
    if paused := store.accounts.paused():
        names = [_("all accounts")] if EVERYTHING in paused else sorted(paused)
        off = "" if EVERYTHING in paused else f" {names[0]}"
        said = _("Posting to {names} is paused; postguard pause{off} --off goes on.").format(
            names=", ".join(names), off=off
        )
        click.secho(said, fg="yellow")
    if not at_work:
        click.secho(_(NOT_RUNNING if _is_set_up() else _NOT_SET_UP), fg="yellow")


def _is_set_up() -> bool:
    """Return whether a config is named or lies where it is looked for."""
    from postguard.system.paths import home

    named = click.get_current_context().obj or os.environ.get("POSTGUARD_CONFIG")
    return bool(named) or (home().config / "config.toml").exists()
