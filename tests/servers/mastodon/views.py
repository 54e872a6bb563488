"""The JSON of media and statuses, key for key as Mastodon 4.6 was recorded to send it."""

import hashlib

from tests.servers.mastodon.people_views import Json, account_view, moment
from tests.servers.mastodon.state import Account, Edit, Media, Scheduled, State, Status
from tests.servers.mastodon.text import hashtags, link, mentions, to_html

BLURHASH = "UGC~-#M{0JfkNFofR%M{IURj%Mt7E0oM%MR*"  # of some picture; nobody here looks at it


def media_path(media: Media, style: str) -> str:
    """Where one of the two files is served."""
    folders = "/".join(media.id[at : at + 3] for at in range(0, len(media.id), 3))
    return f"/system/media_attachments/files/{folders}/{style}/{media.file_key}"


def file_key(data: bytes, extension: str) -> str:
    """The name of a served file."""
    return f"{hashlib.sha256(data).hexdigest()[:16]}.{extension}"


def media_view(state: State, media: Media) -> Json:
    """An attachment; its address is null until it is ready."""
    meta: Json = {
        style: {
            "width": width,
            "height": height,
            "size": f"{width}x{height}",
            "aspect": width / height,
        }
        for style, (width, height) in media.sizes.items()
    }
    if media.focus is not None:
        meta["focus"] = dict(zip("xy", media.focus, strict=True))
    here = {style: f"{state.base_url}{media_path(media, style)}" for style in media.sizes}
    return {
        "id": media.id,
        "type": "image",
        "url": here["original"] if media.ready else None,
        "preview_url": here["small"] if media.ready else None,
        "remote_url": None,
        "preview_remote_url": None,
        "text_url": None,
        "meta": meta if media.ready and state.flavour.tells_sizes else None,
        "description": media.description,
        "blurhash": BLURHASH if media.ready and state.flavour.tells_sizes else None,
    }


def quote_approval_view(status: Status, viewer: Account | None) -> Json:
    """Who may quote a status, and whether the viewer may."""
    automatic = {"public": ["public"], "followers": ["followers"]}.get(status.quote_policy, [])
    own = viewer is status.account
    follows = viewer is not None and status.account.id in viewer.following
    if own:
        may = status.visibility != "direct"
    else:
        may = automatic == ["public"] or (automatic == ["followers"] and follows)
    return {
        "automatic": automatic,
        "manual": [],
        "current_user": "automatic" if may else "denied",
    }


def content(state: State, status: Status, text: str) -> str:
    """A status's text as HTML, led by the address of what it quotes."""
    quoted = ""
    if status.quoted is not None:
        address = f"{state.base_url}/@{status.quoted.account.username}/{status.quoted.id}"
        quoted = f'<p class="quote-inline">RE: {link(address)}</p>'
    names = {who.username for who in state.accounts.values()}
    return quoted + to_html(text, state.base_url, names)


def status_view(
    state: State, status: Status, viewer: Account | None, *, as_source: bool = False
) -> Json:
    """A status as the viewer sees it; `as_source` is the plain text that DELETE gives back."""
    view = _status_head(state, status)
    if viewer is status.account and status.visibility != "direct":
        view["pinned"] = False
    if as_source:
        view["text"] = status.text
    else:
        view["content"] = content(state, status, status.text)
    if state.flavour.tells_plain_text:
        view["pleroma"] = {"content": {"text/plain": status.text}}
    view |= _status_rest(state, status)
    view["quote"] = None
    if status.quoted is not None:
        quoted = status_view(state, status.quoted, viewer, as_source=as_source)
        view["quote"] = {"state": "accepted", "quoted_status": quoted}
    if state.limits.quotes:
        view["quote_approval"] = quote_approval_view(status, viewer)
    return view


def _status_head(state: State, status: Status) -> Json:
    """What a status is."""
    base, who, parent = state.base_url, status.account, status.in_reply_to
    return {
        "id": status.id,
        "created_at": moment(status.created_at),
        "in_reply_to_id": parent and parent.id,
        "in_reply_to_account_id": parent and parent.account.id,
        "sensitive": status.sensitive,
        "spoiler_text": status.spoiler_text,
        "visibility": status.visibility,
        "language": status.language,
        "uri": f"{base}/ap/users/{who.id}/statuses/{status.id}",
        "url": f"{base}/@{who.username}/{status.id}",
        "replies_count": sum(each.in_reply_to is status for each in state.statuses.values()),
        "reblogs_count": 0,
        "favourites_count": 0,
        "quotes_count": status.quotes_count,
        "edited_at": status.edited_at and moment(status.edited_at),
        **dict.fromkeys(("favourited", "reblogged", "muted", "bookmarked"), False),
    }


def _status_rest(state: State, status: Status) -> Json:
    """What hangs on a status."""
    base = state.base_url
    return {
        "filtered": [],
        "reblog": None,
        "application": {"name": status.app.name, "website": status.app.website},
        "account": account_view(state, status.account),
        "media_attachments": [media_view(state, each) for each in status.media],
        "mentions": _mentions_view(state, status),
        "tags": [{"name": name, "url": f"{base}/tags/{name}"} for name in hashtags(status.text)],
        "emojis": [],
        "tagged_collections": [],
        "card": None,
        "poll": None,
    }


def _mentions_view(state: State, status: Status) -> list[Json]:
    """The people of this server that a status names."""
    people = {who.username: who for who in state.accounts.values()}
    return [
        {
            "id": people[name].id,
            "username": name,
            "url": f"{state.base_url}/@{name}",
            "acct": name,
        }
        for name in mentions(status.text)
        if name in people
    ]


def edit_view(state: State, status: Status, edit: Edit) -> Json:
    """One version in a status's history."""
    return {
        "content": content(state, status, edit.text),
        "spoiler_text": edit.spoiler_text,
        "sensitive": edit.sensitive,
        "created_at": moment(edit.created_at),
        "account": account_view(state, status.account),
        "media_attachments": [media_view(state, each) for each in edit.media],
        "emojis": [],
    }


def scheduled_view(state: State, scheduled: Scheduled) -> Json:
    """A status that waits for its time; what was not asked for is null in its params."""
    given = scheduled.params
    kept = ("media_ids", "sensitive", "spoiler_text", "visibility", "language", "quoted_status_id")
    unused = ("scheduled_at", "poll", "allowed_mentions", "idempotency", "in_reply_to_id")
    params = {
        "text": given.get("status", ""),
        **{name: given.get(name) for name in kept},
        **dict.fromkeys(unused),
        "with_rate_limit": False,
        "application_id": scheduled.app.id,
        "quote_approval_policy": given["quote_approval_policy"],
    }
    return {
        "id": scheduled.id,
        "scheduled_at": moment(scheduled.scheduled_at),
        "params": params,
        "media_attachments": [media_view(state, each) for each in scheduled.media],
    }
