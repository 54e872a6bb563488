"""The cloaking child as it really runs: warm, killed, hung, idle, orphaned."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from postguard.cloak import unaided
from postguard.cloak.child import OutOfReach
from postguard.cloak.instant.engine import InstantEngine
from postguard.cloak.ladder import Ladder
from postguard.cloak.runner import LocalEngine
from postguard.errors import StepFailed
from tests.unit.cloak import tiny

JOB = {
    "modes": ["immunise"],
    "ceiling": 8,
    "floor": 0.0,
    "seed": "5eed" * 16,
    "artist_seed": "a77e" * 16,
    "time_limit": 120.0,
}


@pytest.fixture
def models(tmp_path) -> Path:
    return tiny.models(tmp_path / "models")


@pytest.fixture
def source(tmp_path) -> Path:
    path = tmp_path / "in.png"
    Image.fromarray(tiny.art(96, 128)).save(path)
    return path


def child() -> psutil.Process:
    """Return the one cloaking child of this process."""
    (found,) = [
        p for p in psutil.Process().children() if "postguard.cloak" in " ".join(p.cmdline())
    ]
    return found


def test_one_warm_child_does_every_job_and_the_seed_decides_the_bytes(models, source, tmp_path):
    results, pids = [], set()
    with LocalEngine(models) as engine:
        for i, seed in enumerate((JOB["seed"], JOB["seed"], "0" * 64)):
            target = tmp_path / f"out{i}.png"
            fractions: list[float] = []
            record = engine.cloak(JOB | {"seed": seed}, source, target, fractions.append)
            results.append(target.read_bytes())
            pids.add(child().pid)
            assert fractions == sorted(fractions)
            assert fractions[-1] == 1
            assert record["steps"] > 0
    assert len(pids) == 1
    assert results[0] == results[1] != results[2]
    change = np.asarray(Image.open(tmp_path / "out0.png")).astype(int) - tiny.art(96, 128)
    assert 0 < np.abs(change).max() <= JOB["ceiling"]


def test_a_child_killed_every_time_fails_its_job_in_words_and_the_next_job_works(
    models, source, tmp_path
):
    target = tmp_path / "out.png"
    with LocalEngine(models) as engine:
        with pytest.raises(StepFailed, match="memory ran out"):
            engine.cloak(JOB, source, target, lambda _: child().kill())
        assert not target.exists()
        engine.cloak(JOB, source, target, lambda _: None)
    assert target.exists()


def test_a_child_killed_for_its_memory_does_the_job_again_in_less(models, source, tmp_path):
    """As the kernel does it: SIGKILL in the middle. The post is not lost."""
    killed: list[int] = []

    def kill_once(_: float) -> None:
        if not killed:
            killed.append(child().pid)
            child().kill()

    with LocalEngine(models) as engine:
        record = engine.cloak(JOB, source, tmp_path / "out.png", kill_once)
        assert child().pid != killed[0]
    assert record["thrift"] == 1
    assert (tmp_path / "out.png").exists()


_UNDER_A_LIMIT = """
import json, pathlib, resource, sys
from postguard.cloak.runner import LocalEngine
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
job, models, source, target = json.loads(sys.argv[2]), *map(pathlib.Path, sys.argv[3:])
with LocalEngine(models) as engine:
    print(json.dumps(engine.cloak(job, source, target, lambda _: None)))
