"""What reading a post back has shown, as the receipt beside its files keeps it."""

from __future__ import annotations

from postguard.language import _
from postguard.networks import plain_words
from postguard.store import Store
from postguard.store.readings import says


def lines(store: Store, post_id: int) -> dict[str, list[str]]:
    """Return a post's lines by account: what is not as it was asked for, then of each picture what
    is left of its protection. An account that was not read back has none."""
    return {
        account: [
            *(_("not as you asked: {said}").format(said=said) for said in says(reading)),
            *(
                _("as it is served, {said}").format(said=said)
                for said in plain_words.served(reading.seen)
            ),
        ]
        for account, reading in store.readings.of_post(post_id).items()
    }
