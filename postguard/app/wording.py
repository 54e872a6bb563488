"""What is wrong with a post's words, and what follows when they are changed before it is sent.

A post that was held for its words alone goes on, one whose files carry them is protected anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from postguard.app import steering
from postguard.app.installation import Installation
from postguard.errors import Refused
from postguard.intake.deciding import no_alt_text, usual_words, words_file
from postguard.language import SPOKEN, _, in_language
from postguard.model import Delivery, DeliveryState, Post, PostState, Words
from postguard.protect import captions
from postguard.system import folders

_CARRIES_WORDS = "tags"  # the step
_OVER = {DeliveryState.POSTED, DeliveryState.RETRACTED}


def objections(installation: Installation, post: Post, account: str, words: Words) -> list[str]:
    """Return why an account cannot post these words; missing alt texts are no part of it."""
    try:
        return installation.accounts.objections(account, words, len(post.artworks))
    except Refused as exc:
        return [str(exc)]


def by_field(said: Callable[[Words], list[str]], words: Words) -> dict[str, list[str]]:
    """Return what is said against words, by the field that it goes away with, as forms name it;
    what goes with none of them is under the empty name. Pure.

    Sentences are only counted: a number in one may be another without a field.
    """
    whole, found = said(words), dict[str, list[str]]()
    left = whole
    for name, without in _emptied(words):
        rest = said(without)
        if len(rest) < len(whole) and (gone := [each for each in left if each not in rest]):
            found[name], left = gone, [each for each in left if each in rest]
    return found | ({"": left} if left else {})


def _emptied(words: Words) -> Iterator[tuple[str, Words]]:
    """Yield each field that says something, and the words without it."""
    if words.text:
        yield "text", replace(words, text="")
    if words.cw:
        yield "cw", replace(words, cw="")
    for place, alt in enumerate(words.alts):
        if alt:
            alts = (*words.alts[:place], "", *words.alts[place + 1 :])
            yield f"alt{place + 1}", replace(words, alts=alts)


def bare(installation: Installation, post: Post, words: Words) -> dict[int, str]:
    """Return the pictures that lack the alt text that they need: their names, by number."""
    if not installation.settings.intake.require_alt:
        return {}
    alts = [*words.alts, *[""] * (len(post.artworks) - len(words.alts))]
    told = enumerate(zip(post.artworks, alts, strict=True), start=1)
    return {number: a.name for number, (a, alt) in told if a.width and not alt.strip()}


def besides_words(
    installation: Installation, post: Post, deliveries: Sequence[Delivery], told: Iterable[str]
) -> list[str]:
    """Return those of the told reasons that no other words take away.

    Args:
        deliveries: the post's, with the words that the reasons were told of.
    """
    known = _known(installation, post, deliveries)
    return [reason for reason in told if reason not in known]


def follow_up(
    installation: Installation, post_id: int, before: Sequence[Delivery], now: datetime
) -> str:
    """Do what new words ask for, and return it, to be put behind a sentence.

    Args:
        before: the post's deliveries as they were; their rows hold the new words.
    """
    post = installation.store.posts.get(post_id)
    in_files = _in_files(installation, post, before, now)
    return in_files + _let_go(installation, post, before, now)


def _in_files(
    installation: Installation, post: Post, before: Sequence[Delivery], now: datetime
) -> str:
    """Have the files made anew that carry the old words."""
    renditions = installation.store.renditions
    after = installation.store.deliveries.of_post(post.id)
    steps = installation.settings.steps(post.recipe)
    was, becomes = captions.inside(before), captions.inside(after)
    if (was.text, was.alts) == (becomes.text, becomes.alts) or not any(
        step.step == _CARRIES_WORDS for step in steps
    ):
        return ""
    under_way = installation.store.posts.progress.now()
    begun = renditions.has(post.id) or (under_way is not None and under_way.post_id == post.id)
    if not renditions.protect_anew(post.id, now):
        return _(
            "; the tags inside its files keep the old words, since one of its copies is out "
            "already or may be"
        )
    return _("; its files carry the words too and are protected anew first") if begun else ""


def _let_go(
    installation: Installation, post: Post, before: Sequence[Delivery], now: datetime
) -> str:
    """Release what was held for its words alone, where they are in nobody's way any more."""
    store, held = installation.store, [d for d in before if d.state is DeliveryState.HELD]
    whole = post.state is PostState.HELD
    if not whole and not held:
        return ""
    told = post.reason.split("\n") if whole else [f"{d.account}: {d.reason}" for d in held]
    other = besides_words(installation, post, before, told)
    wrong = _wrong(installation, post, {d.account for d in before if whole or d in held})
    if still := list(dict.fromkeys([*other, *wrong])):
        return _stay(installation, post, still, now)
    if whole:
        steering.release(store, post.id, now)
        return _("; the post was held for its words alone, so it goes on")
    store.wishes.release(post.id, now)
    return _("; what was held for its words goes on")


def _stay(installation: Installation, post: Post, still: Sequence[str], now: datetime) -> str:
    """Tell what a held post still waits for, in its row and in the note beside its files."""
    reason = "\n".join(still)
    if post.state is PostState.HELD and reason != post.reason:
        installation.store.posts.move_to(post.id, PostState.HELD, now, reason)
        folder = folders.folder_of(installation.outbox, post)
        if folder.is_dir():
            folders.leave_reason(folder, replace(post, reason=reason))
    return _("; it stays held: {why}").format(why=folders.told(post, "; ".join(still)))


def _wrong(installation: Installation, post: Post, accounts: Collection[str]) -> Iterator[str]:
    """Yield what is wrong with the words now, as intake says it."""
    for delivery in installation.store.deliveries.of_post(post.id):
        if delivery.account not in accounts or delivery.state in _OVER:
            continue
        if names := bare(installation, post, delivery.words):
            beside = _beside(installation, post, next(iter(names.values())))
            yield from no_alt_text(names, len(post.artworks), beside)
        for objection in objections(installation, post, delivery.account, delivery.words):
            yield f"{delivery.account}: {objection}"


def _beside(installation: Installation, post: Post, picture: str) -> str:
    """Return the file that takes the missing words: the one that is there, else the usual one."""
    is_set = len(post.artworks) > 1
    folder = folders.folder_of(installation.outbox, post)
    there = "" if is_set or not folder.is_dir() else words_file(folder.iterdir())
    return there or usual_words(picture, is_set=is_set)


def _known(installation: Installation, post: Post, deliveries: Sequence[Delivery]) -> set[str]:
    """Return all that intake and the publisher may have said of these words, in any language."""
    found = set[str]()
    for language in SPOKEN:
        with in_language(language):
            found |= _said(installation, post, deliveries)
    return found


def _said(installation: Installation, post: Post, deliveries: Sequence[Delivery]) -> set[str]:
    found = set[str]()
    for delivery in deliveries:
        account, words = delivery.account, delivery.words
        said = objections(installation, post, account, words)
        found |= {f"{account}: {each}" for each in [*said, "; ".join(said)]}
        if names := bare(installation, post, words):
            first = next(iter(names.values()))
            usual = {usual_words(first, is_set=is_set) for is_set in (True, False)}
            for beside in (*usual, f"{first}.toml"):
                found.update(no_alt_text(names, len(post.artworks), beside))
    return found
