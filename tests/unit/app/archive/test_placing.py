"""A file gets its name once, on disks with and without links."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from postguard.app.archive.placing import flush, put


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A folder with a file that is to get its name."""
    (tmp_path / "draft").write_text("protected")
    return tmp_path


@pytest.fixture
def card(disk: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same on a disk without links; a test cannot mount a memory card."""

    def unknown(_self: Path, _target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", unknown)
    return disk


@pytest.mark.parametrize("kind", ["disk", "card"])
def test_a_whole_file_gets_its_name_for_everyone_to_read(
    kind: str, request: pytest.FixtureRequest
) -> None:
    here: Path = request.getfixturevalue(kind)
    flush(here / "draft")
    put(here / "draft", here / "fox.jpg")
    assert (here / "fox.jpg").read_text() == "protected"
    assert (here / "fox.jpg").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("kind", ["disk", "card"])
def test_a_file_that_comes_between_a_look_and_the_deed_stays(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    here: Path = request.getfixturevalue(kind)
    (here / "fox.jpg").write_text("the artist's own")
    monkeypatch.setattr(Path, "exists", lambda _self: False)  # as it was a moment before
    with pytest.raises(FileExistsError):
        put(here / "draft", here / "fox.jpg")
    assert (here / "fox.jpg").read_text() == "the artist's own"


def test_the_claim_of_a_killed_run_is_taken_over(card: Path) -> None:
    (card / "fox.jpg").touch()
    put(card / "draft", card / "fox.jpg")
    assert (card / "fox.jpg").read_text() == "protected"
