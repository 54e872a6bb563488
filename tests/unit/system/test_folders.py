"""What postguard itself puts into a post's folder."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest

from postguard.model import Place, Post, PostState, Receipt
from postguard.system.folders import leave_receipt, ways_on
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


@pytest.mark.parametrize(
    ("reasons", "commands"),
    [
        ([""], ["postguard release 7"]),
        (["a.png cannot be read"], ["postguard release 7"]),
        (['no alt text; `postguard edit N --alt "…"` says it'], ['postguard edit 7 --alt "…"']),
        (
            ['no alt text; `postguard edit N --alt "…"` says it', "a.png cannot be read"],
            ['postguard edit 7 --alt "…"', "postguard release 7"],
        ),
        (
            ["its time passed; `postguard retry 7` posts it now", "a.png cannot be read"],
            ["postguard retry 7"],
        ),
        (["shown before; `postguard release N` posts it once more", "x"], ["postguard release 7"]),
        (["it is like `postguard retry 70`"], ["postguard release 7"]),
        (
            ["`postguard move 7 slot` gives a time, and `postguard release 7` lets it go on"],
            [
                "postguard move 7 slot",
                "postguard release 7",
            ],
        ),
        (["a is this or 8: look, and say `postguard retry` with its number first (7 or 8)"], []),
    ],
)
def test_what_lets_a_held_post_go_on_is_all_that_its_reasons_ask_for(
    reasons: list[str], commands: list[str]
) -> None:
    held = replace(post(), state=PostState.HELD, reason="\n".join(reasons))
    assert ways_on(held) == commands
