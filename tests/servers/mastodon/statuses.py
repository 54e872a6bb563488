"""Statuses: posted once for an idempotency key, read, edited and deleted."""

import re
from datetime import timedelta
from typing import Any

from tests.servers.mastodon import media as uploads
from tests.servers.mastodon.state import Account, App, Edit, State, Status
from tests.servers.mastodon.text import countable_length
from tests.servers.mastodon.views import edit_view, status_view
from tests.servers.mastodon.wire import Answer, RefusedError, Request, invalid, not_found

KEY_LIVES = timedelta(hours=1)
VISIBILITIES = ("public", "unlisted", "private", "direct")
QUOTE_POLICIES = ("public", "followers", "nobody")
REGIONAL_LANGUAGES = ("zh-CN", "zh-HK", "zh-TW", "pt-BR", "pt-PT", "es-AR", "es-MX")


def visible_to(status: Status, viewer: Account | None, *, listed: bool = False) -> bool:
    """Whether somebody may read a status; `listed` asks for it in its author's list."""
    if viewer is status.account:
        return True
    if status.visibility in ("public", "unlisted"):
        return True
    follows = viewer is not None and status.account.id in viewer.following
    if status.visibility == "private":
        return follows
    return not listed and viewer is not None and f"@{viewer.username}" in status.text


def find(state: State, request: Request) -> Status:
    """The status in the path, if the asker may see it."""
    status = state.statuses.get(request.variables[0])
    if status is None or not visible_to(status, request.account):
        raise not_found()
    return status


def find_own(state: State, request: Request) -> Status:
    """The status in the path, if it is the asker's."""
    status = find(state, request)
    if status.account is not request.user:
        raise not_found()
    return status


def earlier(state: State, request: Request) -> Status | None:
    """What this idempotency key made within the hour; the body is not compared.

    Raises:
        RefusedError: it was deleted since.
    """
    key = request.headers.get("idempotency-key")
    made = state.idempotency.get((request.user.id, key or ""))
    if not state.flavour.idempotency or not key or made is None:
        return None
    status_id, stored_at = made
    if state.clock.now() >= stored_at + KEY_LIVES:
        return None
    if status_id not in state.statuses:
        raise not_found()
    return state.statuses[status_id]


def post(state: State, request: Request) -> Status:
    """Write a status and then, as Mastodon does, store its idempotency key."""
    assert request.token is not None
    status = write(state, request.user, request.token.app, request.fields)
    key = request.headers.get("idempotency-key")
    if key and state.flavour.idempotency and not request.fields.get("scheduled_at"):
        state.idempotency[request.user.id, key] = (status.id, state.clock.now())
    return status


def write(state: State, who: Account, app: App, fields: dict[str, Any]) -> Status:
    """Make a status of checked parameters, with the account's preferences for the rest."""
    ids = media_ids(fields) or []
    media = uploads.take(state, who.id, ids)
    spoiler, visibility = fields.get("spoiler_text") or "", chosen_visibility(state, who, fields)
    status = Status(
        id=state.new_id(),
        account=who,
        app=app,
        created_at=state.clock.now(),
        text=checked_text(state, fields.get("status") or "", spoiler, has_media=bool(ids)),
        spoiler_text=spoiler,
        sensitive=bool(fields.get("sensitive", who.default_sensitive) or spoiler),
        visibility=visibility,
        language=chosen_language(state, who, fields.get("language")),
        quote_policy=chosen_quote_policy(who, fields, visibility),
        media=media,
        in_reply_to=other_status(state, who, fields.get("in_reply_to_id"), "reply to"),
        quoted=other_status(state, who, fields.get("quoted_status_id"), "quote"),
    )
    lose(state, status)
    for each in status.media:
        each.status_id = status.id
    if status.quoted is not None:
        status.quoted.quotes_count += 1
    state.statuses[status.id] = status
    status.edits.append(version(status))
    return status


def lose(state: State, status: Status) -> None:
    """Leave out of a new status what a test wants lost (servers do: ihabunek/toot#286)."""
    kept = {"media": [], "spoiler_text": "", "sensitive": False, "language": None}
    names = {"cw": "spoiler_text"}
    for what in state.losses & {"media", "cw", "sensitive", "language"}:
        name = names.get(what, what)
        setattr(status, name, kept[name])
    if "quotes" in state.losses:
        status.quote_policy = "public"
    if "alts" in state.losses:
        for each in status.media:
            each.description = None


def media_ids(fields: dict[str, Any]) -> list[str] | None:
    """The list of uploads; Rails drops what is no list."""
    ids = fields.get("media_ids")
    return [str(each) for each in ids if each] if isinstance(ids, list) else None


