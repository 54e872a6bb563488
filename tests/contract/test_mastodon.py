"""The Mastodon adapter on the strict stand-in: what arrives there, and what each failure means."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from postguard.errors import LoggedOut, PostguardError, Refused, Retryable, Unsure
from postguard.model import Quotes, Receipt, Rendition, Visibility, Words
from postguard.networks.mastodon.network import Mastodon
from tests.contract.stages import (
    TOKEN,
    FakeClock,
    draft,
    mastodon_network,
    picture,
)
from tests.servers.mastodon import MastodonServer, Rate, start_mastodon

WORDS = Words(text="新作です #オリジナル", alts=("狐の絵",), langs=("ja-JP",))
STATUSES = "/api/v1/statuses"
MEDIA = "/api/v2/media"


@pytest.fixture
def clock() -> FakeClock:
    """The clock that the adapter waits by."""
    return FakeClock()


@pytest.fixture
def network(mastodon: MastodonServer, clock: FakeClock) -> Iterator[Mastodon]:
    """The adapter for one account."""
    made = mastodon_network(mastodon, clock)
    yield made
    made.close()


def post(network: Mastodon, words: Words, *images: Rendition) -> Receipt:
    """Plan and send."""
    what = draft(words, *images)
    return network.send(what, network.plan(what, FakeClock().now()))


def test_every_word_arrives(mastodon: MastodonServer, network: Mastodon, tmp_path: Path) -> None:
    """Text, audience, warning, language and alt text are those that were asked for."""
    words = replace(WORDS, cw="流血", tags=("fox",), visibility=Visibility.UNLISTED)
    receipt = post(network, words, picture(tmp_path))
    (status,) = mastodon.statuses
    assert status.text == "新作です #オリジナル\n\n#fox"
    assert (status.spoiler_text, status.sensitive) == ("流血", True)
    assert (status.visibility, status.language) == ("unlisted", "ja")
    assert [m.description for m in status.media] == ["狐の絵"]
    assert receipt.answer["visibility"] == "unlisted"
    assert status.id in receipt.uri
    assert mastodon.unknown_parameters == []


def test_the_rendition_is_uploaded_and_not_its_name(
    mastodon: MastodonServer, network: Mastodon, tmp_path: Path
) -> None:
    """Some servers show the file's name, and the artist never wrote it for the world."""
    image = picture(tmp_path)
    post(network, WORDS, image)
    assert [m.uploaded for m in mastodon.media] == [image.path.read_bytes()]
    assert not any("秘密" in repr(request) for request in mastodon.requests)


def test_labels_alone_mark_the_picture_as_sensitive(
    mastodon: MastodonServer, network: Mastodon, tmp_path: Path
) -> None:
    """Mastodon has no labels, but covers a sensitive picture."""
    post(network, replace(WORDS, labels=("nudity",)), picture(tmp_path))
    (status,) = mastodon.statuses
    assert (status.sensitive, status.spoiler_text) == (True, "")


@pytest.mark.parametrize("quotes", [Quotes.NOBODY, Quotes.FOLLOWERS])
def test_who_may_quote_is_said(
    mastodon: MastodonServer, network: Mastodon, quotes: Quotes
) -> None:
    """Since Mastodon 4.5."""
    post(network, replace(WORDS, quotes=quotes))
    assert [s.quote_policy for s in mastodon.statuses] == [quotes.value]


def test_everyone_may_quote_only_if_the_account_says_so_too(
    mastodon: MastodonServer, network: Mastodon
) -> None:
    """The account's own default may be narrower, and nothing is ever widened."""
    mastodon.state.account_named("hanako").default_quote_policy = "nobody"
    post(network, WORDS)
    assert [s.quote_policy for s in mastodon.statuses] == ["nobody"]


@pytest.mark.parametrize(("api", "objections"), [(0, 1), (1, 0), (6, 0), (7, 0)])
def test_a_server_that_may_let_others_quote_is_objected_to(
    mastodon: MastodonServer, network: Mastodon, api: int, objections: int
) -> None:
    """Mastodon 4.3 and 4.4 know no quotes at all; of an unknown server nothing can be said."""
    mastodon.limits.api_versions["mastodon"] = api
    words = replace(WORDS, quotes=Quotes.NOBODY)
    assert len(network.objections(words, 1, network.limits())) == objections


def test_an_older_server_is_sent_no_policy(mastodon: MastodonServer, network: Mastodon) -> None:
    """A strict server may refuse what it does not know."""
    mastodon.limits.api_versions["mastodon"] = 6
    post(network, replace(WORDS, quotes=Quotes.NOBODY))
    (request,) = [r for r in mastodon.requests if r.method == "POST" and r.path == STATUSES]
    assert "quote_approval_policy" not in request.fields


