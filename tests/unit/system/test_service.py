"""What systemd is told, and how the unit gets to where systemd looks for it."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from postguard.errors import Unusable
from postguard.system import service
from postguard.system.service import Supervisor, install, render, status

REPOSITORY = Path(__file__).parents[3]
UNIT = (REPOSITORY / "systemd" / "postguard.service").read_text()


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """A socket as systemd has one, and its address."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        name = (
            f"@postguard-test-{os.getpid()}"
            if request.param == "abstract"
            else str(tmp_path / "n")
        )
        receiver.bind(name.replace("@", "\0", 1))
        receiver.settimeout(5)
        yield receiver, name


def heard(receiver):
    return receiver.recv(4096).decode().splitlines()


def test_the_daemon_says_ready_status_reloading_and_stopping(manager):
    receiver, address = manager
    supervisor = Supervisor(address, monotonic=lambda: 12.5)
    supervisor.ready("watching ~/outbox")
    assert heard(receiver) == ["READY=1", "STATUS=watching ~/outbox"]
    supervisor.status("protecting きつね.png\nREADY=0")
    assert heard(receiver) == ["STATUS=protecting きつね.png READY=0"]
    supervisor.reloading()
    assert heard(receiver) == ["RELOADING=1", "MONOTONIC_USEC=12500000"]
    supervisor.stopping()
    assert heard(receiver) == ["STOPPING=1"]


def test_signs_of_life_are_sent_once_in_each_half_interval(manager):
    receiver, address = manager
    seconds = iter([0.0, 59.0, 60.0, 61.0, 121.0])
    supervisor = Supervisor(address, watchdog=120, monotonic=lambda: next(seconds))
    for _ in range(5):
        supervisor.alive()
    supervisor.stopping()
    assert [heard(receiver)[0] for _ in range(4)] == ["WATCHDOG=1"] * 3 + ["STOPPING=1"]


def test_without_a_watchdog_no_sign_of_life_is_sent(manager):
    receiver, address = manager
    supervisor = Supervisor(address)
    supervisor.alive()
    supervisor.stopping()
    assert heard(receiver) == ["STOPPING=1"]


def test_without_a_manager_nothing_happens(tmp_path):
    for supervisor in (Supervisor.from_environment({}), Supervisor(str(tmp_path / "nobody"))):
        supervisor.ready("here")
        supervisor.stopping()


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "120000000"}, 120.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}, 0.5),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "often"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_the_one_meant_for_this_process(environment, seconds):
    assert service._watchdog_seconds(environment) == seconds


def test_the_command_is_quoted_as_systemd_reads_it():
    command = ["/srv/花子/my venv/py%n$x", "-m", "postguard", "run", "--config", 'a"b\\c']
    text = render("[Service]\nExecStart=old\nNice=10\n", command)
    assert text == (
        "[Service]\n"
        'ExecStart="/srv/花子/my venv/py%%n$$x" -m postguard run --config "a\\"b\\\\c"\n'
        "Nice=10\n"
    )


@pytest.fixture
def systemctl(tmp_path, monkeypatch):
    """A systemctl that notes how it was called and answers as told; returns (notes, answer)."""
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n. {tmp_path}/answer\n', encoding="utf-8"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    answer = tmp_path / "answer"
    answer.write_text("exit 0\n")
    return tmp_path / "calls", answer


def test_install_writes_the_unit_and_starts_it(systemctl, tmp_path):
    calls, _ = systemctl
    path = install(UNIT)
    assert path == tmp_path / "config" / "systemd" / "user" / "postguard.service"
    assert f"ExecStart={sys.executable} -m postguard run" in path.read_text().splitlines()
    assert path.read_text().count("ExecStart=") == 1
    assert calls.read_text().splitlines() == [
        "--user --no-pager daemon-reload",
        "--user --no-pager enable --now postguard.service",
    ]


def test_installing_again_changes_nothing(systemctl):
    first = install(UNIT).read_bytes()
    assert install(UNIT).read_bytes() == first


def test_no_user_manager_is_told_in_words_and_the_unit_stays(systemctl, tmp_path):
    _, answer = systemctl
    answer.write_text("echo 'Failed to connect to bus: No medium found' >&2\nexit 1\n")
    with pytest.raises(Unusable, match="loginctl enable-linger"):
        install(UNIT)
    assert service.unit_path().is_file()


