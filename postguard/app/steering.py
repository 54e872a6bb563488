"""What the artist may do with a post from outside: hold it, let it go on, try it again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from postguard import language, settings
from postguard.errors import Unusable
from postguard.language import _, marked
from postguard.model import Delivery, DeliveryState, Edit, Post, PostState, only_drawn
from postguard.store import EVERYTHING, Store
from postguard.system import folders

_TRIED_AGAIN = marked("Post {post_id} ({name}) is tried again now.")
_OUT = marked(
    "post {post_id} is posted and cannot be held any more; `postguard retract {post_id}` takes it "
    "back"
)
_DRAWN = marked(
    "post {post_id} was a dry run: it was drawn on this PC and never posted. To post it, drop the "
    "picture into the outbox again"
)
_NOT_OUT = {DeliveryState.WAITING, DeliveryState.SCHEDULED, DeliveryState.HELD}
_NEVER = datetime.min.replace(tzinfo=UTC)
_CAN_HOLD = {PostState.TAKEN, PostState.PROTECTED, PostState.RELEASED}


def hold(store: Store, post_id: int, now: datetime) -> str:
    """Keep a post back. Raises Unusable when it is too late or makes no sense."""
    with store.db.change():
        post = store.posts.get(post_id)
        if post.state is PostState.HELD:
            return _("Post {post_id} is held already: {reason}").format(
                post_id=post_id, reason=folders.told(post, post.reason)
            )
        refuse_drawn(store, post)
        if post.state is PostState.POSTED:
            raise Unusable(_(_OUT).format(post_id=post_id))
        if post.state not in _CAN_HOLD:
            raise Unusable(
                _("post {post_id} is {state}; it cannot be held any more").format(
                    post_id=post_id, state=_in_words(post.state)
                )
            )
        claimed = {d.state for d in store.deliveries.of_post(post_id)}
        if DeliveryState.SENDING in claimed or store.attempts.being_sent(post_id):
            raise Unusable(
                _("post {post_id} is being sent at this moment; it cannot be held").format(
                    post_id=post_id
                )
            )
        store.posts.move_to(post_id, PostState.HELD, now, _(folders.BY_HAND))
    return _(
        "Post {post_id} ({name}) is held. `postguard release {post_id}` lets it go on."
    ).format(post_id=post_id, name=post.name)


def release(store: Store, post_id: int, now: datetime) -> str:
    """Let a held post go on from where it was. Raises Unusable when it is not held."""
    with store.db.change():
        post = store.posts.get(post_id)
        refuse_drawn(store, post)
        if post.state is not PostState.HELD:
            raise Unusable(
                _("post {post_id} is not held; it is {state}").format(
                    post_id=post_id, state=_in_words(post.state)
                )
            )
        state = _goes_on_as(store, post)
        store.wishes.release(post_id, now)
        store.posts.move_to(post_id, state, now)
    said = (
        _("Post {post_id} ({name}) is read anew, and goes on unless something else holds it.")
        if state is PostState.RELEASED
        else _("Post {post_id} ({name}) goes on.")
    )
    return said.format(post_id=post_id, name=post.name)


def retry(store: Store, post_id: int, now: datetime) -> str:
    """Send a post as soon as possible, releasing it first where it is held. Where only some of
    its accounts are held, these alone are tried again, and the others keep their times.

    What was held keeps a day and time that the artist gave it and that is still ahead: a picture
    for a day does not go out before it because something was in its way meanwhile.
    """
    with store.db.change():
        post = store.posts.get(post_id)
        refuse_drawn(store, post)
        _refuse_over(post)
        held = _held(post, store.deliveries.of_post(post_id))
        ahead = [d for d in held if _own_time(d) > now]
        kept = [d.id for d in ahead]
        if post.state is PostState.HELD:
            release(store, post_id, now)
            store.wishes.make_due(post_id, now, kept)
            _forget_times_that_passed(store, post, now)
        elif not store.wishes.retry_held(post_id, now, kept):
            store.wishes.make_due(post_id, now)
    return _tried_again(post, held, ahead, now)


def refuse_drawn(store: Store, post: Post) -> None:
    """Raise Unusable for what is over without being posted: who is told that a dry run is posted
    is frightened."""
    receipts = store.deliveries.receipts(post.id).values()
    if post.state is PostState.POSTED and only_drawn(receipts):
        raise Unusable(_(_DRAWN).format(post_id=post.id))


def _refuse_over(post: Post) -> None:
    """Raise Unusable where nothing is left to be tried."""
    if post.state is PostState.POSTED:
        raise Unusable(_("post {post_id} is posted already").format(post_id=post.id))
    if post.state is PostState.RETRACTED:
        raise Unusable(
            _("post {post_id} was taken back; drop its pictures again to post them anew").format(
                post_id=post.id
            )
        )
    if post.state is PostState.WITHDRAWN:
        raise Unusable(
            _("post {post_id} was withdrawn: {reason}").format(post_id=post.id, reason=post.reason)
        )


def _held(post: Post, deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Return what a retry lets go on: of what may be out already, the network is asked first."""
    if post.state is PostState.HELD:
        return [d for d in deliveries if d.state in _NOT_OUT]
    return [d for d in deliveries if d.state is DeliveryState.HELD]


