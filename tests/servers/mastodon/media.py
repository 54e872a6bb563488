"""Uploads: at once or later, ready or failed, until a status takes them."""

from typing import Any

from tests.servers.mastodon import pictures
from tests.servers.mastodon.state import Media, State
from tests.servers.mastodon.views import file_key, media_path, media_view
from tests.servers.mastodon.wire import Answer, RefusedError, Request, Upload, invalid, not_found

PROCESSING_FAILED = "Error processing thumbnail for uploaded media"
ENDLESSLY_CACHED = {"Cache-Control": "public, max-age=31536000, immutable"}


def upload(state: State, request: Request) -> Answer:
    """Take a picture: 200 with its address, or 202 without one when it is worked on later."""
    file = request.fields.get("file")
    if not isinstance(file, Upload) or not file.data:
        raise invalid("File can't be blank")
    served = pictures.work_on(file.data, state.limits)
    processing = state.processing
    media = Media(
        id=state.new_id(),
        account=request.user,
        uploaded=file.data,
        data=served.data,
        small=served.small,
        mime_type=served.mime_type,
        sizes=served.sizes,
        file_key=file_key(served.data, served.extension),
        polls_left=processing.polls if processing.later else 0,
        failed=processing.fails,
    )
    describe(state, media, request.fields)
    if media.failed and not processing.later:
        raise RefusedError(422, PROCESSING_FAILED)
    state.media[media.id] = media
    if processing.later:
        return Answer(unfinished(state, media), 202)
    return Answer(media_view(state, media))


def unfinished(state: State, media: Media) -> dict[str, Any]:
    """An upload that is still worked on has no address."""
    return media_view(state, media) | {"url": None, "preview_url": None}


def describe(state: State, media: Media, fields: dict[str, Any]) -> None:
    """Set the words and the focal point that were given.

    Raises:
        RefusedError: the description is too long.
    """
    description = fields.get("description")
    limit = state.limits.description_limit or 1500
    if description is not None and len(description) > limit:
        raise invalid(f"Description is too long (maximum is {limit} characters)")
    if description is not None:
        media.description = description.strip() or None
    if fields.get("focus"):
        x, _, y = str(fields["focus"]).partition(",")
        media.focus = float(x), float(y)


def own_upload(state: State, request: Request, *, attached: bool = False) -> Media:
    """The asker's upload; once a status has it, it is not to be found on Mastodon."""
    media = state.media.get(request.variables[0])
    if media is None or media.account is not request.user or (media.attached and not attached):
        raise not_found()
    return media


def show(state: State, request: Request) -> Answer:
    """206 while it is worked on, 200 when it is ready, 422 when it failed."""
    media = own_upload(state, request)
    if media.polls_left > 0:
        media.polls_left -= 1
        return Answer(unfinished(state, media), 206)  # on the last poll too: it ends after it
    if media.failed:
        raise RefusedError(422, PROCESSING_FAILED)
    return Answer(media_view(state, media))


def update(state: State, request: Request) -> Answer:
    """Change the description before the picture is posted."""
    media = own_upload(state, request, attached=state.flavour.edits == "uploads")
    describe(state, media, request.fields)
    return Answer(media_view(state, media))


def delete(state: State, request: Request) -> Answer:
    """Remove an upload that no status has."""
    media = state.media.get(request.variables[0])
    if media is None or media.account is not request.user:
        raise not_found()
    if media.attached:
        raise RefusedError(422, "Media attachment is currently used by a status")
    del state.media[media.id]
    return Answer({})


def serve(state: State, request: Request) -> Answer:
    """The file itself, to anybody who knows its address."""
    for media in state.media.values():
        if request.path == media_path(media, "original"):
            return Answer(
                raw=media.data, content_type=media.mime_type, headers=ENDLESSLY_CACHED.copy()
            )
        if request.path == media_path(media, "small"):
            return Answer(
                raw=media.small, content_type=media.mime_type, headers=ENDLESSLY_CACHED.copy()
            )
    raise RefusedError(404, "Not Found")


def take(state: State, account_id: str, ids: list[str], used_by: str | None = None) -> list[Media]:
    """The uploads that a status asks for.

    Raises:
        RefusedError: too many, not this account's, used by another status, or not ready.
    """
    limit = state.limits.max_media_attachments
    if len(ids) > limit:
        raise RefusedError(422, f"Cannot attach more than {limit} files")
    found = [state.media.get(each) for each in ids]
    usable = [
        media
        for media in found
        if media is not None
        and media.account.id == account_id
        and media.scheduled_id is None
        and media.status_id in (None, used_by)
    ]
    missing = [each for each in ids if each not in {media.id for media in usable}]
    if missing:
        words = f"Media {', '.join(missing)} not found or already attached to another post"
        raise RefusedError(422, words)
    if not all(media.ready for media in usable):
        words = "Cannot attach files that have not finished processing. Try again in a moment!"
        raise RefusedError(422, words)
    return usable