def test_another_refusal_is_passed_on(systemctl):
    _, answer = systemctl
    answer.write_text("echo 'Unit is masked.' >&2\nexit 1\n")
    with pytest.raises(Unusable, match=r"daemon-reload` failed: Unit is masked\."):
        install(UNIT)


def test_a_pc_without_systemd_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unusable, match="no systemd"):
        status()


def test_status_tells_what_systemd_says(systemctl):
    _, answer = systemctl
    answer.write_text(
        "echo UnitFileState=enabled; echo ActiveState=active\n"
        "echo 'StatusText=watching a=b'; echo MainPID=4711\n"
    )
    told = status()
    assert (told.installed, told.enabled, told.active) == (False, "enabled", "active")
    assert (told.says, told.pid) == ("watching a=b", 4711)


def test_status_of_what_was_never_installed(systemctl):
    _, answer = systemctl
    answer.write_text("echo UnitFileState=; echo ActiveState=inactive; echo MainPID=0\n")
    told = status()
    assert (told.enabled, told.active, told.pid) == ("", "inactive", None)


# What mounts, drops capabilities or changes groups stops a *user* unit from starting, and
# `systemd-analyze verify` does not see it: so only these may stand in the unit.
ALLOWED = {
    "Unit": {"Description", "Documentation", "StartLimitIntervalSec", "StartLimitBurst"},
    "Service": {
        "Type", "NotifyAccess", "ExecStart", "ExecReload", "Restart", "RestartSec", "WatchdogSec",
        "TimeoutStopSec", "KillMode", "OOMPolicy", "UMask", "Nice", "IOSchedulingClass",
        "NoNewPrivileges", "LockPersonality", "RestrictRealtime", "RestrictSUIDSGID",
        "RestrictAddressFamilies", "SystemCallArchitectures", "SystemCallFilter",
        "SystemCallErrorNumber",
    },
    "Install": {"WantedBy"},
}  # fmt: skip


def directives(unit):
    section = ""
    for line in unit.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            yield section, line.split("=", 1)[0]


def test_the_unit_holds_exactly_the_directives_that_user_managers_take():
    found = {}
    for section, key in directives(UNIT):
        found.setdefault(section, set()).add(key)
    assert found == ALLOWED


def faults(tmp_path, whose, **units):
    """What systemd-analyze says of units, by their file names."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("not run: systemd-analyze, which checks the units, is not on this PC")
    (tmp_path / "runtime").mkdir(mode=0o700)
    paths = [tmp_path / name.replace("_", ".") for name in units]
    for path, text in zip(paths, units.values(), strict=True):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    done = subprocess.run(
        [analyze, "verify", whose, "--recursive-errors=yes", *map(str, paths)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path / "runtime")},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


COMMAND = [sys.executable, "-m", "postguard", "run"]


def test_systemd_finds_no_fault_in_the_installed_unit(tmp_path):
    assert faults(tmp_path, "--user", postguard_service=render(UNIT, COMMAND)) == (0, "")


def test_systemd_finds_no_fault_in_the_sandbox_beside_it(tmp_path):
    sandbox = (REPOSITORY / "systemd" / "sandbox.conf").read_text()
    whole = render(UNIT, COMMAND).replace("[Install]", f"{sandbox}\n[Install]")
    assert faults(tmp_path, "--user", postguard_service=whole) == (0, "")
    named = {key for _, key in directives(sandbox)}
    assert "PrivateDevices" not in named  # it hides the GPU
    assert "PrivateUsers" in named  # without it the rest is void


def test_systemd_finds_no_fault_in_the_sample_for_a_nas(tmp_path):
    sample = (REPOSITORY / "systemd" / "postguard-nas.service").read_text()
    assert faults(tmp_path, "--system", postguard_service=render(sample, COMMAND)) == (0, "")


def test_systemd_finds_no_fault_in_what_wakes_the_pc(tmp_path):
    timer, unit = (
        (REPOSITORY / "systemd" / f"postguard-wake.{kind}").read_text()
        for kind in ("timer", "service")
    )
    sleeper = render(unit, [shutil.which("true") or "/bin/true"])
    units = {"postguard-wake_timer": timer, "postguard-wake_service": sleeper}
    assert faults(tmp_path, "--system", **units) == (0, "")
    assert ("Timer", "WakeSystem") in directives(timer)


def test_an_unknown_directive_would_be_found(tmp_path):
    code, said = faults(tmp_path, "--user", postguard_service=f"{render(UNIT, COMMAND)}Nicer=1\n")
    assert code != 0
    assert "Nicer" in said
