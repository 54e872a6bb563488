"""A picture that an account may have posted already is never taken for a new one."""

from __future__ import annotations

import pytest

from postguard.model import PostState, Receipt
from tests.unit.intake.rig import ALT, Rig


@pytest.mark.parametrize(
    ("sure", "state"), [(False, PostState.HELD), (True, PostState.TAKEN)], ids=["doubt", "refused"]
)
def test_files_moved_back_after_an_attempt_are_new_only_if_it_was_refused(
    rig: Rig, sure: bool, state: PostState
) -> None:
    rig.drop("fox.toml", ALT)
    rig.drop("fox.png")
    (first,) = rig.run()
    attempts = rig.store.attempts
    for delivery in rig.store.deliveries.of_post(first.id):
        attempts.begin(delivery.id, {"rkey": "k"}, rig.now)
        attempts.hold(delivery.id, "the answer was lost", rig.now, sure=sure)
    back = rig.outbox / "queued" / first.folder
    for name in ("fox.toml", "fox.png"):
        rig.taking.nominate((back / name).rename(rig.outbox / name))
    second = rig.run()[-1]
    assert second.state is state
    if state is PostState.HELD:
        assert "fox.png is the same picture as post 1" in second.reason


@pytest.mark.parametrize(
    ("url", "state"),
    [("file:///page.html", PostState.TAKEN), ("https://net/1", PostState.HELD)],
    ids=["drawn", "posted"],
)
def test_what_was_only_drawn_on_this_pc_may_be_posted_after_it(
    rig: Rig, url: str, state: PostState
) -> None:
    """An account that shows pages draws them without a dry run, and nothing was posted."""
    rig.drop("fox.toml", ALT)
    rig.drop("fox.png")
    (first,) = rig.run()
    for delivery in rig.store.deliveries.of_post(first.id):
        rig.store.attempts.finish(delivery.id, Receipt(url, url, rig.now), rig.now)
    rig.drop("again.toml", ALT)
    rig.drop("again.png")
    assert rig.run()[-1].state is state