def test_limits_are_the_servers_own(mastodon: MastodonServer, network: Mastodon) -> None:
    """Each instance sets its own."""
    limits = mastodon.limits
    limits.max_characters, limits.max_media_attachments = 5000, 16
    limits.characters_reserved_per_url, limits.description_limit = 30, 420
    limits.image_size_limit, limits.image_matrix_limit = 3_000_000, 1_000_000
    found = network.limits()
    assert (found.text, found.images, found.link_length, found.alt) == (5000, 16, 30, 420)
    assert (found.image_bytes, found.pixels) == (3_000_000, 1_000_000)


def test_limits_are_asked_again_after_a_while(
    mastodon: MastodonServer, network: Mastodon, clock: FakeClock
) -> None:
    """Not for every picture of a heap, but a change is seen the same day."""
    network.limits()
    mastodon.limits.max_characters = 1234
    assert network.limits().text == 500
    clock.at += timedelta(hours=1)
    assert network.limits().text == 1234


def test_limits_of_a_server_that_is_down_are_tried_again(clock: FakeClock) -> None:
    """Intake waits; nothing is held for it."""
    with start_mastodon() as server:
        network = mastodon_network(server, clock)
    with pytest.raises(Retryable):
        network.limits()


def test_a_picture_that_is_worked_on_is_waited_for(
    mastodon: MastodonServer, network: Mastodon, clock: FakeClock, tmp_path: Path
) -> None:
    """202, then 206 until it is ready; posted too early it would be refused."""
    mastodon.processing.later, mastodon.processing.polls = True, 3
    post(network, WORDS, picture(tmp_path))
    assert len(mastodon.statuses) == 1
    assert len(clock.waits) >= 3


def test_a_picture_that_is_never_ready_is_tried_again_later(
    mastodon: MastodonServer, network: Mastodon, clock: FakeClock, tmp_path: Path
) -> None:
    """The wait has an end, and nothing was posted."""
    mastodon.processing.later, mastodon.processing.polls = True, 1000
    with pytest.raises(Retryable):
        post(network, WORDS, picture(tmp_path))
    assert sum(clock.waits) < 180
    assert mastodon.statuses == []


@pytest.mark.parametrize("later", [True, False])
def test_a_picture_that_the_server_cannot_read_is_refused(
    mastodon: MastodonServer, network: Mastodon, tmp_path: Path, *, later: bool
) -> None:
    """Sending it again would change nothing."""
    mastodon.processing.later, mastodon.processing.fails = later, True
    with pytest.raises(Refused, match="Error processing"):
        post(network, WORDS, picture(tmp_path))
    assert mastodon.statuses == []


@pytest.mark.parametrize(
    "fault",
    [{"drop_answer": True}, {"cut_answer": True}, {"status": 503, "after_work": True}],
)
def test_a_lost_answer_is_settled_by_asking(
    mastodon: MastodonServer, network: Mastodon, tmp_path: Path, fault: dict[str, Any]
) -> None:
    """The post is made and the answer lost: found afterwards, and there is one."""
    what = draft(replace(WORDS, cw="流血"), picture(tmp_path))
    plan = network.plan(what, FakeClock().now())
    mastodon.fail_next(STATUSES, method="POST", **fault)
    with pytest.raises(Unsure):
        network.send(what, plan)
    found = network.find(what, plan)
    assert found is not None
    assert mastodon.statuses[0].id in found.uri
    assert network.send(what, plan).uri == found.uri
    assert len(mastodon.statuses) == 1


@pytest.mark.parametrize("fault", [{"drop_request": True}, {"status": 502}])
def test_a_lost_request_is_sent_again_by_the_same_plan(
    mastodon: MastodonServer, network: Mastodon, tmp_path: Path, fault: dict[str, Any]
) -> None:
    """Nobody can tell it from a lost answer, so it is unsure, asked for, and then repeated."""
    what = draft(WORDS, picture(tmp_path))
    plan = network.plan(what, FakeClock().now())
    mastodon.fail_next(STATUSES, method="POST", **fault)
    with pytest.raises(Unsure):
        network.send(what, plan)
    assert network.find(what, plan) is None
    network.send(what, plan)
    assert len(mastodon.statuses) == 1


def test_a_post_is_found_when_its_key_is_long_forgotten(
    mastodon: MastodonServer, network: Mastodon, tmp_path: Path
) -> None:
    """Servers keep the key for an hour, some never; the account's posts stay."""
    what = draft(WORDS, picture(tmp_path))
    plan = network.plan(what, FakeClock().now())
    mastodon.fail_next(STATUSES, method="POST", drop_answer=True)
    with pytest.raises(Unsure):
        network.send(what, plan)
    mastodon.clock.move(hours=2)
    assert network.find(what, plan) is not None


