"""Play what was recorded against a real Mastodon 4.6 against the stand-in, by raw HTTP.

Ids are new on every server, so those of earlier answers are put in the place of the recorded
ones; what no two runs share (ids, times, hashes of files) is then made alike on both sides and
all else must be equal.
"""

import functools
import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus, urlsplit

import yaml

from tests.servers.mastodon.server import MastodonServer
from tests.servers.rawhttp import Reply, call

FOLDER = Path(__file__).with_name("recordings")
RECORDED_AT = "http://localhost:3000"
# Between the first and the last recording; each begins at its own first time where it has one.
DAY = "2026-08-01T13:53:00.000Z"
PREFERENCES = {
    "privacy": "default_privacy",
    "sensitive": "default_sensitive",
    "language": "default_language",
    "quote_policy": "default_quote_policy",
}
# The numbers and dates of a profile depend on what was recorded before.
FROM_BEFORE = {"statuses_count", "last_status_at", "followers_count", "following_count"}
# Recorded in the language of the server's owner, and a picture's summary that nobody reads.
WORDING = {"error", "description", "blurhash"}


@dataclass(frozen=True)
class Exchange:
    """One recorded request and its answer."""

    method: str
    target: str  # path and query
    headers: dict[str, str]
    body: bytes | None
    status: int
    answer: Any
    answer_headers: dict[str, str]

    @property
    def token(self) -> str | None:
        """The token it was sent with."""
        return self.headers.get("authorization", " ").partition(" ")[2] or None


def recordings() -> list[str]:
    """The names of all recordings."""
    return sorted(each.stem for each in FOLDER.glob("*.yaml"))


@functools.cache
def read(name: str) -> list[Exchange]:
    """The exchanges of one recording."""
    loaded = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    return [exchange(each["request"], each["response"]) for each in loaded["interactions"]]


def exchange(request: dict[str, Any], response: dict[str, Any]) -> Exchange:
    """One exchange, out of the form it is kept in."""
    address, body = urlsplit(request["uri"]), request["body"]
    return Exchange(
        method=request["method"],
        target=address.path + (f"?{address.query}" if address.query else ""),
        headers={name.lower(): _first(value) for name, value in request["headers"].items()},
        body=body.encode() if isinstance(body, str) else body,
        status=response["status"]["code"],
        answer=json.loads(response["body"]["string"]),
        answer_headers={
            name.lower(): _first(value) for name, value in response["headers"].items()
        },
    )


def _first(value: Any) -> str:
    return str(value[0] if isinstance(value, list) else value)


class Replay:
    """Plays one recording's exchanges in their order."""

    def __init__(self, server: MastodonServer, exchanges: list[Exchange]) -> None:
        self._server = server
        self._ids: dict[str, str] = {}  # recorded: ours
        times = re.findall(
            r'"created_at": "([^"]+\.[^"]*[1-9]Z)"', json.dumps(_answers(exchanges))
        )
        server.clock.freeze(datetime.fromisoformat(min(times, default=DAY)))
        for each in _first_of_each_token(exchanges):
            self._prepare(each, exchanges)

    def _prepare(self, sent: Exchange, exchanges: list[Exchange]) -> None:
        """Make the account of a token as it was when the recording began."""
        token = str(sent.token)
        shown = next(
            (found for each in exchanges if each.token == token for found in _own_accounts(each)),
            None,
        )
        settings = _settings(shown, exchanges) if shown else {}
        if any("scheduled_at" in each.answer for each in exchanges if each.method == "POST"):
            settings["default_quote_policy"] = "followers"  # as its params show
        name = shown["username"] if shown else "mastodonpy_test"
        account = self._server.add_account(name, **settings)
        self._server.token_for(account, "read write follow push admin:read admin:write", token)
        if shown:
            self._ids[shown["id"]] = account.id
        app = self._server.state.tokens[token].app
        app.name, app.scopes = "Mastodon.py test suite", self._server.state.tokens[token].scopes

    def send(self, recorded: Exchange) -> Reply:
        """Send a recorded request with our ids in it and learn the ids of the answer."""
        target, body = self._ours(recorded.target), recorded.body
        if body is not None and b"\r\n" not in body:
            body = self._ours(body.decode()).encode()
        kept = ("authorization", "content-type", "idempotency-key")
        headers = {name: value for name, value in recorded.headers.items() if name in kept}
        reply = call(recorded.method, f"{self._server.url}{target}", body=body, headers=headers)
        if isinstance(recorded.answer, dict) and "id" in recorded.answer:
            self._ids[recorded.answer["id"]] = str(reply.json.get("id"))
        return reply

    def _ours(self, text: str) -> str:
        for recorded, ours in self._ids.items():
            if len(recorded) > 10:  # numbers of scheduled statuses are alike on both sides
                text = text.replace(recorded, ours)
        return text


