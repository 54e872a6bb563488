"""Posting now or at a time: what is too near goes out at once, as on a real Mastodon."""

from datetime import UTC, datetime, timedelta

from tests.servers.mastodon import media as uploads
from tests.servers.mastodon import statuses
from tests.servers.mastodon.accounts import page
from tests.servers.mastodon.state import Scheduled, State
from tests.servers.mastodon.views import scheduled_view, status_view
from tests.servers.mastodon.wire import Answer, RefusedError, Request, invalid, not_found

NEAREST = timedelta(minutes=5)
TOO_NEAR = "Scheduled at The scheduled date must be in the future"


def create(state: State, request: Request) -> Answer:
    """Post a status, or schedule it; the lock is let go between looking and writing.

    That gap is Mastodon's own: two requests with one key at once both post.
    """
    if not state.flavour.schedules:
        request.fields.pop("scheduled_at", None)
    with state.lock:
        when = scheduled_time(request)
        found = statuses.earlier(state, request) if when is None else None
        if found is not None:
            return Answer(status_view(state, found, request.account))
    if state.before_write is not None:
        state.before_write()
    with state.lock:
        if when is not None and when > state.clock.now() + NEAREST:
            return Answer(scheduled_view(state, schedule(state, request, when)))
        if when is not None and state.flavour.near_schedule == "refused":
            raise RefusedError(422, "scheduled_at must be at least 5 minutes in the future")
        return Answer(status_view(state, statuses.post(state, request), request.account))


def scheduled_time(request: Request) -> datetime | None:
    """The time asked for; one without a zone is UTC.

    Raises:
        RefusedError: it is no time.
    """
    given = request.fields.get("scheduled_at")
    if not given:
        return None
    try:
        when = datetime.fromisoformat(str(given))
    except ValueError as exc:
        raise RefusedError(422, "invalid date") from exc
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def schedule(state: State, request: Request, when: datetime) -> Scheduled:
    """Keep a status for later; its text is checked now, its media are taken now."""
    assert request.token is not None
    who, params = request.user, dict(request.fields)
    ids = statuses.media_ids(params) or []
    media = uploads.take(state, who.id, ids)
    statuses.chosen_visibility(state, who, params)
    params["quote_approval_policy"] = statuses.chosen_quote_policy(who, params, "public")
    text, spoiler = params.get("status") or "", params.get("spoiler_text") or ""
    params["status"] = statuses.checked_text(state, text, spoiler, has_media=bool(ids))
    number = state.new_scheduled_id()
    scheduled = Scheduled(number, who, request.token.app, when, params, media)
    for each in media:
        each.scheduled_id = number
    state.scheduled[number] = scheduled
    return scheduled


def publish_due(state: State) -> None:
    """Post what has come to its time."""
    now = state.clock.now()
    for scheduled in [each for each in state.scheduled.values() if each.scheduled_at <= now]:
        release(state, scheduled)
        statuses.write(state, scheduled.account, scheduled.app, scheduled.params)


def release(state: State, scheduled: Scheduled) -> None:
    """Let a scheduled status and its media go."""
    del state.scheduled[scheduled.id]
    for each in scheduled.media:
        each.scheduled_id = None


def find(state: State, request: Request) -> Scheduled:
    """The asker's scheduled status in the path."""
    scheduled = state.scheduled.get(request.variables[0])
    if scheduled is None or scheduled.account is not request.user:
        raise not_found()
    return scheduled


def listing(state: State, request: Request) -> Answer:
    """What the asker has scheduled, newest first."""
    own = [each.id for each in state.scheduled.values() if each.account is request.user]
    views = [scheduled_view(state, state.scheduled[each]) for each in page(own, request.query)]
    return Answer(views)


def show(state: State, request: Request) -> Answer:
    """One scheduled status."""
    return Answer(scheduled_view(state, find(state, request)))


def move(state: State, request: Request) -> Answer:
    """Give a scheduled status another time, which may not be near."""
    scheduled = find(state, request)
    when = scheduled_time(request)
    if when is None or when <= state.clock.now() + NEAREST:
        raise invalid(TOO_NEAR)
    scheduled.scheduled_at = when
    return Answer(scheduled_view(state, scheduled))


def cancel(state: State, request: Request) -> Answer:
    """Forget a scheduled status."""
    release(state, find(state, request))
    return Answer({})
