"""What each account is to post, when all that the artist said has been put together."""

from __future__ import annotations

from pathlib import Path

import pytest

from postguard.model import Delivery, Words
from tests.unit.intake.rig import ALT, Rig, config, png

LINKED = {
    "bsky": {"network": "bluesky", "handle": "hanako.bsky.social"},
    "fedi": {"network": "mastodon", "instance": "https://mastodon.example", "link": "bsky"},
}


def dropped(home: Path, words: str, **accounts: object) -> tuple[Rig, list[Delivery]]:
    rig = Rig(home, config(home / "outbox", accounts=accounts or LINKED))
    rig.drop("fox.toml", ALT + words)
    rig.drop("fox.png", png())
    rig.run()
    return rig, rig.store.deliveries.of_post(rig.only().id)


def test_the_second_copy_links_to_the_first(tmp_path: Path) -> None:
    _, (bsky, fedi) = dropped(tmp_path, "")
    assert (bsky.words.link_to, fedi.words.link_to) == ("", "bsky")


@pytest.mark.parametrize(
    "words",
    ['to = "fedi"', "[bsky]\ndry_run = true", '[bsky]\nvisibility = "private"'],
)
def test_no_copy_links_to_one_that_nobody_could_open(tmp_path: Path, words: str) -> None:
    _, deliveries = dropped(tmp_path, words)
    assert deliveries[-1].account == "fedi"
    assert deliveries[-1].words.link_to == ""


def test_room_for_a_link_is_asked_for_only_where_there_is_one(tmp_path: Path) -> None:
    rig = Rig(tmp_path, config(tmp_path / "outbox", accounts=LINKED))
    asked: list[tuple[str, str]] = []

    def objections(account: str, words: Words, images: int) -> list[str]:
        asked.append((account, words.link_to))
        return []

    rig.objections = objections
    rig.restarted()
    rig.drop("fox.toml", ALT + 'to = "fedi"')
    rig.drop("fox.png", png())
    rig.run()
    assert asked == [("fedi", "")]


def test_a_series_and_the_earliest_times_are_kept_with_the_post(tmp_path: Path) -> None:
    words = 'series = "雪"\nnot_before = 2026-12-24\n[fedi]\nnot_before = 2026-12-25 12:00:00\n'
    rig, deliveries = dropped(tmp_path, words)
    told = [d.not_before.isoformat() if d.not_before else "" for d in deliveries]
    assert told == ["2026-12-23T15:00:00+00:00", "2026-12-25T03:00:00+00:00"]
    assert rig.store.posts.series(rig.only().id) == "雪"


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"fox.toml": 'alt = { "3.jpg" = "x" }'}, 'fox.toml: alt names "3.jpg", but no single'),
        ({"fox.toml": 'alt = ["x", "y", "z"]'}, "fox.toml: alt has 3 texts for 1 pictures"),
        ({"fox.md": '+++\nalt = ["x", "y"]\n+++\nhi'}, "fox.md: alt has 2 texts"),
        ({"fox.md": "hi", "fox.toml": "focus = { b = [0, 0] }"}, 'fox.toml: focus names "b"'),
    ],
)
def test_words_that_fit_no_picture_are_told_with_their_file(
    tmp_path: Path, files: dict[str, str], told: str
) -> None:
    rig = Rig(tmp_path, config(tmp_path / "outbox"))
    for name, words in files.items():
        rig.drop(name, words)
    rig.drop("fox.png", png())
    (post,) = rig.run()
    assert post.reason.startswith(told)
    assert post.reason.count("fox.") == 1