def _answers(exchanges: list[Exchange]) -> list[Any]:
    return [each.answer for each in exchanges]


def _first_of_each_token(exchanges: list[Exchange]) -> list[Exchange]:
    """The first exchange of each token that was used."""
    return list({str(each.token): each for each in reversed(exchanges) if each.token}.values())


def _is_status(answer: Any) -> bool:
    return isinstance(answer, dict) and "account" in answer and "visibility" in answer


def _own_accounts(sent: Exchange) -> list[dict[str, Any]]:
    """The sender's account, where an answer surely shows it."""
    if _is_status(sent.answer) and sent.method != "GET":
        return [sent.answer["account"]]
    return [sent.answer] if isinstance(sent.answer, dict) and "source" in sent.answer else []


def _settings(shown: dict[str, Any], exchanges: list[Exchange]) -> dict[str, Any]:
    """An account's fields out of how it was shown."""
    same = ("display_name", "locked", "discoverable", "indexable", "hide_collections")
    settings = {name: shown[name] for name in same}
    settings["note"] = re.sub(r"<[^>]+>", "", shown["note"])
    pairs = ("name", "value")
    settings["fields"] = [{key: row[key] for key in pairs} for row in shown["fields"]]
    statuses = [
        each.answer
        for each in exchanges
        if each.method == "POST"
        and _is_status(each.answer)
        and each.answer["account"]["id"] == shown["id"]
    ]
    if statuses:
        settings |= _habits(statuses[0])
    for each in exchanges:
        source = each.answer.get("source") if isinstance(each.answer, dict) else None
        if source and each.answer["id"] == shown["id"]:
            settings |= {own: source[name] for name, own in PREFERENCES.items()}
            settings["attribution_domains"] = source["attribution_domains"]
    return settings


def _habits(status: dict[str, Any]) -> dict[str, Any]:
    """Preferences as the first status shows them, for what it was not asked for."""
    # The owner of the recordings set these in the preferences of their first account.
    own = status["language"] == "en"
    automatic = [*status["quote_approval"]["automatic"], "nobody"]
    return {
        "default_quote_policy": automatic[0],
        "default_privacy": "unlisted" if own else "public",
        "default_sensitive": own,
        "default_language": status["language"],
    }


def alike(value: Any, base: str) -> Any:
    """A value with all that no two runs share made the same."""
    if isinstance(value, dict):
        return {
            name: _plain(name) if name in FROM_BEFORE | WORDING else alike(item, base)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [alike(item, base) for item in value]
    if not isinstance(value, str):
        return value
    text = value.replace(base, "BASE").replace(urlsplit(base).netloc, "HOST")
    text = re.sub(r"ws://\w[\w.]*:\d+", "STREAMING", text)
    text = re.sub(r"\d{15,}", "ID", text)
    text = re.sub(r"(?:/\d{3}){3,}", "/FOLDERS", text)
    text = re.sub(r"BASE/(?:system/accounts/)?(?:avatar|header)s/\S+", "BASE/PICTURE", text)
    text = re.sub(r"\b[0-9a-f]{16}\.(\w+)\Z", r"HASH.\1", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    return _links(text)


def _links(text: str) -> str:
    """Links show a cut of their address, whose place depends on the length of the host."""
    return re.sub(r'(<a href="BASE[^>]*>).*?</a>', r"\1LINK</a>", unquote_plus(text))


def _plain(name: str) -> str:
    return f"any {name}"
