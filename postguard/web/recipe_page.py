"""A recipe as its page shows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from postguard.model.layers import Layers
from postguard.model.measures import SETTINGS
from postguard.web.desk import RecipeFacts
from postguard.web.post_page import Measured, measured


@dataclass(frozen=True, slots=True)
class RecipePage:
    """One recipe: its steps in their order, and which of the seven measures they give."""

    name: str
    accounts: tuple[str, ...]
    steps: tuple[Mapping[str, object], ...]
    measures: tuple[Measured, ...]
    advice: str


def recipe_page(facts: RecipeFacts) -> RecipePage:
    """Return what the page shows of a recipe."""
    return RecipePage(
        facts.name, facts.accounts, facts.steps, measures(facts.layers), facts.layers.advice()
    )


def measures(layers: Layers) -> tuple[Measured, ...]:
    """Return which of the seven measures a recipe gives, maybe in their weakest form only."""
    weak = layers.used - {use.measure for use in layers.uses if not use.weakest} - {SETTINGS}
    return measured(layers.used, weak)
