"""Gives a post another recipe, where the one that it has cannot protect it."""

from __future__ import annotations

from datetime import datetime

from postguard.app.installation import Installation
from postguard.errors import Unusable
from postguard.language import _
from postguard.model import Post, PostState
from postguard.settings.recipes import base_of, named
from postguard.settings.steps import STRENGTHS, AnyStep, Cloak

_CAN = {PostState.TAKEN, PostState.PROTECTED}


def failed(installation: Installation, post: Post, reason: str) -> bool:
    """Return whether a post is held since a step of its recipe could not do its work."""
    return _failed_step(installation, post, reason) is not None


def strengths(installation: Installation, post: Post, reason: str) -> dict[str, str]:
    """Return, where the cloak could not do its work, the recipes that differ from the post's in
    the strength of the cloak alone, by that strength."""
    failed = _failed_step(installation, post, reason)
    if not isinstance(failed, Cloak):
        return {}
    known = installation.settings.recipes
    base = post.recipe if post.recipe in known else base_of(post.recipe)
    found: dict[str, str] = {s: named(base, s) for s in STRENGTHS}
    return found | {failed.strength: post.recipe}


def _failed_step(installation: Installation, post: Post, reason: str) -> AnyStep | None:
    if post.state is not PostState.HELD:
        return None
    steps = installation.settings.steps(post.recipe)
    return next((step for step in steps if reason.startswith(f"{step.step}: ")), None)


def protect_with(installation: Installation, post_id: int, recipe: str, now: datetime) -> str:
    """Have a post protected anew with this recipe, and let it go on where it was held.

    Raises:
        Unusable: some of it went out, or it is held for something else.
        ConfigError: there is no such recipe.
    """
    installation.steps(recipe)
    store = installation.store
    with store.db.change():
        post = store.posts.get(post_id)
        if post.state not in _CAN and not failed(installation, post, post.reason):
            raise Unusable(
                _("post {post} waits for something else than its recipe").format(post=post_id)
            )
        if not store.wishes.protect_with(post_id, recipe, now):
            raise Unusable(
                _("some of post {post} is out already, or may be; its files stay").format(
                    post=post_id
                )
            )
    return _("Post {post} ({name}) is protected anew with the recipe {recipe}.").format(
        post=post_id, name=post.name, recipe=recipe
    )
