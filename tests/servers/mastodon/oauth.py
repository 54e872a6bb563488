"""Registering an app, the person's consent, and the token: OAuth 2 as Doorkeeper does it."""

import base64
import hashlib
import html
import ipaddress
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.servers.mastodon.people_views import credential_app_view
from tests.servers.mastodon.state import Account, App, Grant, State, Token
from tests.servers.mastodon.wire import Answer, RefusedError, Request, invalid

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
CODE_LIVES = timedelta(minutes=10)
GRANTED = {
    "write": (
        "accounts blocks bookmarks collections conversations favourites filters follows lists "
        "media mutes notifications reports statuses"
    ),
    "read": (
        "accounts blocks bookmarks collections favourites filters follows lists mutes "
        "notifications search statuses"
    ),
}
ADMINISTERED = (
    "accounts reports domain_allows domain_blocks ip_blocks email_domain_blocks "
    "canonical_email_blocks"
)
SCOPES = [
    "read",
    "profile",
    "write",
    *(f"write:{each}" for each in GRANTED["write"].split()),
    *(f"read:{each}" for each in GRANTED["read"].split()),
    "follow",
    "push",
    "admin:read",
    *(f"admin:read:{each}" for each in ADMINISTERED.split()),
    "admin:write",
    *(f"admin:write:{each}" for each in ADMINISTERED.split()),
]
FOLLOW_COVERS = {
    f"{verb}:{each}" for verb in ("read", "write") for each in ("blocks", "follows", "mutes")
}


def covers(granted: list[str], wanted: str) -> bool:
    """Whether a scope is granted, by name or by the whole it belongs to."""
    if wanted in FOLLOW_COVERS and "follow" in granted:
        return True
    return any(wanted == each or wanted.startswith(f"{each}:") for each in granted)


def oauth_error(status: int, error: str, description: str) -> RefusedError:
    """An error as OAuth words it."""
    return RefusedError(status, error, error_description=description)


def invalid_client() -> RefusedError:
    """The app is unknown, or its secret is wrong."""
    return oauth_error(
        401,
        "invalid_client",
        "Client authentication failed due to unknown client, no client authentication included, "
        "or unsupported authentication method.",
    )


def invalid_grant() -> RefusedError:
    """The code is wrong, used, too old, another app's, or for another address."""
    return oauth_error(
        400,
        "invalid_grant",
        "The provided authorization grant is invalid, expired, revoked, does not match the "
        "redirection URI used in the authorization request, or was issued to another client.",
    )


def lacking(name: str) -> RefusedError:
    """A parameter that must be there."""
    return oauth_error(400, "invalid_request", f"Missing required parameter: {name}.")


def register(state: State, request: Request) -> Answer:
    """Register a client application."""
    fields = request.fields
    name, given = str(fields.get("client_name") or ""), fields.get("redirect_uris")
    addresses = given if isinstance(given, list) else str(given or "").split()
    if not name.strip():
        raise invalid("Application name can't be blank")
    if not addresses:
        raise invalid("Redirect URI can't be blank")
    if any(not urlsplit(each).scheme for each in addresses):
        raise invalid("Redirect URI must be an absolute URI.")
    scopes = str(fields.get("scopes") or "read").split()
    if any(each not in SCOPES for each in scopes):
        raise invalid("Scopes doesn't match configured on the server.")
    app = App(len(state.apps) + 1, name, fields.get("website") or None, addresses, scopes)
    state.apps[app.client_id] = app
    return Answer(credential_app_view(app))


def same_address(registered: str, given: str) -> bool:
    """Whether an address is the registered one; on a loopback IP any port will do (RFC 8252)."""
    one, other = urlsplit(registered), urlsplit(given)
    try:
        loopback = ipaddress.ip_address(one.hostname or "").is_loopback
    except ValueError:
        return registered == given
    same = (one.scheme, one.hostname, one.path) == (other.scheme, other.hostname, other.path)
    return same if loopback else registered == given


def asked_app(state: State, asked: dict[str, Any]) -> App:
    """The app that asks for consent.

    Raises:
        RefusedError: shown to the person, since the address to go back to cannot be trusted.
    """
    for name in ("client_id", "redirect_uri", "response_type"):
        if not asked.get(name):
            raise lacking(name)
    app = state.apps.get(str(asked["client_id"]))
    if app is None:
        raise invalid_client()
    if not any(same_address(each, asked["redirect_uri"]) for each in app.redirect_uris):
        words = "The requested redirect uri is malformed or doesn't match client redirect URI."
        raise oauth_error(400, "invalid_request", words)
    return app


def go_back(asked: dict[str, Any], **result: str) -> Answer:
    """Send the browser back to the app, or show the code where it has no address."""
    if asked.get("state"):
        result["state"] = asked["state"]
    address = asked["redirect_uri"]
    if address == OUT_OF_BAND:
        address = "/oauth/authorize/native"
    joint = "&" if urlsplit(address).query else "?"
    return Answer(
        status=302,
        headers={"Location": f"{address}{joint}{urlencode(result)}"},
        raw=b"",
        content_type="text/html; charset=utf-8",
    )


