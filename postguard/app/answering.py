"""What is in the way of a post that is taken in: what its network says, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator

from postguard.app.installation import Installation
from postguard.errors import Unusable
from postguard.language import _, marked
from postguard.model import PostState, Words
from postguard.publish import linking

_NEVER = {
    PostState.WITHDRAWN: marked("whose files you took back"),
    PostState.RETRACTED: marked("which was taken back from its networks"),
}


def objections(installation: Installation, account: str, words: Words, images: int) -> list[str]:
    """Return why an account cannot post these words exactly as asked, now or ever. No I/O but
    for rows."""
    return [
        *installation.accounts.objections(account, words, images),
        *_unanswerable(installation, account, words),
    ]


def _unanswerable(installation: Installation, account: str, words: Words) -> Iterator[str]:
    """Yield why the own post that these words answer will never stand there."""
    number = linking.own(words)
    if number is None:
        return
    store = installation.store
    try:
        post = store.posts.get(number)
    except Unusable:
        yield (
            _(
                "it answers post {number} (reply_to), but there is none; `postguard list` shows "
                "the numbers of your posts"
            ).format(number=number)
        )
        return
    if why := _NEVER.get(post.state):
        yield _("it answers post {number} (reply_to), {why}").format(number=number, why=_(why))
    elif ring := linking.circle(number, account, store.deliveries):
        yield linking.told(ring)
