"""Fetches a picture as a network serves it, as any visitor would: no login, no cookie.

The address comes from a server, so nothing about it is believed: it is bounded in bytes and time,
and leads nowhere but to https, or from this PC to this PC, where a server of one's own may run.
"""

from __future__ import annotations

from http.client import HTTPException, HTTPMessage
from ipaddress import ip_address
from typing import IO
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from postguard.errors import Refused, Retryable
from postguard.language import _

MOST_BYTES = 64 << 20  # four times what Mastodon takes
TIMEOUT = 30.0
_SERVER_FAULT, _TOO_MANY = 500, 429
# A picture that a server still works on, or has not yet carried to all its copies.
_NOT_YET = {404, 408, 425}


def fetch(url: str, most: int = MOST_BYTES, timeout: float = TIMEOUT) -> bytes:
    """Return the bytes of the picture at `url`.

    Args:
        timeout: seconds without a byte after which it is given up.

    Raises:
        Retryable: it cannot be had now, or not yet.
        Refused: what is there is no picture, is too large, or lies where nothing is fetched from.
    """
    _check(url)
    request = Request(url, headers={"User-Agent": "postguard", "Accept": "image/*"})  # noqa: S310
    host = urlsplit(url).netloc
    try:
        with _opener().open(request, timeout=timeout) as answer:
            kind = str(answer.headers.get_content_type())
            if not kind.startswith("image/"):
                raise Refused(
                    _("{host} serves {kind} in place of the picture").format(host=host, kind=kind)
                )
            data: bytes = answer.read(most + 1)
            promised = int(answer.headers.get("Content-Length") or len(data))
    except HTTPError as exc:
        with exc:
            raise _meaning(host, exc.code) from exc
    except (OSError, HTTPException, ValueError) as exc:
        raise Retryable(_("{host} cannot be reached for the picture").format(host=host)) from exc
    if len(data) > most:
        raise Refused(
            _("{host} serves more than {most:,.0f} MB in place of the picture").format(
                host=host, most=most / 1e6
            )
        )
    if len(data) < promised:  # no fault to http.client, where a number of bytes is asked for
        raise Retryable(_("{host} broke off in the middle of the picture").format(host=host))
    return data


def allowed(url: str) -> bool:
    """Return whether a picture may be fetched from there: https, or http on this PC."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _is_here(host)))


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _check(url: str) -> None:
    if not allowed(url):
        raise Refused(
            _("the picture's address is neither https nor on this PC, so it is not fetched")
        )


def _meaning(host: str, status: int) -> Refused | Retryable:
    if status >= _SERVER_FAULT or status == _TOO_MANY or status in _NOT_YET:
        return Retryable(
            _("{host} does not serve the picture now ({status})").format(host=host, status=status)
        )
    return Refused(
        _("{host} does not serve the picture ({status})").format(host=host, status=status)
    )


class Wary(HTTPRedirectHandler):
    """Follows a redirect only to where a picture may be fetched from; never from outside to here:
    a server shall not have us ask the programs of this PC."""

    def redirect_request(
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> Request | None:
        _check(newurl)
        if _is_here(urlsplit(newurl).hostname or "") and not _is_here(req.host.split(":")[0]):
            raise Refused(_("the picture's address leads to this PC, so it is not fetched"))
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> OpenerDirector:
    """Keeps no cookies: urllib has none unless it is asked to."""
    return build_opener(Wary)
