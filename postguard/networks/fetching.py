"""Fetches and sends over plain HTTP what no client library knows: pages, blobs, goodbyes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import IO
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from postguard.errors import Retryable
from postguard.language import _

TIMEOUT = 30.0
MOST_BYTES = 6_000_000
OK, GONE_WRONG, SERVER_FAULT, TOO_MANY = 200, 400, 500, 429


@dataclass(frozen=True, slots=True)
class Page:
    """An answer: status, headers with names in lower case, at most `MOST_BYTES` of its body."""

    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def ok(self) -> bool:
        """Whether the server did what it was asked."""
        return self.status < GONE_WRONG

    @property
    def text(self) -> str:
        """The body as text; what is no UTF-8 is replaced."""
        return self.data.decode("utf-8", "replace")


def fetch(
    url: str,
    *,
    method: str = "GET",
    form: Sequence[tuple[str, str]] | None = None,
    token: str = "",
) -> Page:
    """Send one request to an http(s) address that comes from the config or from its server.

    Args:
        token: sent to that address only, and nowhere that it leads on to.

    Raises:
        Retryable: there is no answer, or the server is out of order or busy.
    """
    data = None if form is None else urlencode(form).encode()
    named = {"User-Agent": "postguard"}
    request = Request(url, data, named, method=method)  # noqa: S310  # http and https only
    if token:
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    try:
        with urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            return _page(answer.status, answer.headers.items(), answer)
    except HTTPError as exc:
        with exc:
            if exc.code >= SERVER_FAULT or exc.code == TOO_MANY:
                raise Retryable(
                    _("{host} is out of order or busy ({code})").format(
                        host=request.host, code=exc.code
                    )
                ) from exc
            return _page(exc.code, exc.headers.items(), exc)
    except (OSError, HTTPException) as exc:
        raise Retryable(_("{host} cannot be reached").format(host=request.host)) from exc


def _page(status: int, headers: Sequence[tuple[str, str]], body: IO[bytes]) -> Page:
    named: dict[str, str] = {}
    for name, value in headers:  # a header may come several times, as X-Robots-Tag does
        before = named.get(name.lower())
        named[name.lower()] = value if before is None else f"{before}, {value}"
    return Page(status, named, body.read(MOST_BYTES))
