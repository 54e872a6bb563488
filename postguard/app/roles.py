"""The daemon's roles, made of the wings: intake, protection, publishing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from postguard.app import answering, bell, config_file, first_start, seen
from postguard.app.auditing import DailyAudit
from postguard.app.backing_up import DailyBackup
from postguard.app.installation import CONFIG, Installation
from postguard.app.leisure import Leisure
from postguard.app.matching import Matching
from postguard.app.notifying import Notifying
from postguard.app.originals import Originals
from postguard.app.preflight import LookingAhead
from postguard.app.room import Room
from postguard.app.verifying import Verifying
from postguard.daemon import Beat, Daemon, Role, run_once
from postguard.intake.taking import Taking
from postguard.intake.watcher import Watcher
from postguard.model import Delivery, Rendition
from postguard.ports import Network
from postguard.protect.minding import missing
from postguard.protect.protecting import Protecting
from postguard.protect.workshop import ChildWorkshop, InProcessWorkshop
from postguard.publish.pacing import Pacing
from postguard.publish.planning import Planning
from postguard.publish.publisher import Publisher
from postguard.publish.shelving import Shelving
from postguard.store import CONFIG_NOT_TAKEN
from postguard.system import sleeping
from postguard.system.awake import Awake
from postguard.system.clock import Jump, JumpKind
from postguard.system.service import Supervisor

log = logging.getLogger(__name__)

_SOON = timedelta(seconds=0.5)
_RESCAN = timedelta(seconds=60)
_MOST_SENDERS = 4  # threads; more accounts share them


@dataclass(slots=True)
class Intake:
    """Watches the outbox and takes what has settled.

    Attributes:
        outdated: returns whether the config was just changed; what was dropped waits until it is
            read, since it may ask for a recipe or an account that is new in it.
    """

    installation: Installation
    watcher: Watcher
    taking: Taking
    workshop: ChildWorkshop | InProcessWorkshop
    room: Room
    name: str = "intake"
    outdated: Callable[[], bool] = lambda: False
    _scanned: datetime | None = None

    def tick(self, now: datetime) -> bool:
        """Rescan when it is time, then take one piece of what has settled."""
        self.watcher.attend()
        if self._scanned is None or abs(now - self._scanned) >= _RESCAN:
            self.watcher.rescan()
            self._scanned = now
        more = self.room.enough(now) and not self.outdated() and self.taking.tick(now)
        if self.taking.first_start and self.taking.first_start_over:
            first_start.end(self.installation.store, now)
            self.taking.first_start = False
        self.workshop.close_idle(now)
        return more

    def next_look(self, now: datetime) -> datetime | None:
        """Return when a file may have settled."""
        if self.outdated():
            return now + _SOON
        return self.taking.next_look(now)

    def look_everywhere(self) -> None:
        """Have the next tick rescan: events may have been missed."""
        self._scanned = None


@dataclass(slots=True)
class Protection:
    """Keeps folders where they belong and runs recipes; one thread, so neither moves a folder
    that the other works in."""

    shelving: Shelving
    protecting: Protecting
    workshop: ChildWorkshop | InProcessWorkshop
    room: Room
    name: str = "protection"

    def tick(self, now: datetime) -> bool:
        """Shelve, then protect one post."""
        shelved = self.shelving.tick(now)
        worked = self.room.enough(now) and self.protecting.tick(now)
        self.workshop.close_idle(now)
        return shelved or worked

    def next_look(self, now: datetime) -> datetime | None:
        """Bells are enough."""
        return None


@dataclass(slots=True)
class Publishing:
    """Asks the servers what they take, and plans due times."""

    installation: Installation
    publisher: Publisher
    name: str = "publishing"

    def tick(self, now: datetime) -> bool:
        """Plan what is protected, all in one transaction."""
        self.installation.accounts.refresh_limits(now)
        with self.installation.store.db.change():
            return self.publisher.plan(now) > 0

    def next_look(self, now: datetime) -> datetime | None:
        """Bells are enough."""
        return None

    def plan_anew(self) -> None:
        """Give deliveries that wait for a slot their slots again, oldest post first."""
        self.installation.store.plans.unplan_all(self.installation.clock.now())

    def set_back(self, by: timedelta) -> None:
        """Let what waits for a while wait no longer for it than it was to: its end was reckoned by
        a clock that was ahead, and would come hours late."""
        store, now = self.installation.store, self.installation.clock.now()
        with store.db.change():
            for waits in (store.accounts, store.plans, store.readings):
                waits.set_back(by, now)
        self.installation.accounts.forget()  # each network has waits of its own


@dataclass(slots=True)
class Sending:
    """Sends what is due. One of several, so that a server that is slow to answer stops only its
    own account; the publisher sees to it that each account has one sender at a time."""

    installation: Installation
    publisher: Publisher
    name: str

    def tick(self, now: datetime) -> bool:
        """Send one delivery."""
        return self.publisher.send_one(now)

    def next_look(self, now: datetime) -> datetime | None:
        """Return when the next delivery becomes due; one that is due and cannot go (paused, held,
        waiting) is looked at with the usual nap."""
        return self.installation.store.deliveries.next_due(now)


@dataclass(frozen=True, slots=True)
class _Outside:
    """What the publisher is given; see `publisher.Publishing`."""

    installation: Installation
    originals: Originals

    def accounts(self) -> Sequence[str]:
        """Return the accounts that may post now."""
        return self.installation.accounts.ready()

    def dry_only(self) -> Sequence[str]:
        """Return the accounts that wait for a login or for their server."""
        return self.installation.accounts.only_dry()

    def network(self, delivery: Delivery) -> Network:
        """Return where this delivery goes."""
        return self.installation.accounts.of_delivery(delivery)

    def let_go(self, delivery: Delivery, now: datetime) -> bool:
        """Return whether the post's pictures are still those that were protected."""
        return self.originals.let_go(delivery.post_id, now, delivery.id)

    def renditions(self, delivery: Delivery) -> tuple[Rendition, ...]:
        """Return the files to send."""
        return self.installation.renditions(delivery)

    def logged_out(self, account: str, why: str) -> None:
        """Remember that the account needs a login."""
        self.installation.accounts.logged_out(account, why)


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles of one installation."""

    intake: Intake
    protection: Protection
    publishing: Publishing
    matching: Matching
    sending: Sequence[Sending]
    verifying: Verifying
    originals: Originals

    def all(self) -> tuple[Role, ...]:
        """Return them in the order of a picture's way."""
        first = self.intake, self.protection, self.publishing, self.matching
        return *first, *self.sending, self.verifying

    def at_rest(self, now: datetime) -> bool:
        """Return whether nothing in the outbox is about to settle, or nothing may be begun."""
        return self.intake.taking.at_rest() or not self.intake.room.enough(now)

    def release(self) -> None:
        """End the watcher and the child processes, in the middle of a job too."""
        self.intake.workshop.close()
        self.protection.workshop.close()
        self.intake.watcher.stop()

    def on_jump(self, jumps: Sequence[Jump]) -> None:
        """After the PC slept or its clock was set: look everywhere, plan slots anew."""
        self.intake.look_everywhere()
        stepped = (jump.amount for jump in jumps if jump.kind is JumpKind.STEPPED)
        if (forward := sum(stepped, timedelta(0))) < timedelta(0):
            self.publishing.set_back(-forward)
        self.publishing.plan_anew()


