"""The command that is told for an extra works where it is told: postguard is on no index."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from postguard.system import extras


def from_folder(path: Path) -> str:
    """What pip keeps of `pip install PATH`."""
    return json.dumps({"url": path.as_uri(), "dir_info": {"editable": True}})


def test_a_checkout_is_named_with_the_releases_that_it_was_tested_with(tmp_path: Path) -> None:
    (tmp_path / "constraints.txt").touch()
    elsewhere = extras.wanted("cloak", from_folder(tmp_path), Path("/"))
    assert elsewhere == f"-c {tmp_path}/constraints.txt '{tmp_path}[cloak]'"
    here = extras.wanted("cloak", from_folder(tmp_path), tmp_path)
    assert here == "-c constraints.txt '.[cloak]'"


def test_a_folder_with_a_space_and_an_apostrophe_can_be_pasted(tmp_path: Path) -> None:
    folder = tmp_path / "Hanako's 絵 box"
    folder.mkdir()
    (folder / "constraints.txt").touch()
    command = f"printf '%s\\n' {extras.wanted('push', from_folder(folder), tmp_path)}"
    read = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert read.stdout.splitlines() == ["-c", f"{folder}/constraints.txt", f"{folder}[push]"]


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (None, "'postguard[sd]'"),
        (
            {"url": "https://git.example/pg", "vcs_info": {"vcs": "git", "commit_id": "ab"}},
            "'postguard[sd] @ git+https://git.example/pg'",
        ),
        (
            {"url": "https://files.example/postguard-1-py3-none-any.whl", "archive_info": {}},
            "'postguard[sd] @ https://files.example/postguard-1-py3-none-any.whl'",
        ),
    ],
)
def test_what_came_from_elsewhere_is_taken_from_there_again(
    origin: dict[str, object] | None, expected: str
) -> None:
    told = None if origin is None else json.dumps(origin)
    assert extras.wanted("sd", told, Path("/")) == expected


def test_the_pip_of_another_python_is_not_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert extras.install("cloak").startswith(f"{sys.executable} -m pip install ")
    other = tmp_path / "pip"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o700)
    assert extras.install("cloak").startswith(f"{sys.executable} -m pip install ")
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    assert extras.install("cloak").startswith("pip install ")
