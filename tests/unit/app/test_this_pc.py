"""What `check` says of this PC, and how to mend it."""

from __future__ import annotations

import os
import sys
from datetime import timedelta

import pytest

from postguard.app import backing_up, this_pc
from postguard.app.this_pc import clock, watches
from postguard.system import service
from tests.making import NOW, protected_post
from tests.unit.app.test_notifying import wanting


def found(installation, what):
    return [each for each in this_pc.checks(installation) if each.what == what]


@pytest.mark.parametrize(
    ("most", "folders", "enough"),
    [(8_192, 10, True), (1_024, 10, False), (8_192, 5_000, False), (524_288, 5_000, True)],
)
def test_too_few_watches_come_with_the_command_that_gives_more(most, folders, enough):
    told = watches(most, folders)
    assert told.ok is enough
    assert ("sysctl" in told.fix) is not enough
    assert str(most) in told.said


def test_one_folder_is_one_folder():
    assert watches(8_192, 1).said == "1 folder; the system lets you watch 8192"


def test_where_the_folder_is_polled_no_watches_are_needed(installation):
    table = installation.settings.intake.model_copy(update={"watch": "polling"})
    installation.settings = installation.settings.model_copy(update={"intake": table})
    assert found(installation, "watching") == []


@pytest.mark.parametrize(
    ("now", "last", "synchronised", "right"),
    [
        (NOW, None, True, True),
        (NOW, NOW - timedelta(days=1), None, True),
        (NOW, NOW + timedelta(minutes=1), None, True),
        (NOW, NOW + timedelta(hours=1), True, False),
        (NOW, None, False, False),
        (NOW - timedelta(days=4000), None, True, False),
    ],
    ids=["right", "nobody says", "a moment", "behind what was", "nobody keeps it", "1970s"],
)
def test_a_clock_that_cannot_be_right_is_told(now, last, synchronised, right):
    told = clock(now, last, synchronised=synchronised)
    assert told.ok is right
    assert bool(told.fix) is not right


def test_a_backup_that_is_missing_for_days_is_to_be_made(installation):
    (told,) = found(installation, "backup")
    assert told.ok
    now = installation.clock.now()
    backing_up.make(installation, now - timedelta(days=4))
    (told,) = found(installation, "backup")
    assert (told.ok, told.fix) == (False, "postguard backup")
    backing_up.make(installation, now)
    (told,) = found(installation, "backup")
    assert told.ok


def test_a_backup_of_a_clock_that_was_ahead_is_none_of_today(installation):
    backing_up.make(installation, installation.clock.now() + timedelta(days=400))
    backing_up.make(installation, installation.clock.now() - timedelta(days=5))
    (told,) = found(installation, "backup")
    assert (told.ok, told.fix) == (False, "postguard backup")


def test_what_waits_after_a_restore_and_what_the_backup_does_not_know_is_told(installation):
    protected_post(installation.store)
    installation.store.restored.mark(NOW)
    (installation.outbox / "queued" / "7-owl").mkdir(parents=True)
    (told,) = found(installation, "restored")
    assert (told.ok, told.fix) == (False, "postguard run")
    (told,) = found(installation, "folders")
    assert "queued/7-owl" in told.said
    assert "move them back" in told.fix


def test_an_installation_that_moved_away_from_its_service_is_told(installation, tmp_path):
    assert found(installation, "service") == []
    unit = service.unit_path()
    unit.parent.mkdir(parents=True)
    gone = tmp_path / "old venv" / "python"
    unit.write_text(service.render("[Service]\nExecStart=x\n", [str(gone), "-m", "postguard"]))
    (told,) = found(installation, "service")
    assert (told.ok, told.fix) == (False, "postguard service install")
    assert str(gone) in told.said


@pytest.mark.parametrize(("state", "ok"), [("active", True), ("failed", False)])
def test_a_service_that_does_not_run_says_where_to_look(
    installation, tmp_path, monkeypatch, state, ok
):
    unit = service.unit_path()
    unit.parent.mkdir(parents=True)
    unit.write_text(service.render("[Service]\nExecStart=x\n", [sys.executable]))
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho ActiveState={state}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    (told,) = found(installation, "service")
    assert (told.ok, told.fix) == (ok, "" if ok else "postguard service logs")


def test_messages_that_could_not_be_sent_are_told(installation):
    wanting(installation, desktop=False, phone=True)
    (told,) = found(installation, "messages")
    assert told.fix == "postguard notify phone"
    installation.secrets.set("push-address", "ntfy://ntfy.example/topic")
    assert found(installation, "messages") == []


def test_each_gpu_is_named(installation, tmp_path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'NVIDIA H100, 37, 2000, 80000'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (told,) = found(installation, "GPU")
    assert told.said == "NVIDIA H100, 37 % busy now"
