"""Posts as cards: what is shown of each, and what may be done with it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from postguard.language import _, marked
from postguard.model import Delivery, DeliveryState, PostState, Progress, only_drawn
from postguard.model.words import body
from postguard.system import folders
from postguard.web import moments
from postguard.web.post_facts import PostFacts, Queue, Stage

_STATES = {
    DeliveryState.WAITING: marked("when it is protected"),
    DeliveryState.SENDING: marked("being sent"),
    DeliveryState.UNSURE: marked("perhaps posted: it is looked at first"),
    DeliveryState.POSTED: marked("posted"),
    DeliveryState.HELD: marked("held"),
    DeliveryState.RETRACTED: marked("taken back"),
}
_STEPS = {
    "downscale": marked("making it smaller"),
    "watermark": marked("drawing the watermark"),
    "notice": marked("writing the notice"),
    "noise": marked("adding noise"),
    "cloak": marked("cloaking"),
    "hidden": marked("drawing the hidden mark"),
    "tags": marked("writing tags"),
    "encode": marked("saving"),
    "credentials": marked("signing"),
    "measure": marked("measuring the cloak"),
}
_OUT = {DeliveryState.POSTED, DeliveryState.SENDING, DeliveryState.UNSURE}
_OVER = {DeliveryState.POSTED, DeliveryState.RETRACTED}


class Action(StrEnum):
    """What the artist may do with a post."""

    RELEASE = "release"
    NOW = "retry"
    HOLD = "hold"
    RETRACT = "retract"


@dataclass(frozen=True, slots=True)
class CopyLine:
    """One account on a card. `words`: when it goes out, or what became of it."""

    account: str
    shows: str
    state: str
    words: str
    url: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Doing:
    """What is done with a picture at this moment. `percent`: of this step; None: not known."""

    words: str
    percent: int | None = None
    left: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One post on the page.

    Attributes:
        text: as posted.
        alt: of its first picture.
        version: differs when its small picture does.
        protected: that picture is the protected one.
        dry_run: a copy of it becomes a page on this PC; `drawn`: it did, and nothing was posted.
    """

    id: int
    name: str
    stage: Stage
    text: str
    cw: str
    alt: str
    pictures: int
    version: str
    protected: bool
    copies: tuple[CopyLine, ...]
    actions: tuple[Action, ...]
    doing: Doing | None = None
    reason: str = ""
    dry_run: bool = False
    drawn: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """The cards of one stage, in their order. `more`: how many are not shown yet."""

    stage: Stage
    cards: tuple[Card, ...]
    more: int = 0


def columns(queue: Queue, now: datetime, zone: tzinfo) -> tuple[Column, ...]:
    """Return the queue: what needs the artist, what is worked on, what goes out, what is out."""
    heaps: dict[Stage, list[Card]] = {stage: [] for stage in Stage}
    for facts in queue.posts:
        heaps[stage_of(facts)].append(card(facts, now, zone))
    return tuple(
        Column(stage, tuple(cards), queue.more.get(stage, 0)) for stage, cards in heaps.items()
    )


def card(facts: PostFacts, now: datetime, zone: tzinfo) -> Card:
    """Return what is shown of a post."""
    post, stage = facts.post, stage_of(facts)
    first = facts.deliveries[0].words if facts.deliveries else None
    return Card(
        post.id,
        post.name,
        stage,
        body(first) if first else "",
        first.cw if first else "",
        first.alts[0] if first and first.alts else "",
        len(post.artworks),
        (facts.renditions[0].sha256 if facts.renditions else post.folder)[:12],
        bool(facts.renditions),
        tuple(copy_line(facts, d, now, zone) for d in facts.deliveries),
        actions(facts),
        doing(facts.progress, len(post.artworks)) if facts.at_work else None,
        folders.told(post, post.reason) if post.state is PostState.HELD else "",
        any(d.dry_run for d in facts.deliveries),
        stage is Stage.OUT and only_drawn(facts.receipts.values()),
    )


def stage_of(facts: PostFacts) -> Stage:
    """Return where a post is on its way."""
    held = any(d.state is DeliveryState.HELD for d in facts.deliveries)
    return stage(facts.post.state, held=held)


def stage(state: PostState, *, held: bool) -> Stage:
    """Return where a post is on its way; `held`: one of its copies is, if not all of it."""
    match state:
        case PostState.HELD:
            return Stage.HELD
        case PostState.POSTED | PostState.RETRACTED | PostState.WITHDRAWN:
            return Stage.OUT
        case PostState.PROTECTED:
            return Stage.HELD if held else Stage.DUE
    return Stage.WORK


def actions(facts: PostFacts) -> tuple[Action, ...]:
    """Return what the artist may do with a post, the most likely first."""
    state, found = facts.post.state, []
    copies = {d.state for d in facts.deliveries}
    if state is PostState.HELD:
        retried = folders.asks_to_retry(facts.post)
        found = [Action.NOW, Action.RELEASE] if retried else [Action.RELEASE]
    elif state is PostState.PROTECTED and copies - _OVER:
        found = [Action.NOW, Action.HOLD]
    elif state in {PostState.TAKEN, PostState.RELEASED}:
        found = [Action.HOLD]
    if copies & _OUT and state is not PostState.RETRACTED:
        found.append(Action.RETRACT)
    return tuple(found)


def copy_line(facts: PostFacts, delivery: Delivery, now: datetime, zone: tzinfo) -> CopyLine:
    """Return how far one account's copy is."""
    receipt = facts.receipts.get(delivery.account)
    return CopyLine(
        delivery.account,
        facts.shows.get(delivery.account, "bluesky"),
        delivery.state,
        _words(facts, delivery, now, zone),
        receipt.url if receipt is not None and not receipt.is_page else "",
        delivery.reason if delivery.state is not DeliveryState.POSTED else "",
    )


def _words(facts: PostFacts, delivery: Delivery, now: datetime, zone: tzinfo) -> str:
    receipt = facts.receipts.get(delivery.account)
    if delivery.state is DeliveryState.POSTED and receipt is not None:
        at = moments.when(receipt.at, now, zone)
        if receipt.is_page:
            return _("drawn as a page {when}").format(when=at)
        return _("posted {when}").format(when=at)
    if delivery.state is DeliveryState.SCHEDULED and delivery.due_at is not None:
        at = moments.when(delivery.due_at, now, zone)
        return _("tries again {when}").format(when=at) if delivery.tries else at
    return _(_STATES.get(delivery.state, marked("waits for its time")))


def doing(progress: Progress | None, pictures: int) -> Doing:
    """Return what is done with a picture now."""
    if progress is None:
        return Doing(_("just begun"))
    said = step_words(progress.step)
    if pictures > 1:
        said = _("picture {number} of {pictures}: {step}").format(
            number=progress.position + 1, pictures=pictures, step=said
        )
    percent = None if progress.fraction is None else int(progress.fraction * 100)
    seconds = progress.seconds_left
    return Doing(said, percent, "" if seconds is None else moments.left(seconds))


def step_words(step: str) -> str:
    """Return what a step is doing."""
    return _(_STEPS[step]) if step in _STEPS else step
