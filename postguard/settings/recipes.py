"""What holds of a whole recipe: the order of its steps, what they may not say against each other,
and the names that posts call it by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

from pydantic import TypeAdapter, ValidationError

from postguard.language import _, marked
from postguard.settings.steps import STRENGTHS, AnyStep, Cloak, Notice, StepOptions, Tags

# Downscale first: later steps would be blurred by it. Marks before noise and cloak, which then
# cover the marks too. Tags go around the finished pixels and count in the file; a signature holds
# for finished bytes only. (design.md, decision 5)
ORDER = (
    *("downscale", "watermark", "notice", "noise", "cloak", "hidden"),
    *("tags", "encode", "credentials"),
)
WHY_ORDER = {
    "downscale": marked("shrinking afterwards would blur what the earlier step has drawn"),
    "watermark": marked("the noise and the cloak must cover the watermark too"),
    "notice": marked("the noise and the cloak must cover the notice too"),
    "noise": marked("the cloak is computed for the pixels that are posted"),
    "cloak": marked("the cloak is computed for the pixels that are posted"),
    "hidden": marked(
        "it must be as weak as the finished picture allows, and the cloak would blur it"
    ),
    "tags": marked("the tags are written around the finished picture"),
    "encode": marked("a signature holds for the finished bytes only"),
    "credentials": marked("a signature holds for the finished bytes only"),
}
_AT = "@"  # between a recipe and the strength that a post wants of its cloak


def named(name: str, strength: str) -> str:
    """Return how a post names a recipe whose cloak is to be of another strength."""
    return f"{name}{_AT}{strength}"


def base_of(name: str) -> str:
    """Return the recipe that such a name was made of; empty: it was not."""
    return name.rpartition(_AT)[0]


def at_strength(recipes: Mapping[str, tuple[AnyStep, ...]], name: str) -> tuple[AnyStep, ...]:
    """Return the recipe of this name, or the one that it is made of as `named` does.

    Raises:
        KeyError: there is none.
    """
    if name in recipes:
        return recipes[name]
    base, _at, strength = name.rpartition(_AT)
    if strength not in STRENGTHS:
        raise KeyError(name)
    change = {"strength": strength}
    return tuple(
        step.model_copy(update=change) if isinstance(step, Cloak) else step
        for step in recipes[base]
    )


def order_problem(steps: tuple[StepOptions, ...]) -> tuple[int, str] | None:
    """Return (index, reason) of the first step that is out of order, doubled, or says otherwise
    than the recipe's tags, or None."""
    names = [str(getattr(s, "step")) for s in steps]  # noqa: B009  # each subclass has one
    for i, (before, here) in enumerate(pairwise(names), start=1):
        if ORDER.index(before) == ORDER.index(here):
            return i, _("{here} stands twice; keep one").format(here=here)
        if ORDER.index(before) > ORDER.index(here):
            return i, _("{here} must come before {before}: {why}").format(
                here=here, before=before, why=_(WHY_ORDER[here])
            )
    return _contradiction(steps)


def _contradiction(steps: tuple[StepOptions, ...]) -> tuple[int, str] | None:
    """A notice of our words forbids what the tags leave open or allow."""
    open_to_ai = [s.mining for s in steps if isinstance(s, Tags) and not s.forbids]
    for i, step in enumerate(steps):
        if open_to_ai and isinstance(step, Notice) and not step.text:
            return i, _(
                'the notice says no to AI, the tags say "{said}"; take one of them out'
            ).format(said=open_to_ai[0])
    return None


_RECIPE: TypeAdapter[tuple[AnyStep, ...]] = TypeAdapter(tuple[AnyStep, ...])


def read(recipe: Iterable[object]) -> tuple[AnyStep, ...]:
    """Return a recipe's steps from plain values, as they come through a pipe.

    Raises:
        ValueError: they are no recipe.
    """
    try:
        return _RECIPE.validate_python(tuple(recipe))
    except ValidationError as exc:
        raise ValueError("not a recipe") from exc
