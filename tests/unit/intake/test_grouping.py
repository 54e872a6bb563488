"""Which settled files are one post, and when it is complete."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import PurePath

from hypothesis import given
from hypothesis import strategies as st

from postguard.intake import names
from postguard.intake.grouping import Grouping, key_of, listed
from postguard.intake.settling import Look

START = datetime(2026, 11, 23, tzinfo=UTC)
WAIT = timedelta(seconds=20)
LOOK: Look = (1, 1, 1, 1)


class Play:
    """A grouping with time in seconds."""

    def __init__(self, *eager: str) -> None:
        self.grouping = Grouping(eager)

    def settle(self, second: float, *files: str, look: Look = LOOK) -> None:
        for name in files:
            self.grouping.nominated(PurePath(name))
            self.grouping.settled(PurePath(name), look, START + timedelta(seconds=second))

    def complete(self, second: float, limit: int = 99) -> list[str]:
        return self.grouping.complete(START + timedelta(seconds=second), WAIT, limit)


def test_a_picture_alone_is_complete_after_the_wait() -> None:
    play = Play()
    play.settle(0, "fox.png")
    assert (play.complete(19), play.complete(20)) == ([], ["fox.png"])


def test_a_picture_with_words_is_complete_at_once_whichever_came_first() -> None:
    for order in (("fox.png", "fox.toml"), ("fox.md", "fox.png"), ("fox.png.txt", "fox.png")):
        play = Play()
        for name in order:
            play.settle(0, name)
        assert play.complete(0) == ["fox.png"]


def test_words_that_are_still_being_written_are_waited_for() -> None:
    play = Play()
    play.settle(0, "fox.png", "fox.toml")
    play.grouping.nominated(PurePath("fox.toml"))
    assert play.complete(60) == []
    play.settle(61, "fox.toml")
    assert play.complete(61) == ["fox.png"]


def test_a_complete_post_that_changes_is_complete_no_longer() -> None:
    play = Play()
    play.settle(0, "fox.png")
    assert play.complete(20) == ["fox.png"]
    play.grouping.nominated(PurePath("fox.png"))
    assert play.complete(21) == []
    play.settle(23, "fox.png", look=(1, 2, 2, 2))
    assert (play.complete(42), play.complete(43)) == ([], ["fox.png"])


def test_a_rescan_does_not_begin_the_wait_again() -> None:
    play = Play()
    play.settle(0, "fox.png", "pages/1.png")
    play.settle(15, "fox.png", "pages/1.png")
    assert sorted(play.complete(20)) == ["fox.png", "pages/"]


def test_words_that_vanish_leave_the_picture_to_wait_for_others() -> None:
    play = Play()
    play.settle(0, "fox.png", "fox.toml")
    play.grouping.gone(PurePath("fox.toml"))
    assert (play.complete(5), play.complete(20)) == ([], ["fox.png"])


def test_a_picture_that_vanishes_is_not_complete() -> None:
    play = Play()
    play.settle(0, "fox.png", "pages/1.png")
    play.complete(20)
    play.grouping.gone(PurePath("fox.png"))
    play.grouping.gone(PurePath("pages/1.png"))
    assert play.complete(60) == []
    assert not play.grouping.restless()


def test_each_new_file_lets_a_set_wait_again() -> None:
    play = Play()
    play.settle(0, "pages/1.png")
    play.settle(15, "pages/2.png")
    assert (play.complete(34), play.complete(35)) == ([], ["pages/"])


def test_what_is_held_anyway_need_not_wait() -> None:
    play = Play("fox.png", "pages/")
    play.settle(0, "fox.png", "pages/1.png", "owl.png")
    assert sorted(play.complete(0)) == ["fox.png", "pages/"]


def test_a_clock_set_back_does_not_prolong_the_wait() -> None:
    play = Play()
    play.settle(3600, "fox.png", "pages/1.png")
    play.settle(0, "fox.png", "pages/1.png")
    assert sorted(play.complete(20)) == ["fox.png", "pages/"]


def test_a_post_put_back_queues_behind_the_others() -> None:
    play = Play()
    play.settle(0, "a.png", "b.png")
    assert play.complete(20, limit=1) == ["a.png"]
    play.grouping.put_back("a.png")
    assert play.complete(20) == ["b.png", "a.png"]


def test_posts_come_in_the_order_people_count() -> None:
    play = Play()
    play.settle(0, *(f"{i}.png" for i in (10, 9, 1, 2)))
    assert play.complete(20) == ["1.png", "2.png", "9.png", "10.png"]


def test_taking_a_picture_takes_its_words_with_it() -> None:
    play = Play()
    play.settle(0, "fox.png", "fox.toml")
    bundle = play.grouping.single("fox.png")
    assert [str(p) for p in (*bundle.files, *bundle.words)] == ["fox.png", "fox.toml"]
    play.grouping.taken("fox.png")
    play.settle(1, "fox.jpg")
    assert play.complete(2) == []


def test_the_words_of_a_set_and_what_is_not_part_of_it() -> None:
    paths = ["10.png", "2.png", "post.toml", "reason.txt", "receipt.txt", "sub/3.png", "odd.txt"]
    bundle = listed("pages", [PurePath(p) for p in paths])
    assert [str(p) for p in bundle.files] == ["2.png", "10.png", "odd.txt", "sub/3.png"]
    assert [str(p) for p in bundle.words] == ["post.toml"]
    assert "folder inside the set (sub)" in bundle.problems[0]


def test_a_posts_folder_that_was_moved_back_holds_no_more_than_was_dropped() -> None:
    paths = ["fox.png", "fox.toml", "reason.txt", "renditions/1-bluesky.jpg"]
    bundle = listed("12-fox", [PurePath(p) for p in paths])
    assert [str(p) for p in (*bundle.files, *bundle.words)] == ["fox.png", "fox.toml"]
    assert bundle.problems == ()
    own = listed("pages", [PurePath("1.png"), PurePath("renditions/1.png")])
    assert "folder inside the set (renditions)" in own.problems[0]


FILES = ("a.png", "a.toml", "a.jpg", "a.png.txt", "b.png", "c.md", "s/1.png", "s/post.toml", "t/x")
step = st.tuples(
    st.sampled_from(["nominated", "settled", "gone", "complete"]), st.sampled_from(FILES)
)


@given(st.lists(step, max_size=40))
def test_in_the_end_every_picture_that_is_there_is_complete(steps: list[tuple[str, str]]) -> None:
    """Against a plain model: the files that exist. Nothing is forgotten in any order of events,
    and nothing that is gone is complete."""
    play, there = Play(), set[str]()
    for second, (what, name) in enumerate(steps):
        now, path = START + timedelta(seconds=second), PurePath(name)
        if what == "complete":
            assert {k for k in play.complete(second) if not k.endswith("/")} <= there
        elif what == "gone":
            play.grouping.gone(path)
            there.discard(name)
        else:
            play.grouping.nominated(path)
            there.add(name)
            if what == "settled":
                play.grouping.settled(path, LOOK, now)
    play.settle(100, *sorted(there))
    art = {key_of(PurePath(n)) for n in there if "/" in n or not names.has_words(n)}
    assert set(play.complete(130)) == art
    assert not [key for key in art if play.grouping.taken(key)]
    assert play.complete(200) == []
    assert not play.grouping.restless()
