"""`postguard open` leads in without telling anybody else how."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from postguard.web.serving import Visits
from tests.unit.web.conftest import Served, home_of

BROWSE = [sys.executable, "-m", "postguard", "open", "--port", "39491"]
OPEN = [*BROWSE, "--no-browser"]


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An artist's home, in which no dashboard runs afterwards."""
    made = home_of(tmp_path)
    yield made
    for process in _dashboards(tmp_path):
        process.terminate()
        process.wait(20)


def _dashboards(home: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            serves = "--serve" in process.cmdline()
            if serves and process.environ().get("XDG_STATE_HOME") == str(home / "state"):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


def _opened(environment: dict[str, str], command: Sequence[str] = OPEN) -> tuple[str, int, str]:
    """Run the command; return what it said, the port and the secret."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found = re.search(r"http://127\.0\.0\.1:(\d+)/enter#(\S+)", done.stdout)
    assert found is not None
    return done.stdout, int(found[1]), found[2]


def test_the_link_leads_in_and_is_told_to_nobody_else(environment: dict[str, str], tmp_path: Path):
    said, port, secret = _opened(environment)
    assert f"ssh -N -L {port}:127.0.0.1:{port}" in said
    assert "browser was" not in said
    (process,) = _dashboards(tmp_path)
    told = [" ".join(process.cmdline()), *process.environ().values()]
    told += [p.read_text() for p in (tmp_path / "state").rglob("log.txt")]
    assert not any(secret in each for each in told)
    door = tmp_path / "state" / "postguard" / "dashboard" / "open.html"
    assert door.stat().st_mode & 0o777 == 0o600
    assert secret in door.read_text()
    dashboard = Served(tmp_path, port, process.pid)
    assert dashboard.enter(secret).status == 204
    said, again, other = _opened(environment, BROWSE)
    assert "No browser was started" in said, "there is no screen to show one on"
    assert f"ssh -N -L {port}:127.0.0.1:{port}" in said
    assert (again, len(_dashboards(tmp_path))) == (port, 1)
    assert other != secret
    assert dashboard.enter(other).status == 204


def test_two_who_open_it_at_once_come_into_the_same_dashboard(
    environment: dict[str, str], tmp_path: Path
):
    both = [
        subprocess.Popen(OPEN, env=environment, stdout=subprocess.PIPE, text=True) for _ in "12"
    ]
    said = [each.communicate(timeout=60)[0] for each in both]
    assert [each.returncode for each in both] == [0, 0]
    (process,) = _dashboards(tmp_path)
    found = [re.findall(r"127\.0\.0\.1:(\d+)/enter#(\S+)", text)[0] for text in said]
    ports, secrets = zip(*found, strict=True)
    dashboard = Served(tmp_path, int(ports[0]), process.pid)
    assert ports[0] == ports[1]
    assert [dashboard.enter(secret).status for secret in secrets] == [204, 204]


def test_a_restore_ends_the_dashboard_that_still_shows_what_was_there(
    environment: dict[str, str], tmp_path: Path
):
    _opened(environment)
    shown = _dashboards(tmp_path)
    for words in (["backup"], ["restore", "--yes"]):
        command = [sys.executable, "-m", "postguard", *words]
        subprocess.run(command, env=environment, capture_output=True, check=True)
    ended, stay = psutil.wait_procs(shown, timeout=20)
    assert (len(ended), stay) == (1, [])
    opener = tmp_path / "xdg-open"
    opener.write_text("#!/bin/sh\nexit 0\n")
    opener.chmod(0o755)
    seen = environment | {"DISPLAY": ":9", "PATH": str(tmp_path)}
    said, port, secret = _opened(seen, BROWSE)
    assert "Your browser was started" in said
    (process,) = _dashboards(tmp_path)
    assert Served(tmp_path, port, process.pid).enter(secret).status == 204


def test_a_dashboard_that_cannot_start_says_why(environment: dict[str, str], tmp_path: Path):
    (tmp_path / "config" / "postguard" / "config.toml").write_text("nonsense = 1\n")
    done = subprocess.run(OPEN, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "nonsense" in done.stderr
    assert not _dashboards(tmp_path)


def test_it_ends_when_nobody_looks_and_not_before():
    async def looked_at() -> bool:
        visits = Visits(alone=0.02)
        with visits.page():
            leaving = asyncio.create_task(visits.nobody())
            done, _ = await asyncio.wait({leaving}, timeout=0.2)
            stayed = not done
        await asyncio.wait_for(leaving, 10)
        return stayed

    assert asyncio.run(looked_at())