def make_roles(
    installation: Installation,
    on_news: Callable[[], None],
    workshop: type[ChildWorkshop | InProcessWorkshop] = ChildWorkshop,
) -> Roles:
    """Make the roles; `on_news` is called from watchdog's threads when the outbox changes."""
    store, clock = installation.store, installation.clock
    first = not first_start.is_over(store)
    readers = [workshop(clock, installation.settings.intake.max_megapixels) for _ in "12"]
    taking = Taking(
        settings=lambda: installation.settings,
        posts=store.posts,
        workshop=readers[0],
        objections=partial(answering.objections, installation),
        fit_of=lambda account, _: installation.accounts.fit_of(account),
        first_start=first,
        added=partial(first_start.expected, store),
    )

    def nominate(path: Path) -> None:
        taking.nominate(path)
        on_news()

    if first:
        # Later a missing outbox is a drive that is not connected: a folder made in its place
        # would hide it.
        _make(installation.outbox)
    mode = installation.settings.intake.watch
    watcher = Watcher(installation.outbox, nominate, mode, note=log.warning)
    taking.polling = lambda: watcher.polling
    originals = Originals(installation)
    shelving = Shelving(
        store.posts,
        lambda: installation.outbox,
        store.deliveries.receipts,
        partial(seen.lines, store),
        store.wishes.taken_back,
        lambda: installation.settings.timezone,
        lambda post, at: originals.let_go(post.id, at, released=True),
    )
    store.posts.progress.end()  # of a run that was cut off
    order_of = Leisure(installation).order_of
    protecting = Protecting(store.posts, store.renditions, readers[1], clock, order_of)
    protecting.missing = lambda post: missing(installation.outbox, post)
    return Roles(
        Intake(installation, watcher, taking, readers[0], room := Room(installation)),
        Protection(shelving, protecting, readers[1], room),
        Publishing(installation, publisher := make_publisher(installation, originals)),
        Matching(installation, publisher.lanes),
        [Sending(installation, publisher, name) for name in _senders(installation)],
        Verifying(installation, installation.accounts.of_delivery, publisher.lanes),
        originals,
    )


