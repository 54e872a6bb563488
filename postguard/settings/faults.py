"""Says in an artist's words what pydantic found wrong, and where it stands in the file.

A value is never repeated: it could be a password in the wrong place.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeGuard, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from postguard.language import _, listed
from postguard.settings import lines
from postguard.settings.lines import Location

_Context = dict[str, Any]

_WORDS: dict[str, Callable[[_Context], str]] = {
    "missing": lambda ctx: _("is missing"),
    "bool_type": lambda ctx: _("must be true or false"),
    "bool_parsing": lambda ctx: _("must be true or false"),
    "int_type": lambda ctx: _("must be a whole number"),
    "int_parsing": lambda ctx: _("must be a whole number"),
    "int_from_float": lambda ctx: _("must be a whole number"),
    "float_type": lambda ctx: _("must be a number"),
    "float_parsing": lambda ctx: _("must be a number"),
    "finite_number": lambda ctx: _("must be a number"),
    "string_type": lambda ctx: _('must be text in quotes: "…"'),
    "string_too_short": lambda ctx: _("must have at least {min_length} characters").format(
        min_length=ctx["min_length"]
    ),
    "path_type": lambda ctx: _('must be a path in quotes: "~/…"'),
    "tuple_type": lambda ctx: _('must be a list: ["…", "…"]'),
    "dict_type": lambda ctx: _("must be a table of its own, with a line [name] above its keys"),
    "model_type": lambda ctx: _("must be a table of its own, with a line [name] above its keys"),
    "model_attributes_type": lambda ctx: _("must be a table: { … }"),
    "too_short": lambda ctx: _("must not be empty"),
    "too_long": lambda ctx: _("must have at most {max_length} entries").format(
        max_length=ctx["max_length"]
    ),
    "greater_than": lambda ctx: _("must be more than {gt:g}").format(gt=ctx["gt"]),
    "greater_than_equal": lambda ctx: _("must be at least {ge:g}").format(ge=ctx["ge"]),
    "less_than_equal": lambda ctx: _("must be at most {le:g}").format(le=ctx["le"]),
    "literal_error": lambda ctx: _("must be {one_of}").format(one_of=_one_of(ctx["expected"])),
    "enum": lambda ctx: _("must be {one_of}").format(one_of=_one_of(ctx["expected"])),
}


def told(found: ValidationError, text: str, config: type[BaseModel]) -> list[tuple[int, str]]:
    """Return (1-based line, `key: problem`) of every fault, in the order of the file.

    Args:
        found: what pydantic said about `config`.
        text: the config file, valid TOML.
    """
    errors = (e for e in found.errors(include_url=False) if not _of_another_form(e))
    known = lines.places(text)
    faults = [_fault(error, known, config) for error in errors]
    return sorted(faults, key=lambda fault: fault[0])


def _of_another_form(error: ErrorDetails) -> bool:
    """Return whether it is about a form that the value does not have: where a key may hold a name
    or a list of names, pydantic tells a fault of each."""
    several = isinstance(error["input"], list | tuple)
    another = {"literal_error": several, "tuple_type": not several}.get(error["type"], False)
    return another and any(_is_form(part) for part in error["loc"])


def _is_form(part: int | str) -> bool:
    return str(part).startswith(("literal[", "tuple["))


def _fault(error: ErrorDetails, known: lines.Places, config: type[BaseModel]) -> tuple[int, str]:
    loc, table = _written(error["loc"], config)
    context = error.get("ctx", {})
    loc = (*loc, *context.get("at", ()))
    key = str(loc[-1]) if loc else ""
    if error["type"] == "extra_forbidden":
        problem = _("unknown key{near}").format(near=_meant(key, table, config))
    else:
        problem = _problem(error, context)
    where = lines.dotted(loc)
    return known.line_of(loc), f"{where}: {problem}" if where else problem


def _problem(error: ErrorDetails, context: _Context) -> str:
    kind = error["type"]
    if kind == "union_tag_not_found":
        return _('{key} = "…" is missing').format(key=_tag_key(context))
    if kind == "union_tag_invalid":
        known = [name.strip(" '") for name in str(context["expected_tags"]).split(",")]
        hint = near(str(context["tag"]), known)
        return _("{key} must be one of {one_of}{hint}").format(
            key=_tag_key(context), one_of=_quoted(known), hint=hint
        )
    if kind in _WORDS:
        return _WORDS[kind](context)
    return error["msg"].removeprefix("Value error, ")


def _meant(key: str, table: type[BaseModel], config: type[BaseModel]) -> str:
    """Return what an unknown key of a table may be meant as, to be said behind it. What is written
    under a [table] belongs to it, which whoever adds a line at the end of the file may not know.
    """
    above = config.model_fields.get(key)
    if above and not _is_table(above.annotation) and get_origin(above.annotation) is not dict:
        return _("; it stands above all tables, at the head of the file")
    homes = [
        name
        for name, field in config.model_fields.items()
        if _is_table(field.annotation) and key in field.annotation.model_fields
    ]
    if len(homes) == 1:
        return _("; it belongs under [{table}]").format(table=homes[0])
    return near(key, table.model_fields)


def _is_table(kind: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def near(word: str, known: Any) -> str:  # noqa: ANN401  # any iterable of names
    """Return `; did you mean …?` where a known name is close to `word`, else nothing."""
    found = difflib.get_close_matches(word.casefold(), list(known), n=1)
    return _('; did you mean "{near}"?').format(near=found[0]) if found else ""


def _tag_key(context: _Context) -> str:
    return str(context["discriminator"]).strip("'")


def _one_of(expected: object) -> str:
    """Return pydantic's `'a', 'b' or 'c'` in quotes and words of ours."""
    *others, last = re.findall(r"'([^']*)'", str(expected))
    if not others:
        return _quoted([last])
    return _("{others} or {last}").format(others=_quoted(others), last=_quoted([last]))


def _quoted(names: Iterable[str]) -> str:
    return listed(f'"{name}"' for name in names)


def _written(loc: Location, config: type[BaseModel]) -> tuple[Location, type[BaseModel]]:
    """Return the location as the file has it, and the table that its last key belongs to.

    pydantic's own location also has the chosen member of a union (`accounts.x.bluesky.handle`) and
    `[key]` behind the bad name of a table. The walk follows the types to leave these out.
    """
    written: list[int | str] = []
    here: Any = config
    table = config
    for part in loc:
        chosen = _tagged(here, part)
        if chosen is not None:
            here = chosen
            continue
        if part == "[key]" or _is_form(part):
            continue
        written.append(part)
        model = next((m for m in _models(here) if part in m.model_fields), None)
        table = model or next(_models(here), table)
        here = model.model_fields[str(part)].annotation if model else _inner(here)
    return tuple(written), table


def _tagged(kind: object, tag: int | str) -> type[BaseModel] | None:
    """Return the member of a union of tables that calls itself `tag`, if `kind` is one."""
    if isinstance(kind, type):
        return None  # one table, not a union
    for model in _models(kind):
        for field in model.model_fields.values():
            if get_args(field.annotation) == (tag,):
                return model
    return None


def _models(kind: object) -> Iterator[type[BaseModel]]:
    """Yield the tables that a value of this type can be; not those inside a dict or list."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    elif getattr(kind, "__origin__", None) not in {dict, tuple}:
        for member in get_args(kind):
            yield from _models(member)


def _inner(kind: object) -> object:
    """Return the type of what lies inside a dict or list."""
    arguments = [a for a in get_args(kind) if a is not ...]
    return arguments[-1] if arguments else kind
