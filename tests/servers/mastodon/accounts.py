"""People: who the token belongs to, their preferences, their statuses, who follows whom."""

from typing import Any

from tests.servers.mastodon.people_views import (
    account_view,
    app_view,
    credential_account_view,
    profile_view,
    relationship_view,
)
from tests.servers.mastodon.state import Account, State
from tests.servers.mastodon.statuses import visible_to
from tests.servers.mastodon.views import status_view
from tests.servers.mastodon.wire import Answer, RefusedError, Request, not_found

MAX_FIELDS = 4
MOST_AT_ONCE = 40
PREFERENCES = {
    "privacy": ("default_privacy", ("public", "unlisted", "private", "direct")),
    "quote_policy": ("default_quote_policy", ("public", "followers", "nobody")),
    "sensitive": ("default_sensitive", None),
    "language": ("default_language", None),
}
PROFILE = (
    "display_name",
    "note",
    "locked",
    "bot",
    "discoverable",
    "indexable",
    "hide_collections",
    "attribution_domains",
)


def verify_credentials(state: State, request: Request) -> Answer:
    """Whose token this is."""
    return Answer(credential_account_view(state, request.user))


def verify_app(_state: State, request: Request) -> Answer:
    """Which app the token was given to."""
    assert request.token is not None
    return Answer(app_view(request.token.app))


def update_credentials(state: State, request: Request) -> Answer:
    """Change the profile and the preferences that were named, and nothing else."""
    who, fields = request.user, request.fields
    given = fields.get("fields_attributes")
    rows = list(given.values()) if isinstance(given, dict) else given or []
    if len(rows) > MAX_FIELDS:
        words = f"is too long (maximum is {MAX_FIELDS} characters)"
        details = {"fields": [{"error": "ERR_TOO_LONG", "description": words}]}
        raise RefusedError(422, f"Validation failed: Fields {words}", details=details)
    set_preferences(who, fields.get("source") or {})
    for name in PROFILE:
        if name in fields:
            setattr(who, name, fields[name])
    who.attribution_domains = [each for each in who.attribution_domains if each.strip()]
    if given is not None:
        kept = [(row.get("name", ""), row.get("value", "")) for row in rows]
        who.fields = [{"name": name, "value": value} for name, value in kept if name]
    return Answer(credential_account_view(state, who))


def profile(state: State, request: Request) -> Answer:
    """GET /api/v1/profile, since Mastodon 4.6."""
    if not state.limits.profiles:
        raise not_found()
    return Answer(profile_view(request.user))


def update_profile(state: State, request: Request) -> Answer:
    """PATCH /api/v1/profile: of what it takes, the settings that are nowhere else."""
    if not state.limits.profiles:
        raise not_found()
    if "show_media" in request.fields:
        request.user.show_media = request.fields["show_media"]
    return Answer(profile_view(request.user))


def set_preferences(who: Account, source: dict[str, Any]) -> None:
    """Set the defaults for new statuses.

    Raises:
        RefusedError: a value that is none of those allowed.
    """
    for name, (attribute, allowed) in PREFERENCES.items():
        if name not in source:
            continue
        if allowed is not None and source[name] not in allowed:
            raise RefusedError(422, f"'{source[name]}' is not a valid {name}")
        setattr(who, attribute, source[name])


def find(state: State, request: Request) -> Account:
    """The account in the path."""
    who = state.accounts.get(request.variables[0])
    if who is None:
        raise not_found()
    return who


def show(state: State, request: Request) -> Answer:
    """A person as anybody may see them."""
    return Answer(account_view(state, find(state, request)))


def follow(state: State, request: Request) -> Answer:
    """Follow someone; nobody here has to approve it."""
    other = find(state, request)
    request.user.following.add(other.id)
    return Answer(relationship_view(request.user, other))


def unfollow(state: State, request: Request) -> Answer:
    """Follow someone no longer."""
    other = find(state, request)
    request.user.following.discard(other.id)
    return Answer(relationship_view(request.user, other))


def statuses(state: State, request: Request) -> Answer:
    """A page of what someone posted and the asker may see, newest first."""
    who, query = find(state, request), request.query
    chosen = [
        each
        for each in state.statuses.values()
        if each.account is who
        and visible_to(each, request.account, listed=True)
        and not (query.get("only_media") and not each.media)
        and not (query.get("exclude_replies") and each.in_reply_to is not None)
        and not query.get("pinned")
    ]
    ids = page([each.id for each in chosen], query)
    views = [status_view(state, state.statuses[each], request.account) for each in ids]
    address = f"{state.base_url}{request.path}"
    return Answer(views, headers=page_links(address, ids))


def page(ids: list[str], query: dict[str, Any]) -> list[str]:
    """Newest first: `since_id` takes the newest of what follows it, `min_id` the nearest."""
    limit = max(1, min(int(query.get("limit", 20)), MOST_AT_ONCE))
    numbers = sorted((int(each) for each in ids), reverse=True)
    if query.get("max_id"):
        numbers = [each for each in numbers if each < int(query["max_id"])]
    after = query.get("min_id") or query.get("since_id")
    if after:
        numbers = [each for each in numbers if each > int(after)]
    chosen = numbers[-limit:] if query.get("min_id") else numbers[:limit]
    return [str(each) for each in chosen]


def page_links(address: str, ids: list[str]) -> dict[str, str]:
    """The addresses of the pages before and after this one."""
    if not ids:
        return {}
    older, newer = f"<{address}?max_id={ids[-1]}>", f"<{address}?min_id={ids[0]}>"
    return {"Link": f'{older}; rel="next", {newer}; rel="prev"'}
