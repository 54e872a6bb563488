"""What browsers send: forms and pictures, bounded while they come in, never held as a whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.requests import Request

from postguard.errors import Unusable
from postguard.language import _
from postguard.system import files

FORM_BYTES = 256 * 1024
PICTURE_BYTES = 256 * 1024 * 1024


class TooLarge(Unusable):
    """More was sent than is taken."""


async def form(request: Request) -> dict[str, str]:
    """Return the fields of a form, each once. Raises TooLarge where it is larger than any of ours
    can be."""
    parts = [part async for part in _bounded(request, FORM_BYTES)]
    said = b"".join(parts).decode("utf-8", errors="replace")
    return {name: value.replace("\r\n", "\n") for name, value in parse_qsl(said, True)}


async def to_file(request: Request, path: Path) -> None:
    """Write the body into a new file as it comes. Raises TooLarge where it is too large; nothing
    is left then. Raises Unusable where the file is there, or on its way: it stays as it is; and
    where it cannot be written."""
    try:
        file = path.open("xb")
    except FileExistsError:
        raise Unusable(_("this picture has arrived already")) from None
    except OSError as exc:
        raise Unusable(files.in_words(exc)) from exc
    try:
        with file:
            async for part in _bounded(request, PICTURE_BYTES):
                file.write(part)
    except BaseException as exc:
        path.unlink(missing_ok=True)
        if isinstance(exc, OSError):
            raise Unusable(files.in_words(exc)) from exc
        raise


async def _bounded(request: Request, most: int) -> AsyncIterator[bytes]:
    """Yield the body; one that is announced as too large is refused before it is read."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > most:
        raise TooLarge(_too_large(most))
    seen = 0
    async for part in request.stream():
        seen += len(part)
        if seen > most:
            raise TooLarge(_too_large(most))
        yield part


def _too_large(most: int) -> str:
    return _("this is larger than {most} MB, which is the most that is taken").format(
        most=most // 1024 // 1024 or 1
    )
