"""The service manager: what the daemon tells systemd, and how its user unit is installed.

The messages are the protocol of sd_notify(3): a few lines of text in a datagram.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from postguard.errors import Unusable
from postguard.language import _
from postguard.system.files import write_whole

UNIT = "postguard.service"
_SYSTEMCTL_SECONDS = 120.0  # systemd itself gives a service 90 to be ready
_READABLE_FILE = 0o644
_STARTS = re.compile(r'^ExecStart=(?:"((?:[^"\\]|\\.)+)"|(\S+))', re.MULTILINE)


class Supervisor:
    """Speaks to the service manager that started this process; to nobody where there is none.

    Args:
        address: of the datagram socket; `@` begins an abstract one.
        watchdog: seconds of silence after which systemd starts the daemon anew; None: never.
        monotonic: seconds of CLOCK_MONOTONIC.
    """

    def __init__(
        self,
        address: str | None = None,
        watchdog: float | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = address
        self._watchdog = watchdog
        self._monotonic = monotonic
        self._last_sign: float | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Supervisor:
        """Return the supervisor that systemd named in the environment."""
        return cls(environment.get("NOTIFY_SOCKET"), _watchdog_seconds(environment))

    def ready(self, status: str = "") -> None:
        """Say that the daemon does its work now; also ends a reload."""
        self._tell("READY=1", *_status(status))

    def status(self, text: str) -> None:
        """Say in one line what is going on, for `systemctl status`."""
        self._tell(*_status(text))

    def alive(self) -> None:
        """Give a sign of life: call it as often as you like, one in each half interval is sent."""
        if self._watchdog is None:
            return
        now = self._monotonic()
        if self._last_sign is None or now - self._last_sign >= self._watchdog / 2:
            self._last_sign = now
            self._tell("WATCHDOG=1")

    def nap(self, longest: float) -> float:
        """Return for how many seconds one may be silent, `longest` at most: `alive` called so
        often is never late, also where the artist has made the interval shorter."""
        return longest if self._watchdog is None else min(longest, self._watchdog / 4)

    def reloading(self) -> None:
        """Say that the config is being read again; `ready` ends it."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={int(self._monotonic() * 1_000_000)}")

    def stopping(self) -> None:
        """Say that the daemon is ending by itself."""
        self._tell("STOPPING=1")

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        address = self._address
        if address.startswith("@"):
            address = "\0" + address[1:]
        # A manager that does not listen is no reason to stop posting.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto("\n".join(lines).encode(), address)


def _status(text: str) -> tuple[str, ...]:
    return (f"STATUS={' '.join(text.split())}",) if text else ()


def _watchdog_seconds(environment: Mapping[str, str]) -> float | None:
    """Return WATCHDOG_USEC in seconds, if it is for this process (sd_watchdog_enabled(3))."""
    meant_for = environment.get("WATCHDOG_PID")
    microseconds = environment.get("WATCHDOG_USEC", "")
    if meant_for not in {None, str(os.getpid())} or not microseconds.isdecimal():
        return None
    return int(microseconds) / 1_000_000 or None


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """What the user's systemd says about the unit.

    Attributes:
        enabled: `enabled`, `disabled`, or empty where it is not installed.
        active: `active`, `inactive`, `failed`, `activating`, …
        says: what the daemon said last (`Supervisor.status`).
        pid: of the daemon; None: it does not run.
        lingers: it runs without a login, too; None: nobody can tell.
    """

    unit: Path
    installed: bool
    enabled: str
    active: str
    says: str
    pid: int | None
    lingers: bool | None = None


