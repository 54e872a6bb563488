"""The PC stays awake while something is sent, and only then."""

from __future__ import annotations

import os

import pytest

from postguard.system.awake import Awake

HOLDS = """#!/bin/sh
echo "$1" >> {notes}
while [ $# -gt 1 ]; do shift; done
"$1"
echo ended >> {notes}
"""


@pytest.fixture
def inhibit(tmp_path, monkeypatch):
    """A systemd-inhibit that notes when it begins and ends; returns (program, notes)."""
    program, notes = tmp_path / "systemd-inhibit", tmp_path / "notes"
    program.write_text(HOLDS.format(notes=notes))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return program, notes


def test_it_is_held_until_the_post_is_out(inhibit):
    _, notes = inhibit
    with Awake(lambda: True).held():
        assert "ended" not in (notes.read_text() if notes.exists() else "")
    assert notes.read_text().splitlines() == ["--what=sleep:idle", "ended"]


def test_it_ends_when_the_post_fails(inhibit):
    _, notes = inhibit
    with pytest.raises(ConnectionError), Awake(lambda: True).held():
        raise ConnectionError
    assert notes.read_text().splitlines()[-1] == "ended"


def test_where_it_is_not_wanted_nobody_is_asked(inhibit):
    _, notes = inhibit
    with Awake(lambda: False).held():
        pass
    assert not notes.exists()


def test_a_pc_without_it_sends_all_the_same_and_is_told_once(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("PATH", str(tmp_path))
    awake, sent = Awake(lambda: True), []
    for number in range(2):
        with awake.held():
            sent.append(number)
    assert sent == [0, 1]
    assert len(caplog.records) == 1
