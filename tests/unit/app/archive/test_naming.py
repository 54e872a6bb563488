from __future__ import annotations

from pathlib import Path

import pytest

from postguard.app.archive.naming import key_of, pictures, place_of
from postguard.model import Artist


def tree(root: Path, *names: str) -> None:
    """Empty files with their folders."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_pictures_of_all_folders_come_in_the_order_of_names(tmp_path: Path) -> None:
    tree(tmp_path, "b.png", "a/2.jpg", "a/1.JPG", "words.txt", "猫/絵.webp")
    found = [f.path.relative_to(tmp_path).as_posix() for f in pictures(tmp_path, tmp_path / "x")]
    assert found == ["b.png", "a/1.JPG", "a/2.jpg", "猫/絵.webp"]


def test_what_is_made_and_what_is_hidden_or_linked_is_passed_over(tmp_path: Path) -> None:
    tree(tmp_path, "a.png", "out/a.jpg", ".trash/b.png", ".c.png", "@eaDir/t.jpg", "draft.png~")
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    found = [f.path.name for f in pictures(tmp_path, tmp_path / "out")]
    assert found == ["a.png"]


def test_twins_are_told_apart_by_their_own_endings(tmp_path: Path) -> None:
    tree(tmp_path, "fox.png", "fox.jpg", "cat.png", "sub/fox.png")
    places = {
        place_of(f.path.relative_to(tmp_path).as_posix(), ".jpg", twin=f.twin)
        for f in pictures(tmp_path, tmp_path / "x")
    }
    assert places == {"fox.png.jpg", "fox.jpg.jpg", "cat.jpg", "sub/fox.jpg"}


@pytest.mark.parametrize("name", ["a.b.png", "猫/秋の絵.png"])
def test_a_name_keeps_everything_but_its_ending(name: str) -> None:
    assert place_of(name, ".jpg", twin=False) == name.removesuffix("png") + "jpg"


def test_another_recipe_or_name_of_the_artist_is_another_archive() -> None:
    one = key_of([{"step": "notice"}], Artist("花子", "©"))
    assert one == key_of([{"step": "notice"}], Artist("花子", "©"))
    assert one != key_of([{"step": "noise"}], Artist("花子", "©"))
    assert one != key_of([{"step": "notice"}], Artist("太郎", "©"))
