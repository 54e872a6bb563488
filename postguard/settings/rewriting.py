"""Changes one recipe in the text of a config and leaves the rest as it stands: comments, spaces,
order. A step that is taken out stays as a comment.

What comes out is read again; where it says anything else than was meant, nothing is changed.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from postguard.errors import Unusable
from postguard.language import _
from postguard.model import Json
from postguard.settings import lines
from postguard.settings.lines import Location, Places

Step = Mapping[str, Json]
Edit = tuple[int, int, str]  # what stands from here to there becomes this

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_REST_OF_LINE = re.compile(r"[^\S\n]*(,?)[^\S\n]*(?:#[^\n]*)?(?=\n|$)")
_COMMA = re.compile(r"[^\S\n]*,?[^\S\n]*")


def with_recipe(text: str, recipe: str, steps: Sequence[Step]) -> str:
    """Return the text of a valid config with other steps in a recipe, or with a new one.

    Raises:
        Unusable: it is written in a way that only its author can change.
    """
    data = tomllib.loads(text)
    recipes = data.get("recipes", {})
    old = recipes.get(recipe)
    wanted = data | {"recipes": {**recipes, recipe: [dict(step) for step in steps]}}
    for revive in (True, False):
        found = _changed(text, recipe, old, steps, revive=revive)
        if found is not None and _reads_as(found, wanted):
            return found
    raise Unusable(
        _(
            "the recipe {recipe} is written in a way that this page cannot change without losing "
            "something of yours; change it in your config"
        ).format(recipe=recipe)
    )


def quoted(text: str) -> str:
    """Quote as a TOML basic string, whose escapes are JSON's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _reads_as(text: str, wanted: Mapping[str, object]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False


def _changed(
    text: str, recipe: str, old: Sequence[Step] | None, steps: Sequence[Step], *, revive: bool
) -> str | None:
    """Return the changed text; None: a place that must change was not found."""
    if old is None:
        return "\n\n".join([text.rstrip(), *(_block(recipe, step) for step in steps)]) + "\n"
    places, loc = lines.places(text), ("recipes", recipe)
    try:
        if loc in places.values:
            return _applied(text, _Inline(text, places, loc, revive=revive).edits(old, steps))
        return _applied(text, _Blocks(text, places, loc).edits(old, steps))
    except KeyError:
        return None


def _applied(text: str, edits: Sequence[Edit]) -> str:
    parts, at = [], 0
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        parts += [text[at:start], new]
        at = end
    return "".join([*parts, text[at:]])


def _added(old: Sequence[Step], steps: Sequence[Step]) -> Iterator[tuple[int | None, Step]]:
    """Yield each new step, with the place of the old one that it comes behind; None: of none."""
    known = {_name(step): place for place, step in enumerate(old)}
    behind = None
    for step in steps:
        if _name(step) in known:
            behind = known[_name(step)]
        else:
            yield behind, step


