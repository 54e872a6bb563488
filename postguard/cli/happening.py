"""What happened to a post, and when, in words: for the demo, `show` and `list`. Pure."""

from __future__ import annotations

from datetime import datetime, tzinfo

from postguard.model import Delivery, DeliveryState
from postguard.store import Event

_SAID = {
    "settled": "settled: the file is finished",
    "taking": "being taken",
    "taken": "taken with its words; it lies in outbox/queued/ now",
    "protecting": "protecting it with the recipe",
    "protected": "protected: the files to post are written and audited",
    "sent": "posted to",
    "posted": "done: original, renditions and receipt lie in outbox/posted/",
    "held": "held:",
    "try again": "will try again:",
    "told": "",
    "warning": "warning:",
    "read back": "read back from",
    "moved": "moved by you:",
    "edited": "words changed by you on",
    "not to be sent": "taken back by you before it was posted on",
    "retracted from": "deleted by you from",
    "retracted": "taken back: no copy of it stands any more",
    "released": "released: its words are read anew",
    "withdrawn": "withdrawn: you took the files back",
}
_STEPS = {"encode": "saved"}
_STATES = {
    DeliveryState.WAITING: "waits for protection",
    DeliveryState.SENDING: "being sent",
    DeliveryState.UNSURE: "perhaps posted: postguard asks the network first",
    DeliveryState.POSTED: "posted",
    DeliveryState.HELD: "held",
    DeliveryState.RETRACTED: "taken back",
}  # a scheduled one says when
_WITHOUT_DETAIL = {"protected", "posted", "taken"}


def event(told: Event, zone: tzinfo | None) -> str:
    """Return what an event says."""
    if told.what == "scheduled":
        account, at = told.detail.split(maxsplit=1)
        due = datetime.fromisoformat(at).astimezone(zone)
        return f"scheduled for {account}: {due:%a %Y-%m-%d %H:%M:%S}"
    if told.what == "step":
        step, _, rest = told.detail.partition(" ")
        return f"  {_STEPS.get(step, step):<11} {rest}"
    if told.what == "sent" and " file:" in told.detail:
        return f"drawn as a page, not posted, for {told.detail}"
    detail = "" if told.what in _WITHOUT_DETAIL else told.detail
    return f"{_SAID.get(told.what, told.what)} {detail}".strip()


def delivery(told: Delivery, zone: tzinfo | None) -> str:
    """Return where a delivery is on its way, and its due time where it has one."""
    due = "" if told.due_at is None else f" {day_and_time(told.due_at, zone)}"
    said = _STATES.get(told.state) or (f"tries again{due}" if told.tries else due.strip())
    dry = " (dry run)" if told.dry_run else ""
    return f"{told.account}: {said}{dry}"


def day_and_time(at: datetime, zone: tzinfo | None) -> str:
    """Return `Fri 2026-12-25 19:30` in the artist's zone; None: this PC's."""
    return f"{at.astimezone(zone):%a %Y-%m-%d %H:%M}"
