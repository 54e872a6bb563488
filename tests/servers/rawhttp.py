"""HTTP without a client library: what goes over the wire is what the test wrote."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

TIMEOUT = 30.0


@dataclass(frozen=True)
class Reply:
    """What a server answered; errors are answers too and are never raised."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


def call(
    method: str,
    url: str,
    *,
    body: bytes | str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Send one request on a connection of its own and follow no redirect."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    data = body.encode() if isinstance(body, str) else body
    connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT)
    try:
        connection.request(method, target or "/", data, dict(headers or {}))
        answer = connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, names, answer.read())
    finally:
        connection.close()


def bearer(token: str | None) -> dict[str, str]:
    """The header that carries an access token; none for a visitor."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def send_json(method: str, url: str, value: object, token: str | None = None) -> Reply:
    """Send a JSON body."""
    headers = {"Content-Type": "application/json", **bearer(token)}
    return call(method, url, body=json.dumps(value), headers=headers)


def send_form(
    method: str,
    url: str,
    fields: Mapping[str, str] | list[tuple[str, str]],
    token: str | None = None,
    **headers: str,
) -> Reply:
    """Send a form as a browser does; a header's underscores become hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named |= {"Content-Type": "application/x-www-form-urlencoded", **bearer(token)}
    return call(method, url, body=urlencode(fields), headers=named)


def get(url: str, token: str | None = None, **query: str) -> Reply:
    """Fetch an address with query parameters."""
    return call("GET", f"{url}?{urlencode(query)}" if query else url, headers=bearer(token))
