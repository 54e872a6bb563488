"""An audit as a page in the terminal, or for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from postguard.app.auditing import Audited
from postguard.cli import for_programs, listing, wide
from postguard.language import _, marked
from postguard.model import Finding, Level

_MARKS: dict[Level, tuple[str, str]] = {
    Level.OK: (marked("ok  "), "green"),
    Level.UNKNOWN: ("?   ", "blue"),
    Level.ADVICE: (marked("note"), "cyan"),
    Level.WARNING: (marked("FIX "), "yellow"),
    Level.BLOCKING: (marked("STOP"), "red"),
}
_TO_MEND = {Level.WARNING, Level.BLOCKING}
_HONEST = marked(
    "These are requests or friction, not locks. A public post can always be copied; the pixel "
    "protections and the small size are what remains."
)
_INDENT = "     "


def to_mend(seen: Sequence[Audited]) -> bool:
    """Return whether something was found that leaves the art less protected than it could be."""
    return any(f.level in _TO_MEND for each in seen for f in each.findings)


def show(seen: Sequence[Audited], *, as_json: bool, full: bool) -> None:
    """Print the audits of one or more accounts."""
    if as_json:
        for_programs.echo([_told(each) for each in seen])
        return
    for each in seen:
        click.secho(f"\n{each.account}", bold=True)
        for finding in each.findings:
            _print(finding, full=full)
    click.echo()
    _wrapped("", _(_HONEST))


def _told(seen: Audited) -> dict[str, Any]:
    found = [
        {
            "id": f.id,
            "level": f.level.value,
            "title": f.title,
            "found": f.found,
            "recommended": f.recommended,
            "reach": f.reach,
            "why": f.why,
            "by_hand": f.by_hand,
            "can_fix": f.can_fix,
            "limit": f.limit,
        }
        for f in seen.findings
    ]
    return {"account": seen.account, "findings": found}


def _print(finding: Finding, *, full: bool) -> None:
    mark, colour = _MARKS[finding.level]
    _wrapped(f"{click.style(_(mark), fg=colour)} ", f"{finding.title}: {finding.found}")
    if finding.level in {Level.OK, Level.UNKNOWN} and not full:
        return
    rows = (
        (_("better"), finding.recommended),
        (_("cost"), finding.reach or _("none that we know of")),
        (_("why"), finding.why),
        (_("by hand"), finding.by_hand),
        (_("by us"), "postguard audit --fix" if finding.can_fix else _("no: postguard cannot")),
        (_("limit"), finding.limit),
    )
    for name, text in rows:
        _wrapped(f"{_INDENT}{wide.fitted(name + ':', 9)}", text)


def _wrapped(first: str, text: str) -> None:
    """Print a text beside its head, in as many lines as the terminal needs."""
    beside = wide.width(click.unstyle(first))
    head, *more = wide.wrapped(text, listing.terminal_width() - beside)
    click.echo(f"{first}{head}")
    for line in more:
        click.echo(f"{' ' * beside}{line}")
