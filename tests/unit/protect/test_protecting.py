from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from postguard.app import steering
from postguard.errors import (
    BadPicture,
    ConfigError,
    PostguardError,
    Refused,
    Retryable,
    StepFailed,
    Unfinished,
    Unusable,
    Waiting,
)
from postguard.model import (
    Artist,
    Elsewhere,
    Inspection,
    Post,
    PostState,
    Progress,
    ProtectOrder,
    Rendition,
)
from postguard.protect.protecting import Protecting
from postguard.store import Store, open_store
from postguard.store.progress import UnderWay
from postguard.system import folders
from tests.making import NOW, new_post, rendition


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "state" / "postguard.db")
    yield opened
    opened.db.close()


@dataclass
class Still:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW

    def wait(self, seconds: float) -> None:
        """Nothing waits here."""


@dataclass
class OneOfEach:
    """A workshop whose protection is a name."""

    def inspect(self, path: Path) -> Inspection:
        raise NotImplementedError

    def protect(
        self, order: ProtectOrder, on_progress: Callable[[Progress], None]
    ) -> tuple[Rendition, ...]:
        on_progress(Progress(0, "notice", done=True))
        return (rendition(),)

    def close(self) -> None:
        """Nothing is open."""


PATIENCE = 20.0  # seconds; a look comes after a hundredth of one
CLOAKING = Progress(0, "cloak", done=False, fraction=0.4, seconds_left=50.0)


@dataclass
class Endless:
    """A workshop that works until it is closed. `meanwhile` happens in the middle of a job; what
    it raises, the job raises."""

    meanwhile: Callable[[], object]
    says: Progress | None = CLOAKING
    jobs: int = 0
    closed: threading.Event = field(default_factory=threading.Event)

    def inspect(self, path: Path) -> Inspection:
        raise NotImplementedError

    def protect(
        self, order: ProtectOrder, on_progress: Callable[[Progress], None]
    ) -> tuple[Rendition, ...]:
        self.jobs += 1
        if self.says is not None:
            on_progress(self.says)
        self.meanwhile()
        assert self.closed.wait(PATIENCE), "nobody ended the work"
        self.closed.clear()
        raise Retryable("postguard was stopped while it worked on this picture")

    def close(self) -> None:
        """End the job."""
        self.closed.set()


@dataclass
class Orders:
    """Writes orders, and fails for the posts that it is told to."""

    faults: dict[str, Exception] = field(default_factory=dict)

    def __call__(self, post: Post) -> ProtectOrder:
        if post.name in self.faults:
            raise self.faults[post.name]
        return ProtectOrder((), "default", (), (), Path("renditions"), Artist("", ""))


def taken(store: Store, name: str) -> int:
    post = store.posts.create(new_post(name), NOW)
    store.posts.move_to(post.id, PostState.TAKEN, NOW)
    return post.id


@pytest.mark.parametrize(
    "fault",
    [
        ConfigError("there is no recipe loud; known: default"),
        Refused("the config has no account sky any more"),
        BadPicture("its folder queued/1-a is gone"),
    ],
)
def test_a_post_that_cannot_be_ordered_is_held_and_the_next_goes_on(
    store: Store, fault: PostguardError
) -> None:
    broken, sound = taken(store, "a.png"), taken(store, "b.png")
    protecting = Protecting(
        store.posts, store.renditions, OneOfEach(), Still(), Orders({"a.png": fault})
    )
    while protecting.tick(NOW):
        pass
    held = store.posts.get(broken)
    assert (held.state, held.reason) == (PostState.HELD, str(fault))
    assert store.posts.get(sound).state is PostState.PROTECTED


def test_what_is_only_away_for_now_is_waited_for(store: Store) -> None:
    post = taken(store, "a.png")
    orders = Orders({"a.png": Retryable("the drive is not there")})
    protecting = Protecting(store.posts, store.renditions, OneOfEach(), Still(), orders)
    assert not protecting.tick(NOW)
    assert store.posts.get(post).state is PostState.TAKEN
    orders.faults.clear()
    assert protecting.tick(NOW)
    assert store.posts.get(post).state is PostState.PROTECTED


