"""A recipe as a form, and the recipe that such a form says. Pure.

What the form does not show of a step is kept as it stands in the config.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from postguard.language import _
from postguard.model import Json
from postguard.settings.lines import dotted
from postguard.settings.recipes import ORDER, WHY_ORDER
from postguard.web.recipe_desk import Step
from postguard.web.recipe_parts import LIST, ON, PARTS, Part, Setting


@dataclass(frozen=True, slots=True)
class Field:
    """A setting with what the recipe says of it, as the page has it."""

    name: str
    setting: Setting
    value: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """A step of the form.

    Attributes:
        why: why it stands where it does in the order.
        beside: its settings that stand in the config alone.
    """

    part: Part
    used: bool
    fields: tuple[Field, ...]
    why: str
    beside: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a recipe.

    Attributes:
        field: of the form; empty: it is none's.
        part: the step's title; empty: it is about no step of the form.
    """

    field: str
    part: str
    words: str

    @property
    def whole(self) -> str:
        """What is wrong, for a place away from the step."""
        return f"{self.part}: {self.words}" if self.part else self.words


def form(steps: Sequence[Step]) -> tuple[Fields, ...]:
    """Return every step in its one possible order, with what the recipe says of it."""
    known = {str(step["step"]): step for step in steps}
    return tuple(_fields(PARTS[name], known.get(name)) for name in ORDER)


def steps_of(said: Mapping[str, str], old: Sequence[Step]) -> list[dict[str, Json]]:
    """Return the recipe that was sent; `old`: as it stands in the config."""
    known = {str(step["step"]): step for step in old}
    return [
        _step(PARTS[name], said, known.get(name, {})) for name in ORDER if said.get(name) == ON
    ]


def faults(said: str, recipe: str, steps: Sequence[Step]) -> tuple[Fault, ...]:
    """Return what the config says of a recipe with the form's names of step and field; where in
    the file it would stand says nothing there."""
    key = re.escape(dotted(("recipes", recipe)))
    ours = re.compile(rf"(?:.*: )?{key}\[(\d+)\]\.(\w+): (.*)")
    return tuple(_fault(line, ours.fullmatch(line), steps) for line in said.splitlines())


def _fault(line: str, found: re.Match[str] | None, steps: Sequence[Step]) -> Fault:
    if found is None or int(found[1]) >= len(steps):  # it is of the config as it stands
        return Fault("", "", line)
    part, key = PARTS[str(steps[int(found[1])]["step"])], found[2]
    labels = {setting.key: _(setting.label) for setting in part.settings}
    name = f"{part.name}.{key}" if key in labels else ""
    return Fault(name, _(part.title), f"{labels.get(key, key)}: {found[3]}")


def _step(part: Part, said: Mapping[str, str], was: Step) -> dict[str, Json]:
    new: dict[str, Json] = {"step": part.name, **was}
    for setting in part.settings:
        key = setting.key
        value = setting.read(said.get(f"{part.name}.{key}"), was.get(key))
        if value is None or (key not in was and value == setting.usual):
            new.pop(key, None)
        else:
            new[key] = value
    return new


def _fields(part: Part, step: Step | None) -> Fields:
    known = step or {}
    shown = {setting.key for setting in part.settings}
    return Fields(
        part,
        step is not None,
        tuple(_field(part, setting, known) for setting in part.settings),
        _(WHY_ORDER[part.name]),
        {key: value for key, value in known.items() if key not in shown | {"step"}},
    )


def _field(part: Part, setting: Setting, step: Step) -> Field:
    value = _as_sent(step.get(setting.key, setting.usual))
    options = tuple((each, _(words) if words else words) for each, words in setting.options)
    if options and value not in dict(options):
        options = (*options, (value, value))
    return Field(f"{part.name}.{setting.key}", setting, value, options)


def _as_sent(value: Json) -> str:
    if isinstance(value, bool):
        return ON if value else ""
    if isinstance(value, list):
        return LIST.join(map(str, value))
    return "" if value is None else str(value)
