"""What the artist may do with a post from outside: hold it, let it go on, try it again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from postguard import settings
from postguard.errors import Unusable
from postguard.model import Delivery, DeliveryState, Post, PostState
from postguard.store import EVERYTHING, Store

BY_HAND = "held by you"
_CAN_HOLD = {PostState.TAKEN, PostState.PROTECTED, PostState.RELEASED}


def hold(store: Store, post_id: int, now: datetime) -> str:
    """Keep a post back. Raises Unusable when it is too late or makes no sense."""
    with store.db.change():
        post = store.posts.get(post_id)
        if post.state is PostState.HELD:
            return f"Post {post_id} is held already: {post.reason}"
        if post.state not in _CAN_HOLD:
            raise Unusable(
                f"post {post_id} is {_in_words(post.state)}; it cannot be held any more"
            )
        claimed = {d.state for d in store.deliveries.of_post(post_id)}
        if DeliveryState.SENDING in claimed or store.deliveries.being_sent(post_id):
            raise Unusable(f"post {post_id} is being sent at this moment; it cannot be held")
        store.posts.move_to(post_id, PostState.HELD, now, BY_HAND)
    return f"Post {post_id} ({post.name}) is held. `postguard release {post_id}` lets it go on."


def release(store: Store, post_id: int, now: datetime) -> str:
    """Let a held post go on from where it was. Raises Unusable when it is not held."""
    with store.db.change():
        post = store.posts.get(post_id)
        if post.state is not PostState.HELD:
            raise Unusable(f"post {post_id} is not held; it is {_in_words(post.state)}")
        state = _goes_on_as(store, post)
        store.deliveries.release(post_id, now)
        store.posts.move_to(post_id, state, now)
    return f"Post {post_id} ({post.name}) goes on."


def retry(store: Store, post_id: int, now: datetime) -> str:
    """Send a post as soon as possible, releasing it first where it is held. Where only some of
    its accounts are held, these alone are tried again, and the others keep their times."""
    with store.db.change():
        post = store.posts.get(post_id)
        if post.state is PostState.POSTED:
            raise Unusable(f"post {post_id} is posted already")
        if post.state is PostState.RETRACTED:
            raise Unusable(
                f"post {post_id} was taken back; drop its pictures again to post them anew"
            )
        if post.state is PostState.WITHDRAWN:
            raise Unusable(f"post {post_id} was withdrawn: {post.reason}")
        if post.state is PostState.HELD:
            release(store, post_id, now)
            store.deliveries.make_due(post_id, now)
        elif not store.deliveries.retry_held(post_id, now):
            store.deliveries.make_due(post_id, now)
    return f"Post {post_id} ({post.name}) is tried again now."


def deliveries_of(store: Store, post: Post, account: str | None) -> list[Delivery]:
    """Return a post's deliveries, or the one to `account`. Raises Unusable where it has none."""
    found = store.deliveries.of_post(post.id)
    chosen = [d for d in found if account is None or d.account == account]
    if account is not None and not chosen:
        names = ", ".join(d.account for d in found) or "no account"
        raise Unusable(f"post {post.id} does not go to {account}; it goes to {names}")
    return chosen


def pause(path: Path | None, account: str | None, store: Store, *, paused: bool) -> str:
    """Stop or resume posting to one account, or to all, those paused one by one among them.
    Raises Unusable for an unknown one."""
    if account is not None:
        known = settings.load(path or settings.default_path()).accounts
        if account not in known:
            names = ", ".join(known) or "none yet"
            raise Unusable(f"the config has no account {account}; its accounts: {names}")
    resumed = store.accounts.paused() if account is None and not paused else set()
    for name in {account or EVERYTHING, *resumed}:
        store.accounts.pause(name, paused=paused)
    whom = account or "all accounts"
    if paused:
        return f"Posting to {whom} is paused; taking and protecting go on, and nothing is lost."
    if account is not None and EVERYTHING in store.accounts.paused():
        return f"Posting to {whom} goes on once all accounts do: postguard pause --off"
    return f"Posting to {whom} goes on."


def _in_words(state: PostState) -> str:
    return "taken back" if state is PostState.RETRACTED else str(state)


def _goes_on_as(store: Store, post: Post) -> PostState:
    """A protected post is sent; any other is read and checked anew."""
    return PostState.PROTECTED if store.posts.has_renditions(post.id) else PostState.RELEASED
