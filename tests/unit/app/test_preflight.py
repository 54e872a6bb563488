"""The daemon's look ahead in a whole installation."""

from __future__ import annotations

from datetime import timedelta

from postguard.app.installation import Installation
from postguard.app.originals import Originals
from postguard.app.preflight import LookingAhead
from postguard.publish.lanes import Lanes
from tests.making import NOW, protected_post

HOUR = timedelta(hours=1)


def test_a_post_whose_picture_is_gone_is_told_of_while_there_is_time(
    installation: Installation,
) -> None:
    store = installation.store
    post = protected_post(store)
    store.deliveries.schedule(1, NOW + 6 * HOUR, None, NOW)
    ahead = LookingAhead(installation, Lanes(), Originals(installation))
    assert not ahead.tick(NOW)
    told = [e.detail for _, e in store.posts.history(post.id) if e.what == "foretold"]
    assert told == [
        "sky: it is due within 12 h and could not go out now: the protected picture "
        "1-bluesky.jpg is gone from its folder"
    ]


def test_it_is_looked_every_few_minutes(installation: Installation) -> None:
    ahead = LookingAhead(installation, Lanes(), Originals(installation))
    ahead.tick(NOW)
    protected_post(installation.store)
    installation.store.deliveries.schedule(1, NOW + HOUR / 2, None, NOW)
    looks = []
    for minutes in range(1, 7):
        ahead.tick(NOW + timedelta(minutes=minutes))
        looks.append(len(installation.store.posts.history(1)))
    assert looks[3] < looks[4] == looks[5]
    assert ahead.next_look(NOW) == NOW + timedelta(minutes=10)
