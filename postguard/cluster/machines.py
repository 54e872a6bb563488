"""What the commands of the cluster do on this machine; a GPU PC needs no config for them."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from postguard.cluster import address, certificates
from postguard.errors import Retryable, Unusable
from postguard.language import _
from postguard.system import files, paths
from postguard.system.clock import SystemClock

_AGAIN = 5.0  # seconds until a scheduler that was off is tried again
_COPIED = ".config/postguard/cluster/here"  # from the home folder of the other machine


@dataclass(frozen=True, slots=True)
class Founded:
    """Folders of certificates: of this machine, and of those that get theirs copied."""

    here: Path
    others: list[Path]


def folder() -> Path:
    """Return where the cluster's files lie: with the config, for they must be in its backup."""
    return paths.home().config / "cluster"


def keys_here(given: Path | None = None) -> Path:
    """Return the folder of this machine's own certificate."""
    return given or folder() / "here"


def found(here: str, others: Sequence[str]) -> Founded:
    """Make the authority and everyone's certificates.

    Raises:
        Unusable: there is a cluster already, or a name is none, or that of this machine's folder.
    """
    if keys_here().name in (here, *others):
        raise Unusable(
            _("every machine calls its own folder {name}; take another name").format(
                name=keys_here().name
            )
        )
    made = certificates.found(folder(), [here, *others], SystemClock().now())
    files.move(made[0], keys_here())
    return Founded(keys_here(), made[1:])


def add(name: str) -> Path:
    """Make one more machine's certificate. Raises Unusable."""
    return certificates.add(folder(), name, SystemClock().now())


def how_to_copy(machine: Path) -> str:
    """Return a command that copies a machine's folder to it."""
    name = machine.name
    return f"ssh {name} mkdir -p {Path(_COPIED).parent} && scp -rp {machine} {name}:{_COPIED}"


def run_scheduler(
    host: str, port: int, keys: Path | None, on_ready: Callable[[str], None]
) -> None:
    """Be the scheduler until asked to end. Raises Unusable."""
    check_extra()
    from postguard.cluster import joining

    where = address.listening(host)
    joining.configure()
    asyncio.run(joining.schedule(where, port, keys_here(keys), on_ready))


def run_worker(
    scheduler: str,
    name: str,
    keys: Path | None,
    *,
    gpu: bool | None,
    at_once: int,
    say: Callable[[str], None],
) -> None:
    """Work for a scheduler until asked to end; wait where it is off.

    Raises:
        Unusable: this machine is no part of that cluster, or runs another version.
    """
    check_extra()
    from postguard.cluster import joining

    url = address.url(scheduler)
    has_gpu = _has_gpu() if gpu is None else gpu
    ours = name or socket.gethostname()
    with_what = _("with a GPU") if has_gpu else _("without a GPU")
    joined = _("{name} works for {url}, {with_what}").format(
        name=ours, url=url, with_what=with_what
    )
    joining.configure()
    while True:
        try:
            work = joining.work_for(
                url,
                ours,
                keys_here(keys),
                gpu=has_gpu,
                at_once=at_once,
                on_ready=lambda: say(joined),
            )
            return asyncio.run(work)
        except Retryable as exc:
            say(str(exc))
            time.sleep(_AGAIN)  # a machine that is off tells nobody when it comes back


def _has_gpu() -> bool:
    """Ask in a process of its own: torch would stay in this one."""
    if importlib.util.find_spec("torch") is None:
        return False
    asked = "from postguard.cloak.device import best_device; print(best_device().kind)"
    told = subprocess.run(
        [sys.executable, "-P", "-c", asked], capture_output=True, text=True, check=False
    )
    return told.stdout.strip() not in {"", "cpu"}


def check_extra() -> None:
    """Raise Unusable where the extra is not installed, with the command that installs it."""
    if importlib.util.find_spec("distributed") is None:
        raise Unusable(certificates.missing_extra())
