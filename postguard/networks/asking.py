"""Asks a server something public, with the standard library only: intake needs limits long before
the first post, and an idle daemon shall not carry a client library for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from postguard.errors import Retryable
from postguard.language import _

TIMEOUT = 20.0
_MOST_BYTES = 4_000_000
_SERVER_FAULT = 500
_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: its HTTP status and its JSON, None where it was none."""

    status: int
    value: object


def get_json(
    url: str, headers: Mapping[str, str] | None = None, timeout: float | None = None
) -> Said:
    """Fetch an http(s) address that comes from the config.

    Args:
        headers: sent to that address only, and nowhere that it leads on to: they may hold a token.
        timeout: seconds after which a silent server is given up; None: as many as is usual.

    Raises:
        Retryable: there is no answer, or the server is out of order or busy.
    """
    named = {"User-Agent": "postguard", "Accept": "application/json"}
    request = Request(url, headers=named)  # noqa: S310  # the config takes http and https only
    for name, value in (headers or {}).items():
        request.add_unredirected_header(name, value)
    try:
        with urlopen(request, timeout=timeout or TIMEOUT) as answer:  # noqa: S310
            return Said(answer.status, _json(answer.read(_MOST_BYTES)))
    except HTTPError as exc:
        with exc:
            if exc.code >= _SERVER_FAULT or exc.code == _TOO_MANY:
                raise Retryable(
                    _("{host} is out of order or busy ({code})").format(
                        host=request.host, code=exc.code
                    )
                ) from exc
            return Said(exc.code, None)
    except (OSError, HTTPException) as exc:
        raise Retryable(_("{host} cannot be reached").format(host=request.host)) from exc


def _json(data: bytes) -> object:
    try:
        return json.loads(data)
    except ValueError:
        return None
