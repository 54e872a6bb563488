from __future__ import annotations

import sqlite3
from contextlib import closing
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
        assert rows.of_content(SHA, "recipe") is None
        rows.done(FOX, SHA, MADE)
        assert rows.of_content(SHA, "recipe") == MADE
        assert rows.of_content(SHA, "another") is None


def test_what_failed_is_told_and_not_known(tmp_path: Path) -> None:
    with ArchiveRows(tmp_path / "ledger.db") as rows:
        rows.failed(FOX, SHA, "it is no picture")
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


def test_what_lies_in_its_place_after_a_crash_is_settled_and_the_rest_stays(
    tmp_path: Path,
) -> None:
    with ArchiveRows(tmp_path / "ledger.db") as rows:
        rows.placing(FOX, SHA, MADE)
        rows.settled(FOX)
        assert rows.of_content(SHA, "recipe") == MADE
        rows.failed(FOX, SHA, "it is no picture")
        rows.settled(FOX)
        assert rows.known(FOX) is None


def test_a_ledger_that_cannot_be_written_stops_the_run_in_words(tmp_path: Path) -> None:
    with ArchiveRows(tmp_path / "ledger.db") as rows:
        with closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
            other.execute("DROP TABLE picture")
        with pytest.raises(Retryable, match="ledger cannot be used"):
            rows.done(FOX, SHA, MADE)
