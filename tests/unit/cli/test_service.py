"""`postguard service`, with a systemctl that only writes down what it was told."""

import json
import shlex
import sys

import pytest

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
    assert "journalctl" in done.stdout


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
    assert "journalctl" in terminal.run("service", "status").stdout
    systemd("UnitFileState=enabled\nActiveState=active\nStatusText=watching\nMainPID=42")
    assert "process 42" in terminal.run("service", "status").stdout
    told = json.loads(terminal.run("service", "status", "--json").stdout)
    assert (told["pid"], told["says"], told["enabled"]) == (42, "watching", "enabled")


def test_without_systemd_it_says_so(terminal, monkeypatch):
    monkeypatch.setenv("PATH", str(terminal.home))
    done = terminal.run("service", "status")
    assert done.exit_code == 1
    assert "there is no systemd" in done.stderr