def test_what_waits_for_another_machine_lets_the_next_go_first_and_is_told_once(
    store: Store,
) -> None:
    post, behind = taken(store, "a.png"), taken(store, "b.png")
    orders = Orders({"a.png": Waiting("no machine is on; it waits")})
    protecting = Protecting(store.posts, store.renditions, OneOfEach(), Still(), orders)
    while protecting.tick(NOW):
        pass
    assert store.posts.get(post).state is PostState.TAKEN
    assert store.posts.get(behind).state is PostState.PROTECTED
    later = NOW + timedelta(minutes=2)
    while protecting.tick(later):
        pass
    told = [event.detail for _, event in store.posts.history(post) if event.what == "waiting"]
    assert told == ["no machine is on; it waits"]
    orders.faults.clear()
    assert not protecting.tick(later + timedelta(seconds=1))
    assert protecting.tick(later + timedelta(minutes=2))
    assert store.posts.get(post).state is PostState.PROTECTED


@dataclass
class Far(OneOfEach):
    """A workshop whose machine elsewhere does not finish; `asked`: whether each try was the last
    one there, which ends as the test says."""

    ends: PostguardError | None
    asked: list[bool] = field(default_factory=list)

    def protect(
        self, order: ProtectOrder, on_progress: Callable[[Progress], None]
    ) -> tuple[Rendition, ...]:
        assert order.elsewhere is not None
        self.asked.append(order.elsewhere.last)
        if not order.elsewhere.last:
            raise Unfinished("it did not finish in time")
        if self.ends is not None:
            raise self.ends
        return (rendition(),)


def cloaked_far(store: Store, far: Far) -> Protecting:
    place = Elsewhere("tls://nas:8786", Path("keys"), waits=True)
    order = replace(Orders()(store.posts.in_state(PostState.TAKEN)[0]), elsewhere=place)
    return Protecting(store.posts, store.renditions, far, Still(), lambda _: order)


@pytest.mark.parametrize(
    ("ends", "state"), [(None, PostState.PROTECTED), (StepFailed("cloak", "late"), PostState.HELD)]
)
def test_what_machines_that_are_there_begin_in_vain_is_tried_three_times_and_each_is_told(
    store: Store, ends: PostguardError | None, state: PostState
) -> None:
    post, far = taken(store, "a.png"), Far(ends)
    protecting = cloaked_far(store, far)
    for n in range(5):
        protecting.tick(NOW + timedelta(minutes=2 * n))
    assert far.asked == [False, False, True]
    assert store.posts.get(post).state is state
    told = [event.detail for _, event in store.posts.history(post) if event.what == "waiting"]
    assert told == ["it did not finish in time"] * 2
    store.posts.move_to(post, PostState.TAKEN, NOW)  # let go by the artist, or to be made anew
    protecting.tick(NOW + timedelta(minutes=20))
    assert far.asked[3:] == [False], "it begins anew"


def test_a_machine_that_is_off_is_no_try(store: Store) -> None:
    taken(store, "a.png")
    far = Far(None)
    protecting = cloaked_far(store, far)
    order_of = protecting.order_of

    def nobody(_: Post) -> ProtectOrder:
        raise Waiting("no machine is on; it waits")

    for n, order in enumerate((order_of, nobody, nobody, nobody, order_of, order_of)):
        protecting.order_of = order
        protecting.tick(NOW + timedelta(minutes=2 * n))
    assert far.asked == [False, False, True]


