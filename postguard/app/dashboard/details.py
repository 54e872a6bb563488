"""All that is known of one post: its pictures and what was done to them, its copies, its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from postguard.app import layering, wording
from postguard.app.installation import Installation
from postguard.errors import PostguardError, Refused
from postguard.intake import templates
from postguard.model import Artwork, Delivery, Draft, Limits, Rendition, Words
from postguard.model.measures import given_by, is_weakest
from postguard.networks import plain_words
from postguard.networks.outgoing import outgoing
from postguard.networks.plain_words import Shows
from postguard.system.folders import folder_of
from postguard.web.facts import Line
from postguard.web.post_facts import Copy, Counted, Detail, Happened, Picture, PostFacts, Version

_PLAIN = "{text}"


def detail(installation: Installation, facts: PostFacts, history: tuple[Happened, ...]) -> Detail:
    """Return all that the page of a post shows."""
    post, store = facts.post, installation.store
    folder = folder_of(installation.outbox, post)
    alts = facts.deliveries[0].words.alts if facts.deliveries else ()
    return Detail(
        facts,
        tuple(
            Picture(
                artwork,
                alts[number] if number < len(alts) else artwork.alt,
                _versions(facts, artwork),
                (folder / artwork.name).is_file(),
            )
            for number, artwork in enumerate(post.artworks)
        ),
        tuple(_copy(installation, facts, d) for d in facts.deliveries),
        history,
        layering.of_post(installation.path, store, post, facts.deliveries),
    )


def counted(
    installation: Installation, delivery: Delivery, words: Words, pictures: int, shows: Shows
) -> Counted:
    """Return how an account counts these words, and why it would not take them."""
    account = delivery.account
    try:
        limits = installation.accounts.limits(account)
        ask = installation.accounts.objections
        wrong = wording.by_field(lambda said: ask(account, said, pictures), words)
        draft = Draft(words, (), delivery.post_id, account, words.reply_to)
        counts = tuple(each.counted() for each in outgoing(draft, limits, shows))
    except PostguardError as exc:
        return Counted(account, (), {"": (str(exc),)})
    return Counted(account, counts, wrong)


def said(installation: Installation, delivery: Delivery, text: str) -> Words:
    """Return a copy's words with this text in the account's template."""
    words = replace(delivery.words, text=text)
    table = installation.settings.accounts.get(delivery.account)
    return replace(words, text=templates.filled(_PLAIN if table is None else table.text, words))


def own_text(installation: Installation, facts: PostFacts, delivery: Delivery) -> str:
    """Return a copy's text as the artist says it: without what the account's template adds."""
    text = delivery.words.text
    edit = facts.post.edits.get(delivery.account)
    if edit is not None and edit.text is not None:
        return edit.text
    before, place, behind = _template(installation, delivery).partition(_PLAIN)
    if place and text.startswith(before) and text.endswith(behind):
        inner = text[len(before) : len(text) - len(behind)]
        if said(installation, delivery, inner).text == text:
            return inner
    return text


def _template(installation: Installation, delivery: Delivery) -> str:
    table = installation.settings.accounts.get(delivery.account)
    return _PLAIN if table is None else table.text


def _copy(installation: Installation, facts: PostFacts, delivery: Delivery) -> Copy:
    words, account = delivery.words, delivery.account
    shows: Shows = "mastodon" if facts.shows[account] == "mastodon" else "bluesky"
    template = _template(installation, delivery)
    reading = installation.store.readings.of_post(delivery.post_id).get(account)
    return Copy(
        delivery,
        shows,
        own_text(installation, facts, delivery),
        counted(installation, delivery, words, len(facts.post.artworks), shows),
        _limits(installation, account),
        "" if template == _PLAIN else template,
        (*plain_words.audience(words), *plain_words.ties(words)),
        () if reading is None else tuple(plain_words.shown(reading.seen, delivery.fit)),
        facts.receipts.get(account),
    )


def _limits(installation: Installation, account: str) -> Limits | None:
    try:
        return installation.accounts.limits(account)
    except Refused:
        return None  # the config has it no longer


def _versions(facts: PostFacts, artwork: Artwork) -> tuple[Version, ...]:
    return tuple(_version(facts, r) for r in facts.renditions if r.position == artwork.position)


def _version(facts: PostFacts, rendition: Rendition) -> Version:
    return Version(
        rendition,
        tuple(d.account for d in facts.deliveries if d.fit == rendition.fit),
        tuple(Line(line.name, line.words) for line in plain_words.done(rendition)),
        *measures_of(rendition.record),
    )


def measures_of(record: Mapping[str, object]) -> tuple[tuple[int, ...], frozenset[int]]:
    """Return the measures that a record tells of, and those of them in their weakest form only."""
    steps = record.get("steps")
    found = [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    given = {number for step in found for number in given_by(step)}
    whole = {number for step in found if not is_weakest(step) for number in given_by(step)}
    return tuple(sorted(given)), frozenset(given - whole)
