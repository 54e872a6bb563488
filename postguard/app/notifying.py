"""Tells the artist what happened: posted, held, logged out, will be late, no room.

It reads what the other roles wrote into the histories, so none of them knows of it, and what
happened while postguard was restarted is told as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from postguard import language
from postguard.app.installation import Installation
from postguard.language import _
from postguard.model import names
from postguard.model.news import Message, News
from postguard.ports import Notifier
from postguard.store import CONFIG_NOT_TAKEN, DISK_LOW
from postguard.store.foretelling import FORETOLD
from postguard.store.news import Happened, NewsRows
from postguard.system import folders
from postguard.system.notify.courier import Courier
from postguard.system.notify.desktop import Desktop
from postguard.system.notify.phone import SECRET, Phone

_KINDS = {"sent": News.POSTED, "held": News.HELD, FORETOLD: News.LATE}
# The meta keys of what was told.
_TOLD, _OUT = "notified", "notified-logged-out"
_TOLD_OF = {DISK_LOW: "notified-disk", CONFIG_NOT_TAKEN: "notified-config"}
_NEWS_FOR = timedelta(days=1)  # what is older is none any more
_AT_ONCE = 3  # of more posts of one kind, only their number is told


@dataclass(slots=True)
class Notifying:
    """Looks for news, and hands them to the courier.

    Attributes:
        courier: takes messages without a wait.
    """

    installation: Installation
    name: str = "notifying"
    courier: Courier = field(init=False)

    def __post_init__(self) -> None:
        self.courier = Courier(lambda: notifiers(self.installation))

    def tick(self, now: datetime) -> bool:
        """Tell what is new since the last look, or the last run. Of posts, nothing is told that
        happened before notifications were first wanted; what stands wrong now always is."""
        meta, rows = self.installation.store.meta, NewsRows(self.installation.store.db)
        told = meta.get(_TOLD)
        if told is None or not notifiers(self.installation):
            self._keep(rows.last())
            return False
        found = rows.after(int(told), _KINDS)
        about = self.installation.settings.notify.about
        recent = [each for each in found if now - each.at < _NEWS_FOR]
        for message in (*messages(recent), *self._logged_out(), *self._disk(), *self._config()):
            if message.news in about:
                self.courier.send(message)
        if found:
            self._keep(found[-1].number)
        return False

    def next_look(self, now: datetime) -> datetime | None:
        """The usual look is enough."""
        return None

    def _keep(self, number: int) -> None:
        meta = self.installation.store.meta
        if meta.get(_TOLD) != str(number):
            meta.put(_TOLD, str(number))

    def _disk(self) -> Iterator[Message]:
        """Yield a message when the disk has become full since the last look."""
        if self._news_of(DISK_LOW):
            yield Message(
                News.DISK,
                _("The disk is full"),
                _("Nothing new is protected until there is room. postguard check says more."),
            )

    def _config(self) -> Iterator[Message]:
        """Yield a message when a changed config could not be taken since the last look."""
        if why := self._news_of(CONFIG_NOT_TAKEN):
            title = _("What you changed in the config does not count yet")
            folder = f"{self.installation.path.parent}/"  # nobody's but the artist's
            yield Message(News.CONFIG, title, why.replace(folder, ""))

    def _news_of(self, key: str) -> str:
        """Return what a fact says, once; empty: nothing, or it was told."""
        meta = self.installation.store.meta
        says, told = meta.get(key) or "", meta.get(_TOLD_OF[key]) or ""
        if says == told:
            return ""
        meta.put(_TOLD_OF[key], says)
        return says

    def _logged_out(self) -> Iterator[Message]:
        """Yield a message for each account that was logged out since the last look."""
        store = self.installation.store
        out = store.accounts.logged_out()
        known = set(json.loads(store.meta.get(_OUT) or "[]"))
        if set(out) == known:
            return
        store.meta.put(_OUT, json.dumps(sorted(out)))
        for name in sorted(set(out) - known):
            yield Message(
                News.LOGGED_OUT,
                _("{account} is logged out").format(account=name),
                _("Its posts wait. Log in again: postguard login {account}").format(account=name),
            )


def notifiers(installation: Installation) -> list[Notifier]:
    """Return whoever the config wants messages shown by."""
    wanted = installation.settings.notify
    found: list[Notifier] = []
    if wanted.desktop:
        found.append(Desktop())
    if wanted.phone:
        found.append(Phone(lambda: installation.secrets.get(SECRET)))
    return found


def messages(found: Sequence[Happened]) -> list[Message]:
    """Return what is to be said of events: one message for each post and kind, or only their
    number where there are many. Pure."""
    told = [(kind, each) for each in found if (kind := _kind(each)) is not None]
    told.sort(key=lambda pair: (list(News).index(pair[0]), pair[1].post_id, pair[1].number))
    said: list[Message] = []
    for kind, of_kind in groupby(told, key=lambda pair: pair[0]):
        posts = [
            [each for _kind, each in events]
            for _post, events in groupby(of_kind, key=lambda pair: pair[1].post_id)
        ]
        said += (
            [_many(kind, len(posts))]
            if len(posts) > _AT_ONCE
            else [_one(kind, events) for events in posts]
        )
    return said


def _kind(each: Happened) -> News | None:
    """Return what an event is news of; none is what the artist did, or a page on this PC."""
    detail = each.event.detail
    if each.event.what == "sent" and " file:" in detail:
        return None
    if each.event.what == "held" and detail in language.in_every_language(folders.BY_HAND):
        return None
    return _KINDS[each.event.what]


def _one(kind: News, events: Sequence[Happened]) -> Message:
    first, details = events[0], dict.fromkeys(each.event.detail for each in events)
    name = {"number": first.post_id, "name": first.post_name}
    if kind is News.POSTED:
        return Message(kind, _("Posted: {name}").format(**name), "\n".join(details))
    if kind is News.HELD:
        said = folders.numbered(first.post_id, names.told(events[-1].event.detail))
        then = _("postguard show {number} says more.").format(**name)
        return Message(kind, _("Held: {name}").format(**name), f"{said}\n{then}")
    return Message(kind, _("Will be late: {name}").format(**name), "\n".join(details))


def _many(kind: News, count: int) -> Message:
    title = {
        News.POSTED: _("{count} posts went out"),
        News.HELD: _("{count} posts are held"),
    }.get(kind, _("{count} posts will be late"))
    return Message(kind, title.format(count=count), _("postguard list shows them."))


def trial() -> Message:
    """Return what `postguard notify test` sends."""
    return Message(
        News.POSTED, _("postguard can reach you"), _("This is how messages from it look. 狐 🦊")
    )
