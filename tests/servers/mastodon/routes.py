"""Which handler answers which address, and who may call it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.servers.mastodon import (
    accounts,
    instance,
    media,
    oauth,
    scheduled,
    search,
    statuses,
)
from tests.servers.mastodon.state import State
from tests.servers.mastodon.wire import Answer, RefusedError, Request

Handler = Callable[[State, Request], Answer]


@dataclass(frozen=True)
class Route:
    """One operation: `visitors` may call it without a token, `own_lock` means it locks itself."""

    method: str
    template: str
    handler: Handler
    visitors: bool = False
    own_lock: bool = False
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        places = re.sub(r"\{[^}]+\}", "([^/]+)", self.template)
        object.__setattr__(self, "pattern", re.compile(places + r"\Z"))


ROUTES = (
    Route("POST", "/api/v1/apps", oauth.register),
    Route("GET", "/oauth/authorize", oauth.consent_page),
    Route("POST", "/oauth/authorize", oauth.consent),
    Route("GET", "/oauth/authorize/native", oauth.native_code),
    Route("POST", "/oauth/token", oauth.give_token),
    Route("POST", "/oauth/revoke", oauth.revoke),
    Route("GET", "/.well-known/oauth-authorization-server", instance.oauth_metadata),
    Route("GET", "/robots.txt", instance.robots),
    Route("GET", "/@{username}", instance.page_for_people),
    Route("GET", "/@{username}/{id}", instance.page_for_people),
    Route("GET", "/api/v1/instance", instance.show_v1, visitors=True),
    Route("GET", "/api/v2/instance", instance.show, visitors=True),
    Route("GET", "/api/v1/instance/terms_of_service", instance.terms_of_service),
    Route("GET", "/api/v1/apps/verify_credentials", accounts.verify_app),
    Route("GET", "/api/v1/profile", accounts.profile),
    Route("PATCH", "/api/v1/profile", accounts.update_profile),
    Route("GET", "/api/v1/accounts/verify_credentials", accounts.verify_credentials),
    Route("PATCH", "/api/v1/accounts/update_credentials", accounts.update_credentials),
    Route("GET", "/api/v1/accounts/{id}", accounts.show, visitors=True),
    Route("GET", "/api/v1/accounts/{id}/statuses", accounts.statuses, visitors=True),
    Route("POST", "/api/v1/accounts/{id}/follow", accounts.follow),
    Route("POST", "/api/v1/accounts/{id}/unfollow", accounts.unfollow),
    Route("POST", "/api/v2/media", media.upload),
    Route("GET", "/api/v1/media/{id}", media.show),
    Route("PUT", "/api/v1/media/{id}", media.update),
    Route("DELETE", "/api/v1/media/{id}", media.delete),
    Route("POST", "/api/v1/statuses", scheduled.create, own_lock=True),
    Route("GET", "/api/v1/statuses/{id}", statuses.show, visitors=True),
    Route("PUT", "/api/v1/statuses/{id}", statuses.edit),
    Route("DELETE", "/api/v1/statuses/{id}", statuses.delete),
    Route("GET", "/api/v1/statuses/{id}/history", statuses.history, visitors=True),
    Route("GET", "/api/v1/statuses/{id}/source", statuses.source),
    Route("PUT", "/api/v1/statuses/{id}/interaction_policy", statuses.set_interaction_policy),
    Route("GET", "/api/v2/search", search.search),
    Route("GET", "/api/v1/scheduled_statuses", scheduled.listing),
    Route("GET", "/api/v1/scheduled_statuses/{id}", scheduled.show),
    Route("PUT", "/api/v1/scheduled_statuses/{id}", scheduled.move),
    Route("DELETE", "/api/v1/scheduled_statuses/{id}", scheduled.cancel),
)
FILES = Route("GET", "/system/{path}", media.serve)


def find(method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
    """The route of an address and what stands at its places."""
    for route in ROUTES:
        found = route.pattern.match(path)
        if found is not None and route.method == method:
            return route, found.groups()
    if method == "GET" and path.startswith("/system/"):
        return FILES, ()
    return None


def sign_in(state: State, route: Route, scopes: list[str] | None, request: Request) -> None:
    """Find out who asks, and whether their token's scopes are enough for this route.

    Raises:
        RefusedError: 401 for a bad token, 403 for one without the scope.
    """
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if scopes is None:
        return
    if not value or kind.lower() != "bearer":
        if route.visitors:
            return
        raise RefusedError(401, "The access token is invalid")
    token = state.tokens.get(value)
    if token is None:
        raise RefusedError(401, "The access token is invalid")
    if token.revoked:
        raise RefusedError(401, "The access token was revoked")
    if scopes and not any(oauth.covers(token.scopes, each) for each in scopes):
        raise RefusedError(403, "This action is outside the authorized scopes")
    request.token, request.account = token, token.account
