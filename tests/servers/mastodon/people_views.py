"""The JSON of people and their apps, key for key as Mastodon 4.6 was recorded to send it."""

from datetime import datetime
from typing import Any

from tests.servers.mastodon.state import Account, App, State
from tests.servers.mastodon.text import to_html

Json = dict[str, Any]
VAPID_KEY = (
    "BAhxXyHfAoMqrZECjRI56F5QrE4ynVlkZFMdKSpTIsWRNoWUVgut-Bnz2xsMSwiN4AF0b4I7ixF24OwiicOJivw="
)
ROLE = {
    "id": "-99",
    "name": "",
    "permissions": "65536",
    "color": "",
    "highlighted": False,
    "collection_limit": 10,
}


def moment(when: datetime) -> str:
    """A time with milliseconds."""
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


def fields_view(who: Account) -> list[Json]:
    """The profile's table."""
    return [{**each, "verified_at": None} for each in who.fields]


def account_view(state: State, who: Account) -> Json:
    """A person as anybody may see them."""
    base = state.base_url
    return {
        "id": who.id,
        "username": who.username,
        "acct": who.username,
        "display_name": who.display_name,
        "locked": who.locked,
        "bot": who.bot,
        "discoverable": who.discoverable,
        "indexable": who.indexable,
        "group": False,
        "created_at": moment(who.created_at.replace(hour=0, minute=0, second=0, microsecond=0)),
        "note": to_html(who.note, base, set()),
        "url": f"{base}/@{who.username}",
        "uri": f"{base}/ap/users/{who.id}",
        **_pictures(base),
        **_counts(state, who),
        "hide_collections": who.hide_collections,
        "show_media": who.show_media,
        **dict.fromkeys(("show_media_replies", "show_featured"), True),
        "noindex": who.noindex,
        **({"limited": True} if who.limited else {}),
        "feature_approval": _feature_approval(bool(who.discoverable)),
        "emojis": [],
        "roles": [],
        "fields": fields_view(who),
    }


def _pictures(base: str) -> Json:
    """Nobody here has a picture of their own."""
    view: Json = {}
    for picture in ("avatar", "header"):
        missing = f"{base}/{picture}s/original/missing.png"
        view |= {picture: missing, f"{picture}_static": missing, f"{picture}_description": ""}
    return view


def _counts(state: State, who: Account) -> Json:
    """The numbers of a profile; what only its addressees see does not count."""
    own = [each for each in state.statuses.values() if each.account is who]
    counted = [each for each in own if each.visibility != "direct"]
    return {
        "followers_count": sum(who.id in each.following for each in state.accounts.values()),
        "following_count": len(who.following),
        "statuses_count": len(counted),
        "last_status_at": max((f"{each.created_at:%Y-%m-%d}" for each in counted), default=None),
    }


def _feature_approval(featured: bool) -> Json:
    """Whether others may feature this account."""
    automatic = ["public"] if featured else []
    may = "automatic" if featured else "denied"
    return {"automatic": automatic, "manual": [], "current_user": may}


def credential_account_view(state: State, who: Account) -> Json:
    """A person as they see themselves, with their preferences."""
    source: Json = {
        "privacy": who.default_privacy,
        "sensitive": who.default_sensitive,
        "language": who.default_language,
        "note": who.note,
        "fields": fields_view(who),
        "follow_requests_count": 0,
        "hide_collections": who.hide_collections,
        "discoverable": who.discoverable,
        "indexable": who.indexable,
        "attribution_domains": who.attribution_domains,
    }
    if state.limits.quotes:
        source["quote_policy"] = who.default_quote_policy
    return account_view(state, who) | {"source": source, "role": ROLE}


def profile_view(who: Account) -> Json:
    """The settings of a profile, with those that only Mastodon 4.6 has."""
    pictures = ("avatar", "avatar_static", "header", "header_static")
    return {
        "id": who.id,
        "display_name": who.display_name,
        "note": who.note,
        "fields": fields_view(who),
        **dict.fromkeys(pictures, None),
        **dict.fromkeys(("avatar_description", "header_description"), ""),
        "locked": who.locked,
        "bot": who.bot,
        "hide_collections": who.hide_collections,
        "discoverable": who.discoverable,
        "indexable": who.indexable,
        "show_media": who.show_media,
        **dict.fromkeys(("show_media_replies", "show_featured"), True),
        "attribution_domains": who.attribution_domains,
    }


def relationship_view(me: Account, other: Account) -> Json:
    """How one account stands to another."""
    following = other.id in me.following
    no = dict.fromkeys(
        ("blocking", "blocked_by", "muting", "muting_notifications", "requested", "requested_by"),
        False,
    )
    return {
        "id": other.id,
        "following": following,
        "showing_reblogs": following,
        "notifying": False,
        "languages": None,
        "followed_by": me.id in other.following,
        **no,
        "muting_expires_at": None,
        "domain_blocking": False,
        "endorsed": False,
        "note": "",
    }


def app_view(app: App) -> Json:
    """A client application without its secret."""
    return {
        "id": str(app.id),
        "name": app.name,
        "website": app.website,
        "scopes": app.scopes,
        "redirect_uris": app.redirect_uris,
        "vapid_key": VAPID_KEY,
        "redirect_uri": "\n".join(app.redirect_uris),
    }


def credential_app_view(app: App) -> Json:
    """A client application as it is told once, when it is registered."""
    secret = {"client_id": app.client_id, "client_secret": app.client_secret}
    return app_view(app) | secret | {"client_secret_expires_at": 0}
