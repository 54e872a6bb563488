"""`postguard service`, with a systemctl that only writes down what it was told."""

import json
import os
import shlex
import sys

import pytest

from postguard.system.lock import OnlyOne

SYSTEMCTL = """#!{python}
import pathlib, sys
words = sys.argv[1:]
with pathlib.Path({log!r}).open("a") as log:
    print(*words, file=log)
if "show" in words:
    print({shown!r})
"""


@pytest.fixture
def systemd(terminal, monkeypatch):
    """Return a function that says what the unit is; `asked` in it holds what was asked."""
    folder = terminal.home / "bin"
    folder.mkdir()
    log = folder / "log"

    def says(shown):
        program = folder / "systemctl"
        program.write_text(SYSTEMCTL.format(python=sys.executable, log=str(log), shown=shown))
        program.chmod(0o755)

    monkeypatch.setenv("PATH", str(folder))
    says.asked = lambda: log.read_text().splitlines()
    return says


def test_install_writes_the_unit_with_this_config_and_starts_it(terminal, systemd):
    systemd("")
    terminal.configure()
    named = terminal.config.rename(terminal.config.with_name("my art.toml"))
    done = terminal.run("--config", named, "service", "install")
    assert done.exit_code == 0, done.output
    unit = terminal.home / ".config" / "systemd" / "user" / "postguard.service"
    (start,) = [line for line in unit.read_text().splitlines() if line.startswith("ExecStart=")]
    words = shlex.split(start.removeprefix("ExecStart="))
    assert words[1:] == ["-m", "postguard", "--config", str(named), "run"]
    assert any("enable --now postguard.service" in line for line in systemd.asked())
    assert "postguard service logs" in done.stdout


def test_without_a_login_is_explained_and_never_set(terminal, systemd):
    systemd("")
    terminal.configure()
    (terminal.home / "bin" / "loginctl").write_text("#!/bin/sh\necho $@ >&2; echo no\n")
    (terminal.home / "bin" / "loginctl").chmod(0o755)
    assert "loginctl enable-linger" in terminal.run("service", "install").stdout
    assert not any("linger" in line for line in systemd.asked())
    (terminal.home / "bin" / "loginctl").write_text("#!/bin/sh\necho yes\n")
    told = terminal.run("service", "status").stdout
    assert "enable-linger" not in told
    assert "runs from the start of the PC" in told


def test_beside_one_that_was_started_by_hand_it_is_not_installed(terminal, systemd):
    systemd("MainPID=0")
    terminal.configure()
    with OnlyOne(terminal.home / ".local/state/postguard/daemon.lock"):
        done = terminal.run("service", "install")
    assert done.exit_code == 1
    assert f"process {os.getpid()}" in done.stderr
    assert not (terminal.home / ".config" / "systemd").exists()


def test_remove_stops_it_and_leaves_everything_else(terminal, systemd):
    systemd("")
    terminal.configure()
    assert "nothing to remove" in terminal.run("service", "remove").stderr
    terminal.run("service", "install")
    unit = terminal.home / ".config" / "systemd" / "user" / "postguard.service"
    own = unit.with_name("postguard.service.d") / "override.conf"
    own.parent.mkdir()
    own.write_text("[Service]\nNice=5\n")
    done = terminal.run("service", "remove")
    assert done.exit_code == 0, done.output
    assert not unit.exists()
    assert own.exists()
    assert terminal.config.exists()
    assert systemd.asked()[-2:] == [
        "--user --no-pager disable --now postguard.service",
        "--user --no-pager daemon-reload",
    ]


def test_another_config_restarts_what_runs(terminal, systemd):
    systemd("")
    terminal.configure()
    terminal.run("service", "install")
    terminal.run("service", "install")
    assert not any("restart" in line for line in systemd.asked())
    other = terminal.config.with_name("other.toml")
    other.write_bytes(terminal.config.read_bytes())
    terminal.run("--config", other, "service", "install")
    assert systemd.asked()[-1].endswith("try-restart postguard.service")


def test_logs_are_those_of_the_journal(terminal, systemd, capfd):
    systemd("")
    assert "there is no journal" in terminal.run("service", "logs").stderr
    (terminal.home / "bin" / "journalctl").write_text('#!/bin/sh\necho "$@"; exit 3\n')
    (terminal.home / "bin" / "journalctl").chmod(0o755)
    assert terminal.run("service", "logs", "-n", "7", "-f").exit_code == 3
    said = capfd.readouterr().out
    assert said.split() == ["--user", "--unit=postguard.service", "--lines=7", "--follow"]


def test_a_config_that_cannot_be_used_is_not_installed(terminal, systemd):
    systemd("")
    terminal.configure("outbox = 3\n")
    assert terminal.run("service", "install").exit_code == 1
    assert not (terminal.home / ".config" / "systemd").exists()


def test_status_says_what_to_do_next(terminal, systemd):
    systemd("UnitFileState=\nActiveState=inactive\nStatusText=\nMainPID=0")
    assert "postguard service install" in terminal.run("service", "status").stdout
    terminal.configure()
    terminal.run("service", "install")
    assert "postguard service logs" in terminal.run("service", "status").stdout
    systemd("UnitFileState=enabled\nActiveState=active\nStatusText=watching\nMainPID=42")
    assert "process 42" in terminal.run("service", "status").stdout
    told = json.loads(terminal.run("service", "status", "--json").stdout)
    assert (told["pid"], told["says"], told["enabled"]) == (42, "watching", "enabled")


def test_without_systemd_it_says_so(terminal, monkeypatch):
    monkeypatch.setenv("PATH", str(terminal.home))
    done = terminal.run("service", "status")
    assert done.exit_code == 1
    assert "there is no systemd" in done.stderr
