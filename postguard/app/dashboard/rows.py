"""The rows as the dashboard's pages show them. Implements `web.desk.Reading` and `Watching`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from postguard.app import bell, calendar
from postguard.app.config_file import not_counting
from postguard.app.dashboard import details, needs
from postguard.app.dashboard.freshness import Freshness
from postguard.app.installation import Installation
from postguard.networks.plain_words import Shows
from postguard.settings.schema import PreviewAccount
from postguard.store import CONFIG_NOT_TAKEN, EVERYTHING, Event, glance
from postguard.system import folders
from postguard.web.facts import DayFacts, Entry, Standing
from postguard.web.post_facts import Detail, Happened, Need, PostFacts, Queue, Stage
from postguard.web.views import stage

Tell = Callable[[Event, tzinfo | None], str]
_LOG_PAGE = 100  # lines


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one installation. `tell`: says in words what happened."""

    installation: Installation
    tell: Tell
    freshness: Freshness

    @property
    def zone(self) -> tzinfo:
        """The artist's zone."""
        return self.installation.settings.timezone

    def standing(self) -> Standing:
        """Return what stands over every page."""
        problem, store = self.freshness.problem(), self.installation.store
        is_at_work = bell.running() is not None
        refused = store.meta.get(CONFIG_NOT_TAKEN) if is_at_work else None
        paused = store.accounts.paused()
        return Standing(
            held=len(glance.held(store.db)),
            running=is_at_work,
            paused=EVERYTHING in paused,
            logged_out=tuple(store.accounts.logged_out()),
            problem=not_counting(problem or refused or ""),
        )

    def queue(self, most: int) -> Queue:
        """Return the posts that are under way, and those that went out lately, at most so many
        of each stage; of a thousand that wait only the first are read whole."""
        heaps: dict[Stage, list[glance.Place]] = {stage: [] for stage in Stage}
        for place in sorted(glance.places(self.installation.store.db), key=_order):
            heaps[stage(place.state, held=place.held)].append(place)
        return Queue(
            tuple(self.one(place.id) for heap in heaps.values() for place in heap[:most]),
            {stage: max(len(heap) - most, 0) for stage, heap in heaps.items()},
        )

    def one(self, post_id: int) -> PostFacts:
        """Return one post."""
        store = self.installation.store
        post, deliveries = store.posts.get(post_id), store.deliveries.of_post(post_id)
        now = store.posts.progress.now()
        at_work = now is not None and now.post_id == post_id
        return PostFacts(
            post,
            tuple(deliveries),
            store.deliveries.receipts(post_id),
            tuple(store.renditions.of_post(post_id, Path())),
            at_work,
            now.progress if now is not None and at_work else None,
            {d.account: shows(self.installation, d.account) for d in deliveries},
            store.readings.warnings(post_id),
        )

    def detail(self, post_id: int) -> Detail:
        """Return all that the page of a post shows."""
        return details.detail(self.installation, self.one(post_id), self._history(post_id))

    def needs(self) -> list[Need]:
        """Return what needs the artist, oldest first."""
        return [
            needs.of(self.installation, self.detail(n))
            for n in glance.held(self.installation.store.db)
        ]

    def days(self) -> list[DayFacts]:
        """Return the days to come."""
        installation = self.installation
        found = calendar.days(installation.path, installation.store, installation.clock.now())
        return [
            DayFacts(
                day.date,
                tuple(
                    Entry(p.at, p.account, p.post_id, p.name, p.held, p.dry_run)
                    for p in day.planned
                ),
                tuple(day.free),
            )
            for day in found
        ]

    def log(self, before: int | None) -> list[Happened]:
        """Return what happened, newest first."""
        found = glance.events(self.installation.store.db, before, _LOG_PAGE)
        return [
            Happened(
                e.id,
                e.at,
                e.what,
                self._told(e.post_id, Event(e.at, e.what, e.detail)),
                e.post_id,
                e.name,
            )
            for e in found
        ]

    def pulse(self) -> tuple[int, int]:
        """Return a value that differs when any row has changed."""
        return self.installation.store.db.changes()

    def prints(self) -> dict[int, str]:
        """Return what differs when a post's card does, by post."""
        return glance.prints(self.installation.store.db)

    def _history(self, post_id: int) -> tuple[Happened, ...]:
        return tuple(
            Happened(number, e.at, e.what, self._told(post_id, e))
            for number, e in self.installation.store.posts.history(post_id)
        )

    def _told(self, post_id: int, event: Event) -> str:
        return folders.numbered(post_id, self.tell(event, self.zone))


def _order(place: glance.Place) -> tuple[float, ...]:
    """Order each stage: what is worked on, what goes out first, what went out last."""
    if stage(place.state, held=place.held) is Stage.OUT:
        return (-place.changed, -place.id)
    due = float("inf") if place.due is None else place.due
    return (not place.at_work, due, place.id)


def shows(installation: Installation, account: str) -> Shows:
    """Return the network as whose post a copy looks."""
    table = installation.settings.accounts.get(account)
    if table is None:
        return "bluesky"
    return table.shows if isinstance(table, PreviewAccount) else table.network
