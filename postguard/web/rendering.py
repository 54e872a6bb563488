"""Templates to pages: everything that is put into them is escaped, and says it in one language."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from postguard import language


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("postguard.web"),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_callables(  # type: ignore[attr-defined]  # the extension's
        language.gettext, language.ngettext, newstyle=True
    )
    made.filters["iso"] = _iso
    return made


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:  # noqa: ANN401
    """Return a page, or a part of one."""
    return HTMLResponse(text(template, **values), status)


def text(template: str, **values: Any) -> str:  # noqa: ANN401  # what templates show
    """Return what a template makes of these values."""
    return _environment().get_template(template).render(lang=language.spoken(), **values)


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="minutes")
