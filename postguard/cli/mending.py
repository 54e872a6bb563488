"""Offers what would mend an audit's findings, and takes it back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby

import click

from postguard.app.auditing import Audited, Auditing
from postguard.app.login import Consent, wider_access
from postguard.cli.busy import busy
from postguard.errors import PostguardError
from postguard.language import _
from postguard.model import Change, Level

_INDENT = "     "


class Mending:
    """Asks the artist, and does what was allowed. Errors cost one change, not the others.

    Attributes:
        failed: something that was to be done could not be.
    """

    def __init__(self, auditing: Auditing, consent: Consent, *, quiet: bool, yes: bool) -> None:
        self._auditing, self._consent = auditing, consent
        self._quiet, self._yes = quiet, yes
        self._now = auditing.installation.clock.now
        self.failed = False

    def look(self, name: str) -> Audited | None:
        """Audit an account; None where it cannot be asked now, which was said."""
        try:
            with busy(_("looking at {name}").format(name=name)):
                return self._auditing.audit(name, self._now())
        except PostguardError as exc:
            self.failed = True
            click.echo(
                _("{name} could not be audited: {exc}").format(name=name, exc=exc), err=True
            )
            return None

    def fix(self, seen: Audited) -> None:
        """Offer every change that would mend what was seen."""
        name = seen.account
        with wider_access(self._auditing.installation, name, self._consent) as wider:
            levels = {f.id: f.level for f in seen.findings}
            for changes in _together(seen.changes):
                if self._may(name, changes, levels[changes[0].finding]):
                    for change in changes:
                        self._do(partial(self._auditing.make, name, change, self._now(), wider))

    def undo(self, name: str) -> None:
        """Offer to take back every change that was written, newest first."""
        fixes = self._auditing.rows.undoable(name)
        if not fixes:
            self._say(_("{name}: there is nothing to take back").format(name=name))
        with wider_access(self._auditing.installation, name, self._consent) as wider:
            for fix in fixes:
                self._say(f"\n{name}: {fix.change.says}\n{_lines(fix.change.reversed())}")
                if self._yes or click.confirm(_("Take it back?")):
                    self._do(partial(self._auditing.undo, fix, self._now(), wider))

    def _may(self, name: str, changes: Sequence[Change], level: Level) -> bool:
        for change in changes:
            self._say(f"\n{name}: {change.says}\n{_lines(change)}")
        if not self._yes:
            return click.confirm(_("Change it?"))
        left = self._left(changes[0].intent, level)
        if left:
            self._say(_("{indent}left as it is: {left}").format(indent=_INDENT, left=left))
        return not left

    def _left(self, intent: str, level: Level) -> str:
        """Return why --yes does not cover a change; empty: it does."""
        if intent and not self._auditing.may_refuse(intent):
            return _(
                'only you can refuse it; run without --yes, or add "{intent}" to intents in '
                "[audit]"
            ).format(intent=intent)
        if not intent and level is Level.ADVICE:
            return _("it has a price, so it is your choice; run without --yes")
        return ""

    def _do(self, act: Callable[[], None]) -> None:
        try:
            act()
        except PostguardError as exc:
            self.failed = True
            click.echo(_("{indent}not done: {exc}").format(indent=_INDENT, exc=exc), err=True)
        else:
            self._say(_("{indent}done, and read back").format(indent=_INDENT))

    def _say(self, text: str) -> None:
        if not self._quiet:
            click.echo(text)


def _together(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Yield what is asked for at once: all of one finding, but each word of the artist alone."""
    for _key, group in groupby(changes, key=lambda c: (c.finding, c.intent)):
        yield list(group)


def _lines(change: Change) -> str:
    before, after = _value(change.before), _value(change.after)
    return _("{indent}{place}\n{indent}before: {before}\n{indent}after:  {after}").format(
        indent=_INDENT, place=change.place, before=before, after=after
    )


def _value(value: object) -> str:
    return _("nothing") if value is None else json.dumps(value, ensure_ascii=False)
