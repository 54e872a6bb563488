"""The campaign's composition root: the real roles over a clock that skips every wait, in a process
that kills itself where the plan says so.

Nothing in the product knows of it: the ports and the file functions are wrapped here. Every life
is forked from one process that has imported everything, so that a restart costs no imports.
"""

from __future__ import annotations

import errno
import inspect
import json
import logging
import os
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

from postguard.app import roles
from postguard.app.accounts import Accounts
from postguard.app.installation import Installation, open_installation
from postguard.errors import PostguardError, Unusable
from postguard.model import PostState
from postguard.networks.served import surviving
from postguard.ports import Network
from postguard.protect.workshop import InProcessWorkshop
from postguard.store import connection
from postguard.system import files
from postguard.system.clock import Jump, JumpKind
from tests.faults.clock import CampaignClock
from tests.faults.engine import PATIENCE
from tests.faults.plan import Plan, checkpoints

log = logging.getLogger(__name__)

USUAL_LOOK = timedelta(seconds=30)  # the daemon's longest nap
DELIVERIES = ("schedule",)
ATTEMPTS = ("claim", "begin", "finish", "put_back", "hold", "recover")
POSTS = ("create", "move_to", "placed")
RENDITIONS = ("finished",)
NETWORK = ("plan", "send", "find", "read_back")
FILES = ("write_whole", "move")
METHODS = (*DELIVERIES, *ATTEMPTS, *POSTS, *RENDITIONS, *NETWORK, *FILES)
AT_REST = {PostState.POSTED: "posted", PostState.HELD: "held"}
# What is imported before the first fork, and so only once.
LIBRARIES = ("atproto_client", "mastodon", "postguard.imaging", "postguard.protect.pipeline")
PRELOADED = (__name__, *LIBRARIES)
TRY_AGAIN = os.EX_TEMPFAIL  # the service manager starts the daemon anew
NO_WRITERS = {__name__, "contextlib", connection.__name__}


@dataclass
class Fate:
    """Decides at every checkpoint and write of one life; what is spent outlives it in a file."""

    folder: Path
    plan: Plan
    life: int
    left: Counter[str]
    _passings: int = 0
    _writes: int = 0
    _full_until: int = 0
    happened: Counter[str] = field(default_factory=Counter)
    writers: dict[str, int] = field(default_factory=dict)  # how often each found the disk full

    def at(self, checkpoint: str) -> None:
        """Die here, if the plan says so."""
        self._passings += 1
        if self.left[checkpoint] > 0 and self.plan.kills_at(self.life, self._passings):
            self.left[checkpoint] -= 1
            self.happened["kill"] += 1
            self.keep()
            os.kill(os.getpid(), signal.SIGKILL)

    def disk_is_full(self, writer: str) -> bool:
        """Count a write, and say whether there is no room for it."""
        self._writes += 1
        if self._writes >= self._full_until:
            first = self.plan.each_writer and writer not in self.writers
            length = 1 if first else self.plan.full_at(self.life, self._writes)
            self._full_until = self._writes + length
        full = self._writes < self._full_until
        self.happened["full disk"] += full
        self.writers[writer] = self.writers.get(writer, 0) + full
        return full

    def keep(self) -> None:
        """Write down what is spent and what happened."""
        earlier = read_fate(self.folder)
        earlier["left"] = dict(self.left)
        earlier["happened"] = dict(Counter(earlier["happened"]) + self.happened)
        earlier["writers"] = earlier["writers"] | self.writers
        self.happened.clear()
        _put(self.folder / "fate.json", earlier)


def read_fate(folder: Path) -> dict[str, Any]:
    """What of the plan is left, and what happened in the child's lives."""
    kept = folder / "fate.json"
    return (
        json.loads(kept.read_text())
        if kept.exists()
        else {"left": None, "happened": {}, "writers": {}}
    )


def _put(path: Path, value: object) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(value))
    fresh.replace(path)


class Watched:
    """Anything, with a checkpoint before and after some of its methods."""

    def __init__(self, inner: object, methods: tuple[str, ...], at: Callable[[str], None]) -> None:
        self._inner, self._methods, self._at = inner, methods, at

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return watched(name, found, self._at) if name in self._methods else found


def watched(name: str, call: Callable[..., Any], at: Callable[[str], None]) -> Callable[..., Any]:
    """The call, between two checkpoints."""

    def inner(*args: Any, **more: Any) -> Any:
        at(f"before {name}")
        answer = call(*args, **more)
        at(f"after {name}")
        return answer

    return inner


class WatchedAccounts(Accounts):
    """Accounts whose networks are watched."""

    at: Callable[[str], None]

    def network(self, name: str, *, dry_run: bool = False) -> Network:
        """The true network between checkpoints."""
        plain = super().network(name, dry_run=dry_run)
        return cast(Network, Watched(plain, NETWORK, self.at))


def wrapped(installation: Installation, fate: Fate) -> Installation:
    """Put the checkpoints around every port, and the full disk before every write."""
    store, plain = installation.store, installation.accounts
    posts: Any = Watched(store.posts, POSTS, fate.at)
    renditions: Any = Watched(store.renditions, RENDITIONS, fate.at)
    deliveries: Any = Watched(store.deliveries, DELIVERIES, fate.at)
    attempts: Any = Watched(store.attempts, ATTEMPTS, fate.at)
    installation.store = replace(
        store, posts=posts, renditions=renditions, deliveries=deliveries, attempts=attempts
    )
    given = {f.name: getattr(plain, f.name) for f in fields(plain) if f.init}
    # The product waits a minute for a silent server; a campaign would wait for hours.
    installation.accounts = WatchedAccounts(**given | {"timeout": PATIENCE})
    installation.accounts.at = fate.at
    # Modules' functions, not a port: here they are replaced for this process alone.
    for name in FILES:
        setattr(files, name, watched(name, short_of_room(getattr(files, name), fate), fate.at))
    database: Any = installation.store.db
    database._db = Fickle(database._db, fate)
    return installation