@pytest.mark.parametrize(
    "text",
    [
        "見て https://example.com/a/very/long/path?with=many&words=狐 #tag ＃狐の絵",
        'two\n\nparagraphs\nand a break <b>&amp; "markup"',
        "thanks @friend@elsewhere.example and @nobody",
        "👩‍🎨 ﾊﾝｶｸ　全角",
        "",
    ],
)
def test_whatever_the_text_its_post_is_found(
    mastodon: MastodonServer, network: Mastodon, tmp_path: Path, text: str
) -> None:
    """The server answers in HTML; the words in it are the same."""
    what = draft(replace(WORDS, text=text), picture(tmp_path))
    plan = network.plan(what, FakeClock().now())
    sent = network.send(what, plan)
    found = network.find(what, plan)
    assert found is not None
    assert found.uri == sent.uri


def test_the_same_post_of_earlier_is_not_taken_for_this_one(
    mastodon: MastodonServer, network: Mastodon, tmp_path: Path
) -> None:
    """An artist may post the same words with the same picture again."""
    post(network, WORDS, picture(tmp_path))
    what = draft(WORDS, picture(tmp_path))
    plan = network.plan(what, FakeClock().now())
    assert network.find(what, plan) is None


@pytest.mark.parametrize("fault", [{"drop_answer": True}, {"drop_request": True}, {"status": 500}])
def test_a_failed_upload_is_tried_again_later(
    mastodon: MastodonServer, network: Mastodon, tmp_path: Path, fault: dict[str, Any]
) -> None:
    """No post shows an uploaded picture yet, so nothing is unsure."""
    what = draft(WORDS, picture(tmp_path))
    plan = network.plan(what, FakeClock().now())
    mastodon.fail_next(MEDIA, **fault)
    with pytest.raises(Retryable):
        network.send(what, plan)
    assert mastodon.statuses == []


def test_a_server_that_is_down_is_tried_again_later(clock: FakeClock) -> None:
    """Not even a write is unsure when no connection came about."""
    what = draft(WORDS)
    with start_mastodon() as server:
        network = mastodon_network(server, clock)
        network.limits()
        plan = network.plan(what, clock.now())
        network.close()
    with pytest.raises(Retryable):
        network.send(what, plan)


def test_too_large_is_refused(mastodon: MastodonServer, network: Mastodon, tmp_path: Path) -> None:
    """By the proxy before the server even sees it."""
    mastodon.fail_next(MEDIA, status=413)
    with pytest.raises(Refused, match="size"):
        post(network, WORDS, picture(tmp_path))


@pytest.mark.parametrize("reset", ["2026-11-25T12:10:00.000Z", "1795608600"])
def test_too_many_requests_wait_as_long_as_the_server_asks(
    mastodon: MastodonServer, network: Mastodon, clock: FakeClock, reset: str
) -> None:
    """X-RateLimit-Reset says when: a time on Mastodon, seconds on GoToSocial. By the server's own
    clock: that of this PC is hours off."""
    mastodon.clock.freeze(datetime(2026, 11, 25, 12, 0, tzinfo=UTC))
    clock.at = datetime(2026, 11, 25, 7, 0, tzinfo=UTC)
    headers = {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "0"}
    mastodon.fail_next("/api", status=429, headers=headers | {"X-RateLimit-Reset": reset})
    with pytest.raises(Retryable) as raised:
        network.check()
    assert raised.value.after == timedelta(minutes=10)


def test_a_limit_is_never_hit(
    mastodon: MastodonServer, network: Mastodon, clock: FakeClock
) -> None:
    """What is left stands in every answer; the next window is waited for, then it goes on."""
    mastodon.clock.freeze(datetime(2026, 11, 25, 12, 1, tzinfo=UTC))
    mastodon.rates["calls"] = Rate(6, 300)  # a check asks for the account and for the app
    mastodon.enforce_rates()
    for _ in range(3):
        network.check()
    for _ in range(5):
        with pytest.raises(Retryable) as raised:
            network.check()
    assert raised.value.after == timedelta(minutes=4)
    assert [each.status for each in mastodon.requests] == [200] * 6
    clock.wait(240)
    mastodon.clock.move(minutes=4)
    assert "hanako" in network.check()


def test_a_limit_is_not_hit_by_many_threads_at_once_either(
    mastodon: MastodonServer, network: Mastodon
) -> None:
    """Each knows what the others were answered."""
    mastodon.clock.freeze(datetime(2026, 11, 25, 12, 1, tzinfo=UTC))
    mastodon.rates["calls"] = Rate(6, 300)
    mastodon.enforce_rates()
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(network.check) for _ in range(8)]
    waits = [each.exception() for each in asked if each.exception() is not None]
    assert {type(each) for each in waits} == {Retryable}
    assert [each.status for each in mastodon.requests] == [200] * 6


