"""Setting up says on a terminal what comes; where nobody looks it is quiet."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SAID = """\
Collecting pillow
  Downloading pillow-13.0.0-cp311-cp311-manylinux_2_28_x86_64.whl.metadata (9.1 kB)
  Downloading https://files.example/pillow-13.0.0-cp311-cp311-manylinux_2_28_x86_64.whl (7.1 MB)
  Using cached click-8.5.1-py3-none-any.whl (126 kB)
Installing collected packages: pillow, click
"""
PIP = """\
#!/bin/sh
[ "$1" = -c ] && exit 0
case "$*" in *-qq*) ;; *) cat said ;; esac
exit "$(cat ends)"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose Python has a pip that says what the real one would."""
    shutil.copytree(ROOT / "tools" / "setup", tmp_path / "tools" / "setup")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(PIP)
    python.chmod(0o755)
    (tmp_path / "said").write_text(SAID)
    (tmp_path / "ends").write_text("0")
    return tmp_path


def set_up(checkout: Path, *, terminal: bool) -> tuple[int, list[str]]:
    """Run it; return how it ended, and the lines that it printed."""
    ours, its = os.openpty() if terminal else os.pipe()
    done = subprocess.run(
        ["tools/setup/venv.sh", "", ".venv/base.stamp"], cwd=checkout, stdout=its, check=False
    )
    os.close(its)
    said = b""
    try:
        while part := os.read(ours, 4096):
            said += part
    except OSError:  # how a terminal ends
        pass
    os.close(ours)
    return done.returncode, said.decode().splitlines()


def test_on_a_terminal_each_package_is_named_with_its_size(checkout: Path) -> None:
    ended, lines = set_up(checkout, terminal=True)
    assert ended == 0
    begun = next(n for n, line in enumerate(lines) if "into .venv (a minute or two)" in line)
    assert lines[begun + 1 :] == [
        "  pillow 13.0.0 (7.1 MB)",
        "  click 8.5.1 (126 kB)",
        "  putting 2 packages in place",
        "postguard: compiling it, so that every start is quick (half a minute)",
        "postguard: set up",
    ]


def test_in_a_log_it_is_quiet(checkout: Path) -> None:
    _ended, lines = set_up(checkout, terminal=False)
    assert not any("pillow" in line for line in lines)


def test_where_a_package_cannot_be_had_nothing_counts_as_set_up(checkout: Path) -> None:
    (checkout / "ends").write_text("1")
    ended, lines = set_up(checkout, terminal=True)
    assert ended == 1
    assert "postguard: set up" not in lines
    assert not (checkout / ".venv" / "base.stamp").exists()
