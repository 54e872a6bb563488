"""The unit under a real systemd user manager: it starts, gives signs of life, and comes back."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system.user_manager import NOBODY, PATIENCE, UserManager, user_manager, why_not

PYTHON = Path(sys.executable)
CONFIG = '[accounts.look]\nnetwork = "preview"\n[recipes]\ndefault = [{ step = "tags" }]\n'
# So that nobody waits two minutes for a sign of life, nor behind all else that this PC does.
QUICK = "[Service]\nRestartSec=100ms\nWatchdogSec=6\nNice=0\nIOSchedulingClass=best-effort\n"


@pytest.fixture(scope="module")
def manager() -> Iterator[UserManager]:
    """A user manager with a config in its home."""
    reason = why_not()
    if reason is not None:
        pytest.skip(f"not run: this needs a systemd user manager of its own: {reason}")
    with user_manager() as begun:
        if isinstance(begun, str):
            pytest.skip(f"not run: this needs a systemd user manager of its own: {begun}")
        if begun.run(PYTHON, "-c", "import postguard.app").returncode != 0:
            pytest.skip("not run: another user cannot read this installation")
        own = begun.home / ".config"
        for path, text in {
            own / "postguard" / "config.toml": CONFIG,
            own / "systemd" / "user" / "postguard.service.d" / "quick.conf": QUICK,
        }.items():
            path.parent.mkdir(parents=True)
            path.write_text(text)
        for path in (own, *own.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        yield begun
        begun.run("systemctl", "--user", "stop", "postguard.service")


def becomes(look: Callable[[], str], *wanted: str, but: str = "") -> str:
    """Wait until systemd says one of these; return it."""
    ends_at = time.monotonic() + PATIENCE
    while (said := look()) == but or (wanted and said not in wanted):
        assert time.monotonic() < ends_at, f"waited in vain: {said}"
        time.sleep(0.05)
    return said


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_unit_starts_gives_signs_of_life_is_killed_and_comes_back(
    manager: UserManager,
) -> None:
    def pid() -> str:
        return manager.shows("MainPID")["MainPID"]

    def ready() -> None:
        becomes(lambda: manager.shows("ActiveState")["ActiveState"], "active")

    def signs() -> str:
        return manager.shows("WatchdogTimestampMonotonic")["WatchdogTimestampMonotonic"]

    def restarts() -> str:
        return manager.shows("NRestarts")["NRestarts"]

    done = manager.run(PYTHON, "-m", "postguard", "service", "install")
    assert done.returncode == 0, done.stderr
    ready()
    first, said = pid(), manager.shows("StatusText", "UMask")
    assert said == {"StatusText": "watching the outbox", "UMask": "0077"}
    assert f"process {first}" in manager.run(PYTHON, "-m", "postguard", "service", "status").stdout
    becomes(signs, but=signs())
    assert pid() == first

    os.kill(int(first), signal.SIGKILL)
    becomes(restarts, "1")
    ready()
    assert pid() not in {first, "0"}

    os.kill(int(pid()), signal.SIGSTOP)  # it hangs: no signs of life, and systemd begins anew
    becomes(restarts, "2")
    ready()

    removed = manager.run(PYTHON, "-m", "postguard", "service", "remove")
    assert removed.returncode == 0, removed.stderr
    assert manager.shows("ActiveState", "LoadState")["ActiveState"] == "inactive"
    assert (manager.home / ".local/state/postguard/postguard.db").is_file()
