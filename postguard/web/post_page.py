"""The page of one post. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, tzinfo

from postguard.language import marked
from postguard.model import DeliveryState
from postguard.model.layers import Layers
from postguard.model.measures import MEASURES, SETTINGS, Measure
from postguard.web import views
from postguard.web.facts import Line
from postguard.web.post_facts import Copy, Counted, Detail, Picture, Version

_CAN_MOVE = {DeliveryState.WAITING, DeliveryState.SCHEDULED, DeliveryState.HELD}


@dataclass(frozen=True, slots=True)
class Measured:
    """One of the seven measures, and whether a file has it."""

    number: int
    name: str
    training: str
    image_to_image: str
    used: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """One protected file beside its original."""

    fit: str
    accounts: str
    width: int
    height: int
    version: str
    done: tuple[Line, ...]
    measures: tuple[Measured, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of the post."""

    number: int
    position: int
    name: str
    alt: str
    there: bool
    versions: tuple[Compared, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """One account's copy: when, to whom, and what is shown there.

    Attributes:
        due: as an input for day and time takes it; empty: it has none.
    """

    line: views.CopyLine
    due: str
    can_move: bool
    around: tuple[str, ...]
    seen: tuple[str, ...]
    template: str
    labels: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Editor:
    """Words to change, of one account or of all that say the same. `account`: empty: all."""

    account: str
    names: str
    text: str
    cw: str
    counted: tuple[Counted, ...]
    template: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the history."""

    id: int
    at: datetime
    when: str
    words: str
    grave: bool


@dataclass(frozen=True, slots=True)
class PostPage:
    """All of it."""

    card: views.Card
    recipe: str
    folder: str
    frames: tuple[Frame, ...]
    accounts: tuple[Account, ...]
    editors: tuple[Editor, ...]
    alt_limit: int | None
    history: tuple[Moment, ...]
    layers: Layers | None
    can_edit: bool


def post_page(detail: Detail, now: datetime, zone: tzinfo) -> PostPage:
    """Return what the page shows."""
    facts = detail.facts
    limits = [copy.limits.alt for copy in detail.copies if copy.limits is not None]
    return PostPage(
        views.card(facts, now, zone),
        facts.post.recipe,
        f"{facts.post.place}/{facts.post.folder}",
        tuple(
            _frame(number, p, detail.layers) for number, p in enumerate(detail.pictures, start=1)
        ),
        tuple(_account(detail, copy, now, zone) for copy in detail.copies),
        editors(detail),
        min(limits, default=None),
        tuple(
            Moment(e.id, e.at, f"{e.at.astimezone(zone):%m-%d %H:%M:%S}", e.words, _grave(e.what))
            for e in detail.history
        ),
        detail.layers,
        any(c.delivery.state is not DeliveryState.RETRACTED for c in detail.copies),
    )


def editors(detail: Detail) -> tuple[Editor, ...]:
    """Return one editor where all copies say the same, else one for each."""
    copies = detail.copies
    counted = tuple(copy.counted for copy in copies)
    said = {(copy.text, copy.delivery.words.cw) for copy in copies}
    if len(said) == 1:
        names = ", ".join(copy.delivery.account for copy in copies)
        templates = "; ".join(dict.fromkeys(c.template for c in copies if c.template))
        first = copies[0]
        return (Editor("", names, first.text, first.delivery.words.cw, counted, templates),)
    return tuple(
        Editor(
            copy.delivery.account,
            copy.delivery.account,
            copy.text,
            copy.delivery.words.cw,
            (copy.counted,),
            copy.template,
        )
        for copy in copies
    )


def _frame(number: int, picture: Picture, layers: Layers | None) -> Frame:
    artwork = picture.artwork
    versions = tuple(_compared(v, layers) for v in picture.versions)
    return Frame(number, artwork.position, artwork.name, picture.alt, picture.there, versions)


def _compared(version: Version, layers: Layers | None) -> Compared:
    rendition = version.rendition
    around = {SETTINGS} & (set() if layers is None else layers.used)
    return Compared(
        rendition.fit,
        ", ".join(version.accounts) or rendition.fit,
        rendition.width,
        rendition.height,
        rendition.sha256[:12],
        version.done,
        measured((*version.measures, *around), version.weakest),
    )


def measured(used: Collection[int], weakest: Collection[int]) -> tuple[Measured, ...]:
    """Return the seven measures, and which of them are used, maybe in their weakest form only."""
    return tuple(_one(m, m.number in used, m.number in weakest) for m in MEASURES.values())


def _one(measure: Measure, used: bool, weak: bool) -> Measured:
    given = measure.weakest if weak else measure
    name = marked("instant cloak, weakest form") if weak else measure.name
    return Measured(measure.number, name, given.training.sign, given.image_to_image.sign, used)


def _account(detail: Detail, copy: Copy, now: datetime, zone: tzinfo) -> Account:
    delivery = copy.delivery
    due = delivery.due_at or delivery.planned_at
    return Account(
        views.copy_line(detail.facts, delivery, now, zone),
        "" if due is None else f"{due.astimezone(zone):%Y-%m-%dT%H:%M}",
        delivery.state in _CAN_MOVE,
        copy.around,
        copy.seen,
        copy.template,
        delivery.words.labels,
        delivery.words.tags,
    )


def _grave(what: str) -> bool:
    return what in {"held", "warning", "try again"}
