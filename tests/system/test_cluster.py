"""Real machines of a cluster as processes on loopback: they die, sleep, lie and are strangers."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from postguard.model import PostState
from tests.system.machines import Cluster, Relay
from tests.system.rig import PATIENCE, PROGRAM, QUICK, home_in, png, recipe

PICTURES = 4


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster with a scheduler, and an archive of some pictures to protect."""
    with home_in(tmp_path) as home:
        art = tmp_path / "art"
        art.mkdir()
        for seed in range(PICTURES):
            (art / f"{seed}.png").write_bytes(png(seed, (120, 90)))
        founded = Cluster(home)
        try:
            yield founded
        finally:
            founded.close()


def archive(cluster: Cluster, into: str, engine: str = "cluster") -> subprocess.Popen[bytes]:
    """Begin to protect the archive."""
    words = ("archive", "art", into, "--engine", engine, "--workers", "1")
    return subprocess.Popen(
        [*PROGRAM, *words], env=cluster.home.environment, cwd=cluster.home.folder
    )


def made(cluster: Cluster, into: str) -> dict[str, bytes]:
    """What an archive holds by now."""
    folder = cluster.home.folder / into
    found = sorted(folder.glob("[0-9]*.*")) if folder.is_dir() else []
    return {path.name: path.read_bytes() for path in found}


def wait_for_some(cluster: Cluster, into: str) -> None:
    """Wait until the first pictures are there."""
    cluster.home.wait(lambda: made(cluster, into), "the first picture of the archive")


def test_pictures_protected_elsewhere_are_those_protected_here_byte_for_byte(
    cluster: Cluster,
) -> None:
    scheduler = cluster.scheduler()
    worker = cluster.worker("one")
    worker.hears("works for")
    for machine in (scheduler, worker):
        listening = psutil.Process(machine.process.pid).net_connections("inet")
        places = {c.laddr.ip for c in listening if c.status == psutil.CONN_LISTEN}
        assert places == {"127.0.0.1"}
    assert archive(cluster, "there").wait(PATIENCE) == 0
    assert archive(cluster, "here", "local").wait(PATIENCE) == 0
    assert len(made(cluster, "there")) == PICTURES
    assert made(cluster, "there") == made(cluster, "here")


def test_machines_that_die_and_a_scheduler_that_starts_anew_cost_no_picture(
    cluster: Cluster,
) -> None:
    scheduler = cluster.scheduler()
    first = cluster.worker("one")
    first.hears("works for")
    run = archive(cluster, "there")
    wait_for_some(cluster, "there")
    first.kill()
    cluster.worker("two")
    scheduler.kill()
    cluster.scheduler()
    assert run.wait(PATIENCE * 3) == 0
    assert len(made(cluster, "there")) == PICTURES


def test_a_client_that_is_killed_goes_on_where_it_was(cluster: Cluster) -> None:
    cluster.scheduler()
    cluster.worker("one").hears("works for")
    run = archive(cluster, "there")
    wait_for_some(cluster, "there")
    children = psutil.Process(run.pid).children()
    run.send_signal(signal.SIGKILL)
    run.wait()
    gone, _ = psutil.wait_procs(children, PATIENCE)
    assert len(gone) == len(children), "the client's process outlived its parent"
    before = made(cluster, "there")
    again = cluster.home.json("archive", "art", "there", "--engine", "cluster")
    assert again["known"] >= len(before) - 1
    assert again["known"] + again["made"] == PICTURES
    assert archive(cluster, "here", "local").wait(PATIENCE) == 0
    assert made(cluster, "there") == made(cluster, "here")


def test_a_line_that_is_cut_for_longer_than_a_connection_lives_costs_no_picture(
    cluster: Cluster,
) -> None:
    """Client and worker both reach the scheduler through it. `bench.archive --partition` cuts it
    for a minute."""
    cluster.scheduler()
    with closing(Relay(cluster.port)) as line:
        cluster.reached_at(line.port)
        worker = cluster.worker("one")
        worker.hears("works for")
        run = archive(cluster, "there")
        wait_for_some(cluster, "there")
        line.cut()
        line.reset()  # as both ends do after half a minute of silence
        worker.hears("the scheduler has gone")
        line.mend()
        assert run.wait(PATIENCE * 3) == 0
    assert archive(cluster, "here", "local").wait(PATIENCE) == 0
    assert len(made(cluster, "there")) == PICTURES
    assert made(cluster, "there") == made(cluster, "here")


