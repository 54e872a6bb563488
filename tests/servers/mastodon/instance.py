"""What the server says of itself: limits, rules for crawlers, where OAuth is."""

from typing import Any
from urllib.parse import urlsplit

from tests.servers.mastodon.oauth import SCOPES
from tests.servers.mastodon.people_views import VAPID_KEY
from tests.servers.mastodon.state import State
from tests.servers.mastodon.wire import Answer, Request, not_found

ICON_SIZES = [f"{each}x{each}" for each in (36, 48, 72, 96, 144, 192, 256, 384, 512)]
REGISTRATIONS = {
    "enabled": True,
    "approval_required": False,
    "reason_required": False,
    "message": None,
    "min_age": None,
    "url": None,
}
POLLS = {
    "max_options": 4,
    "max_characters_per_option": 50,
    "min_expiration": 300,
    "max_expiration": 2629746,
}
ACCOUNT_LIMITS = {
    "max_display_name_length": 40,
    "max_note_length": 500,
    "max_avatar_description_length": 150,
    "max_header_description_length": 150,
    "max_featured_tags": 10,
    "max_pinned_statuses": 5,
    "max_profile_fields": 4,
    "profile_field_name_limit": 255,
    "profile_field_value_limit": 255,
}
BOTH_PUBLIC = {"local": "public", "remote": "public"}
ALT_OF_THUMBNAIL = (
    "Two smiling cartoon mastodons (who look like elephants) toss a paper plane between them. "
    "They're surrounded by a bright blue sky and floating planets with trees and more mastodons "
    "on them."
)


def version(state: State) -> str:
    """Relatives say which Mastodon they are compatible with and what they really are."""
    flavour = state.flavour
    if flavour.name == "Mastodon" or flavour.own_version:
        return flavour.version
    return f"4.0.0 (compatible; {flavour.name} {flavour.version})"


def status_limits(state: State) -> dict[str, int]:
    """How long and how full a status may be."""
    limits = state.limits
    return {
        "max_characters": limits.max_characters,
        "max_media_attachments": limits.max_media_attachments,
        "characters_reserved_per_url": limits.characters_reserved_per_url,
    }


def media_limits(state: State) -> dict[str, Any]:
    """How large an upload may be; the length of a description is newer than the rest."""
    limits = state.limits
    described = {"description_limit": limits.description_limit} if limits.description_limit else {}
    return described | {
        "image_matrix_limit": limits.image_matrix_limit,
        "image_size_limit": limits.image_size_limit,
        "supported_mime_types": limits.supported_mime_types,
        "video_frame_rate_limit": 120,
        "video_matrix_limit": 8294400,
        "video_size_limit": 103809024,
    }


def configuration(state: State) -> dict[str, Any]:
    """The limits as version 2 publishes them."""
    base, host = state.base_url, urlsplit(state.base_url).hostname
    return {
        "urls": {
            "streaming": f"ws://{host}:4000",
            "status": None,
            "about": f"{base}/about",
            "privacy_policy": f"{base}/privacy-policy",
            "terms_of_service": f"{base}/terms-of-service" if state.terms else None,
        },
        "vapid": {"public_key": VAPID_KEY},
        "accounts": ACCOUNT_LIMITS,
        "statuses": status_limits(state),
        "media_attachments": media_limits(state),
        "polls": POLLS,
        "translation": {"enabled": False},
        "timelines_access": {
            "live_feeds": BOTH_PUBLIC,
            "hashtag_feeds": BOTH_PUBLIC,
            "trending_link_feeds": BOTH_PUBLIC,
        },
        "limited_federation": False,
    }


