"""A copy seen elsewhere: which of the artist's posts it was taken from, and what shows it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from postguard.cli import given
from postguard.language import _, marked

if TYPE_CHECKING:
    from datetime import tzinfo
    from pathlib import Path

    from postguard.app.proving import Proof, Sought
    from postguard.imaging.locating import Place

_FAILED = 1
_MARKS = ("watermark", "notice", "hidden")  # the steps that say whose it is
_UNRELATED = marked("of 60 unrelated pictures in our tests, the nearest reached 0.44")


@click.command()
@click.argument("file", type=given.PRESENT_FILE)
@click.option("--sheet", type=given.ANY_FILE, help="Also draw both side by side, as a PNG.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def prove(config: Path | None, /, file: Path, sheet: Path | None, as_json: bool) -> None:
    """Find the post that FILE, a copy seen elsewhere, was taken from.

    It may be saved anew, resized, mirrored or cropped. Nothing leaves this PC.
    """
    from postguard.app import proving
    from postguard.app.installation import open_installation
    from postguard.cli import for_programs, progress

    installation = open_installation(config)
    with progress.steps(quiet=as_json) as on_progress:
        sought = proving.prove(installation, file, sheet, on_progress)
    if as_json:
        for_programs.echo(_for_programs(sought))
    else:
        for line in _lines(file, sought, installation.settings.timezone):
            click.echo(line)
    if sought.proof is None and sought.hidden is None:
        sys.exit(_FAILED)
    if sheet is not None and not as_json:
        click.secho(f"{sheet}", bold=True)


COMMANDS = (prove,)


def _lines(file: Path, sought: Sought, zone: tzinfo) -> Iterator[str]:
    proof = sought.proof
    if proof is None:
        yield from _wrapped(
            _(
                "{name} was found in none of the {compared} pictures that postguard protected "
                "here. A copy that shows less than about a third of a picture, or one that was "
                "drawn over or turned, may be yours all the same. Files that `postguard protect` "
                "wrote are no posts, so they were not looked at."
            ).format(name=file.name, compared=sought.compared)
        )
    else:
        yield from _found(file, proof, zone)
    if sought.hidden is not None:
        yield from _told(
            _("hidden mark"),
            _("your key reads post {hidden} in the copy itself").format(hidden=sought.hidden),
        )
    if sought.unseen:
        yield from _wrapped(
            _(
                "{unseen} posts could not be compared: their files are gone, and they were "
                "protected before postguard kept what pictures are found by."
            ).format(unseen=sought.unseen)
        )


def _found(file: Path, proof: Proof, zone: tzinfo) -> Iterator[str]:
    yield click.style(
        _("{name} was taken from post {post_id}: {post}").format(
            name=file.name, post_id=proof.post.id, post=proof.post.name
        ),
        bold=True,
    )
    yield from _told(_("what matched"), _matched(proof.place))
    yield from _told(_("how sure"), _sure(proof))
    gone = "" if proof.there else _(" (it is not there any more)")
    yield from _told("original", f"{proof.original}{gone}")
    yield from _told("SHA-256", proof.artwork.sha256)
    taken = proof.post.created_at.astimezone(zone)
    yield from _told(_("taken in"), f"{taken:%Y-%m-%d %H:%M:%S %Z}")
    for account, receipt in sorted(proof.receipts.items()):
        at = f"{receipt.at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"
        if receipt.is_page:
            yield from _told(
                _("not posted"),
                _("{at} drawn for {account}: {url}").format(
                    at=at, account=account, url=receipt.url
                ),
            )
        else:
            yield from _told(
                _("posted"),
                _("{at} by {account}: {url}").format(at=at, account=account, url=receipt.url),
            )
    if not proof.receipts:
        yield from _told(
            _("posted"), _("not yet; the post is {state}").format(state=_(proof.post.state.value))
        )
    for said in _marks(proof):
        yield from _told("marks", said)


def _matched(place: Place) -> str:
    mirrored = _(", mirrored") if place.mirrored else ""
    if place.whole:
        return _("the whole picture{mirrored}").format(mirrored=mirrored)
    return _(
        "a crop of {area:.0%} of the picture{mirrored}: from {left:.0%} of its width and "
        "{top:.0%} of its height, {width:.0%} wide and {height:.0%} high"
    ).format(
        area=place.area,
        mirrored=mirrored,
        left=max(place.left, 0),
        top=max(place.top, 0),
        width=place.width,
        height=place.height,
    )


def _sure(proof: Proof) -> str:
    place = proof.place
    said = _("certain") if place.sure else _("likely; look at both with --sheet")
    beside = (
        "" if proof.posted else _(", though only a small picture of it is left to compare with")
    )
    return _("{said}: the fine lines agree by {agreement:.2f} of 1 ({unrelated}){beside}").format(
        said=said, agreement=place.agreement, unrelated=_(_UNRELATED), beside=beside
    )


def _marks(proof: Proof) -> Iterator[str]:
    """Yield what the recipe drew into the picture that says whose it is."""
    from postguard.networks import plain_words

    for line in plain_words.done(proof.rendition):
        if line.name.lower() in _MARKS:
            yield f"{line.name.lower()}: {line.words}"


def _told(name: str, said: str) -> Iterator[str]:
    from postguard.cli import listing, wide

    head = wide.fitted(name, 12)
    first, *more = wide.wrapped(said, max(listing.terminal_width() - 16, 20))
    yield f"  {head}  {first}"
    yield from (f"  {' ' * 12}  {line}" for line in more)


def _wrapped(said: str) -> list[str]:
    from postguard.cli import listing, wide

    return wide.wrapped(said, listing.terminal_width())


def _for_programs(sought: Sought) -> dict[str, Any]:
    proof = sought.proof
    told: dict[str, Any] = {
        "found": proof is not None,
        "compared": sought.compared,
        "not_compared": sought.unseen,
        "hidden_mark": sought.hidden,
    }
    return told if proof is None else told | _of_proof(proof)


def _of_proof(proof: Proof) -> dict[str, Any]:
    place = proof.place
    return {
        "post": proof.post.id,
        "name": proof.post.name,
        "state": proof.post.state.value,
        "original": str(proof.original),
        "original_is_there": proof.there,
        "sha256": proof.artwork.sha256,
        "taken": proof.post.created_at.isoformat(),
        "posted": [
            {
                "account": account,
                "url": receipt.url,
                "uri": receipt.uri,
                "at": receipt.at.isoformat(),
                "dry_run": receipt.is_page,
            }
            for account, receipt in sorted(proof.receipts.items())
        ],
        "agreement": round(place.agreement, 3),
        "certain": place.sure,
        "whole": place.whole,
        "mirrored": place.mirrored,
        "box": [round(side, 4) for side in (place.left, place.top, place.width, place.height)],
        "compared_with": None if proof.posted is None else str(proof.posted),
        "rendition": {"sha256": proof.rendition.sha256, "record": proof.rendition.record},
    }