def unit_path() -> Path:
    """Return where the user's unit belongs (systemd.unit(5))."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "systemd" / "user" / UNIT


def render(unit: str, command: Sequence[str]) -> str:
    """Return the unit with its `ExecStart=` replaced by `command`, quoted as systemd reads it."""
    line = "ExecStart=" + " ".join(_quoted(word) for word in command)
    return re.sub(r"^ExecStart=.*$", lambda _: line, unit, flags=re.MULTILINE)


def _quoted(word: str) -> str:
    for mark, written in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        word = word.replace(mark, written)
    return word if re.fullmatch(r"[\w@%+=:,./-]+", word) else f'"{word}"'


def install(
    unit: str,
    executable: Path = Path(sys.executable),
    arguments: Sequence[str] = ("-m", "postguard", "run"),
) -> Path:
    """Write the user's unit, start it, and have it start at every login; return its path.

    Args:
        unit: the text of `postguard.service`.
        executable: the Python that postguard is installed in; made absolute, links kept, since a
            virtual environment is known by the name of its link.
        arguments: what follows it; add `--config FILE` for a config elsewhere.

    Raises:
        Unusable: there is no systemd for users here, or it refused; the unit stays written.
    """
    path = unit_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    text = render(unit, [str(executable.absolute()), *arguments]).encode()
    is_another = path.is_file() and path.read_bytes() != text
    write_whole(path, text, mode=_READABLE_FILE)
    _systemctl("daemon-reload")
    _systemctl("enable", "--now", UNIT)
    if is_another:
        _systemctl("try-restart", UNIT)
    return path


def executable() -> Path | None:
    """Return the program that the installed unit starts; None: there is no unit, or it says none
    that we would have written."""
    try:
        found = _STARTS.search(unit_path().read_text())
    except OSError:
        return None
    if found is None:
        return None
    word = re.sub(r"\\(.)", r"\1", found[1]) if found[1] else found[2]
    return Path(word.replace("%%", "%").replace("$$", "$"))


def remove() -> Path:
    """Stop the unit and take it away; what the artist wrote beside it (`systemctl edit`) stays.
    Raises Unusable where it is not installed, or systemd refused."""
    path = unit_path()
    if not path.is_file():
        raise Unusable(_("the service is not installed, so there is nothing to remove"))
    _systemctl("disable", "--now", UNIT)
    path.unlink()
    _systemctl("daemon-reload")
    return path


def show_logs(lines: int, *, follow: bool) -> int:
    """Print what the service said, in this terminal; return the exit status of journalctl.
    Raises Unusable where there is no journal."""
    words = ["journalctl", "--user", f"--unit={UNIT}", f"--lines={lines}"]
    try:
        done = subprocess.run([*words, *(["--follow"] * follow)], check=False)
    except FileNotFoundError:
        raise Unusable(
            _("there is no journal on this PC, so the log is where you send it")
        ) from None
    except KeyboardInterrupt:  # how one stops following
        return 0
    return done.returncode


def journal(lines: int) -> str:
    """Return what the service said last, without times and names; empty: there is no journal."""
    words = ["journalctl", "--user", f"--unit={UNIT}", f"--lines={lines}", "--output=cat"]
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SYSTEMCTL_SECONDS,
            check=False,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def lingers() -> bool | None:
    """Return whether the user's services run without a login; None: nobody can tell."""
    words = ["loginctl", "show-user", str(os.getuid()), "--property=Linger", "--value"]
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=_SYSTEMCTL_SECONDS, check=False
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return {"yes": True, "no": False}.get(done.stdout.strip())


def status() -> ServiceStatus:
    """Ask the user's systemd about the unit. Raises Unusable where there is none."""
    wanted = "UnitFileState,ActiveState,StatusText,MainPID"
    answer = _systemctl("show", UNIT, f"--property={wanted}")
    said = dict(line.split("=", 1) for line in answer.splitlines() if "=" in line)
    pid = said.get("MainPID", "0")
    return ServiceStatus(
        unit=unit_path(),
        installed=unit_path().is_file(),
        enabled=said.get("UnitFileState", ""),
        active=said.get("ActiveState", "unknown"),
        says=said.get("StatusText", ""),
        pid=int(pid) if pid.isdecimal() and int(pid) else None,
        lingers=lingers(),
    )


def _systemctl(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["systemctl", "--user", "--no-pager", *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SYSTEMCTL_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise Unusable(
            _(
                "there is no systemd on this PC: start `postguard run` by the means that your "
                "system has for programs at login"
            )
        ) from None
    except subprocess.TimeoutExpired:
        raise Unusable(_("systemd did not answer within two minutes; try again")) from None
    if done.returncode != 0:
        raise Unusable(_refusal(arguments, done.stderr.strip()))
    return done.stdout


def _refusal(arguments: Sequence[str], said: str) -> str:
    if "connect to bus" in said.lower() or "DBUS_SESSION_BUS_ADDRESS" in said:
        return _(
            "no systemd answers for your user in this session, as is usual under sudo, su and in "
            "containers: log in as yourself (or run `loginctl enable-linger` once for a PC "
            "without a screen) and try again. `postguard run` works without it, as long as its "
            "terminal is open"
        )
    return _("`systemctl --user {arguments}` failed: {said}").format(
        arguments=" ".join(arguments), said=said or _("it does not say why")
    )
