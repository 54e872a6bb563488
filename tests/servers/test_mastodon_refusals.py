"""Whatever is sent to the Mastodon stand-in, it answers as is described and takes nothing wrong.

Requests are drawn from what clients send and from what they must not: what is taken keeps every
rule of the published limits, and what is refused leaves nothing behind.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.servers.mastodon import MastodonServer, Status, start_mastodon
from tests.servers.mastodon.contract import description
from tests.servers.mastodon.routes import ROUTES
from tests.servers.mastodon.text import countable_length
from tests.servers.rawhttp import Reply, call, send_form, send_json

AUDIENCES = ("public", "unlisted", "private", "direct")
POLICIES = ("public", "followers", "nobody")
DRAWN = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

words = st.text(max_size=40) | st.sampled_from(["", " ", "狐", "あ" * 501, "https://a.example/狐"])
nonsense = st.none() | st.booleans() | st.integers() | st.lists(st.text(max_size=3), max_size=3)
fields = st.fixed_dictionaries(
    {},
    optional={
        "status": words | nonsense,
        "spoiler_text": words | nonsense,
        "visibility": st.sampled_from([*AUDIENCES, "everyone", ""]) | nonsense,
        "quote_approval_policy": st.sampled_from([*POLICIES, "all"]) | nonsense,
        "language": st.sampled_from(["ja", "zh-TW", "klingon", ""]) | nonsense,
        "sensitive": st.booleans() | words,
        "media_ids": st.lists(st.sampled_from(["1", "x", ""]), max_size=6) | nonsense,
        "in_reply_to_id": st.sampled_from(["1", "x", ""]) | nonsense,
        "scheduled_at": st.sampled_from(["soon", "2020-01-01T00:00:00Z", ""]),
        "colour": words,
    },
)


@pytest.fixture(scope="module")
def server() -> Iterator[MastodonServer]:
    """One server for all; it fails at its end if an answer was not as is described."""
    with start_mastodon() as made:
        yield made


@pytest.fixture(scope="module")
def token(server: MastodonServer) -> str:
    """An artist's."""
    return server.token_for(server.add_account("hanako"))


def check_kept(server: MastodonServer, status: Status) -> None:
    """What stands keeps every limit that is published."""
    per_url = server.limits.characters_reserved_per_url
    length = countable_length(status.text, status.spoiler_text, per_url)
    assert length <= server.limits.max_characters
    assert status.visibility in AUDIENCES
    assert status.text.strip() or status.media
    assert status.sensitive or not status.spoiler_text
    if status.visibility in ("private", "direct"):
        assert status.quote_policy == "nobody"


@DRAWN
@given(body=fields, as_json=st.booleans())
def test_a_post_is_taken_whole_and_right_or_not_at_all(
    server: MastodonServer, token: str, body: dict[str, Any], *, as_json: bool
) -> None:
    """By JSON or by a form; a refusal is a 4xx with words in it."""
    before = len(server.statuses)
    url = f"{server.url}/api/v1/statuses"
    flat = [
        (f"{name}[]" if isinstance(value, list) else name, str(each))
        for name, value in body.items()
        for each in (value if isinstance(value, list) else [value])
    ]
    reply = send_json("POST", url, body, token) if as_json else send_form("POST", url, flat, token)
    made = server.statuses[before:]
    if reply.status == 200:
        (status,) = made
        check_kept(server, status)
    else:
        assert 400 <= reply.status < 500
        assert reply.json["error"]
        assert made == []
    assert server.contract_failures == []


@DRAWN
@given(change=fields)
def test_an_edit_leaves_a_post_right_or_as_it_was(
    server: MastodonServer, token: str, change: dict[str, Any]
) -> None:
    """And never with another audience."""
    url = f"{server.url}/api/v1/statuses"
    first = send_json("POST", url, {"status": "狐", "visibility": "private"}, token).json
    reply = send_json("PUT", f"{url}/{first['id']}", change, token)
    status = next(each for each in server.statuses if each.id == first["id"])
    check_kept(server, status)
    assert status.visibility == "private"
    if reply.status != 200:
        assert (400 <= reply.status < 500, status.edited_at) == (True, None)
    assert server.contract_failures == []


@DRAWN
@given(body=st.binary(max_size=60), kind=st.sampled_from(["application/json", "text/x", ""]))
def test_a_body_that_is_none_is_refused(
    server: MastodonServer, token: str, body: bytes, kind: str
) -> None:
    """The server stands, whatever bytes come."""
    before = len(server.statuses)
    reply = call(
        "POST",
        f"{server.url}/api/v1/statuses",
        body=body,
        headers={"Authorization": f"Bearer {token}", "Content-Type": kind},
    )
    assert 400 <= reply.status < 500
    assert len(server.statuses) == before


@pytest.mark.parametrize("broken", [None, "", "Bearer", "Bearer wrong", "Basic eDp5"])
@pytest.mark.parametrize("route", ROUTES, ids=lambda each: f"{each.method} {each.template}")
def test_nobody_calls_what_needs_a_login(
    server: MastodonServer, route: Any, broken: str | None
) -> None:
    """Each call that is described to need a token is answered 401 without a good one."""
    described = description()["paths"].get(route.template, {}).get(route.method.lower(), {})
    needs = any(scheme.get("OAuth2") for scheme in described.get("security") or ())
    path = route.template.replace("{id}", "1")
    headers = {} if broken is None else {"Authorization": broken}
    reply: Reply = call(route.method, f"{server.url}{path}", headers=headers)
    visitor = route.visitors and not (broken or "").startswith("Bearer w")
    if needs and not visitor:
        assert reply.status == 401
        assert json.loads(reply.body)["error"]
