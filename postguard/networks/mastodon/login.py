"""Logging in to a Mastodon server: an app of one's own, the artist's consent, a token (OAuth 2).

The scopes are the least that posting needs: to know who one is, to post, to read back, to find the
post of another server that is to be answered. Mastodon.py knows no PKCE, so its login is not used.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from postguard.errors import LoggedOut, PostguardError, Retryable, Unusable
from postguard.language import _
from postguard.networks.asking import get_json
from postguard.networks.mastodon.client import TIMEOUT, USER_AGENT
from postguard.system import wire

APP_NAME = "postguard"
NEEDED = ("read:statuses", "write:statuses", "write:media")
POSTING = (*NEEDED, "read:search")
SETTINGS = ("write:accounts",)  # to change what the audit found; lent for one run, never kept
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"  # the server shows the code, and the artist pastes it
_RANDOM_BYTES = 48
_OK = range(200, 300)
_TOO_MANY = 429
_SERVER_FAULT = 500


@dataclass(frozen=True, slots=True)
class Doors:
    """Where a server does OAuth, and what it knows of it.

    Attributes:
        scopes: the scopes that it names; empty: it names none.
        proofs: it checks that who redeems a code is who asked for it (PKCE, S256).
    """

    authorize: str
    token: str
    revoke: str
    scopes: tuple[str, ...]
    proofs: bool


@dataclass(frozen=True, slots=True)
class App:
    """postguard as one server knows it for one login. No secret of it shows in a repr.

    Attributes:
        redirect: where the browser goes with the code, or OUT_OF_BAND.
        state: comes back with the code, so that nobody can slip in one of theirs.
        verifier: proves who asked for the code; empty where the server knows no proofs.
    """

    instance: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...]
    redirect: str
    doors: Doors
    state: str = field(repr=False)
    verifier: str = field(repr=False)

    def kept(self) -> str:
        """Return what `revoke` needs later, to be kept among the secrets beside the token."""
        return wire.dump({"client_id": self.client_id, "client_secret": self.client_secret})


@dataclass(frozen=True, slots=True)
class Granted:
    """A token and the app that it was given to."""

    app: App
    token: str = field(repr=False)


def register_app(
    instance: str,
    scopes: Sequence[str] = POSTING,
    redirect: str = OUT_OF_BAND,
    draw: Callable[[int], str] = secrets.token_urlsafe,
) -> App:
    """Make postguard known to a server, for the scopes and for knowing who one is.

    Raises:
        Retryable: the server cannot be reached.
        Unusable: it registers no apps.
    """
    doors = doors_of(instance)
    all_scopes = (_who_scope(doors), *scopes)
    fields = {
        "client_name": APP_NAME,
        "redirect_uris": redirect,
        "scopes": " ".join(all_scopes),
    }
    status, said = _post(f"{instance}/api/v1/apps", fields)
    if status not in _OK or not {"client_id", "client_secret"} <= said.keys():
        raise Unusable(
            _(
                "{host} registers no apps ({words}): is this the address of a server of "
                "Mastodon's kind?"
            ).format(host=_host(instance), words=_words(said) or status)
        )
    ids = str(said["client_id"]), str(said["client_secret"])
    verifier = draw(_RANDOM_BYTES) if doors.proofs else ""
    return App(instance, *ids, all_scopes, redirect, doors, draw(_RANDOM_BYTES), verifier)


def authorize_url(app: App) -> str:
    """Return the page where the artist consents; it ends by showing a code or by going back."""
    asked = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": app.redirect,
        "scope": " ".join(app.scopes),
        "state": app.state,
    }
    if app.verifier:
        digest = hashlib.sha256(app.verifier.encode()).digest()
        asked["code_challenge"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        asked["code_challenge_method"] = "S256"
    joint = "&" if urlsplit(app.doors.authorize).query else "?"
    return f"{app.doors.authorize}{joint}{urlencode(asked)}"


def exchange(app: App, code: str) -> str:
    """Turn the code into an access token that may do all that was asked for.

    Raises:
        LoggedOut: the server does not take the code, or the artist allowed less.
        Retryable: the server cannot be reached.
    """
    fields = {
        "grant_type": "authorization_code",
        "code": code.strip(),
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "redirect_uri": app.redirect,
        "scope": " ".join(app.scopes),
    }
    if app.verifier:
        fields["code_verifier"] = app.verifier
    status, said = _post(app.doors.token, fields)
    token = said.get("access_token")
    if status not in _OK or not isinstance(token, str):
        raise LoggedOut(
            _(
                "{host} did not take the code: it serves once and for ten minutes; start again"
            ).format(host=_host(app.instance))
        )
    _check_scopes(Granted(app, token), said.get("scope"))
    return token


def revoke(instance: str, token: str, kept: str) -> None:
    """Make a token worthless on its server; one that is worthless already is no error.

    Args:
        kept: what `App.kept` returned.

    Raises:
        Retryable: the server cannot be reached: the token still works.
        Unusable: it does not do so; the artist can, in its settings.
    """
    ids = wire.load(dict[str, str], kept)
    status, said = _post(doors_of(instance).revoke, ids | {"token": token})
    if status not in _OK:
        raise Unusable(
            _(
                "{host} did not end the access ({words}): revoke postguard in the account's "
                "settings there, under authorised apps"
            ).format(host=_host(instance), words=_words(said) or status)
        )


def doors_of(instance: str) -> Doors:
    """Return where a server does OAuth, as it says itself since Mastodon 4.3, else as is usual.

    An address that leaves the encryption of the server's own is not believed.
    """
    value = get_json(f"{instance}/.well-known/oauth-authorization-server").value
    said = value if isinstance(value, dict) else {}

    def door(name: str, usual: str) -> str:
        told = str(said.get(name) or "")
        safe = told.startswith(("https://", f"{instance}/"))
        return told if safe else f"{instance}{usual}"

    return Doors(
        door("authorization_endpoint", "/oauth/authorize"),
        door("token_endpoint", "/oauth/token"),
        door("revocation_endpoint", "/oauth/revoke"),
        _names(said, "scopes_supported"),
        "S256" in _names(said, "code_challenge_methods_supported"),
    )


def covers(granted: Sequence[str], scope: str) -> bool:
    """Return whether a scope is granted, by name or by the whole that it belongs to."""
    return scope in granted or scope.partition(":")[0] in granted


def _who_scope(doors: Doors) -> str:
    """Return the least scope for knowing who one is: `profile` came with Mastodon 4.3."""
    return "profile" if "profile" in doors.scopes else "read:accounts"


def _check_scopes(granted: Granted, told: object) -> None:
    """Raise LoggedOut where less was allowed than asked; the token is ended then. A server that
    does not tell is believed."""
    allowed = str(told or "").replace(",", " ").split()
    missing = [scope for scope in granted.app.scopes if allowed and not covers(allowed, scope)]
    if not missing:
        return
    with suppress(PostguardError):  # it is not kept anyway
        revoke(granted.app.instance, granted.token, granted.app.kept())
    raise LoggedOut(
        _(
            "{host} did not allow {missing}, without which nothing can be posted; start again "
            "and allow all that is asked"
        ).format(host=_host(granted.app.instance), missing=", ".join(missing))
    )


def _post(url: str, fields: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Send a form; return the status and the JSON, empty where it is none.

    Raises:
        Retryable: there is no answer, or the server is out of order or busy.
    """
    import requests

    try:
        answer = requests.post(
            url,
            data=dict(fields),
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
            timeout=TIMEOUT,
            allow_redirects=False,
            auth=lambda request: request,  # else a .netrc would speak for the app
        )
    except requests.RequestException as exc:
        raise Retryable(_("{host} cannot be reached; try again").format(host=_host(url))) from exc
    if answer.status_code >= _SERVER_FAULT or answer.status_code == _TOO_MANY:
        raise Retryable(_("{host} is out of order or busy; try again").format(host=_host(url)))
    try:
        value = answer.json()
    except ValueError:
        value = {}
    return answer.status_code, value if isinstance(value, dict) else {}


def _names(said: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = said.get(key)
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _words(said: Mapping[str, Any]) -> str:
    return str(said.get("error_description") or said.get("error") or "")


def _host(url: str) -> str:
    return urlsplit(url).netloc
