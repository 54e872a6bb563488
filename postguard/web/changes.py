"""Tells open pages which posts have changed, as server-sent events.

While a page is open and looked at, the database is asked twice a second for its counter of
changes, which reads no row; nothing is asked while none is.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence

from postguard.web.desk import Watching
from postguard.web.serving import Visits

_LOOK = 0.5  # seconds
_STILL_THERE = 40  # looks without news, after which a word finds out whether the page is


async def stream(watching: Watching, visits: Visits) -> AsyncIterator[str]:
    """Yield an event for each change of what pages show, until the page or the server is gone; and
    one at once, for what changed after the page was made and before it listened."""
    with visits.page():
        pulse = await asyncio.to_thread(watching.pulse)
        known, quiet = await asyncio.to_thread(watching.prints), 0
        yield f"retry: 2000\n{_event([])}"
        while not visits.ending():
            await asyncio.sleep(_LOOK)
            quiet += 1
            if (now := await asyncio.to_thread(watching.pulse)) != pulse:
                pulse, before = now, known
                known = await asyncio.to_thread(watching.prints)
                if changed := different(before, known):
                    quiet = 0
                    yield _event(changed)
            if quiet >= _STILL_THERE:
                quiet = 0
                yield ": still here\n\n"


def _event(posts: Sequence[int]) -> str:
    return f"event: posts\ndata: {json.dumps(posts)}\n\n"


def different(before: Mapping[int, str], after: Mapping[int, str]) -> list[int]:
    """Return the posts that changed, came or went, oldest first."""
    return sorted(
        post for post in before.keys() | after.keys() if before.get(post) != after.get(post)
    )
