from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from postguard.errors import BadPicture, ConfigError, PostguardError, Refused, Retryable
from postguard.model import (
    Artist,
    Inspection,
    Post,
    PostState,
    Progress,
    ProtectOrder,
    Rendition,
)
from postguard.protect.protecting import Protecting
from postguard.store import Store, open_store
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
    protecting = Protecting(store.posts, OneOfEach(), Still(), Orders({"a.png": fault}))
    while protecting.tick(NOW):
        pass
    held = store.posts.get(broken)
    assert (held.state, held.reason) == (PostState.HELD, str(fault))
    assert store.posts.get(sound).state is PostState.PROTECTED


def test_what_is_only_away_for_now_is_waited_for(store: Store) -> None:
    post = taken(store, "a.png")
    orders = Orders({"a.png": Retryable("the drive is not there")})
    protecting = Protecting(store.posts, OneOfEach(), Still(), orders)
    assert not protecting.tick(NOW)
    assert store.posts.get(post).state is PostState.TAKEN
    orders.faults.clear()
    assert protecting.tick(NOW)
    assert store.posts.get(post).state is PostState.PROTECTED


def test_a_post_that_breaks_postguard_does_not_stand_in_the_way_of_the_next(store: Store) -> None:
    broken, sound = taken(store, "a.png"), taken(store, "b.png")
    orders = Orders({"a.png": ValueError("a row with secrets")})
    protecting = Protecting(store.posts, OneOfEach(), Still(), orders)
    with pytest.raises(ValueError, match="a row"):
        protecting.tick(NOW)
    assert protecting.tick(NOW)
    assert "ValueError" in store.posts.get(broken).reason
    assert "secrets" not in store.posts.get(broken).reason
    assert store.posts.get(sound).state is PostState.PROTECTED
