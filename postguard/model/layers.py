"""Which of the seven measures a recipe or a post uses, and what would add most to them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from postguard.language import _, marked
from postguard.model.json import Json
from postguard.model.measures import (
    MARK,
    MEASURES,
    NOISE,
    POISON,
    SETTINGS,
    SIZE,
    STATED,
    STYLE,
    Direction,
    Fear,
    Left,
    given_by,
    is_weakest,
    left_of,
)
from postguard.model.words import Quotes, Replies, Visibility

_CLOAKS = {STYLE, POISON}
# Of measures that do equally much, the one that costs least comes first.
_CHEAPEST_FIRST = (STATED, MARK, SIZE, SETTINGS, NOISE, STYLE, POISON)
_HOW_TO_ADD = {
    STYLE: marked(
        'a cloak that hides your style: { step = "cloak", mode = "style" } before the tags'
    ),
    POISON: marked('poison, which works where many artists do it: the cloak\'s mode = "poison"'),
    NOISE: marked('noise that hinders what models read: { step = "noise" }'),
    MARK: marked('your name over the picture: { step = "watermark", text = "© your name" }'),
    STATED: marked('a sentence that people can read: { step = "notice" }'),
    SIZE: marked('fewer pixels: { step = "downscale", long_side = 1200 } as the first step'),
    SETTINGS: marked('the account\'s own settings: quotes = "nobody", and `postguard audit`'),
}
_AGAINST = {
    Fear.TRAINING: marked("training"),
    Fear.IMAGE_TO_IMAGE: marked("image-to-image"),
    Fear.BOTH: marked("training and image-to-image"),
}
_AUDIENCE = {
    Visibility.UNLISTED: marked("not in public timelines"),
    Visibility.PRIVATE: marked("for followers alone"),
    Visibility.DIRECT: marked("for those it mentions alone"),
}
_AUDITED = {
    "bsky.loggedout": marked("hidden from people without an account"),
    "bsky.ai.pref": marked("AI use refused for the account"),
    "masto.indexable": marked("left out of full-text search"),
    "masto.noindex": marked("search engines asked to stay away"),
    "masto.discoverable": marked("not suggested to strangers"),
}


@dataclass(frozen=True, slots=True)
class Door:
    """What one account lets in.

    Attributes:
        network: whose rules hold: `bluesky` or `mastodon`.
        closed: what is set against copying, in words; empty: nothing that is known.
        audited: its own settings were looked at, or need not be.
    """

    network: str
    closed: tuple[str, ...] = ()
    audited: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """A measure that a step gives, and what each network leaves of it.

    Attributes:
        weakest: it is given in its weakest form, as by the instant cloak.
    """

    measure: int
    step: str
    left: Mapping[str, Left]
    weakest: bool = False


@dataclass(frozen=True, slots=True)
class Layers:
    """What protects one recipe's pictures, or one post.

    Attributes:
        uses: in the order of the measures.
        doors: of each account that it goes to.
        fear: what the artist fears most.
        cloak: why this PC cannot cloak; None: it can.
    """

    uses: tuple[Use, ...]
    doors: Mapping[str, Door] = field(default_factory=dict)
    fear: Fear = Fear.BOTH
    cloak: str | None = None

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks that it goes to, each once."""
        return tuple(dict.fromkeys(door.network for door in self.doors.values()))

    @property
    def used(self) -> set[int]:
        """The measures of which something is left wherever it goes."""
        found = {use.measure for use in self.uses if self._reaches_all(use.measure)}
        shut = bool(self.doors) and all(door.closed for door in self.doors.values())
        return found | ({SETTINGS} if shut else set())

    def _reaches_all(self, measure: int) -> bool:
        return all(self._left(measure, network) for network in self.networks)

    def _left(self, measure: int, network: str) -> bool:
        uses = [use for use in self.uses if use.measure == measure]
        return any(use.left.get(network) is not Left.NOTHING for use in uses)

    def gaps(self) -> dict[Direction, tuple[str, ...]]:
        """Return the directions that are left out, each with the networks or accounts where."""
        found = {d: self._gap(d) for d in (Direction.PIXELS, Direction.STATEMENT)}
        found[Direction.ACCESS] = tuple(n for n, door in self.doors.items() if not door.closed)
        return {direction: where for direction, where in found.items() if where}

    def _gap(self, direction: Direction) -> tuple[str, ...]:
        measures = [m for m, measure in MEASURES.items() if measure.direction is direction]
        places = self.networks or ("bluesky",)
        return tuple(n for n in places if not any(self._left(m, n) for m in measures))

    def advice(self) -> str:
        """Return what would add most, in a sentence or two."""
        strong = {use.measure for use in self.uses if not use.weakest} | {SETTINGS}
        missing = [m for m in _CHEAPEST_FIRST if m not in self.used & strong]
        wanted = [m for m in missing if MEASURES[m].against(self.fear)]
        if not wanted:
            return _(
                "Nothing of the seven would add much. They raise the cost; none is complete "
                "protection."
            )
        can = [m for m in wanted if self.cloak is None or m not in _CLOAKS]
        said = [self._most(can)] if can else []
        if self.cloak is not None and self._best(wanted) in _CLOAKS:
            more = (
                _("More would come of a style cloak, but {why}.")
                if can
                else _("Most would come of a style cloak, but {why}.")
            )
            said.append(more.format(why=self.cloak))
        return " ".join(said)

    def _best(self, measures: Sequence[int]) -> int:
        return max(measures, key=lambda m: MEASURES[m].against(self.fear))

    def _most(self, measures: Sequence[int]) -> str:
        best = MEASURES[self._best(measures)]
        signs = {
            Fear.TRAINING: best.training.sign,
            Fear.IMAGE_TO_IMAGE: best.image_to_image.sign,
            Fear.BOTH: _("{sign} and {i2i_sign}").format(
                sign=best.training.sign, i2i_sign=best.image_to_image.sign
            ),
        }
        against = f"{_(_AGAINST[self.fear])} ({signs[self.fear]})"
        return _("Against {against}, this would add most: {how}.").format(
            against=against, how=_(_HOW_TO_ADD[best.number])
        )


def uses(steps: Iterable[Mapping[str, Json]], networks: Sequence[str]) -> tuple[Use, ...]:
    """Return what these steps give on these networks; a step that comes twice counts once."""
    found: dict[tuple[int, str], Use] = {}
    for step in steps:
        name = str(step.get("step", ""))
        for measure in given_by(step):
            left = {network: left_of(name, network) for network in networks}
            found[measure, name] = Use(measure, name, left, is_weakest(step))
    return tuple(sorted(found.values(), key=lambda use: use.measure))


def uses_of_all(
    pictures: Sequence[Iterable[Mapping[str, Json]]], networks: Sequence[str]
) -> tuple[Use, ...]:
    """Return what every one of these pictures has, each given by its steps."""
    each = [{(use.measure, use.step): use for use in uses(steps, networks)} for steps in pictures]
    first, *others = each or [{}]
    return tuple(
        replace(use, weakest=any(one[key].weakest for one in each))
        for key, use in first.items()
        if all(key in other for other in others)
    )


def closed(
    visibility: Visibility, replies: Replies, quotes: Quotes, well: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return what limits who gets a picture, in words.

    Args:
        well: ids of the audit's checks that found nothing to mend.
    """
    said = [_(_AUDIENCE[visibility])] if visibility in _AUDIENCE else []
    said += [_("replies limited")] if replies is not Replies.EVERYONE else []
    said += [_("quotes limited")] if quotes is not Quotes.EVERYONE else []
    return (*said, *(_(_AUDITED[check]) for check in well if check in _AUDITED))