class _Inline:
    """A recipe that is written as `name = [ { step = "…" }, … ]`."""

    def __init__(self, text: str, places: Places, loc: Location, *, revive: bool) -> None:
        self._text, self._places, self._loc, self._revive = text, places, loc, revive

    def edits(self, old: Sequence[Step], steps: Sequence[Step]) -> list[Edit]:
        now = {_name(step): step for step in steps}
        spans = [self._places.values[(*self._loc, n)] for n in range(len(old))]
        found: list[Edit] = []
        for was, span in zip(old, spans, strict=True):
            step = now.get(_name(was))
            if step is None:
                found.append(self._without(span))
            elif step != was:
                found.append((*span, _table(step)))
        for behind, step in _added(old, steps):
            found += self._with(step, None if behind is None else spans[behind])
        return list(dict.fromkeys(found))  # two new ones ask for one comma

    def _without(self, span: tuple[int, int]) -> Edit:
        start, end = span
        alone = not self._text[_line_start(self._text, start) : start].strip()
        if alone and _REST_OF_LINE.match(self._text, end):
            return start, start, "# "
        comma = _COMMA.match(self._text, end)
        return start, comma.end() if comma else end, ""

    def _with(self, step: Step, behind: tuple[int, int] | None) -> list[Edit]:
        """Put a step behind another, or first; a line of its own where its neighbour has one."""
        table = _table(step)
        at = self._places.values[self._loc][0] + 1 if behind is None else behind[1]
        rest = _REST_OF_LINE.match(self._text, at)
        if rest is None:
            return [(at, at, f" {table}," if behind is None else f", {table}")]
        comma = [] if behind is None or rest[1] else [(at, at, ",")]
        if (line := self._taken_out(step)) is not None:
            return [*comma, (*line, f"{table},")]
        return [*comma, (rest.end(), rest.end(), f"\n{self._indent()}{table},")]

    def _taken_out(self, step: Step) -> tuple[int, int] | None:
        """Return where this very step stands as a comment; another of its name is a remark."""
        name = re.escape(quoted(_name(step)))
        line = re.compile(
            rf"(?<=\n)[^\S\n]*(#[^\S\n]*(\{{\s*step\s*=\s*{name}[^#\n]*\}})[^\S\n]*,?)"
        )
        found = line.finditer(self._text, *self._places.values[self._loc]) if self._revive else ()
        wanted = {"step": dict(step)}
        return next((each.span(1) for each in found if _reads_as(f"step={each[2]}", wanted)), None)

    def _indent(self) -> str:
        first = self._places.values.get((*self._loc, 0))
        before = "" if first is None else self._text[_line_start(self._text, first[0]) : first[0]]
        return before if before and not before.strip() else "  "


class _Blocks:
    """A recipe whose steps are tables of their own, each below its `[[recipes.name]]`."""

    def __init__(self, text: str, places: Places, loc: Location) -> None:
        self._text, self._places, self._loc = text, places, loc

    def edits(self, old: Sequence[Step], steps: Sequence[Step]) -> list[Edit]:
        now = {_name(step): step for step in steps}
        found: list[Edit] = []
        for n, was in enumerate(old):
            step = now.get(_name(was))
            if step is None:
                found += self._as_comment(self._places.headers[(*self._loc, n)], self._end(n, was))
            elif step != was:
                found += self._rewritten(n, was, step)
        first: list[Edit] = []
        for behind, step in _added(old, steps):
            block = _block(str(self._loc[1]), step)
            if behind is None:
                at = self._places.headers[(*self._loc, 0)]
                first.append((at, at, f"{block}\n\n"))
            else:
                end = self._line_end(self._end(behind, old[behind]))
                found.append((end, end, f"\n\n{block}"))
        return [*first, *found]

    def _rewritten(self, n: int, was: Step, step: Step) -> list[Edit]:
        found: list[Edit] = []
        for key in was:
            start, end = self._places.values[(*self._loc, n, key)]
            if key not in step:
                found += self._as_comment(start, end)
            elif step[key] != was[key]:
                found.append((start, end, _value(step[key])))
        end = self._line_end(self._end(n, was))
        return [*found, *((end, end, f"\n{_pair(k, step[k])}") for k in step if k not in was)]

    def _as_comment(self, start: int, end: int) -> list[Edit]:
        starts = {_line_start(self._text, at) for at in (start, *self._newlines(start, end))}
        return [(at, at, "# ") for at in sorted(starts)]

    def _newlines(self, start: int, end: int) -> list[int]:
        return [start + m.end() for m in re.finditer("\n", self._text[start:end])]

    def _end(self, n: int, step: Step) -> int:
        return max(self._places.values[(*self._loc, n, key)][1] for key in step)

    def _line_end(self, at: int) -> int:
        end = self._text.find("\n", at)
        return len(self._text) if end < 0 else end


def _name(step: Step) -> str:
    return str(step["step"])


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _block(recipe: str, step: Step) -> str:
    head = f"[[recipes.{_key(recipe)}]]"
    return "\n".join(chain([head], (_pair(key, value) for key, value in step.items())))


def _table(step: Step) -> str:
    return f"{{ {', '.join(_pair(key, value) for key, value in step.items())} }}"


def _pair(key: str, value: Json) -> str:
    return f"{_key(key)} = {_value(value)}"


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else quoted(key)


def _value(value: Json) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case list():
            return f"[{', '.join(_value(each) for each in value)}]"
        case dict():
            return _table(value)
    return quoted(str(value))
