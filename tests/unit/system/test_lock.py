"""A second daemon is refused by the number of the first, and a crash leaves no lock behind."""

import os
import signal
import subprocess
import sys

import pytest

from postguard.errors import Unusable
from postguard.system.lock import OnlyOne

HOLDER = """
import sys
from pathlib import Path
from postguard.system.lock import OnlyOne
with OnlyOne(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock until its input ends."""
    path = tmp_path / "state" / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process, path
        process.kill()


def test_a_second_instance_is_refused_with_the_number_of_the_first(holder):
    process, path = holder
    with (
        pytest.raises(Unusable, match=rf"already running \(process {process.pid}\)"),
        OnlyOne(path),
    ):
        pass


def test_a_killed_holder_leaves_the_lock_free(holder):
    process, path = holder
    process.send_signal(signal.SIGKILL)
    process.wait()
    with OnlyOne(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_the_lock_is_free_again_after_the_block(tmp_path):
    for _ in range(2):
        with OnlyOne(tmp_path / "lock"):
            pass


def test_a_refused_instance_does_not_take_the_lock_from_the_holder(holder):
    process, path = holder
    for _ in range(2):
        with pytest.raises(Unusable), OnlyOne(path):
            pass
    assert path.read_text() == f"{process.pid}\n"


def test_the_lock_file_is_private(tmp_path):
    with OnlyOne(tmp_path / "state" / "lock"):
        assert (tmp_path / "state" / "lock").stat().st_mode & 0o777 == 0o600
        assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
