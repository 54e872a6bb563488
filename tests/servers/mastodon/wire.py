"""What comes in over HTTP and what goes out: parameters as Rails reads them, answers as JSON."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from tests.servers.mastodon.state import Account, Token


class RefusedError(Exception):
    """An error answer, in Mastodon's words."""

    def __init__(self, status: int, error: str, **more: Any) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error, **more}


def not_found() -> RefusedError:
    """What Mastodon says of a record that is missing or not for the asker's eyes."""
    return RefusedError(404, "Record not found")


def invalid(what: str) -> RefusedError:
    """A failed validation of a record."""
    return RefusedError(422, f"Validation failed: {what}")


@dataclass(frozen=True)
class Upload:
    """A file of a multipart form."""

    filename: str
    content_type: str
    data: bytes

    def __repr__(self) -> str:
        return f"<{self.filename}: {len(self.data)} bytes of {self.content_type}>"


@dataclass
class Request:
    """One request; `fields` are the body's parameters and `token` what it was sent with."""

    method: str
    path: str
    query: dict[str, Any]
    fields: dict[str, Any]
    headers: Mapping[str, str]  # names in lower case
    variables: tuple[str, ...] = ()  # what stands at the {places} of the path
    token: Token | None = None
    account: Account | None = None

    @property
    def user(self) -> Account:
        """The account that asks.

        Raises:
            RefusedError: the token belongs to an app alone.
        """
        if self.account is None:
            raise RefusedError(422, "This method requires an authenticated user")
        return self.account


@dataclass
class Answer:
    """One answer: `body` is sent as JSON unless `raw` holds the bytes."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    content_type: str = "application/json; charset=utf-8"

    def payload(self) -> bytes:
        """The bytes to send."""
        return self.raw if self.raw is not None else json.dumps(self.body).encode()


def normal_path(path: str) -> str:
    """A path without its closing slash, as Rails routes it."""
    return path.rstrip("/") or "/"


def read_query(query: str) -> dict[str, Any]:
    """The parameters of an address."""
    return nested(parse_qsl(query, keep_blank_values=True))


def read_body(content_type: str, body: bytes) -> dict[str, Any]:
    """The parameters of a body: JSON, a form or a multipart form.

    Raises:
        RefusedError: the body is none of them.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if not body:
        return {}
    if kind == "application/json":
        try:
            value = json.loads(body)
        except ValueError as exc:
            raise RefusedError(400, "Error occurred while parsing request parameters") from exc
        return value if isinstance(value, dict) else {"_json": value}
    if kind == "application/x-www-form-urlencoded":
        return nested(parse_qsl(body.decode(), keep_blank_values=True))
    if kind == "multipart/form-data":
        return nested(read_multipart(content_type, body))
    raise RefusedError(415, f"Unsupported content type: {kind}")


def read_multipart(content_type: str, body: bytes) -> list[tuple[str, Any]]:
    """The parts of a multipart form in their order."""
    found = re.search(r'boundary="?([^";]+)"?', content_type)
    if found is None:
        raise RefusedError(400, "Error occurred while parsing request parameters")
    parts = []
    for part in body.split(b"--" + found[1].encode())[1:-1]:
        head, _, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        parts.append(read_part(head.decode(), data.removesuffix(b"\r\n")))
    return parts


def read_part(head: str, data: bytes) -> tuple[str, Any]:
    """One part's name, and its text or file."""
    headers = dict(re.findall(r"(?im)^([^:\r\n]+):[ \t]*([^\r\n]*)", head))
    headers = {name.lower(): value for name, value in headers.items()}
    given = dict(re.findall(r'(\w+)="([^"]*)"', headers.get("content-disposition", "")))
    if "filename" not in given:
        return given.get("name", ""), data.decode()
    kind = headers.get("content-type", "application/octet-stream")
    return given.get("name", ""), Upload(given["filename"], kind, data)


def nested(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Parameters as Rails nests them: `a[b]=1` is {"a": {"b": 1}}, `a[]=1` is {"a": [1]}."""
    result: dict[str, Any] = {}
    for name, value in pairs:
        steps = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", name) or [name]
        put(result, steps, value)
    return result


def put(target: dict[str, Any], steps: list[str], value: Any) -> None:
    """Set one parameter at the end of its steps; an empty step is a list's next element."""
    first, *rest = steps
    if not rest:
        target[first] = value
    elif rest[0] == "":
        items = target.setdefault(first, [])
        if len(rest) == 1:
            items.append(value)
            return
        # Rails starts a new element when the last one has this key already.
        if not items or rest[1] in items[-1]:
            items.append({})
        put(items[-1], rest[1:], value)
    else:
        put(target.setdefault(first, {}), rest, value)