def made_roles(installation: Installation) -> roles.Roles:
    """Protect and measure here, by the same code: a child process costs seconds for each life and
    each post (tests/system kills those), and no checkpoint or full disk would reach into it."""
    made = roles.make_roles(installation, lambda: None, InProcessWorkshop)
    made.verifying.measured = partial(surviving.measure, timeout=PATIENCE)
    return made


def short_of_room(write: Callable[..., Any], fate: Fate) -> Callable[..., Any]:
    """The write, on a disk that may be full."""

    def inner(*args: Any, **more: Any) -> Any:
        if fate.disk_is_full(_caller()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(args[0]))
        return write(*args, **more)

    return inner


def _caller() -> str:
    """The name of the product's function that writes."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals["__name__"] in NO_WRITERS:
        frame = frame.f_back
    return frame.f_code.co_qualname if frame is not None else ""


class Fickle:
    """A connection to the database whose disk may be full when a transaction ends."""

    def __init__(self, inner: sqlite3.Connection, fate: Fate) -> None:
        self._inner, self._fate = inner, fate

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Run one statement."""
        if sql == "COMMIT" and self._fate.disk_is_full(_caller()):
            raise sqlite3.OperationalError("database or disk is full")
        return self._inner.execute(sql, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@dataclass
class Life:
    """One run of the daemon's roles, in turn, until all that was dropped is at rest, or an account
    waits for a login and nobody else has anything to do."""

    installation: Installation
    clock: CampaignClock
    fate: Fate
    dropped: int

    def live(self) -> None:
        """Tick; where nobody has work, skip to the next due time."""
        made = made_roles(self.installation)
        turn, parent = 0, os.getppid()
        try:
            while not self._at_rest():
                turn += 1
                assert os.getppid() == parent, "the campaign was broken off"
                self._set_clock(made, turn)
                worked = [self._ticked(role) for role in made.all()]
                if any(worked):
                    continue
                if self.installation.store.accounts.logged_out():
                    break  # only the artist can go on from here
                self._skip(made)
        finally:
            made.release()

    def _ticked(self, role: Any) -> bool:
        """Tick as the daemon does: an error costs one tick."""
        try:
            return bool(role.tick(self.clock.now()))
        except PostguardError as exc:
            log.error("%s: %s", role.name, exc)  # noqa: TRY400
        except Exception:
            log.exception("%s", role.name)
        self.clock.wait(5.0)  # as the daemon does
        return True

    def _skip(self, made: roles.Roles) -> None:
        now = self.clock.now()
        looks = [look for role in made.all() if (look := role.next_look(now)) and look > now]
        due = min(looks, default=now + USUAL_LOOK)
        self.clock.wait((due - now).total_seconds() + 0.001)

    def _set_clock(self, made: roles.Roles, turn: int) -> None:
        seconds = self.fate.plan.step_at(self.fate.life, turn)
        if seconds is not None and (by := self.clock.set_wrong(seconds)):
            self.fate.happened["clock"] += 1
            made.on_jump([Jump(JumpKind.STEPPED, by)])

    def _at_rest(self) -> bool:
        """Whether every drop is posted or held, in its place (or, before, the start is over)."""
        posts = self.installation.store.posts
        if not self.dropped:
            return self.installation.store.meta.get("started") is not None
        counts = posts.counts()
        settled = sum(counts.get(state, 0) for state in AT_REST)
        return settled >= self.dropped == sum(counts.values()) and not posts.misplaced()


def live(folder: Path, life: int, *, dropped: int) -> None:
    """Be the daemon for one life; before anything is dropped nothing goes wrong."""
    plan, kept = Plan(**json.loads((folder / "plan.json").read_text())), read_fate(folder)
    left = kept["left"] or dict.fromkeys(checkpoints(METHODS), plan.kills)
    if not dropped:
        plan, left = Plan(plan.seed, 1, requests=0, writes=0, turns=0), {}
    fate = Fate(folder, plan, life, Counter(left), writers=kept["writers"])
    clock = CampaignClock(folder / "clock.json")
    try:
        Life(wrapped(open_installation(clock=clock), fate), clock, fate, dropped).live()
    finally:
        if dropped:
            fate.keep()


def born(folder: Path, life: int, *, dropped: int) -> int:
    """Fork one life; return how it ended."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 1
    try:
        live(folder, life, dropped=dropped)
        status = 0
    except Unusable as exc:
        log.error("life %d could not begin: %s", life, exc)  # noqa: TRY400  # its words are enough
        status = TRY_AGAIN
    except BaseException:
        log.exception("life %d broke", life)
    finally:
        logging.shutdown()
        os._exit(status)


def lives(folder: Path, environment: Mapping[str, str], dropped: int) -> None:
    """Live again after every SIGKILL and every start in vain, until all is at rest; then end this
    process."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    logging.basicConfig(
        filename=folder / "root.log", level=logging.INFO, format="%(asctime)s %(message)s"
    )
    life = 0
    while (code := born(folder, life, dropped=dropped)) in {-signal.SIGKILL, TRY_AGAIN}:
        life += 1
    sys.exit(code)


def plan_file(folder: Path, plan: Plan) -> None:
    """Leave the plan for the child's lives."""
    _put(folder / "plan.json", asdict(plan))