def test_pictures_that_would_not_all_fit_the_limit_wait_together(
    mastodon: MastodonServer, network: Mastodon, tmp_path: Path
) -> None:
    """Thirty uploads in half an hour: a post that needs four is not begun with two."""
    mastodon.rates["media"] = Rate(4, 1800)
    mastodon.enforce_rates()
    post(network, WORDS, picture(tmp_path), picture(tmp_path, 1))
    with pytest.raises(Retryable, match="too many"):
        post(network, WORDS, *(picture(tmp_path, n) for n in range(3)))
    assert len(mastodon.media) == 2


def test_a_revoked_token_is_logged_out(mastodon: MastodonServer, network: Mastodon) -> None:
    """The message says what to do and never the token."""
    mastodon.revoke(TOKEN)
    with pytest.raises(LoggedOut, match="postguard login fedi") as raised:
        network.check()
    assert TOKEN not in str(raised.value)


def test_a_token_without_the_scope_is_logged_out(
    mastodon: MastodonServer, network: Mastodon
) -> None:
    """The artist must consent again; no post can go out before."""
    mastodon.token_for("hanako", "profile read:statuses", TOKEN)
    with pytest.raises(LoggedOut, match="postguard login fedi"):
        post(network, WORDS)


@pytest.mark.parametrize(
    ("body", "meaning", "says"),
    [
        (b'{"error": "Invalid credentials."}', LoggedOut, "postguard login fedi"),
        (b'{"error": "Your login is currently disabled"}', LoggedOut, "Look on its page"),
        (b'{"error": "Your login is currently pending approval"}', LoggedOut, "Look on its page"),
        (b'{"error": "This action is not allowed"}', Refused, "not allowed"),
        (b"<html>Access denied</html>", Retryable, "something before"),
    ],
)
def test_a_403_is_read_before_anybody_is_logged_out(
    mastodon: MastodonServer, network: Mastodon, body: bytes, meaning: type[Exception], says: str
) -> None:
    """A wrong token (Pleroma), an account that is out of use, one who blocks the artist, and a
    guard before the server that is in a bad mood."""
    mastodon.fail_next("/api/v1/statuses", method="POST", status=403, body=body)
    with pytest.raises(meaning, match=says):
        post(network, WORDS)


def test_a_token_that_cannot_post_is_seen_before_a_post_is_due(
    mastodon: MastodonServer, network: Mastodon
) -> None:
    """One made by hand, or for another program."""
    mastodon.state.tokens[TOKEN].app.scopes = ["read", "write:statuses"]
    with pytest.raises(LoggedOut, match=r"lacks write:media.*postguard login fedi"):
        network.check()


@pytest.mark.parametrize("status", [403, 404])
def test_a_server_that_does_not_tell_what_a_token_may_do_is_believed(
    mastodon: MastodonServer, network: Mastodon, status: int
) -> None:
    """Not all relatives have that call."""
    mastodon.fail_next("/api/v1/apps/verify_credentials", status=status)
    assert "hanako" in network.check()


def test_an_account_that_is_limited_is_told(mastodon: MastodonServer, network: Mastodon) -> None:
    """Its posts go out and reach fewer people."""
    network.check()
    mastodon.state.account_named("hanako").limited = True
    assert "moderators limit" in network.check()


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_fault_is_no_logout(
    mastodon: MastodonServer, network: Mastodon, status: int
) -> None:
    """Many programs disconnect an account for this; we try again later."""
    mastodon.fail_next("/api/v1/accounts", status=status)
    with pytest.raises(PostguardError) as raised:
        network.check()
    assert isinstance(raised.value, Retryable)
    assert "hanako" in network.check()


def test_a_server_that_shows_less_than_asked_is_no_fault(clock: FakeClock) -> None:
    """The receipt says what it made of it."""
    with start_mastodon("snac") as server:
        network = mastodon_network(server, clock)
        receipt = post(network, replace(WORDS, visibility=Visibility.UNLISTED))
        assert receipt.answer["visibility"] == "private"
        network.close()


@pytest.mark.parametrize("flavour", ["gotosocial", "takahe", "pleroma"])
def test_relatives_of_mastodon_take_posts_too(
    flavour: str, tmp_path: Path, clock: FakeClock
) -> None:
    """Without Idempotency-Key, without languages, without sizes of pictures."""
    with start_mastodon(flavour) as server:
        network = mastodon_network(server, clock)
        what = draft(WORDS, picture(tmp_path))
        plan = network.plan(what, clock.now())
        server.fail_next(STATUSES, method="POST", drop_answer=True)
        with pytest.raises(Unsure):
            network.send(what, plan)
        assert network.find(what, plan) is not None
        network.close()