def test_a_clock_that_is_set_back_makes_what_waits_for_a_machine_wait_no_longer(
    store: Store,
) -> None:
    post = taken(store, "a.png")
    orders = Orders({"a.png": Waiting("no machine is on; it waits")})
    protecting = Protecting(store.posts, store.renditions, OneOfEach(), Still(), orders)
    assert protecting.tick(NOW + timedelta(hours=8))
    orders.faults.clear()
    assert protecting.tick(NOW)
    assert store.posts.get(post).state is PostState.PROTECTED


def test_a_post_that_breaks_postguard_does_not_stand_in_the_way_of_the_next(store: Store) -> None:
    broken, sound = taken(store, "a.png"), taken(store, "b.png")
    orders = Orders({"a.png": ValueError("a row with secrets")})
    protecting = Protecting(store.posts, store.renditions, OneOfEach(), Still(), orders)
    with pytest.raises(ValueError, match="a row"):
        protecting.tick(NOW)
    assert protecting.tick(NOW)
    assert "ValueError" in store.posts.get(broken).reason
    assert "secrets" not in store.posts.get(broken).reason
    assert store.posts.get(sound).state is PostState.PROTECTED


def minded(store: Store, workshop: Endless | OneOfEach) -> Protecting:
    """Protecting that looks a hundred times a second."""
    protecting = Protecting(store.posts, store.renditions, workshop, Still(), Orders())
    protecting.look = 0.01
    return protecting


@pytest.mark.parametrize("says", [CLOAKING, None], ids=["in the cloak", "before a word"])
def test_a_post_held_while_it_is_worked_on_is_given_up_with_the_artists_reason(
    store: Store, says: Progress | None
) -> None:
    """Even while the work is silent: a cloak that loads its models is so for seconds."""
    post = taken(store, "a.png")
    workshop = Endless(lambda: steering.hold(store, post, NOW), says)
    assert minded(store, workshop).tick(NOW)
    held = store.posts.get(post)
    assert (held.state, held.reason) == (PostState.HELD, folders.BY_HAND)
    assert not store.renditions.has(post)
    assert store.posts.progress.now() is None


def test_the_next_post_goes_on_and_a_release_begins_anew(store: Store) -> None:
    first, second = taken(store, "a.png"), taken(store, "b.png")
    workshop = Endless(lambda: steering.hold(store, first, NOW))
    assert minded(store, workshop).tick(NOW)
    assert minded(store, OneOfEach()).tick(NOW)
    assert store.posts.get(second).state is PostState.PROTECTED
    steering.release(store, first, NOW)
    assert store.posts.get(first).state is PostState.RELEASED
    store.posts.move_to(first, PostState.TAKEN, NOW)  # as intake does, after reading its words
    assert minded(store, OneOfEach()).tick(NOW)
    assert store.posts.get(first).state is PostState.PROTECTED


def test_a_post_held_and_let_go_in_one_breath_is_begun_anew_with_its_new_words(
    store: Store,
) -> None:
    post = taken(store, "a.png")

    def hold_and_release() -> None:
        steering.hold(store, post, NOW)
        steering.release(store, post, NOW)
        store.posts.move_to(post, PostState.TAKEN, NOW)

    assert minded(store, Endless(hold_and_release)).tick(NOW)
    assert store.posts.get(post).state is PostState.TAKEN
    assert not store.renditions.has(post)


def test_work_that_ends_just_as_the_post_is_held_is_not_kept(store: Store) -> None:
    """Its words may be read anew before it goes on."""
    post = taken(store, "a.png")

    class Quick(OneOfEach):
        def protect(
            self, order: ProtectOrder, on_progress: Callable[[Progress], None]
        ) -> tuple[Rendition, ...]:
            steering.hold(store, post, NOW)
            return super().protect(order, on_progress)

    assert minded(store, Quick()).tick(NOW)
    assert store.posts.get(post).state is PostState.HELD
    assert not store.renditions.has(post)