def make_publisher(installation: Installation, originals: Originals) -> Publisher:
    """Make the one publisher of an installation, which several threads may send with."""
    store, accounts, clock = installation.store, installation.accounts, installation.clock
    pacing = Pacing(store.accounts, store.spending, accounts.network_name)
    planning = Planning(store.deliveries, store.attempts, store.plans, installation.timing)
    awake = Awake(lambda: installation.settings.schedule.stay_awake)
    return Publisher(
        *(store.deliveries, store.attempts, planning, _Outside(installation, originals), pacing),
        clock=clock.now,
        awake=awake.held,
    )


def _senders(installation: Installation) -> list[str]:
    """Return a name for each thread that sends: one for each account, up to a few."""
    wanted = min(max(len(installation.settings.accounts), 1), _MOST_SENDERS)
    return [f"sending {number}" for number in range(1, wanted + 1)]


def _make(outbox: Path) -> None:
    """Make the outbox, and say so: its name in the config may be misspelt."""
    if not outbox.is_dir():
        outbox.mkdir(parents=True)
        log.warning("there was no outbox %s; it was made now", outbox)


def run(installation: Installation) -> None:
    """Be the daemon until a signal ends it."""
    installation.store.meta.put(CONFIG, str(installation.path.absolute()))
    installation.store.meta.put(CONFIG_NOT_TAKEN, "")
    beats: list[Beat] = []

    def ring(*names: str) -> None:
        for beat in beats:
            if beat.role.name in names:
                beat.ring()

    def outdated() -> bool:
        if installation.file.changed():
            bell.ring_ourselves()  # the main thread reads it
        return installation.file.is_new()

    made = make_roles(installation, lambda: ring("intake"))
    senders = [sender.name for sender in made.sending]
    made.intake.outdated = outdated
    made.intake.taking.on_taken = lambda: ring("protection")
    made.originals.on_change = lambda: ring("protection")
    beats += [
        Beat(made.intake, installation.clock),
        Beat(made.protection, installation.clock, lambda: ring("publishing", *senders)),
        Beat(made.publishing, installation.clock, lambda: ring(*senders)),
        *(
            Beat(s, installation.clock, lambda: ring("protection", "verifying"))
            for s in made.sending
        ),
        Beat(made.matching, installation.clock, lambda: ring(*senders)),
        Beat(made.verifying, installation.clock),
        Beat(DailyBackup(installation), installation.clock),
        Beat(Notifying(installation), installation.clock),
        Beat(DailyAudit(installation), installation.clock),
        Beat(LookingAhead(installation, made.verifying.lanes, made.originals), installation.clock),
    ]
    made.protection.protecting.heartbeat = beats[1].heartbeat

    def reload() -> None:
        config_file.take(installation, made.publishing.plan_anew)

    sleeping.listen(bell.ring_ourselves)
    Daemon(
        beats=beats,
        clock=installation.clock,
        supervisor=Supervisor.from_environment(),
        on_jump=made.on_jump,
        changed=installation.file.changed,
        reload=reload,
        release=made.release,
    ).run()


def do_what_is_due(installation: Installation) -> None:
    """Do all that is due and settled, then return."""
    installation.store.meta.put(CONFIG_NOT_TAKEN, "")
    made = make_roles(installation, lambda: None)
    try:
        run_once(made.all(), installation.clock, made.at_rest)
    finally:
        made.release()
