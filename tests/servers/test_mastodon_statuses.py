"""Posting to the Mastodon stand-in: once, in time, in full and to the right people."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from tests.servers.mastodon import Account, MastodonServer, start_mastodon
from tests.servers.mastodon.people_views import moment
from tests.servers.rawhttp import Reply, call, get, send_form, send_json

URL = "https://example.com/a-rather-long-address/of-one-picture"


@pytest.fixture
def hanako(mastodon: MastodonServer) -> Account:
    """An artist with an account."""
    return mastodon.add_account("hanako")


@pytest.fixture
def token(mastodon: MastodonServer, hanako: Account) -> str:
    """Her token."""
    return mastodon.token_for(hanako)


def post(server: MastodonServer, token: str, key: str | None = None, **fields: str) -> Reply:
    """Post a status by a form."""
    headers = {"Idempotency_Key": key} if key else {}
    return send_form("POST", f"{server.url}/api/v1/statuses", fields, token, **headers)


def in_minutes(server: MastodonServer, minutes: float) -> str:
    """A scheduled_at."""
    return moment(server.clock.now() + timedelta(minutes=minutes))


def test_the_same_key_gives_the_old_status(mastodon: MastodonServer, token: str) -> None:
    """Within the hour a repeated key posts nothing; the body is not compared."""
    first = post(mastodon, token, "key", status="one")
    again = post(mastodon, token, "key", status="two", visibility="direct")
    assert (again.status, again.json["id"]) == (200, first.json["id"])
    assert [each.text for each in mastodon.statuses] == ["one"]


def test_a_key_lives_for_an_hour_and_for_one_account(mastodon: MastodonServer, token: str) -> None:
    """After an hour, and for anybody else, the key is a new one."""
    other = mastodon.token_for(mastodon.add_account("taro"))
    post(mastodon, token, "key", status="hers")
    post(mastodon, other, "key", status="his")
    mastodon.clock.move(minutes=59)
    post(mastodon, token, "key", status="too soon")
    mastodon.clock.move(minutes=2)
    post(mastodon, token, "key", status="an hour later")
    assert [each.text for each in mastodon.statuses] == ["hers", "his", "an hour later"]


def test_two_at_once_with_one_key_both_post(mastodon: MastodonServer, token: str) -> None:
    """The key is looked at before the write and stored after it, as in Mastodon."""
    meeting = threading.Barrier(2, timeout=10)
    mastodon.before_write(lambda: (meeting.wait(), None)[1])
    threads = [
        threading.Thread(target=post, args=(mastodon, token, "key"), kwargs={"status": "twice"})
        for _ in range(2)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(mastodon.statuses) == 2


def test_a_key_of_a_deleted_status_finds_nothing(mastodon: MastodonServer, token: str) -> None:
    """The key still points at the status that is gone."""
    made = post(mastodon, token, "key", status="gone soon").json["id"]
    call("DELETE", f"{mastodon.url}/api/v1/statuses/{made}", headers=auth(token))
    assert post(mastodon, token, "key", status="gone soon").status == 404


def auth(token: str) -> dict[str, str]:
    """The header for a bare call."""
    return {"Authorization": f"Bearer {token}"}


def test_a_key_is_ignored_with_scheduled_at(mastodon: MastodonServer, token: str) -> None:
    """Scheduling twice with one key makes two."""
    when = in_minutes(mastodon, 60)
    for _ in range(2):
        made = post(mastodon, token, "key", status="later", scheduled_at=when)
        assert "params" in made.json
    assert len(mastodon.scheduled) == 2


def test_a_scheduled_status_goes_out_at_its_time(mastodon: MastodonServer, token: str) -> None:
    """It waits among the scheduled ones and is then posted as it was asked for."""
    when = in_minutes(mastodon, 6)
    post(mastodon, token, status="at noon", visibility="private", scheduled_at=when)
    assert (len(mastodon.scheduled), mastodon.statuses) == (1, [])
    mastodon.clock.move(minutes=7)
    assert [(each.text, each.visibility) for each in mastodon.statuses] == [("at noon", "private")]
    assert mastodon.scheduled == []


def test_a_time_too_near_is_dropped_and_it_posts_at_once(
    mastodon: MastodonServer, token: str
) -> None:
    """Nearer than five minutes, the answer is a status: the caller must look at its kind."""
    made = post(mastodon, token, status="now", scheduled_at=in_minutes(mastodon, 4))
    assert "params" not in made.json
    assert len(mastodon.statuses) == 1


def test_a_scheduled_status_is_moved_and_cancelled(mastodon: MastodonServer, token: str) -> None:
    """It can be given another time, though no near one, and be forgotten."""
    made = post(mastodon, token, status="later", scheduled_at=in_minutes(mastodon, 60)).json
    address = f"{mastodon.url}/api/v1/scheduled_statuses/{made['id']}"
    near = send_form("PUT", address, {"scheduled_at": in_minutes(mastodon, 1)}, token)
    assert (near.status, "must be in the future" in near.text) == (422, True)
    later = in_minutes(mastodon, 90)
    assert send_form("PUT", address, {"scheduled_at": later}, token).json["scheduled_at"] == later
    assert call("DELETE", address, headers=auth(token)).json == {}
    assert get(address, token).status == 404


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "あ" * 500}, 200),
        ({"status": "あ" * 501}, 422),
        ({"status": "\U0001f469\u200d\U0001f3a8" * 500}, 200),  # a grapheme counts as one
        ({"status": "a" * 476 + " " + URL}, 200),  # any URL counts as 23
        ({"status": "a" * 477 + " " + URL}, 422),
        ({"status": "a" * 493 + " @taro@far.away.example.org"}, 200),  # a mention is its name
        ({"status": "a" * 495 + " @taro@far.away.example.org"}, 422),
        ({"status": "a" * 490, "spoiler_text": "b" * 11}, 422),  # the warning counts, too
    ],
)
def test_text_is_counted_as_mastodon_counts(
    mastodon: MastodonServer, token: str, fields: dict[str, str], status: int
) -> None:
    """Graphemes of warning and text together."""
    reply = post(mastodon, token, **fields)
    assert reply.status == status
    if status == 422:
        words = "Validation failed: Text character limit of 500 exceeded"
        assert reply.json == {"error": words}


def test_limits_are_the_servers_own(mastodon: MastodonServer, token: str) -> None:
    """What is published is what is enforced."""
    mastodon.limits.max_characters = 10
    published = get(f"{mastodon.url}/api/v2/instance").json["configuration"]["statuses"]
    assert published["max_characters"] == 10
    assert post(mastodon, token, status="a" * 11).status == 422


def test_an_empty_status_is_refused(mastodon: MastodonServer, token: str) -> None:
    """There must be text, a picture or a warning."""
    words = {"error": "Validation failed: Text can't be blank"}
    assert (post(mastodon, token, status=" ").json, post(mastodon, token).json) == (words, words)
    assert post(mastodon, token, spoiler_text="only a warning").json["content"] == "<p>.</p>"


def test_a_warning_makes_it_sensitive(mastodon: MastodonServer, token: str) -> None:
    """Even when it was asked not to be."""
    made = post(mastodon, token, status="x", spoiler_text="cw", sensitive="false").json
    assert (made["sensitive"], made["spoiler_text"]) == (True, "cw")


def test_what_was_asked_for_is_what_is_read_back(mastodon: MastodonServer, token: str) -> None:
    """Visibility, language and quote policy; hashtags in Japanese, too."""
    made = post(
        mastodon,
        token,
        status="きつね #創作 ＃fox https://example.com/",
        visibility="unlisted",
        language="ja-JP",
        quote_approval_policy="nobody",
    ).json
    read = get(f"{mastodon.url}/api/v1/statuses/{made['id']}", token).json
    assert (read["visibility"], read["language"]) == ("unlisted", "ja")
    assert read["quote_approval"]["automatic"] == []
    assert [each["name"] for each in read["tags"]] == ["創作", "fox"]


@pytest.mark.parametrize(
    ("name", "value"), [("visibility", "friends"), ("quote_approval_policy", "x")]
)
def test_what_does_not_exist_is_refused(
    mastodon: MastodonServer, token: str, name: str, value: str
) -> None:
    """An audience or policy that is none is an error, not a default."""
    assert post(mastodon, token, status="x", **{name: value}).status == 422
    assert mastodon.statuses == []


def test_preferences_fill_what_is_not_asked_for(mastodon: MastodonServer, token: str) -> None:
    """update_credentials sets the defaults that the next status has."""
    fields = {
        "source[privacy]": "private",
        "source[sensitive]": "true",
        "source[language]": "ja",
        "indexable": "false",
        "locked": "1",
    }
    address = f"{mastodon.url}/api/v1/accounts/update_credentials"
    changed = send_form("PATCH", address, fields, token).json
    assert (changed["locked"], changed["source"]["privacy"]) == (True, "private")
    made = post(mastodon, token, status="x").json
    assert (made["visibility"], made["sensitive"], made["language"]) == ("private", True, "ja")


def test_who_may_see_what(mastodon: MastodonServer, hanako: Account, token: str) -> None:
    """Visitors see what is public, followers what is private, and nobody else the rest."""
    fan = mastodon.add_account("fan")
    fan.following.add(hanako.id)
    fans = mastodon.token_for(fan)
    made = {
        each: post(mastodon, token, status=each, visibility=each).json["id"]
        for each in ("public", "unlisted", "private", "direct")
    }

    def seen(by: str | None) -> list[str]:
        address = f"{mastodon.url}/api/v1/statuses"
        return [
            name for name, made_id in made.items() if get(f"{address}/{made_id}", by).status == 200
        ]

    assert seen(None) == ["public", "unlisted"]
    assert seen(fans) == ["public", "unlisted", "private"]
    assert seen(token) == list(made)


def test_an_authors_statuses_come_in_pages(
    mastodon: MastodonServer, hanako: Account, token: str
) -> None:
    """Newest first: max_id goes back, since_id takes the newest, min_id the nearest."""
    ids = [post(mastodon, token, status=str(number)).json["id"] for number in range(5)]
    address = f"{mastodon.url}/api/v1/accounts/{hanako.id}/statuses"

    def page(**query: str) -> list[str]:
        return [each["id"] for each in get(address, token, **query).json]

    assert page() == ids[::-1]
    assert page(limit="2", max_id=ids[3]) == [ids[2], ids[1]]
    assert page(limit="2", since_id=ids[0]) == [ids[4], ids[3]]
    assert page(limit="2", min_id=ids[0]) == [ids[2], ids[1]]
    assert get(address, token, limit="many").status == 422


def relative(flavour: str, server_fields: dict[str, str]) -> tuple[Reply, list[Any]]:
    """Post the same thing twice with one key to a relative."""
    with start_mastodon(flavour) as server:
        token = server.token_for(server.add_account("hanako"))
        if "scheduled_at" in server_fields:
            server_fields["scheduled_at"] = in_minutes(
                server, float(server_fields["scheduled_at"])
            )
        post(server, token, "key", status="x", **server_fields)
        return post(server, token, "key", status="x", **server_fields), server.statuses


def test_gotosocial_has_no_idempotency_key_and_refuses_near_times() -> None:
    """Two posts come of one key; a time in four minutes is a 422."""
    _, made = relative("gotosocial", {})
    assert len(made) == 2
    reply, made = relative("gotosocial", {"scheduled_at": "4"})
    assert (reply.status, made) == (422, [])


def test_takahe_ignores_time_and_language() -> None:
    """It posts at once, in no language, and each time: it takes the key and forgets it."""
    reply, made = relative("takahe", {"scheduled_at": "60", "language": "ja"})
    assert (reply.json["language"], len(made)) == (None, 2)


@pytest.mark.parametrize("asked", ["unlisted", "direct"])
def test_snac_turns_what_it_lacks_into_private(asked: str) -> None:
    """The caller must read back what was made."""
    reply, _ = relative("snac", {"visibility": asked})
    assert reply.json["visibility"] == "private"


def test_pleroma_says_its_limits_at_the_first_level_and_its_text_without_html() -> None:
    """As docs/development/API/differences_in_mastoapi_responses.md of Pleroma has it."""
    with start_mastodon("pleroma") as server:
        token = server.token_for(server.add_account("hanako"))
        server.limits.max_characters = 5000
        assert get(f"{server.url}/api/v2/instance").status == 404
        said = get(f"{server.url}/api/v1/instance").json
        assert (said["max_toot_chars"], "configuration" in said) == (5000, False)
        assert said["version"].endswith("(compatible; Pleroma 2.5.5)")
        made = post(server, token, status="1 < 2").json
        assert made["pleroma"]["content"]["text/plain"] == "1 < 2"
        assert get(f"{server.url}/.well-known/oauth-authorization-server").status == 404


def test_a_status_is_found_by_its_address(mastodon: MastodonServer, token: str) -> None:
    """By either of its two, and nothing else is."""
    made = post(mastodon, token, status="x").json
    for address in (made["uri"], made["url"]):
        found = get(f"{mastodon.url}/api/v2/search", token, q=address).json["statuses"]
        assert [each["id"] for each in found] == [made["id"]]
    assert get(f"{mastodon.url}/api/v2/search", token, q="public").json["statuses"] == []


def test_what_is_to_be_lost_is_left_out_and_kept_by_an_edit(
    mastodon: MastodonServer, token: str
) -> None:
    """Without a word, as a server that forgets does it."""
    mastodon.lose("cw", "language")
    made = post(mastodon, token, status="x", spoiler_text="cw", language="ja").json
    assert (made["spoiler_text"], made["language"]) == ("", None)
    path = f"{mastodon.url}/api/v1/statuses/{made['id']}"
    edited = send_json("PUT", path, {"status": "x", "spoiler_text": "cw"}, token)
    assert edited.json["spoiler_text"] == "cw"


def test_json_bodies_count_as_forms_do(mastodon: MastodonServer, token: str) -> None:
    """Real clients send either."""
    body = {"status": "x", "sensitive": True, "language": "ja", "media_ids": []}
    made = send_json("POST", f"{mastodon.url}/api/v1/statuses", body, token)
    assert (made.status, made.json["sensitive"]) == (200, True)
