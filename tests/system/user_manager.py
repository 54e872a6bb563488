"""A systemd user manager of its own, as an ordinary user, with a home that is thrown away.

The real ones of this PC are never touched: it lives in a mount namespace (systemd runs as a user's
only where it sees a /run of systemd's) and in a cgroup of its own, which takes root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

NOBODY = 65534
SYSTEMD = Path("/lib/systemd/systemd")
PATIENCE = 120.0  # seconds; a machine that runs everything at once is slow, not broken
_NEEDED = ("unshare", "nsenter", "setpriv", "systemctl")
_BEGIN = """
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system
{lay_open}
for group in $GROUPS_OF_ITS_OWN; do echo $$ > "$group/cgroup.procs"; done
exec setpriv --reuid={nobody} --regid={nobody} --clear-groups {systemd} --user
"""
# A Python in root's home is readable there for everybody, and nothing else of that home is.
_LAY_OPEN = """
mkdir "$ASIDE" && mount --bind "{python}" "$ASIDE" && mount -t tmpfs -o mode=755 tmpfs "{closed}"
mkdir -p "{python}" && mount --move "$ASIDE" "{python}"
"""


@dataclass
class UserManager:
    """The throwaway user's systemd."""

    home: Path
    runtime: Path
    pid: int = 0

    @property
    def environment(self) -> dict[str, str]:
        """What a login gives to programs."""
        return {
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.runtime),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
        }

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program as that user, who sees what the manager sees."""
        enter = ["nsenter", f"--target={self.pid}", "--mount"]
        be = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        at_home = ["sh", "-c", 'cd && exec "$@"', "sh"]
        return subprocess.run(
            [*enter, *be, *at_home, *map(str, words)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def shows(self, *properties: str) -> dict[str, str]:
        """What systemd knows of the unit."""
        asked = [f"--property={name}" for name in properties]
        answer = self.run("systemctl", "--user", "show", "postguard.service", *asked).stdout
        return dict(line.split("=", 1) for line in answer.splitlines())


def why_not() -> str | None:
    """Return why no user manager can be begun here; None: it may."""
    if os.geteuid() != 0:
        return "beginning one apart from your own takes root"
    if missing := [name for name in _NEEDED if shutil.which(name) is None]:
        return f"{missing[0]} is not on this PC"
    return None if SYSTEMD.exists() else "systemd is not on this PC"


@contextmanager
def user_manager() -> Iterator[UserManager | str]:
    """A running manager, or why there is none."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path must be short
    folder.chmod(0o711)
    groups = _groups()
    manager = UserManager(folder / "home", folder / "run")
    for own in (manager.home, manager.runtime):
        own.mkdir(mode=0o700)
        os.chown(own, NOBODY, NOBODY)
    begin = _BEGIN.format(nobody=NOBODY, systemd=SYSTEMD, lay_open=_lay_open())
    process = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", begin],
        env=manager.environment
        | {"GROUPS_OF_ITS_OWN": " ".join(map(str, groups)), "ASIDE": str(folder / "aside")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    manager.pid = process.pid
    try:
        yield manager if _is_up(manager, process) else "systemd refuses to run as a user's here"
    finally:
        process.terminate()
        process.wait(PATIENCE)
        _remove(groups)
        shutil.rmtree(folder)


def _lay_open() -> str:
    """Return what lets everybody use this Python, where it lies in a folder closed to others."""
    python = Path(sys.base_prefix)
    closed = [p for p in python.parents if p.stat().st_mode & 0o001 == 0]
    return _LAY_OPEN.format(python=python, closed=closed[-1]) if closed else ""


def _is_up(manager: UserManager, process: subprocess.Popen[bytes]) -> bool:
    ends_at = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < ends_at:
        if manager.run("systemctl", "--user", "is-system-running").stdout.strip() == "running":
            return True
        time.sleep(0.05)
    return False


def _groups() -> list[Path]:
    """Make the cgroups that systemd's user manager takes for its own."""
    made = []
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, kinds, path = line.split(":", 2)
        if kinds not in {"", "name=systemd"}:
            continue
        names = ["systemd"] if kinds else ["unified", "."]
        roots = [root for n in names if (root := Path("/sys/fs/cgroup") / n).is_dir()]
        group = roots[0] / path.lstrip("/") / f"postguard-test-{os.getpid()}"
        with suppress(OSError):  # then systemd says whether it needs it
            group.mkdir()
            for each in (group, *group.iterdir()):
                os.chown(each, NOBODY, NOBODY)
            made.append(group)
    return made


def _remove(groups: list[Path]) -> None:
    for group in groups:
        below = sorted((p for p in group.rglob("*") if p.is_dir()), reverse=True)
        for each in (*below, group):
            with suppress(OSError):  # what still ends there takes a moment; it is empty anyway
                each.rmdir()
