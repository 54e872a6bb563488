"""The contract of a Mastodon account as seen from outside: by the adapter and plain HTTP only.

It runs on the stand-in, and on a real server of this PC where POSTGUARD_TEST_MASTODON names its
address (loopback only: it posts and deletes) and POSTGUARD_TEST_MASTODON_TOKEN holds the token of
an account for nothing else, with the scopes that posting needs.
"""

import ipaddress
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from postguard.errors import LoggedOut, Refused
from postguard.model import Draft, Json, Quotes, Receipt, Rendition, Replies, Visibility, Words
from postguard.networks.mastodon.network import Mastodon
from postguard.settings.schema import MastodonAccount
from postguard.system.clock import SystemClock
from tests.contract.stages import draft, picture
from tests.servers.mastodon import start_mastodon
from tests.servers.rawhttp import get

NAMED = os.environ.get("POSTGUARD_TEST_MASTODON", "").rstrip("/")
SCOPES = "profile read:statuses read:search write:statuses write:media"
Post = Callable[..., Receipt]


@dataclass(frozen=True)
class Target:
    """A server to post to."""

    url: str
    token: str


@pytest.fixture(scope="module", params=["stand-in", "named"] if NAMED else ["stand-in"])
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """The stand-in, and the server of the environment where there is one."""
    if request.param == "named":
        yield named()
        return
    with start_mastodon() as server:
        yield Target(server.url, server.token_for(server.add_account("hanako"), SCOPES))


def named() -> Target:
    """The server that the environment names; never one that others can see."""
    host = urlsplit(NAMED).hostname or ""
    loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    assert loopback, "POSTGUARD_TEST_MASTODON must be on this PC: the tests post to it"
    return Target(NAMED, os.environ["POSTGUARD_TEST_MASTODON_TOKEN"])


@pytest.fixture
def network(target: Target) -> Iterator[Mastodon]:
    """The adapter."""
    account = MastodonAccount(network="mastodon", instance=target.url)
    made = Mastodon("fedi", account, lambda: target.token, SystemClock())
    yield made
    made.close()


@pytest.fixture
def post(network: Mastodon) -> Iterator[Post]:
    """Posts, and deletes it all at the end."""
    receipts: list[Receipt] = []

    def send(words: Words, *images: Rendition, **more: Any) -> Receipt:
        receipts.append(network.send(*planned(network, words, *images, **more)))
        return receipts[-1]

    yield send
    for receipt in reversed(receipts):
        network.retract(receipt)


def planned(
    network: Mastodon, words: Words, *images: Rendition, **more: Any
) -> tuple[Draft, dict[str, Json]]:
    """A draft and its plan."""
    what = replace(draft(words, *images), **more)
    return what, network.plan(what, SystemClock().now())


def some_words(**more: Any) -> Words:
    """Words that no other post of the account has."""
    text = f"狐の絵 {uuid.uuid4().hex} #art https://example.com/狐?a=1&b=2"
    return Words(text=text, alts=("狐の絵", "空の絵"), langs=("ja",), **more)


def status(target: Target, receipt: Receipt) -> dict[str, Any]:
    """The status as the API gives it."""
    identity = receipt.uri.rstrip("/").rpartition("/")[2]
    value: dict[str, Any] = get(f"{target.url}/api/v1/statuses/{identity}", target.token).json
    return value


def test_it_says_who_is_logged_in(network: Mastodon, target: Target) -> None:
    """By name and server."""
    assert network.check().endswith(f"on {urlsplit(target.url).netloc}")


def test_a_wrong_token_is_logged_out(target: Target) -> None:
    """And nothing else is."""
    account = MastodonAccount(network="mastodon", instance=target.url)
    stranger = Mastodon("fedi", account, lambda: "wrong", SystemClock())
    with pytest.raises(LoggedOut):
        stranger.check()
    stranger.close()


