"""`postguard open`: one dashboard for this user, started when it is wanted, and a link into it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from postguard.app.dashboard import only_one
from postguard.app.dashboard.dropping import Drops
from postguard.app.dashboard.freshness import Freshness
from postguard.app.dashboard.gate import Gate
from postguard.app.dashboard.pictures import Proofs
from postguard.app.dashboard.recipe_book import RecipeBook
from postguard.app.dashboard.rows import Rows, Tell
from postguard.app.dashboard.surroundings import Config
from postguard.app.dashboard.trials import Trials
from postguard.app.dashboard.wishes import Commands
from postguard.app.installation import Installation, open_installation
from postguard.errors import Unusable
from postguard.language import _
from postguard.system import files
from postguard.system.clock import SystemClock
from postguard.web import links, pages, serving
from postguard.web.desk import Desk

_DOOR = "open.html"


@dataclass(frozen=True, slots=True)
class Opened:
    """A link into the dashboard.

    Attributes:
        link: works once, for ten minutes.
        door: a page that only this user can read and that leads there: browsers are started with
            its name, since others can read what a program was started with.
    """

    port: int
    link: str
    door: Path


def link(config: Path | None, port: int) -> Opened:
    """Have a dashboard run, and return a link into it. Raises Unusable where none starts."""
    folder = only_one.folder()
    with only_one.one_start(folder):
        at = only_one.running(folder) or _start(config, port)
    secret = links.make(folder, SystemClock().now())
    address = f"http://{serving.LOOPBACK}:{at}/enter#{secret}"
    door = folder / _DOOR
    files.write_whole(door, pages.door(address).encode())
    return Opened(at, address, door)


def stay(config: Path | None, tell: Tell, port: int, *, ends: bool) -> None:
    """Be the dashboard until a signal ends it or, where it `ends`, nobody has looked for a while;
    print the port once it listens. Raises Unusable where one runs already."""
    folder = only_one.folder()
    # The lock comes first: a database that is put in the place of this one waits for it.
    with only_one.the_only_one(folder) as lock, serving.listen(port) as on:
        installation = open_installation(config)
        at = int(on.getsockname()[1])
        on.listen()
        only_one.listens(lock, at)
        print(at, flush=True)  # noqa: T201  # whoever started it waits for this line
        made, now = desk(installation, tell), installation.clock.now
        serving.serve(
            lambda visits: pages.application(made, folder, at, visits, now),
            on,
            alone=serving.ALONE if ends else None,
        )


def desk(installation: Installation, tell: Tell) -> Desk:
    """Return all that the pages ask for."""
    fresh = Freshness(installation)
    rows = Rows(installation, tell, fresh)
    proofs, drops = Proofs(installation), Drops(installation)
    return Desk(
        rows,
        rows,
        Config(installation),
        proofs,
        Commands(installation, rows),
        drops,
        RecipeBook(installation, Trials(installation, proofs, drops), fresh),
        Gate(installation),
    )


def _start(config: Path | None, port: int) -> int:
    """Start a dashboard that outlives this command, and return its port."""
    named = () if config is None else ("--config", str(config.absolute()))
    log = only_one.folder() / "log.txt"
    with log.open("w") as told:
        log.chmod(files.PRIVATE_FILE)
        child = subprocess.Popen(
            [sys.executable, "-m", "postguard", *named, "open", "--serve", "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
            start_new_session=True,
        )
    assert child.stdout is not None
    with child.stdout:
        said = child.stdout.readline().strip()
    if not said.isdecimal():
        why = log.read_text().strip().rpartition("\n")[2]
        raise Unusable(_("the dashboard did not start: {why}").format(why=why))
    return int(said)
