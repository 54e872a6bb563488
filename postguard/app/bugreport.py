"""`postguard bugreport`: what helps to find a fault, without secrets, texts, names or pictures.

Nothing is copied and then cleaned: each line is made of what is known to be harmless. Of the
config only keys, switches and numbers; of the log only where in the code an error came from.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from importlib import metadata

from postguard.app import backing_up
from postguard.app.installation import Installation
from postguard.app.room import free_bytes
from postguard.errors import PostguardError
from postguard.settings.schema import Config
from postguard.system import service

_PACKAGES = (
    *("postguard", "atproto", "Mastodon.py", "Pillow", "numpy", "watchdog", "APScheduler"),
    *("pydantic", "torch", "diffusers", "c2pa-python", "keyring", "desktop-notifier", "apprise"),
    "distributed",
)
_FILE = r"(?P<file>(?:postguard|site-packages|python3\.\d+)/[\w./-]+\.py)"
_FRAME = re.compile(rf'\s*File "[^"]*/{_FILE}", line (?P<line>\d+)')
_RAISED = re.compile(r"^([A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Held|Unsure))(?::|$)")
_MOST_FRAMES = 400  # lines


def lines(installation: Installation, journal: str = "") -> Iterator[str]:
    """Yield the report.

    Args:
        journal: what the daemon has said; only the places of errors are taken of it.
    """
    yield "## postguard"
    yield from _versions()
    yield "\n## this PC"
    yield from _machine(installation)
    yield "\n## config (keys, switches and numbers only)"
    yield from _config(installation.settings)
    yield "\n## rows"
    yield from _rows(installation)
    yield "\n## service"
    yield from _service()
    yield "\n## where errors came from (newest last)"
    yield from places(journal)


def places(journal: str) -> list[str]:
    """Return of a log only the frames of tracebacks and the kinds of errors. Pure."""
    found = []
    for line in journal.splitlines():
        if match := _FRAME.match(line):
            found.append(f"  {match['file']}:{match['line']}")
        elif match := _RAISED.match(line):
            found.append(match[1])
    return found[-_MOST_FRAMES:] or ["none"]


def _versions() -> Iterator[str]:
    yield f"python {platform.python_version()} ({platform.python_implementation()})"
    for name in _PACKAGES:
        try:
            yield f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            yield f"{name}: not installed"


def _machine(installation: Installation) -> Iterator[str]:
    yield f"{platform.system()} {platform.release()} {platform.machine()}"
    yield f"{os.cpu_count()} CPU cores; text as {sys.getfilesystemencoding()}"
    yield f"SQLite {installation.store.db.version}"
    yield f"{free_bytes(installation.home.state) / 1e9:.1f} GB free beside the database"
    backups = backing_up.kept_in(backing_up.folder_of(installation.home.state))
    newest = f", newest {backups[0].at:%Y-%m-%d}" if backups else ""
    yield f"{len(backups)} backups{newest}"


def _config(settings: Config) -> Iterator[str]:
    """Yield keys, with values that cannot name anybody: switches, numbers, fixed words."""
    plain = settings.model_dump(
        mode="python",  # without the tables whose keys the artist chooses
        exclude={"accounts": True, "recipes": True, "models": {"weights"}},
    )
    yield from _harmless(plain, "")
    yield f"models.weights: {len(settings.models.weights)} of them"
    for number, account in enumerate(settings.accounts.values(), start=1):
        yield f"account {number}: {account.network}"
        yield from _harmless(account.model_dump(mode="python"), f"account {number}.")
    for number, steps in enumerate(settings.recipes.values(), start=1):
        yield f"recipe {number}: {' '.join(step.step for step in steps)}"


def _harmless(table: Mapping[str, object], above: str) -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _harmless(value, f"{above}{key}.")
        elif isinstance(value, bool | int | float | Enum):
            yield f"{above}{key} = {value}"
        else:
            yield f"{above}{key}: {_kind(value)}"


def _kind(value: object) -> str:
    """Return what stands there without saying it."""
    if value is None or value == "":
        return "not set"
    if isinstance(value, tuple | list):
        return f"{len(value)} of them"
    return "set"


def _rows(installation: Installation) -> Iterator[str]:
    posts, store = installation.store.posts, installation.store
    for state, count in sorted(posts.counts().items()):
        yield f"posts {state}: {count}"
    for name, count in store.deliveries.counts().items():
        yield f"deliveries {name}: {count}"
    yield f"accounts logged out: {len(store.accounts.logged_out())}"
    yield f"accounts paused: {len(store.accounts.paused())}"
    yield f"deliveries that wait after a restore: {store.restored.count()}"


def _service() -> Iterator[str]:
    try:
        told = service.status()
    except PostguardError as exc:
        yield f"no answer: {type(exc).__name__}"
        return
    yield f"installed: {told.installed}, at login: {told.enabled or 'no'}, now: {told.active}"