"""


def test_memory_that_runs_out_inside_the_child_is_met_with_less(models, tmp_path):
    """A real limit of the operating system, inherited by the child, and a picture that needs more:
    torch and the tiny encoders take about 0.9 GB of addresses, the picture 1 GB at once."""
    source = tmp_path / "large.png"
    Image.fromarray(tiny.art(1100, 1500)).save(source)
    files = [str(p) for p in (models, source, tmp_path / "out.png")]
    brief = json.dumps(JOB | {"time_limit": 8.0})  # the first step needs as much as the last
    command = [sys.executable, "-c", _UNDER_A_LIMIT, "1700000000", brief, *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["thrift"] in {1, 2}
    with Image.open(tmp_path / "out.png") as image:
        assert image.size == (1500, 1100)


def test_a_measurement_cut_off_by_memory_is_done_again_on_the_cpu(models, source, tmp_path):
    targets, killed = tmp_path / "targets", list[int]()
    job = JOB | {"targets": str(targets)}

    def kill_once(_: float) -> None:
        if not killed:
            killed.append(child().pid)
            child().kill()

    targets.mkdir()
    with LocalEngine(models) as engine:
        engine.cloak(job, source, tmp_path / "out.png", lambda _: None)
        asked = {"targets": str(targets)}
        told = engine.measure(asked, source, tmp_path / "out.png", kill_once)
        assert child().pid != killed[0]
    assert "immunise" in json.dumps(told)


def test_without_a_fetched_encoder_it_cloaks_on_our_own(source, tmp_path):
    with LocalEngine(tmp_path / "missing") as engine:
        record = engine.cloak(JOB, source, tmp_path / "out.png", lambda _: None)
    assert record["encoders"] == ["surrogate"]
    assert (tmp_path / "out.png").exists()


def test_a_job_that_is_to_be_light_leaves_the_other_encoders_alone(models, source, tmp_path):
    with LocalEngine(models) as engine:
        all_of_them = engine.cloak(JOB, source, tmp_path / "a.png", lambda _: None)
        alone = engine.cloak(JOB | {"alone": True}, source, tmp_path / "b.png", lambda _: None)
    assert (all_of_them["encoders"], all_of_them["led_by"]) == (["taef2", "taesana"], "surrogate")
    assert alone["encoders"] == ["surrogate"]
    assert "led_by" not in alone
    assert alone["steps"] < all_of_them["steps"]


def test_a_child_that_never_lives_to_the_end_leaves_the_instant_cloak(models, source, tmp_path):
    """Ended as a driver or an impatient system ends it, on every rung that has a child."""
    (tmp_path / "targets").mkdir()
    job = JOB | {"fallback": "instant", "targets": str(tmp_path / "targets")}

    def end(_: float) -> None:
        for process in psutil.Process().children():
            with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
                if "postguard.cloak" in " ".join(process.cmdline()):
                    process.terminate()

    ladder = Ladder(LocalEngine(models), InstantEngine(unaided.measure))
    record = ladder.cloak(job, source, tmp_path / "out.png", end)
    ladder.close()
    assert (record["rung"], record["modes"]) == ("instant", ["instant"])
    assert record["fallback"] == [
        {"rung": "all", "why": "ended"},
        {"rung": "surrogate", "why": "ended"},
    ]
    assert (tmp_path / "out.png").exists()


def test_too_little_time_for_the_steps_that_are_worth_it_is_told_as_such(models, source, tmp_path):
    job = JOB | {"time_limit": 0.001, "least_steps": 5}
    with LocalEngine(models) as engine:
        with pytest.raises(OutOfReach, match="too little") as caught:
            engine.cloak(job, source, tmp_path / "out.png", lambda _: None)
        assert caught.value.why == "slow"
        engine.cloak(job | {"least_steps": 0}, source, tmp_path / "out.png", lambda _: None)
    assert (tmp_path / "out.png").exists()


def test_a_child_that_hangs_is_stopped_at_the_deadline(models, source, tmp_path):
    stopped: list[psutil.Process] = []

    def hang(_: float) -> None:
        if not stopped:
            stopped.append(child())
            stopped[0].send_signal(signal.SIGSTOP)

    with LocalEngine(models, grace=0.5) as engine:
        engine.cloak(JOB, source, tmp_path / "warm.png", lambda _: None)
        with pytest.raises(StepFailed, match="did not finish in time"):
            engine.cloak(JOB | {"time_limit": 0.5}, source, tmp_path / "out.png", hang)
        assert not stopped[0].is_running()


def test_an_idle_child_leaves_and_the_next_job_gets_a_fresh_one(models, source, tmp_path):
    with LocalEngine(models, idle=0.1) as engine:
        engine.cloak(JOB, source, tmp_path / "a.png", lambda _: None)
        for process in psutil.Process().children():
            if "postguard.cloak" in " ".join(process.cmdline() or []):
                process.wait(timeout=60)
        engine.cloak(JOB, source, tmp_path / "b.png", lambda _: None)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_an_error_of_the_parent_in_the_middle_stops_the_work(models, source, tmp_path):
    seen: list[psutil.Process] = []

    def cancel(_: float) -> None:
        seen.append(child())
        raise KeyboardInterrupt

    with LocalEngine(models) as engine, pytest.raises(KeyboardInterrupt):
        engine.cloak(JOB, source, tmp_path / "out.png", cancel)
    assert not seen[0].is_running()


def test_a_broken_source_is_an_answer_and_not_a_crash(models, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n but not really")
    with LocalEngine(models) as engine:
        with pytest.raises(StepFailed) as caught:
            engine.cloak(JOB, bad, tmp_path / "out.png", lambda _: None)
        assert "ended unexpectedly" not in str(caught.value)
        assert child().is_running()


def test_an_idle_child_ends_without_a_word():
    command = [sys.executable, "-m", "postguard.cloak", "--idle", "0.1"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0


def test_a_child_whose_parent_is_gone_ends_itself():
    command = [sys.executable, "-m", "postguard.cloak", "--idle", "600"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=60) == 0
        assert process.stdout is not None
        assert process.stdout.read() == b""
