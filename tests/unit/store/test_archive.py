from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from postguard.errors import Retryable, Unusable
from postguard.store.archive import ArchiveRows, Made, Original

FOX = Original("fox.png", 10, 123, "recipe")
MADE = Made("fox.jpg", "bb" * 32, 1.5, 91.0, 0.2)
SHA = "aa" * 32


def test_what_was_made_is_known_by_name_size_time_and_recipe(tmp_path: Path) -> None:
    with ArchiveRows(tmp_path / "ledger.db") as rows:
        rows.done(FOX, SHA, MADE)
        assert rows.known(FOX) == MADE
        for other in (
            Original("fox.png", 11, 123, "recipe"),
            Original("fox.png", 10, 124, "recipe"),
            Original("fox.png", 10, 123, "another"),
            Original("cat.png", 10, 123, "recipe"),
        ):
            assert rows.known(other) is None


def test_it_is_still_known_when_opened_again(tmp_path: Path) -> None:
    with ArchiveRows(tmp_path / "ledger.db") as rows:
        rows.placing(FOX, SHA, MADE)
    with ArchiveRows(tmp_path / "ledger.db") as rows:
        assert rows.known(FOX) == MADE


def test_the_same_bytes_under_another_name_are_found_once_they_are_done(tmp_path: Path) -> None:
    with ArchiveRows(tmp_path / "ledger.db") as rows:
        rows.placing(FOX, SHA, MADE)
        assert rows.of_content(SHA, FOX) is None
        rows.done(FOX, SHA, MADE)
        assert rows.of_content(SHA, FOX) == MADE
        assert rows.of_content(SHA, replace(FOX, recipe="another")) is None


def test_what_is_about_to_be_placed_is_on_disk_at_once_with_all_that_waited(
    tmp_path: Path,
) -> None:
    """After a power cut the next run must know each file that has its name."""
    cat = replace(FOX, name="cat.png")
    with (
        ArchiveRows(tmp_path / "ledger.db") as rows,
        closing(sqlite3.connect(tmp_path / "ledger.db")) as other,
    ):
        rows.placing(FOX, SHA, MADE)
        rows.done(FOX, SHA, MADE)
        rows.placing(cat, SHA, MADE)
        found = other.execute("SELECT name, state FROM picture ORDER BY name").fetchall()
        assert found == [("cat.png", "placing"), ("fox.png", "done")]


def test_changes_of_many_threads_are_all_kept(tmp_path: Path) -> None:
    def work(rows: ArchiveRows, thread: int) -> None:
        for n in range(40):
            original = replace(FOX, name=f"{thread}-{n}.png")
            rows.placing(original, SHA, MADE)
            if n % 2:
                rows.done(original, SHA, MADE)
            else:
                rows.failed(original, "the disk was full")

    with ArchiveRows(tmp_path / "ledger.db") as rows:
        threads = [threading.Thread(target=work, args=(rows, n)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with ArchiveRows(tmp_path / "ledger.db") as rows:
        told = list(rows.entries("recipe"))
        assert len({entry.name for entry in told}) == len(told) == 320
        assert sum(bool(entry.reason) for entry in told) == 160


def test_what_was_made_of_an_earlier_version_stays_known_when_the_new_one_fails(
    tmp_path: Path,
) -> None:
    edited = replace(FOX, size=99)
    with ArchiveRows(tmp_path / "ledger.db") as rows:
        rows.done(FOX, SHA, MADE)
        rows.failed(edited, "its place is taken")
        (entry,) = rows.entries("recipe")
        assert entry.reason == "its place is taken"
        assert rows.known(edited) is None
        assert rows.earlier(edited) == MADE
        assert rows.known(FOX) == MADE
        rows.settled(FOX)
        (entry,) = rows.entries("recipe")
        assert (entry.reason, entry.made) == ("", MADE)


def test_a_failure_of_one_recipe_is_none_of_another(tmp_path: Path) -> None:
    other = replace(FOX, recipe="another")
    with ArchiveRows(tmp_path / "ledger.db") as rows:
        rows.done(FOX, SHA, MADE)
        rows.failed(other, "its place is taken")
        assert [entry.reason for entry in rows.entries("recipe")] == [""]
        assert [entry.reason for entry in rows.entries("another")] == ["its place is taken"]


def test_what_failed_is_told_and_not_known(tmp_path: Path) -> None:
    with ArchiveRows(tmp_path / "ledger.db") as rows:
        rows.failed(FOX, "it is no picture")
        assert rows.known(FOX) is None
        (entry,) = rows.entries("recipe")
        assert (entry.name, entry.reason) == ("fox.png", "it is no picture")


def test_all_rows_of_a_recipe_are_told_in_the_order_of_names(tmp_path: Path) -> None:
    with ArchiveRows(tmp_path / "ledger.db") as rows:
        for n in range(1001, -1, -1):
            rows.done(Original(f"{n:05}.png", 1, 1, "recipe"), SHA, MADE)
        rows.done(Original("other.png", 1, 1, "another"), SHA, MADE)
        assert [entry.name for entry in rows.entries("recipe")] == [
            f"{n:05}.png" for n in range(1002)
        ]


def test_a_file_that_is_no_ledger_is_refused_and_stays(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"an artist's notes" * 100)
    with pytest.raises(Unusable, match="cannot be used"):
        ArchiveRows(tmp_path / "ledger.db")
    assert (tmp_path / "ledger.db").read_bytes() == b"an artist's notes" * 100


def test_what_lies_in_its_place_after_a_crash_is_settled(tmp_path: Path) -> None:
    with ArchiveRows(tmp_path / "ledger.db") as rows:
        rows.placing(FOX, SHA, MADE)
        rows.settled(FOX)
        assert rows.of_content(SHA, FOX) == MADE


def test_a_ledger_that_cannot_be_written_stops_the_run_in_words(tmp_path: Path) -> None:
    with ArchiveRows(tmp_path / "ledger.db") as rows:
        with closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
            other.execute("DROP TABLE picture")
        with pytest.raises(Retryable, match="ledger cannot be used"):
            rows.placing(FOX, SHA, MADE)
