"""Changes a post's words, before it is posted and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from postguard.app.installation import Installation
from postguard.app.outcomes import Outcome, outcome_of
from postguard.app.steering import deliveries_of
from postguard.errors import Refused, Unusable
from postguard.model import Delivery, DeliveryState, Post, PostState, Words

_ON_ITS_WAY = {
    DeliveryState.SENDING: "it is being sent at this moment; run this again in a minute",
    DeliveryState.UNSURE: "it may be posted already; that is looked at first, so try again later",
    DeliveryState.RETRACTED: "it was taken back there",
}


@dataclass(frozen=True, slots=True)
class NewWords:
    """What is to be said otherwise; None: as before.

    Attributes:
        alts: alt texts by the number of the picture, from 1.
    """

    text: str | None = None
    cw: str | None = None
    alts: Mapping[int, str] = field(default_factory=dict)

    def instead_of(self, words: Words, pictures: int) -> Words:
        """Return the words with these in their place. Raises Unusable for a picture too many."""
        if wrong := [number for number in self.alts if not 1 <= number <= pictures]:
            raise Unusable(f"there is no picture {wrong[0]}; the post has {pictures}")
        alts = [*words.alts, *[""] * (pictures - len(words.alts))]
        for number, alt in self.alts.items():
            alts[number - 1] = alt
        return replace(
            words,
            text=words.text if self.text is None else self.text,
            cw=words.cw if self.cw is None else self.cw,
            alts=tuple(alts),
        )


def edit(
    installation: Installation, post_id: int, new: NewWords, account: str | None, now: datetime
) -> list[Outcome]:
    """Change what a post says on all its accounts, or on one; say of each how it went.

    Raises:
        Unusable: nothing was changed, since an account could not post these words.
    """
    store = installation.store
    post = store.posts.get(post_id)
    if post.state is PostState.RELEASED or (
        post.state is PostState.HELD and not store.posts.has_renditions(post_id)
    ):
        raise Unusable(
            f"the words of post {post_id} are read from the files beside it in "
            f"{post.place}/{post.folder}; change them there, then `postguard release {post_id}`"
        )
    chosen = deliveries_of(store, post, account)
    words = [new.instead_of(d.words, len(post.artworks)) for d in chosen]
    if told := list(_objections(installation, post, chosen, words)):
        raise Unusable("nothing was changed:\n" + "\n".join(told))
    return [_change(installation, d, w, now) for d, w in zip(chosen, words, strict=True)]


def _objections(
    installation: Installation, post: Post, chosen: Sequence[Delivery], words: Sequence[Words]
) -> Iterator[str]:
    for delivery, said in zip(chosen, words, strict=True):
        if said == delivery.words:
            continue
        try:
            found = installation.accounts.objections(delivery.account, said, len(post.artworks))
        except Refused as exc:
            found = [str(exc)]
        yield from (f"{delivery.account}: {objection}" for objection in found)
        if installation.settings.intake.require_alt and not all(a.strip() for a in said.alts):
            yield f"{delivery.account}: a picture would have no alt text"


def _change(
    installation: Installation, delivery: Delivery, words: Words, now: datetime
) -> Outcome:
    store, account = installation.store, delivery.account
    if why := _ON_ITS_WAY.get(delivery.state):
        return Outcome(account, done=False, said=why)
    if words == delivery.words:
        return Outcome(account, done=True, said="says so already")
    if delivery.state is DeliveryState.POSTED:
        return outcome_of(
            installation, delivery, lambda: _edit(installation, delivery, words, now)
        )
    if not store.wishes.reword(delivery.id, words):
        return Outcome(account, done=False, said=_ON_ITS_WAY[DeliveryState.UNSURE])
    store.posts.note(delivery.post_id, now, "edited", account)
    return Outcome(account, done=True, said="will say so")


def _edit(installation: Installation, delivery: Delivery, words: Words, now: datetime) -> str:
    """Change a post that stands, then keep its words: cut off between, it is simply done again."""
    store = installation.store
    receipt = store.deliveries.receipts(delivery.post_id)[delivery.account]
    attempt = store.deliveries.last_attempt(delivery.id)
    draft = installation.draft(delivery, words, {} if attempt is None else attempt.plan)
    new = installation.accounts.of_delivery(delivery).edit(draft, receipt)
    store.wishes.edited(delivery, words, new, now)
    return f"says so now: {new.url}"