def show(state: State, _request: Request) -> Answer:
    """GET /api/v2/instance."""
    if state.flavour.first_level_limits:
        raise not_found()
    base = state.base_url
    icon = f"{base}/packs-dev/icons/android-chrome"
    return Answer(
        {
            "domain": urlsplit(base).netloc,
            "title": state.flavour.name,
            "version": version(state),
            "source_url": "https://github.com/mastodon/mastodon",
            "description": "",
            "usage": {"users": {"active_month": 0}},
            "thumbnail": {
                "url": f"{base}/packs-dev/images/preview.png",
                "description": ALT_OF_THUMBNAIL,
            },
            "icon": [{"src": f"{icon}-{each}.png", "size": each} for each in ICON_SIZES],
            "languages": ["en"],
            "configuration": configuration(state),
            "registrations": REGISTRATIONS,
            "api_versions": state.limits.api_versions,
            "wrapstodon": None,
            "contact": {"email": "", "account": None},
            "rules": [
                {"id": str(number), "text": text, "hint": "", "translations": {}}
                for number, text in enumerate(state.rules, start=1)
            ],
        }
    )


def show_v1(state: State, _request: Request) -> Answer:
    """GET /api/v1/instance, which old clients and libraries ask first."""
    base = urlsplit(state.base_url)
    return Answer(
        {
            "uri": base.netloc,
            "title": state.flavour.name,
            **dict.fromkeys(("short_description", "description", "email"), ""),
            "version": version(state),
            "urls": {"streaming_api": f"ws://{base.hostname}:4000"},
            "stats": {
                "user_count": len(state.accounts),
                "status_count": len(state.statuses),
                "domain_count": 0,
            },
            "thumbnail": f"{state.base_url}/packs-dev/images/preview.png",
            "languages": ["en"],
            "registrations": True,
            "approval_required": False,
            "invites_enabled": True,
            **limits_v1(state),
            "contact_account": None,
            "rules": [],
        }
    )


def limits_v1(state: State) -> dict[str, Any]:
    """The limits where version 1 has them, or where Pleroma had them before there was a place."""
    limits = state.limits
    if not state.flavour.first_level_limits:
        return {"configuration": configuration_v1(state)}
    return {
        "max_toot_chars": limits.max_characters,
        "description_limit": limits.description_limit,
        "upload_limit": limits.image_size_limit,
    }


def configuration_v1(state: State) -> dict[str, Any]:
    """The limits as version 1 publishes them."""
    return {
        "accounts": {"max_featured_tags": ACCOUNT_LIMITS["max_featured_tags"]},
        "statuses": status_limits(state),
        "media_attachments": media_limits(state),
        "polls": POLLS,
    }


def robots(state: State, _request: Request) -> Answer:
    """What crawlers are told."""
    return Answer(raw=state.robots_txt.encode(), content_type="text/plain; charset=utf-8")


def terms_of_service(state: State, _request: Request) -> Answer:
    """GET /api/v1/instance/terms_of_service.

    Raises:
        RefusedError: this server has none.
    """
    if not state.terms:
        raise not_found()
    return Answer(
        {
            "content": state.terms,
            "effective": True,
            "effective_date": "2026-01-01",
            "succeeded_by": None,
        }
    )


def page_for_people(state: State, request: Request) -> Answer:
    """A profile or a post as a browser gets it: noindex is said where its owner wishes so."""
    who = next((a for a in state.accounts.values() if a.username == request.variables[0]), None)
    if who is None:
        raise not_found()
    robots = '<meta content="noindex, noarchive" name="robots">' if who.noindex else ""
    document = f"<!doctype html><html><head>{robots}</head><body></body></html>"
    kind = "text/html; charset=utf-8"
    return Answer(raw=document.encode(), content_type=kind, headers=dict(state.page_headers))


def oauth_metadata(state: State, _request: Request) -> Answer:
    """Where OAuth is and what it can do (since Mastodon 4.3)."""
    if not state.flavour.discovery:
        raise not_found()
    base = state.base_url
    return Answer(
        {
            "issuer": f"{base}/",
            "authorization_endpoint": f"{base}/oauth/authorize",
            "token_endpoint": f"{base}/oauth/token",
            "revocation_endpoint": f"{base}/oauth/revoke",
            "userinfo_endpoint": f"{base}/oauth/userinfo",
            "scopes_supported": SCOPES,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "grant_types_supported": ["authorization_code", "client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "service_documentation": "https://docs.joinmastodon.org/",
            "app_registration_endpoint": f"{base}/api/v1/apps",
        }
    )
