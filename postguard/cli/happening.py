"""What happened to a post, and when, in words: for the demo, `show` and `list`. Pure."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo

from postguard import language
from postguard.cli import wide
from postguard.language import _, marked
from postguard.model import Delivery, DeliveryState, Receipt, names
from postguard.store import Event

_SAID = {
    "settled": marked("settled, the file is finished:"),
    "taking": marked("being taken"),
    "taken": marked("taken with its words; it lies in outbox/queued/ now"),
    "protecting": marked("protecting it with the recipe"),
    "waiting": marked("waiting for a machine of the cluster"),
    "protected": marked("protected: the files to post are written and audited"),
    "sent": marked("posted to"),
    "posted": marked("done: original, renditions and receipt lie in outbox/posted/"),
    "drawn": marked(
        "done, and nothing was posted: original, renditions and receipt lie in outbox/dry-run/"
    ),
    "held": marked("held:"),
    "try again": marked("will try again:"),
    "told": "",
    "foretold": "",
    "warning": marked("warning:"),
    "read back": marked("read back from"),
    "moved": marked("moved by you:"),
    "edited": marked("words changed by you on"),
    "not to be sent": marked("taken back by you before it was posted on"),
    "link stays": marked("goes on linking a copy that is gone:"),
    "retracted from": marked("deleted by you from"),
    "retracted": marked("taken back: no copy of it stands any more"),
    "released": marked("released: its words are read anew"),
    "withdrawn": marked("withdrawn: you took the files back"),
}
_STEPS = {"encode": marked("saved")}
_STATES = {
    DeliveryState.WAITING: marked("waits for protection"),
    DeliveryState.SENDING: marked("being sent"),
    DeliveryState.UNSURE: marked("perhaps posted: postguard asks the network first"),
    DeliveryState.POSTED: marked("posted"),
    DeliveryState.HELD: marked("held"),
    DeliveryState.RETRACTED: marked("taken back"),
}  # a scheduled one says when
_FIT = re.compile(r"(?<= )(bluesky|mastodon)-[\d-]+$")  # the limits that a file was made for
_WITHOUT_DETAIL = {"protected", "posted", "taken"}


def event(told: Event, zone: tzinfo | None) -> str:
    """Return what an event says."""
    if told.what == "scheduled":
        account, at = told.detail.split(maxsplit=1)
        due = datetime.fromisoformat(at).astimezone(zone)
        return _("scheduled for {account}: {day} {due:%H:%M:%S}").format(
            account=account, day=language.day(due), due=due
        )
    if told.what == "step":
        step, _space, rest = told.detail.partition(" ")
        name = _(_STEPS[step]) if step in _STEPS else names.of_step(step)
        return f"  {wide.fitted(name, 11)} {_FIT.sub(_network, rest)}"
    if told.what == "sent" and " file:" in told.detail:
        return _("drawn as a page, not posted, for {detail}").format(detail=told.detail)
    detail = "" if told.what in _WITHOUT_DETAIL else told.detail
    detail = names.told(detail) if told.what == "held" else detail
    return f"{_(_SAID.get(told.what, told.what))} {detail}".strip()


def _network(fit: re.Match[str]) -> str:
    return fit[1].capitalize()


def delivery(told: Delivery, zone: tzinfo | None, receipt: Receipt | None = None) -> str:
    """Return where a delivery is on its way, and its due time where it has one; `receipt`: what
    came of it."""
    drawn = told.dry_run if receipt is None else receipt.is_page
    if drawn and told.state is DeliveryState.POSTED:
        return _("{account}: drawn as a page, not posted (dry run)").format(account=told.account)
    due = "" if told.due_at is None else f" {day_and_time(told.due_at, zone)}"
    said = _(_STATES.get(told.state, "")) or (
        _("tries again{due}").format(due=due) if told.tries else due.strip()
    )
    dry = _(" (dry run)") if told.dry_run else ""
    return f"{told.account}: {said}{dry}"


def day_and_time(at: datetime, zone: tzinfo | None) -> str:
    """Return `Fri 2026-12-25 19:30` in the artist's zone; None: this PC's."""
    return language.day_and_time(at.astimezone(zone))
