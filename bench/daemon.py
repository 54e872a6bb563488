"""What the idle daemon costs, before and after it has really posted: python -m bench.daemon

A real daemon with three accounts: Bluesky on a real PDS, Mastodon on the stand-in of the tests,
and a preview. It is looked at through /proc, posts one picture to all three, and is looked at
again once the process that works on pictures has ended (a minute after its last job).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.table import Figure, Measured
from tests.servers.mastodon import MastodonServer, start_mastodon
from tests.servers.pds import Account, PdsServer, start_pds, why_not

MOST_BEFORE, MOST_AFTER, MOST_CPU = 80.0, 145.0, 0.2  # MB, MB, % of one core
IDLE = 60.0  # seconds
COMMAND = Path(sys.executable).with_name("postguard")
TICKS = os.sysconf("SC_CLK_TCK")
_CONFIG = """\
outbox = "{home}/outbox"
[accounts.sky]
network = "bluesky"
handle = "{handle}"
service = "{pds}"
[accounts.fedi]
network = "mastodon"
instance = "{mastodon}"
[accounts.page]
network = "preview"
[intake]
settle = "1s"
[recipes]
default = [
  {{ step = "downscale", long_side = 1200 }},
  {{ step = "watermark", text = "© 山田花子" }},
  {{ step = "notice" }},
  {{ step = "noise" }},
  {{ step = "tags" }},
]
"""


@dataclass(frozen=True)
class Home:
    """One installation in a folder, and its daemon."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        kinds = ("config", "state", "data", "cache")
        named = {f"XDG_{kind.upper()}_HOME": str(self.folder / kind) for kind in kinds}
        return os.environ | named | {"POSTGUARD_CONFIG": str(self.folder / "config.toml")}

    def command(self, *arguments: str, secret: str = "") -> str:
        """Run a command as an artist would."""
        done = subprocess.run(
            [COMMAND, *arguments],
            env=self.environment,
            input=secret,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"postguard {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    @contextmanager
    def daemon(self) -> Iterator[int]:
        """Run the daemon for the length of the block; yields its process number."""
        with (self.folder / "daemon.log").open("wb") as log:
            process = subprocess.Popen(
                [COMMAND, "run"], env=self.environment, stdout=log, stderr=log
            )
        try:
            until(lambda: "watching" in (self.folder / "daemon.log").read_text(), 30)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def until(true: Callable[[], bool], seconds: float) -> None:
    """Wait for something to become true."""
    ends_at = time.monotonic() + seconds
    while not true():
        if time.monotonic() > ends_at:
            raise SystemExit("it took too long; nothing was measured")
        time.sleep(0.2)


def rss(pid: int) -> float:
    """Return the resident memory in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024 / 1e6


def cpu(pid: int) -> float:
    """Return the seconds of CPU that the process and its ended children have used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / TICKS


def children(pid: int) -> list[str]:
    """Return the numbers of the processes that this one has started."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [c for task in tasks for c in (task / "children").read_text().split()]


def idle_percent(pid: int) -> float:
    """Return how much of one core the daemon takes while nothing is to do."""
    before, start = cpu(pid), time.monotonic()
    time.sleep(IDLE)
    return (cpu(pid) - before) / (time.monotonic() - start) * 100


def installed(folder: Path, pds: PdsServer, account: Account, fedi: MastodonServer) -> Home:
    """Write the config and log in to both servers."""
    home = Home(folder)
    text = _CONFIG.format(home=folder, handle=account.handle, pds=pds.url, mastodon=fedi.url)
    (folder / "config.toml").write_text(text)
    home.command("login", "sky", "--secret-stdin", secret=account.app_password)
    home.command(
        "login", "fedi", "--secret-stdin", secret=fedi.token_for(fedi.add_account("hanako"))
    )
    return home


def post_once(home: Home, pid: int) -> None:
    """Post a picture to all three accounts and wait until the daemon is idle again."""
    from postguard.imaging.sample import draw

    (home.folder / "狐.png").write_bytes(draw())
    words = ("--text", "月の下のきつね", "--alt", "赤い狐", "--at", "now")
    home.command("add", str(home.folder / "狐.png"), *words)
    until(lambda: _state(home) == "posted", 120)
    until(lambda: not children(pid), 150)


def _state(home: Home) -> str:
    told = json.loads(home.command("list", "--json"))
    return str(told[0]["state"]) if told else ""


def measure() -> Measured:
    """Measure the daemon before and after its first post."""
    if (reason := why_not()) is not None:
        raise SystemExit(f"nothing was measured: the daemon posts to a real PDS: {reason}")
    with (
        tempfile.TemporaryDirectory() as folder,
        start_mastodon() as fedi,
        start_pds(Path(folder, "pds")) as pds,
    ):
        home = installed(Path(folder), pds, pds.new_account("hanako.test"), fedi)
        with home.daemon() as pid:
            first_cpu, before = idle_percent(pid), rss(pid)
            post_once(home, pid)
            second_cpu, after = idle_percent(pid), rss(pid)
    return Measured(
        (
            Figure("idle daemon before its first post, resident", before, MOST_BEFORE, "MB"),
            Figure("idle daemon after posts to all networks, resident", after, MOST_AFTER, "MB"),
            Figure("idle daemon before, CPU over a minute", first_cpu, MOST_CPU, "% of a core"),
            Figure("idle daemon after, CPU over a minute", second_cpu, MOST_CPU, "% of a core"),
        ),
        ("the process that works on pictures had ended by itself in both cases",),
    )


if __name__ == "__main__":
    sys.exit(measure().print())
