from __future__ import annotations

from pathlib import Path, PurePath

import pytest

from postguard.intake import names
from postguard.intake.names import Verdict


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store",
        ".krita-4711-document_1-autosave.kra",
        ".syncthing.fox.png.tmp",
        "~syncthing~fox.png.tmp",
        "fox.png~",
        "fox.kra~",
        "fox.kra-autosave.kra",
        "fox.png.part",
        "fox.png.crdownload",
        "fox.png.download",
        "FOX.TMP",
        "Thumbs.db",
        "desktop.ini",
        "set/.stfolder/x.png",
        "set/@eaDir/fox.png",
        "__MACOSX/fox.png",
        "queued/12-fox/fox.png",
        "held/12-fox/fox.png",
        "posted/12-fox/fox.png",
        "dry-run/12-fox/fox.png",
    ],
)
def test_what_no_artist_dropped_is_ignored(name: str) -> None:
    assert names.verdict(PurePath(name)) is Verdict.IGNORE


@pytest.mark.parametrize(
    "name", ["fox.png", "狐.png", "set/fox.png", "set/held/fox.png", "fox.partly.png", "a b.toml"]
)
def test_what_an_artist_dropped_is_taken(name: str) -> None:
    assert names.verdict(PurePath(name)) is Verdict.TAKE


@pytest.mark.parametrize(
    "name",
    [
        "fox.sync-conflict-20261123-101010-ABCDEFG.png",
        "fox (conflicted copy 2026-11-23).png",
        "fox (Hanako's conflicted copy 2026-11-23).png",
    ],
)
def test_two_versions_of_a_file_are_for_the_artist_to_settle(name: str) -> None:
    assert names.verdict(PurePath(name)) is Verdict.CONFLICT


def test_a_name_that_is_not_utf8_is_told_apart() -> None:
    shift_jis = "狐.png".encode("cp932").decode("utf-8", "surrogateescape")
    assert names.verdict(PurePath(shift_jis)) is Verdict.UNREADABLE


def test_names_are_ordered_as_people_count() -> None:
    pages = ["page10.png", "page2.png", "page１.png", "Page3.png"]
    ordered = sorted(pages, key=names.natural)
    assert ordered == ["page１.png", "page2.png", "Page3.png", "page10.png"]


@pytest.mark.parametrize("name", ["", "1", "１²x", "a1b", "1a", "\u0661", "x" * 300 + "9" * 250])
def test_any_two_names_can_be_ordered(name: str) -> None:
    assert sorted(["a", "1", "2b", name], key=names.natural)


def test_decomposed_japanese_is_the_same_name() -> None:
    assert names.stem("か\u3099.png") == names.stem("が.toml")


def test_a_walk_stays_out_of_reserved_folders_but_only_at_the_top(tmp_path: Path) -> None:
    for name in ("a.png", "queued/1/b.png", "set/held/c.png", ".git/d.png", "set/.e.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = {str(p.relative_to(tmp_path)) for p in names.walk(tmp_path)}
    assert found == {"a.png", "set/held/c.png"}