@pytest.mark.parametrize("visibility", list(Visibility))
def test_every_audience_is_given_as_asked(
    target: Target, network: Mastodon, post: Post, visibility: Visibility
) -> None:
    """Neither wider nor narrower."""
    receipt = post(some_words(visibility=visibility))
    assert status(target, receipt)["visibility"] == visibility.value
    shown = network.read_back(receipt)
    assert shown is not None
    assert shown.visibility is visibility


def test_every_word_and_picture_comes_back(
    target: Target, network: Mastodon, post: Post, tmp_path: Path
) -> None:
    """As it was written, with pictures that can be fetched."""
    words = some_words(cw="流血", visibility=Visibility.UNLISTED)
    receipt = post(words, picture(tmp_path), picture(tmp_path, 1))
    shown = network.read_back(receipt)
    assert shown is not None
    assert (shown.text, shown.cw, shown.alts) == (words.text, words.cw, words.alts)
    assert shown.sensitive
    assert shown.langs in (("ja",), (), None)  # some keep no language, and say so
    assert [get(each).status for each in shown.pictures] == [200, 200]
    assert [m["description"] for m in status(target, receipt)["media_attachments"]] == [
        *words.alts
    ]


def test_a_key_makes_one_post_where_the_server_honours_it(
    network: Mastodon, tmp_path: Path
) -> None:
    """Which it was asked for with its limits."""
    what, plan = planned(network, some_words(), picture(tmp_path))
    first = network.send(what, plan)
    again = network.send(what, plan) if network.limits().once else first
    assert again.uri == first.uri
    network.retract(first)


def test_a_post_is_found_by_its_plan_and_never_for_another(
    network: Mastodon, post: Post, tmp_path: Path
) -> None:
    """With the same words, too, where the other is somebody's already."""
    words, image = some_words(), picture(tmp_path)
    what, plan = planned(network, words, image)
    assert network.find(what, plan) is None
    other = post(words, image)
    assert network.find(what, plan, [other.uri]) is None
    sent = network.send(what, plan)
    found = network.find(what, plan, [other.uri])
    assert found is not None
    assert found.uri == sent.uri
    network.retract(sent)


def test_a_thread_answers_itself_and_another_post(
    target: Target, network: Mastodon, post: Post
) -> None:
    """In one line of answers."""
    first = post(some_words())
    long = "狐の絵です。" * (network.limits().text // 3)
    words = replace(some_words(thread=True), text=long)
    receipt = post(words, reply_to=first.uri)
    assert status(target, receipt)["in_reply_to_id"] == status(target, first)["id"]
    ids = receipt.answer["ids"]
    assert isinstance(ids, list)
    answers = [
        get(f"{target.url}/api/v1/statuses/{each}", target.token).json["in_reply_to_id"]
        for each in ids[1:]
    ]
    assert answers == ids[:-1]


def test_words_are_edited_where_the_server_does_that(
    network: Mastodon, post: Post, tmp_path: Path
) -> None:
    """Or it says that it cannot."""
    words, image = some_words(), picture(tmp_path)
    receipt = post(words, image)
    changed = replace(some_words(), alts=("改題",), cw="注意")
    try:
        network.edit(draft(changed, image), receipt)
    except Refused:
        changed = words
    shown = network.read_back(receipt)
    assert shown is not None
    assert (shown.text, shown.alts) == (changed.text, changed.alts[:1])


def test_a_retracted_post_is_gone(network: Mastodon, target: Target, post: Post) -> None:
    """For everybody, and to retract it again is no error."""
    receipt = post(some_words())
    network.retract(receipt)
    assert network.read_back(receipt) is None
    assert status(target, receipt)["error"]


def test_what_the_server_cannot_give_is_objected_to(network: Mastodon) -> None:
    """Before anything is sent."""
    limits = network.limits()
    assert network.objections(some_words(), limits.images, limits) == []
    assert network.objections(some_words(replies=Replies.NOBODY), 1, limits) != []
    found = network.objections(some_words(quotes=Quotes.NOBODY), 1, limits)
    assert bool(found) is not limits.quote_policy
