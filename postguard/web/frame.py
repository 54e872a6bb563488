"""What every page has around it, and how a wish is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from postguard.errors import BadFields, LoggedOut, Unusable
from postguard.web import rendering
from postguard.web.desk import Desk
from postguard.web.facts import Told


@contextmanager
def about(field: str) -> Iterator[None]:
    """Say of a refusal that it is about what was typed in this field of the form; that a server
    cannot be reached is not."""
    try:
        yield
    except (LoggedOut, Unusable) as exc:
        raise BadFields(str(exc), [(field, str(exc))]) from exc


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame of one dashboard's pages."""

    desk: Desk
    now: Callable[[], datetime]

    def page(self, name: str, **values: Any) -> HTMLResponse:  # noqa: ANN401
        """Return a page with what stands over every page."""
        return rendering.page(
            f"{name}.html.j2",
            here=name,
            standing=self.desk.reading.standing(),
            now=self.now(),
            zone=self.desk.reading.zone,
            **({"post_id": 0} | values),
        )

    async def wish(self, wish: Callable[[], Told]) -> Response:
        """Do what is asked and say what became of it; pages then look at the post anew."""
        told = await run_in_threadpool(wish)
        answer = rendering.page("told.html.j2", told=told)
        answer.headers["HX-Trigger"] = "rows"
        return answer
