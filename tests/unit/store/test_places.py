"""What is claimed and what counts as the same picture, by where a post lies and went."""

from dataclasses import replace

import pytest

from postguard.model import NewDelivery, Place, PostState
from postguard.store import Store
from tests.making import MINUTE, NOW, new_post, protected_post


def test_a_post_is_claimed_only_once_its_folder_is_back_in_queued(store: Store) -> None:
    """Released, its files are still being moved out of held/ while it is due already."""
    post = protected_post(store, asked="now")
    (delivery,) = store.deliveries.unplanned()
    store.deliveries.schedule(delivery.id, NOW, None, NOW)
    store.posts.placed(post.id, Place.HELD)
    assert store.attempts.claim(NOW + MINUTE, ["sky"]) is None
    store.posts.placed(post.id, Place.QUEUED)
    claimed = store.attempts.claim(NOW + MINUTE, ["sky"])
    assert claimed is not None
    assert claimed.id == delivery.id


@pytest.mark.parametrize(
    ("dry", "counts"), [((True, True), False), ((True, False), True), ((), True)]
)
def test_only_what_is_nothing_but_a_dry_run_may_be_dropped_again(
    store: Store, dry: tuple[bool, ...], counts: bool
) -> None:
    new = new_post(accounts=("sky", "fedi")[: len(dry)])
    deliveries: tuple[NewDelivery, ...] = tuple(
        replace(d, dry_run=only) for d, only in zip(new.deliveries, dry, strict=True)
    )
    post = store.posts.create(replace(new, deliveries=deliveries), NOW)
    store.posts.move_to(post.id, PostState.POSTED, NOW)
    found = store.posts.with_bytes(new.artworks[0].sha256)
    assert [p.id for p in found] == [post.id] * counts
