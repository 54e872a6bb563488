"""What keeps a post, and what would solve it."""

from __future__ import annotations

from functools import partial

from postguard.app import recipes, wording
from postguard.app.installation import Installation
from postguard.model import Delivery, DeliveryState, Place, Post, PostState
from postguard.system import folders
from postguard.web.post_facts import Detail, Need


def of(installation: Installation, detail: Detail) -> Need:
    """Return what a held post, or one of whose copies some are held, needs."""
    post = detail.facts.post
    whole = post.state is PostState.HELD
    kept = [d for d in detail.facts.deliveries if whole or d.state is DeliveryState.HELD]
    reason = post.reason if whole else "\n".join(f"{d.account}: {d.reason}" for d in kept)
    other = wording.besides_words(installation, post, kept, reason.split("\n"))
    # A post that waits for a login is not held: only what says so needs one.
    logins = [
        name
        for name, why in installation.store.accounts.logged_out().items()
        if why and why in reason
    ]
    return Need(
        detail,
        folders.told(post, reason),
        tuple(d.account for d in kept),
        _bare(installation, detail, kept),
        _wrong(installation, detail, kept),
        tuple(d.account for d in detail.facts.deliveries if d.account in logins),
        recipes.failed(installation, post, reason),
        recipes.strengths(installation, post, reason),
        folders.told(post, "\n".join(other)),
        retried=not whole or folders.asks_to_retry(post),
        mended_in=f"{post.place}/{post.folder}/" if _is_mended_first(post, whole=whole) else "",
    )


def _is_mended_first(post: Post, *, whole: bool) -> bool:
    return whole and post.place != Place.OUTBOX and folders.is_mended_first(post)


def _bare(installation: Installation, detail: Detail, kept: list[Delivery]) -> tuple[int, ...]:
    post = detail.facts.post
    numbers = {n for d in kept for n in wording.bare(installation, post, d.words)}
    return tuple(a.position for n, a in enumerate(post.artworks, start=1) if n in numbers)


def _wrong(
    installation: Installation, detail: Detail, kept: list[Delivery]
) -> dict[str, dict[str, list[str]]]:
    post = detail.facts.post
    found = {
        d.account: wording.by_field(
            partial(wording.objections, installation, post, d.account), d.words
        )
        for d in kept
    }
    return {account: said for account, said in found.items() if said}
