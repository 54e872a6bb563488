"""What is the same whatever a check finds: what it is about and what to do. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from postguard import language
from postguard.language import _, marked
from postguard.model import Finding, Level, Quotes, Replies, Visibility

_FEW = 5
NO_PICTURES = marked("there is no post with pictures yet")
NOT_SEEN = marked("the server does not tell")
F = TypeVar("F")
Judged = tuple[Level, str]


@dataclass(frozen=True, slots=True)
class About:
    """The sentences of one check; see `model.Finding`. `fixable`: a change can be proposed."""

    title: str
    recommended: str
    reach: str
    why: str
    by_hand: str
    limit: str
    fixable: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What the config wants of an account.

    Attributes:
        side: the longest side that the account's recipe gives to pictures; None: any.
        domains: the artist's own, which may credit the account.
    """

    visibility: Visibility = Visibility.PUBLIC
    replies: Replies = Replies.EVERYONE
    quotes: Quotes = Quotes.EVERYONE
    side: int | None = None
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check(Generic[F]):
    """One check: its id, its sentences, and the judgement of what was read."""

    id: str
    about: About
    judge: Callable[[F, Asked], Judged]

    def finding(self, facts: F, asked: Asked) -> Finding:
        """Return what this check says of the facts."""
        level, found = self.judge(facts, asked)
        return self.said(level, found)

    def said(self, level: Level, found: str) -> Finding:
        """Return a finding with this check's sentences."""
        about = self.about
        return Finding(
            id=self.id,
            level=level,
            title=_(about.title),
            found=found,
            recommended=_(about.recommended),
            reach=_(about.reach),
            why=_(about.why),
            by_hand=_(about.by_hand),
            limit=_(about.limit),
            can_fix=about.fixable and level in {Level.ADVICE, Level.WARNING},
        )


def unseen(what: str = NOT_SEEN) -> Judged:
    """Return the judgement of what could not be looked at."""
    return Level.UNKNOWN, _(what)


def wanted(*, good: bool, found: Mapping[bool, str], otherwise: Level) -> Judged:
    """Return OK where it is good, else `otherwise`, each with its sentence."""
    return (Level.OK if good else otherwise), found[good]


def some(many: int, of: int) -> str:
    """Return a count in words, as `2 of the 9 newest posts with pictures`."""
    return _("{many} of the {of} newest posts with pictures").format(many=many, of=of)


def few(names: Sequence[str]) -> str:
    """Return names in words; more than a few would fill the page."""
    more = _(" and {count} more").format(count=len(names) - _FEW) if len(names) > _FEW else ""
    return f"{language.listed(names[:_FEW])}{more}"
