"""A recipe as its page shows it. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from postguard.language import _
from postguard.model import Json
from postguard.model.layers import Layers
from postguard.model.measures import SETTINGS
from postguard.web.facts import RecipeFacts
from postguard.web.post_page import Measured, measured
from postguard.web.recipe_desk import Step
from postguard.web.recipe_form import Fields, form


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step of a recipe in the words of its form; `name`: as the config has it."""

    name: str
    title: str
    settings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RecipePage:
    """One recipe: its steps in their order, and which of the seven measures they give."""

    name: str
    accounts: tuple[str, ...]
    steps: tuple[StepLine, ...]
    measures: tuple[Measured, ...]
    advice: str


def recipe_page(facts: RecipeFacts) -> RecipePage:
    """Return what the page shows of a recipe."""
    steps = {str(step["step"]): step for step in facts.steps}
    lines = tuple(_line(each, steps[each.part.name]) for each in form(facts.steps) if each.used)
    return RecipePage(
        facts.name, facts.accounts, lines, measures(facts.layers), facts.layers.advice()
    )


def _line(fields: Fields, step: Step) -> StepLine:
    """Return a step with what the recipe sets of it; what the form does not have keeps its key."""
    told = [
        (_(field.setting.label), dict(field.options).get(field.value) or _value(step[key]))
        for field in fields.fields
        if (key := field.setting.key) in step
    ]
    beside = ((key, _value(value)) for key, value in fields.beside.items())
    return StepLine(fields.part.name, _(fields.part.title), (*told, *beside))


def _value(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def measures(layers: Layers) -> tuple[Measured, ...]:
    """Return which of the seven measures a recipe gives, maybe in their weakest form only."""
    weak = layers.used - {use.measure for use in layers.uses if not use.weakest} - {SETTINGS}
    return measured(layers.used, weak)