def checked_text(state: State, text: str, spoiler: str, *, has_media: bool) -> str:
    """The text, filled where only a spoiler was given.

    Raises:
        RefusedError: there is nothing to post, or too much.
    """
    if not text.strip() and spoiler:
        text = "🖼" if has_media else "."
    if not text.strip() and not has_media:
        raise invalid("Text can't be blank")
    limit = state.limits.max_characters
    if countable_length(text, spoiler, state.limits.characters_reserved_per_url) > limit:
        raise invalid(f"Text character limit of {limit} exceeded")
    return text


def chosen_visibility(state: State, who: Account, fields: dict[str, Any]) -> str:
    """The audience asked for, as this kind of server gives it."""
    asked: str = fields.get("visibility") or who.default_privacy
    if asked not in VISIBILITIES:
        raise RefusedError(422, f"'{asked}' is not a valid visibility")
    return state.flavour.visibilities.get(asked, asked)


def chosen_language(state: State, who: Account, asked: str | None) -> str | None:
    """The language asked for, without its region, else the account's."""
    if not state.flavour.keeps_language:
        return None
    if asked in REGIONAL_LANGUAGES:
        return asked
    code = re.match(r"[a-z]{2,3}(?=[-_]|\Z)", asked or "")
    return code[0] if code else who.default_language or who.fallback_language


def chosen_quote_policy(who: Account, fields: dict[str, Any], visibility: str) -> str:
    """Who may quote: nobody where the status is not for everybody."""
    asked: str = fields.get("quote_approval_policy") or who.default_quote_policy
    if asked not in QUOTE_POLICIES:
        raise RefusedError(422, f"'{asked}' is not a valid quote_approval_policy")
    return "nobody" if visibility in ("private", "direct") else asked


def other_status(state: State, who: Account, status_id: str | None, to_do: str) -> Status | None:
    """The status that is replied to or quoted."""
    if not status_id:
        return None
    status = state.statuses.get(status_id)
    if status is None or not visible_to(status, who):
        words = f"The post you are trying to {to_do} does not appear to exist."
        raise RefusedError(404, words)
    return status


def version(status: Status) -> Edit:
    """The status as it is now, for its history."""
    when = status.edited_at or status.created_at
    return Edit(status.text, status.spoiler_text, status.sensitive, when, list(status.media))


def show(state: State, request: Request) -> Answer:
    """One status."""
    return Answer(status_view(state, find(state, request), request.account))


def edit(state: State, request: Request) -> Answer:
    """Change what was named; the former version stays in the history."""
    if state.flavour.edits == "none":
        raise not_found()
    status, fields = find_own(state, request), request.fields
    ids = media_ids(fields)
    taken = status.media if ids is None else uploads.take(state, status.account.id, ids, status.id)
    spoiler = fields.get("spoiler_text", status.spoiler_text)
    text = fields.get("status", status.text)
    status.text = checked_text(state, text, spoiler, has_media=bool(taken))
    status.spoiler_text = spoiler
    status.sensitive = bool(fields.get("sensitive", status.sensitive) or spoiler)
    if fields.get("language"):
        status.language = chosen_language(state, status.account, fields["language"])
    for each in status.media:
        each.status_id = None
    for each in taken:
        each.status_id = status.id
    status.media = taken
    whole = state.flavour.edits == "whole"
    for change in (fields.get("media_attributes") or []) if whole else []:
        for each in taken:
            if each.id == str(change.get("id")):
                uploads.describe(state, each, change)
    status.edited_at = state.clock.now()
    status.edits.append(version(status))
    return Answer(status_view(state, status, request.account))


def set_interaction_policy(state: State, request: Request) -> Answer:
    """Change who may quote a status that is there already."""
    status = find_own(state, request)
    status.quote_policy = chosen_quote_policy(status.account, request.fields, status.visibility)
    return Answer(status_view(state, status, request.account))


def delete(state: State, request: Request) -> Answer:
    """Delete a status and give its source back; its media may be used again unless deleted."""
    status = find_own(state, request)
    view = status_view(state, status, request.account, as_source=True)
    del state.statuses[status.id]
    for each in status.media:
        each.status_id = None
        if request.query.get("delete_media") or request.fields.get("delete_media") == "1":
            del state.media[each.id]
    return Answer(view)


def history(state: State, request: Request) -> Answer:
    """Every version, the first one first."""
    status = find(state, request)
    return Answer([edit_view(state, status, each) for each in status.edits])


def source(state: State, request: Request) -> Answer:
    """The plain text, for editing; recorded to be given to anybody who sees the status."""
    status = find(state, request)
    return Answer({"id": status.id, "text": status.text, "spoiler_text": status.spoiler_text})
