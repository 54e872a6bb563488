"""Lets a held post go on or tries it again, unless it would be held once more at once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from postguard import language
from postguard import settings as config
from postguard.app import steering
from postguard.errors import ConfigError, Unusable
from postguard.intake.rereading import without_alt
from postguard.language import _
from postguard.model import PostState
from postguard.settings import Settings
from postguard.store import Store
from postguard.system import folders


def release(settings: Settings | None, store: Store, post_id: int, now: datetime) -> str:
    """Let a held post go on. Raises Unusable where it is not held, or lacks alt texts."""
    _refuse_silent(settings, store, post_id)
    return steering.release(store, post_id, now)


def retry(settings: Settings | None, store: Store, post_id: int, now: datetime) -> str:
    """Send a post as soon as possible. Raises Unusable where it is over, or lacks alt texts."""
    _refuse_silent(settings, store, post_id)
    return steering.retry(store, post_id, now)


def settings_at(path: Path | None) -> Settings | None:
    """Return the config; None: it cannot be read, and the daemon is left to look at the words."""
    try:
        return config.load(path or config.default_path())
    except ConfigError:
        return None


def _refuse_silent(settings: Settings | None, store: Store, post_id: int) -> None:
    """Refuse what would be held again for want of alt texts. Words that could not be read so far
    are read anew, and asked for then: until they are, `edit` has nothing to change."""
    post = store.posts.get(post_id)
    if settings is None or post.state is not PostState.HELD or store.renditions.has(post_id):
        return
    if not store.deliveries.of_post(post_id):
        return
    numbers = without_alt(settings.outbox.expanduser(), post, settings)
    if not numbers:
        return
    raise Unusable(
        _(
            "post {post_id} stays held: there is no alt text of {names}, which people who cannot "
            "see the picture need. Say what can be seen: {command}"
        ).format(
            post_id=post_id,
            names=language.listed(post.artworks[number - 1].name for number in numbers),
            command=folders.alt_command(numbers, len(post.artworks), post_id),
        )
    )