def wanted_scopes(app: App, asked: dict[str, Any]) -> list[str] | None:
    """The scopes asked for, or None when the app was not registered for one of them."""
    scopes = str(asked.get("scope") or "read").split()
    return scopes if all(covers(app.scopes, each) for each in scopes) else None


def page(body: str) -> Answer:
    """A page for the person's browser."""
    document = f"<!doctype html><title>Mastodon</title>{body}"
    return Answer(raw=document.encode(), content_type="text/html; charset=utf-8")


def consent_page(state: State, request: Request) -> Answer:
    """Ask the person; the form stands for their signed-in browser."""
    asked = request.query
    app = asked_app(state, asked)
    if asked["response_type"] != "code":
        return go_back(asked, error="unsupported_response_type")
    scopes = wanted_scopes(app, asked)
    if scopes is None:
        return go_back(asked, error="invalid_scope")
    hidden = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(str(value))}">'
        for name, value in asked.items()
    )
    shown = html.escape(f"{app.name}: {' '.join(scopes)}")
    return page(f'<form method="post">{hidden}<p>{shown}<button>Authorize</button></form>')


def consent(state: State, request: Request) -> Answer:
    """The person said yes (or no): a code that serves once and for ten minutes."""
    asked = request.fields
    app, scopes = asked_app(state, asked), wanted_scopes(asked_app(state, asked), asked)
    if scopes is None:
        return go_back(asked, error="invalid_scope")
    if asked.get("_method") == "delete":
        return go_back(asked, error="access_denied")
    code = secrets.token_urlsafe(32)
    state.grants[code] = Grant(
        app,
        state.account_named(asked["username"]),
        asked["redirect_uri"],
        scopes,
        state.clock.now() + CODE_LIVES,
        asked.get("code_challenge"),
    )
    return go_back(asked, code=code)


def native_code(_state: State, request: Request) -> Answer:
    """Show the code to a person whose app has no address."""
    code = html.escape(str(request.query.get("code", "")))
    return page(f'<input class="oauth-code" readonly value="{code}">')


def sending_app(state: State, request: Request) -> App:
    """The app that sent this, by HTTP Basic or by its parameters.

    Raises:
        RefusedError: there is none, or the secret is wrong.
    """
    client_id, secret = request.fields.get("client_id"), request.fields.get("client_secret")
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        client_id, _, secret = base64.b64decode(encoded).decode().partition(":")
    app = state.apps.get(str(client_id))
    if app is None or not secrets.compare_digest(app.client_secret, str(secret)):
        raise invalid_client()
    return app


def give_token(state: State, request: Request) -> Answer:
    """Exchange a code, or an app's own credentials, for a token."""
    fields = request.fields
    kind = fields.get("grant_type")
    if not kind:
        raise lacking("grant_type")
    app = sending_app(state, request)
    if kind == "client_credentials":
        scopes = wanted_scopes(app, fields)
        if scopes is None:
            words = "The requested scope is invalid, unknown, or malformed."
            raise oauth_error(400, "invalid_scope", words)
        return Answer(token_view(new_token(state, app, None, scopes)))
    if kind != "authorization_code":
        words = "The authorization grant type is not supported by the authorization server."
        raise oauth_error(400, "unsupported_grant_type", words)
    grant = redeemed(state, app, fields)
    return Answer(token_view(new_token(state, app, grant.account, grant.scopes)))


def redeemed(state: State, app: App, fields: dict[str, Any]) -> Grant:
    """Take a code out of circulation."""
    for name in ("code", "redirect_uri"):
        if not fields.get(name):
            raise lacking(name)
    grant = state.grants.get(fields["code"])
    fits = (
        grant is not None
        and grant.app is app
        and grant.redirect_uri == fields["redirect_uri"]
        and state.clock.now() < grant.expires_at
        and challenge_met(grant, fields.get("code_verifier"))
    )
    if grant is None or not fits:
        raise invalid_grant()
    del state.grants[fields["code"]]
    return grant


def challenge_met(grant: Grant, verifier: str | None) -> bool:
    """Whether the verifier is the one whose hash came with the request (PKCE, S256)."""
    if grant.challenge is None:
        return True
    digest = hashlib.sha256((verifier or "").encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == grant.challenge


def new_token(state: State, app: App, account: Account | None, scopes: list[str]) -> Token:
    """Make a token."""
    token = Token(secrets.token_urlsafe(32), app, account, scopes, state.clock.now())
    state.tokens[token.value] = token
    return token


def token_view(token: Token) -> dict[str, Any]:
    """A token as it is told once."""
    return {
        "access_token": token.value,
        "token_type": "Bearer",
        "scope": " ".join(token.scopes),
        "created_at": int(token.created_at.timestamp()),
    }


def revoke(state: State, request: Request) -> Answer:
    """Make a token worthless; one that is unknown is no error (RFC 7009)."""
    try:
        app = sending_app(state, request)
    except RefusedError as exc:
        words = "You are not authorized to revoke this token"
        raise oauth_error(403, "unauthorized_client", words) from exc
    token = state.tokens.get(str(request.fields.get("token")))
    if token is not None and token.app is app:
        token.revoked = True
    return Answer({})
