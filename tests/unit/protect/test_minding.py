"""What somebody took away of a post's files, and what only looks like it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from postguard.model import Artwork, Place, Post, PostState
from postguard.protect.minding import missing
from tests.making import NOW

NAMES = ("a.png", "b.png")


@pytest.fixture
def post(tmp_path: Path) -> Post:
    """A post of two pictures in queued/."""
    folder = tmp_path / "queued" / "1-foxes"
    folder.mkdir(parents=True)
    for name in NAMES:
        (folder / name).touch()
    artworks = tuple(Artwork(i, i, "", name, name, 4, 3) for i, name in enumerate(NAMES))
    place, state = Place.QUEUED, PostState.TAKEN
    return Post(1, "foxes", "1-foxes", place, state, "default", artworks, (), NOW)


def test_nothing_is_missing_of_a_whole_post(tmp_path: Path, post: Post) -> None:
    assert missing(tmp_path, post) == ""


def test_a_folder_that_was_taken_away_is_named(tmp_path: Path, post: Post) -> None:
    (tmp_path / "queued" / "1-foxes").rename(tmp_path / "foxes")
    assert missing(tmp_path, post) == "its folder queued/1-foxes is gone"


def test_a_picture_that_was_taken_out_is_named(tmp_path: Path, post: Post) -> None:
    (tmp_path / "queued" / "1-foxes" / "b.png").unlink()
    assert missing(tmp_path, post).startswith("b.png was taken out of its folder")


def test_a_drive_that_is_not_plugged_in_will_come_back(tmp_path: Path, post: Post) -> None:
    assert missing(tmp_path / "unplugged", post) == ""
    assert missing(tmp_path, replace(post, place=Place.HELD)) == ""
