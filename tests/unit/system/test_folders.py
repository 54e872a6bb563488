"""What postguard itself puts into a post's folder."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest

from postguard.model import Place, Post, PostState, Receipt
from postguard.system.folders import leave_receipt
from tests.making import NOW


def post(sidecars: tuple[tuple[str, str], ...] = ()) -> Post:
    return Post(7, "狐", "7-狐", Place.POSTED, PostState.POSTED, "full", (), sidecars, NOW)


RECEIPTS = {
    "sky": Receipt("at://1", "https://bsky.app/1", NOW),
    "fedi": Receipt("https://art.example/1", "https://art.example/@hanako/1", NOW),
}


def lines(folder: Path) -> list[str]:
    return (folder / "receipt.txt").read_text(encoding="utf-8").splitlines()


def test_a_receipt_has_a_line_for_each_account(tmp_path: Path) -> None:
    leave_receipt(tmp_path, post(), RECEIPTS, UTC)
    assert [line.partition(" (")[0] for line in lines(tmp_path)] == [
        "fedi: https://art.example/@hanako/1",
        "sky: https://bsky.app/1",
    ]


def test_what_was_seen_of_a_post_stands_below_its_account(tmp_path: Path) -> None:
    leave_receipt(tmp_path, post(), RECEIPTS, UTC, {"fedi": ["the alt text is missing", "更に"]})
    head, *more, last = lines(tmp_path)
    assert head.startswith("fedi: ")
    assert more == ["  the alt text is missing", "  更に"]
    assert last.startswith("sky: ")


def test_a_receipt_never_takes_the_place_of_the_artists_words(tmp_path: Path) -> None:
    """A picture called `receipt.png` has its words in that file."""
    leave_receipt(tmp_path, post((("receipt.txt", "receipt.txt"),)), RECEIPTS, UTC)
    with pytest.raises(FileNotFoundError):
        lines(tmp_path)
