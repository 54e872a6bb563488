"""What may come of writing a setting, beside that it stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from postguard.errors import LoggedOut, Refused, Retryable, Unsure
from postguard.language import _, marked

CHANGED = marked(
    "it was changed since postguard looked at it, so nothing was written; run the audit again"
)
OTHERWISE = marked("the server shows something else than was written; run the audit again")


@contextmanager
def read_back() -> Iterator[None]:
    """Read what was just written. Raises Unsure where that cannot be done: it may stand."""
    try:
        yield
    except (Refused, Retryable, LoggedOut) as exc:
        raise Unsure(
            _(
                "it was sent, but whether it stands could not be seen: {exc}. Run the audit "
                "again to see it; --undo takes it back"
            ).format(exc=exc)
        ) from exc