def test_files_with_the_old_words_are_not_kept_when_an_edit_comes_at_the_last_moment(
    store: Store,
) -> None:
    """After the last look whether they are wanted, and before they are stored."""
    post = taken(store, "a.png")

    class Edited(Still):
        def now(self) -> datetime:
            store.renditions.protect_anew(post, NOW)
            return NOW

    class Silent(OneOfEach):
        def protect(
            self, order: ProtectOrder, on_progress: Callable[[Progress], None]
        ) -> tuple[Rendition, ...]:
            return (rendition(),)

    assert Protecting(store.posts, store.renditions, Silent(), Edited(), Orders()).tick(NOW)
    assert store.posts.get(post).state is PostState.TAKEN
    assert not store.renditions.has(post)


def test_a_fault_of_work_that_was_held_leaves_the_artists_reason(store: Store) -> None:
    post = taken(store, "a.png")

    def hold_and_break() -> None:
        steering.hold(store, post, NOW)
        raise StepFailed("noise", "it broke on this picture")

    assert minded(store, Endless(hold_and_break)).tick(NOW)
    assert store.posts.get(post).reason == folders.BY_HAND


def test_files_that_are_taken_away_end_the_work_and_the_reason_names_them(store: Store) -> None:
    post = taken(store, "a.png")
    gone: list[str] = []
    protecting = minded(store, Endless(lambda: gone.append("its folder queued/1-a is gone")))
    protecting.missing = lambda _: "".join(gone)
    assert protecting.tick(NOW)
    held = store.posts.get(post)
    assert (held.state, held.reason) == (PostState.HELD, "its folder queued/1-a is gone")


def test_while_it_is_worked_on_its_row_tells_how_far_it_is(store: Store) -> None:
    post, seen = taken(store, "a.png"), threading.Event()
    workshop = Endless(lambda: None)

    def look(_: Post) -> str:
        if store.posts.progress.now() == UnderWay(post, CLOAKING):
            seen.set()
            workshop.close()
        return ""

    protecting = minded(store, workshop)
    protecting.missing = look
    assert not protecting.tick(NOW)
    assert seen.is_set()
    assert store.posts.get(post).state is PostState.TAKEN
    assert store.posts.progress.now() is None, "nobody works on it until the next tick"


def test_progress_adds_nothing_to_the_history(store: Store) -> None:
    post = taken(store, "a.png")
    workshop = Endless(lambda: steering.hold(store, post, NOW))
    minded(store, workshop).tick(NOW)
    told = [event.what for _, event in store.posts.history(post)]
    assert told == ["settled", "taken", "protecting", "held"]


def test_a_look_that_cannot_be_taken_costs_nothing_of_the_work(store: Store) -> None:
    """A full disk, a drive that gives no answer: the next look may do better."""
    post, asked = taken(store, "a.png"), list[int]()

    class Patient(OneOfEach):
        def protect(
            self, order: ProtectOrder, on_progress: Callable[[Progress], None]
        ) -> tuple[Rendition, ...]:
            assert enough.wait(PATIENCE)
            return super().protect(order, on_progress)

    enough = threading.Event()

    def fail_twice(_: Post) -> str:
        asked.append(1)
        if len(asked) <= 2:
            raise Unusable("the database cannot be used at the moment")
        enough.set()
        return ""

    protecting = minded(store, Patient())
    protecting.missing = fail_twice
    assert protecting.tick(NOW)
    assert store.posts.get(post).state is PostState.PROTECTED


def test_what_a_cut_off_run_left_among_the_renditions_is_swept_when_it_is_given_up(
    store: Store, tmp_path: Path
) -> None:
    post, into = taken(store, "a.png"), tmp_path / "renditions"
    work = into / ".work-abc"

    def begin_and_hold() -> None:
        work.mkdir(parents=True)
        (work / "cloak-in.png").write_bytes(b"pixels")
        steering.hold(store, post, NOW)

    protecting = minded(store, Endless(begin_and_hold))
    protecting.order_of = lambda _: ProtectOrder((), "default", (), (), into, Artist("", ""))
    assert protecting.tick(NOW)
    assert list(into.iterdir()) == []