def test_strangers_are_refused_and_told_why(cluster: Cluster, tmp_path: Path) -> None:
    cluster.scheduler()
    with home_in(tmp_path / "stranger") as stranger:
        stranger.folder.mkdir()
        stranger.run("cluster", "init", "evil", "pc")
        keys = stranger.config.parent / "cluster" / "pc"
        code, said = cluster.worker("evil", keys).ends()
        assert code != 0
        assert "do not know each other" in said
        words = ("archive", "art", "theirs", "--engine", "cluster")
        cluster.keys.joinpath("here").rename(cluster.keys / "kept")
        keys.rename(cluster.keys / "here")
        said = cluster.home.run(*words, code=1)
        assert "do not know each other" in said
        assert "copy authority.pem, machine.pem, machine.key from it into" in said
        assert f"{cluster.keys / 'here'} here" in said
        assert made(cluster, "theirs") == {}


def test_a_second_worker_of_one_name_is_told_why_it_waits(cluster: Cluster) -> None:
    cluster.scheduler()
    cluster.worker("one").hears("works for")
    second = cluster.worker("one")
    second.hears("did not take one")
    assert second.process.poll() is None


def answer(line: socket.socket, said: bytes) -> bytes:
    """What comes back; nothing where the line is closed."""
    try:
        line.sendall(said)
        return line.recv(100)
    except OSError:
        return b""


def test_whoever_shows_no_certificate_or_speaks_no_tls_is_refused(cluster: Cluster) -> None:
    cluster.scheduler()
    nobody = ssl.create_default_context(cafile=cluster.keys / "authority.pem")
    nobody.check_hostname = False
    there = ("127.0.0.1", cluster.port)
    with (
        socket.create_connection(there, PATIENCE) as line,
        nobody.wrap_socket(line) as spoken,
    ):
        assert answer(spoken, b"hello") == b""
    with socket.create_connection(there, PATIENCE) as plain:
        assert b"HTTP" not in answer(plain, b"GET / HTTP/1.0\r\n\r\n")


def test_another_version_is_refused_with_both_named(cluster: Cluster, tmp_path: Path) -> None:
    cluster.scheduler()
    other = tmp_path / "older" / "postguard-0.0.9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: postguard\nVersion: 0.0.9\n")
    path = os.pathsep.join([str(other.parent), *filter(None, sys.path)])
    code, said = cluster.worker("old", PYTHONPATH=path).ends()
    assert code != 0
    assert "postguard 0.0.9" in said
    assert "must be the same" in said


def test_without_any_machine_it_stops_and_says_what_to_do(cluster: Cluster) -> None:
    cluster.scheduler().kill()
    said = cluster.home.run("archive", "art", "there", "--engine", "cluster", code=1)
    assert "cannot be reached" in said


CLOAK = '  { step = "cloak", mode = "immunise", min_gain = 0.0, time_limit = 5.0 },\n'


def far_away(cluster: Cluster, cloak: str) -> None:
    """Write a config whose cloaks are drawn on the cluster, and start the daemon."""
    head = f'{QUICK}\n[cluster]\nscheduler = "127.0.0.1:{cluster.port}"\n[cloak]\n{cloak}\n'
    steps = f'{CLOAK}  {{ step = "tags" }},\n'
    cluster.home.configure(rest=head, recipes=recipe(steps=steps))
    cluster.home.start()


def posted(cluster: Cluster, name: str) -> bool:
    """Whether a drop is posted by now."""
    found = cluster.home.post(name)
    return found is not None and found.state is PostState.POSTED


def drawn(cluster: Cluster, name: str) -> dict[str, Any]:
    """The record of a posted picture's cloak."""
    cluster.home.wait(lambda: posted(cluster, name), f"{name} to be posted", PATIENCE * 2)
    post = cluster.home.posted(name)
    (rendition,) = cluster.home.renditions(post, "look")
    steps: Any = rendition.record["steps"]
    (found,) = (step for step in steps if step["step"] == "cloak")
    return dict(found)


def test_a_post_waits_for_the_machine_that_cloaks_it_and_tells_so(cluster: Cluster) -> None:
    cluster.scheduler()
    cluster.worker("one").hears("works for")
    far_away(cluster, 'engine = "cluster"')
    cluster.home.drop("fox.png", png(1, (160, 120)), 'alt = "a fox"')
    assert drawn(cluster, "fox.png")["where"] == "cluster"


def test_where_nobody_comes_the_lightest_cloak_is_drawn_here(cluster: Cluster) -> None:
    far_away(cluster, 'engine = "cluster"\nwait = "0s"\nfallback = "instant"')
    cluster.home.drop("fox.png", png(1, (160, 120)), 'alt = "a fox"')
    found = drawn(cluster, "fox.png")
    assert found["modes"] == ["instant"]
    assert found["fallback"][0] == {"rung": "elsewhere", "why": "absent"}