def _own_time(delivery: Delivery) -> datetime:
    """Return the day and time that the artist gave; without one, the beginning of time."""
    return datetime.fromisoformat(delivery.asked) if delivery.has_own_time else _NEVER


def _forget_times_that_passed(store: Store, post: Post, now: datetime) -> None:
    """Let what was moved to a time that is past go out now: its files are read anew, and it would
    be held once more for being late."""
    for account, edit in post.edits.items():
        if (
            edit.at is not None
            and edit.at[:1].isdigit()
            and datetime.fromisoformat(edit.at) <= now
        ):
            store.posts.keep_edit(post.id, account, Edit(at="now"))


def _tried_again(
    post: Post, held: Sequence[Delivery], ahead: Sequence[Delivery], now: datetime
) -> str:
    waits = bool(ahead) and len(ahead) == len(held)
    said = _("Post {post_id} ({name}) goes on.") if waits else _(_TRIED_AGAIN)
    if past := [d for d in held if _NEVER < _own_time(d) <= now]:
        said += _(" The time that you gave it is past ({past}), so it goes out now.")
    if ahead:
        said += _(
            " It keeps the time that you gave it ({ahead}); `postguard move {post_id} now` posts "
            "it now."
        )
    return said.format(post_id=post.id, name=post.name, past=_times(past), ahead=_times(ahead))


def _times(deliveries: Sequence[Delivery]) -> str:
    return ", ".join(f"{d.account} {language.day_and_time(_own_time(d))}" for d in deliveries)


def deliveries_of(store: Store, post: Post, account: str | None) -> list[Delivery]:
    """Return a post's deliveries, or the one to `account`. Raises Unusable where it has none."""
    found = store.deliveries.of_post(post.id)
    chosen = [d for d in found if account is None or d.account == account]
    if account is not None and not chosen:
        names = ", ".join(d.account for d in found) or _("no account")
        raise Unusable(
            _("post {post_id} does not go to {account}; it goes to {names}").format(
                post_id=post.id, account=account, names=names
            )
        )
    return chosen


def pause(path: Path | None, account: str | None, store: Store, *, paused: bool) -> str:
    """Stop or resume posting to one account, or to all, those paused one by one among them.
    Raises Unusable for an unknown one."""
    if account is not None:
        known = settings.load(path or settings.default_path()).accounts
        if account not in known:
            names = ", ".join(known) or _("none yet")
            raise Unusable(
                _("the config has no account {account}; its accounts: {names}").format(
                    account=account, names=names
                )
            )
    resumed = store.accounts.paused() if account is None and not paused else set()
    for name in {account or EVERYTHING, *resumed}:
        store.accounts.pause(name, paused=paused)
    whom = account or _("all accounts")
    if paused:
        return _(
            "Posting to {whom} is paused; taking and protecting go on, and nothing is lost."
        ).format(whom=whom)
    if account is not None and EVERYTHING in store.accounts.paused():
        return _("Posting to {whom} goes on once all accounts do: postguard pause --off").format(
            whom=whom
        )
    return _("Posting to {whom} goes on.").format(whom=whom)


def _in_words(state: PostState) -> str:
    return _("taken back") if state is PostState.RETRACTED else _(state.value)


def _goes_on_as(store: Store, post: Post) -> PostState:
    """A protected post is sent; any other is read and checked anew."""
    return PostState.PROTECTED if store.renditions.has(post.id) else PostState.RELEASED
