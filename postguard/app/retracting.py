"""Takes a post back: deletes its copies on the networks, and sends what is left of it nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from postguard.app import seen
from postguard.app.editing import restate
from postguard.app.installation import Installation
from postguard.app.outcomes import Outcome, outcome_of
from postguard.app.steering import deliveries_of
from postguard.errors import Refused, Retryable, Unusable
from postguard.language import _, marked
from postguard.model import Delivery, DeliveryState, Post
from postguard.publish import doubt, linking
from postguard.store import Store
from postguard.system import folders

_BUSY = marked("it is being sent at this moment; run this again in a minute")
_STOPPED = marked("you take it back; whether it was posted is not known yet")
_CLOCKS_DIFFER = timedelta(days=1)
_LINK_STAYS = "link stays"  # the event of a copy that goes on linking one that is gone
_OUT = {DeliveryState.SENDING, DeliveryState.UNSURE, DeliveryState.POSTED, DeliveryState.RETRACTED}
_NEVER_OUT = {DeliveryState.WAITING, DeliveryState.SCHEDULED}


def to_retract(store: Store, post_id: int, account: str | None) -> tuple[Post, list[Delivery]]:
    """Return what would be taken back. Raises Unusable where nothing can be on a network."""
    post = store.posts.get(post_id)
    chosen = deliveries_of(store, post, account)
    states = {d.state for d in chosen}
    if states <= _NEVER_OUT or not (states & _OUT or store.posts.went_out(post_id)):
        raise Unusable(
            _(
                "nothing of post {post_id} is posted there; `postguard hold {post_id}` keeps it "
                "back"
            ).format(post_id=post_id)
        )
    return post, chosen


def retract(
    installation: Installation, post: Post, chosen: Sequence[Delivery], now: datetime
) -> list[Outcome]:
    """Delete the copies that stand, stop those to come, and take the links to them out of the
    others; say of each how it went. What could not be done is done by doing all of it again."""
    rows = installation.store.deliveries  # looked at anew: the artist was asked meanwhile
    told = [_taken_back(installation, rows.get(d.id), now) for d in chosen]
    told += [_unlinked(installation, d, now) for d in _left_linking(installation, post.id)]
    _leave_note(installation, post.id)
    return told


def _taken_back(installation: Installation, delivery: Delivery, now: datetime) -> Outcome:
    match delivery.state:
        case DeliveryState.RETRACTED:
            return Outcome(delivery.account, done=True, said=_("is taken back already"))
        case DeliveryState.SENDING:
            return Outcome(delivery.account, done=False, said=_(_BUSY))
        case DeliveryState.POSTED:
            return outcome_of(installation, delivery, lambda: _delete(installation, delivery, now))
    if installation.store.wishes.cancel(delivery, now):
        return Outcome(delivery.account, done=True, said=_("was not posted yet, and will not be"))
    if not installation.store.wishes.stop(delivery, _(_STOPPED)):
        return Outcome(delivery.account, done=False, said=_(_BUSY))
    return outcome_of(installation, delivery, lambda: _look_for(installation, delivery, now))


def _delete(installation: Installation, delivery: Delivery, now: datetime) -> str:
    store = installation.store
    receipt = store.deliveries.receipts(delivery.post_id)[delivery.account]
    installation.accounts.of_delivery(delivery).retract(receipt)
    store.wishes.retracted(delivery, now)
    if receipt.is_page:
        return _("its page on this PC is taken away; nothing of it was on a network")
    return _("deleted: {url}").format(url=receipt.url)


def _look_for(installation: Installation, delivery: Delivery, now: datetime) -> str:
    """Delete what may have been posted, if it is there. Raises Retryable where it is not: it may
    still come."""
    store = installation.store
    attempt = store.attempts.last(delivery.id)
    assert attempt is not None  # else it would have been cancelled
    draft = installation.draft(delivery, delivery.words, attempt.plan)
    since = (attempt.first_at or attempt.started_at) - _CLOCKS_DIFFER
    taken = store.deliveries.taken_uris(delivery.account, since)
    network = installation.accounts.of_delivery(delivery)
    receipt = network.find(draft, attempt.plan, taken)
    if receipt is None:
        raise Retryable(
            _(
                "it is not there, but what was sent may still arrive; nothing more is sent, so "
                "look again in an hour, with this command or with your eyes"
            )
        )
    others = doubt.alike(delivery, store.deliveries.in_doubt(delivery.account))
    if others and not (delivery.dry_run or network.limits().named):
        raise Refused(
            _(
                "{url} is this post or post {post_id}, whose words are the same: look which "
                "picture stands there, and delete it by hand"
            ).format(url=receipt.url, post_id=others[0].post_id),
            stands=True,
        )
    store.attempts.finish(delivery.id, receipt, now)
    return _delete(installation, delivery, now)


def _left_linking(installation: Installation, post_id: int) -> Iterator[Delivery]:
    """Yield the copies that stand with a link to one that was deleted; not those of which the
    artist was told before that their network never takes it out."""
    rows, history = installation.store.deliveries, installation.store.posts.history(post_id)
    stays = {event.detail for _id, event in history if event.what == _LINK_STAYS}
    copies = [d for d in rows.of_post(post_id) if d.account not in stays]
    gone = {d.account for d in rows.of_post(post_id) if d.state is DeliveryState.RETRACTED}
    for delivery in copies:
        attempt = installation.store.attempts.last(delivery.id)
        linked = attempt is not None and linking.kept(attempt.plan).link
        if linked and delivery.state is DeliveryState.POSTED and delivery.words.link_to in gone:
            yield delivery


def _unlinked(installation: Installation, delivery: Delivery, now: datetime) -> Outcome:
    """Take a dead link out of a copy that stands, where its network can change a text."""
    name, words = delivery.words.link_to, replace(delivery.words, link_to="")

    def taken_out() -> str:
        try:
            return restate(installation, delivery, words, now)
        except Refused:  # for good: the artist is told now, and not at every run
            posts = installation.store.posts
            posts.note(delivery.post_id, now, _LINK_STAYS, delivery.account)
            raise

    told = outcome_of(installation, delivery, taken_out)
    said = _("its link to the copy on {name}, which is gone, was taken out; it {said}").format(
        name=name, said=told.said
    )
    if not told.done:
        said = _("its text still links to the copy on {name}, which is gone: {said}").format(
            name=name, said=told.said
        )
    return replace(told, said=said)


def _leave_note(installation: Installation, post_id: int) -> None:
    """Say in the post's folder which copies are gone."""
    store = installation.store
    post, gone = store.posts.get(post_id), store.wishes.taken_back(post_id)
    folder = folders.folder_of(installation.outbox, post)
    if gone and folder.is_dir():
        receipts, found = store.deliveries.receipts(post_id), seen.lines(store, post_id)
        zone = installation.settings.timezone
        folders.leave_receipt(folder, post, receipts, zone, found, gone)
