"""The seven measures of a recipe or a post as a table, for artists and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import click

from postguard.cli import wide
from postguard.cli.listing import terminal_width
from postguard.language import _, marked
from postguard.model.layers import Door, Layers, Use
from postguard.model.measures import MEASURES, SETTINGS, Left, Measure
from postguard.networks.plain_words import NAMES

_HEADS = (marked("training"), marked("image-to-image"))
_LABEL, _CELL = 29, 10  # columns
_LABELS = {
    (3, "cloak"): marked("immunising cloak"),
    (4, "hidden"): marked("hidden mark"),
    (5, "notice"): marked("“no AI” for people"),
    (5, "tags"): marked("“no AI” for machines"),
    (5, "credentials"): marked("“no AI”, signed"),
}
_COLOURS = {Left.WHOLE: "green", Left.PART: "cyan", Left.FILE: "yellow", Left.NOTHING: "red"}
_LEGEND = marked("◎ much ○ some △ little ✕ none")
_UNUSED = marked("– this recipe has no step for it")


def lines(layers: Layers, told: Mapping[str, Door] = MappingProxyType({})) -> Iterator[str]:
    """Yield the table, what each account closes, and what would add most.

    `told`: accounts of which that stands above already; these are left out.
    """
    heads = [*map(_, _HEADS), *(NAMES.get(n, n) for n in layers.networks)]
    yield click.style(_row(_(_LEGEND), [(head, None) for head in heads]), dim=True)
    for measure in MEASURES.values():
        yield from _of_measure(layers, measure)
    if any(not _uses(layers, m) for m in MEASURES.values() if m.number != SETTINGS):
        yield click.style(f"  {_(_UNUSED)}", dim=True)
    for name, door in layers.doors.items():
        if told.get(name) == door:
            continue
        yield from _under(f"{name}: {', '.join(door.closed) or _open(name, audited=door.audited)}")
    yield from _under(_left_out(layers), "yellow" if layers.gaps() else "green")
    yield from _under(layers.advice())


def told(layers: Layers) -> dict[str, Any]:
    """Return the same for programs."""
    return {
        "fear": layers.fear.value,
        "measures": [_told(layers, measure) for measure in MEASURES.values()],
        "accounts": {
            name: {"network": d.network, "closed": list(d.closed), "audited": d.audited}
            for name, d in layers.doors.items()
        },
        "left_out": {d.value: list(where) for d, where in layers.gaps().items()},
        "next": layers.advice(),
    }


def _told(layers: Layers, measure: Measure) -> dict[str, Any]:
    return {
        "measure": measure.number,
        "name": measure.name,
        "direction": measure.direction.value,
        "training": measure.training.sign,
        "image_to_image": measure.image_to_image.sign,
        "used": measure.number in layers.used,
        "weakest": any(use.weakest for use in _uses(layers, measure)),
        "steps": {
            use.step: {network: left.value for network, left in use.left.items()}
            for use in _uses(layers, measure)
        },
    }


def _uses(layers: Layers, measure: Measure) -> list[Use]:
    return [use for use in layers.uses if use.measure == measure.number]


def _of_measure(layers: Layers, measure: Measure) -> Iterator[str]:
    """Yield a line for each step that gives a measure; one that nothing gives is faint."""
    effects = _effects(measure)
    uses, numbered = _uses(layers, measure), f"{measure.number} {_(measure.name)}"
    if measure.number == SETTINGS:
        yield _row(numbered, [*effects, *(_settings(layers, n) for n in layers.networks)])
    elif not uses:
        unused = [("–", None)] * len(layers.networks)
        yield click.style(_row(numbered, [*effects, *unused]), dim=True)
    for use in uses:
        label = _(_LABELS.get((measure.number, use.step), measure.name))
        if use.weakest:
            label, effects = _("instant cloak, weakest form"), _effects(measure.weakest)
        left = [(_(use.left[n].value), _COLOURS[use.left[n]]) for n in layers.networks]
        yield _row(f"{measure.number} {label}", [*effects, *left])


def _effects(measure: Measure) -> list[tuple[str, str | None]]:
    return [(effect.sign, None) for effect in (measure.training, measure.image_to_image)]


def _settings(layers: Layers, network: str) -> tuple[str, str | None]:
    doors = [door for door in layers.doors.values() if door.network == network]
    return (_("set"), "green") if all(door.closed for door in doors) else (_("open"), "yellow")


def _open(name: str, *, audited: bool) -> str:
    looked = (
        ""
        if audited
        else _("; its own settings were not looked at: postguard audit {name}").format(name=name)
    )
    return _("everyone may see, answer and quote{looked}").format(looked=looked)


def _left_out(layers: Layers) -> str:
    gaps = layers.gaps()
    if not gaps:
        return _("Pixels, statement and access: all three directions are there.")
    told = [
        f"{_(direction.value)} ({', '.join(NAMES.get(n, n) for n in where)})"
        for direction, where in gaps.items()
    ]
    return _("Left out: {told}. What defeats one direction leaves the others.").format(
        told=", ".join(told)
    )


def _row(label: str, cells: Sequence[tuple[str, str | None]]) -> str:
    """Return one line; a cell is its text and its colour."""
    rooms = [*(wide.width(_(head)) for head in _HEADS), *[_CELL] * len(cells)]
    fitted = [
        click.style(text, fg=colour) + " " * (room - wide.width(text))
        for (text, colour), room in zip(cells, rooms, strict=False)
    ]
    return "  ".join(["", wide.fitted(label, _LABEL), *fitted]).rstrip()


def _under(text: str, colour: str | None = None) -> list[str]:
    return [
        click.style(f"  {line}", fg=colour) for line in wide.wrapped(text, terminal_width() - 2)
    ]
