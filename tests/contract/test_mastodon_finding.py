"""Finding a post again on a Mastodon server, and going on with a thread that was cut off."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from postguard.errors import Refused, Unsure
from postguard.model import Draft, Json, Receipt, Rendition, Visibility, Words
from postguard.networks.mastodon.network import Mastodon
from tests.contract.stages import FakeClock, draft, mastodon_network, picture
from tests.servers.mastodon import MastodonServer, start_mastodon
from tests.servers.rawhttp import send_form

WORDS = Words(text="新作です", alts=("狐の絵",), langs=("ja",))
LONG = Words(text="狐の絵です。" * 200, cw="長い", thread=True)
STATUSES = "/api/v1/statuses"
MEDIA = "/api/v2/media"


@pytest.fixture
def network(mastodon: MastodonServer) -> Iterator[Mastodon]:
    """The adapter for one account."""
    made = mastodon_network(mastodon)
    yield made
    made.close()


@pytest.fixture
def forgetful() -> Iterator[MastodonServer]:
    """A server that honours no key."""
    with start_mastodon("gotosocial") as server:
        yield server


@pytest.fixture
def on_forgetful(forgetful: MastodonServer) -> Iterator[Mastodon]:
    """The adapter on it."""
    made = mastodon_network(forgetful)
    yield made
    made.close()


def planned(network: Mastodon, words: Words, *images: Rendition) -> tuple[Draft, dict[str, Json]]:
    """A draft and its plan."""
    what = draft(words, *images)
    return what, network.plan(what, FakeClock().now())


def post(network: Mastodon, words: Words, *images: Rendition) -> Receipt:
    """Plan and send."""
    return network.send(*planned(network, words, *images))


def lose(server: MastodonServer, method: str = "POST", **fault: Any) -> None:
    """Lose the next answer to a post."""
    server.fail_next(STATUSES, method=method, **(fault or {"drop_answer": True}))


def chain(server: MastodonServer) -> list[str]:
    """The texts of a thread, which must be one line of answers."""
    statuses = sorted(server.statuses, key=lambda each: int(each.id))
    parents = [each.in_reply_to.id if each.in_reply_to else None for each in statuses]
    assert parents == [None, *(each.id for each in statuses[:-1])]
    return [each.text for each in statuses]


@pytest.mark.parametrize(
    ("flavour", "once"),
    [("mastodon", True), ("pleroma", True), ("gotosocial", False), ("takahe", False)],
)
def test_whether_a_key_is_honoured_is_known_with_the_limits(flavour: str, *, once: bool) -> None:
    """By the version that the server names."""
    with start_mastodon(flavour) as server:
        network = mastodon_network(server)
        assert network.limits().once is once
        network.close()


def test_pleromas_limits_are_found_where_it_says_them() -> None:
    """At the first level."""
    with start_mastodon("pleroma") as server:
        server.limits.max_characters, server.limits.image_size_limit = 5000, 3_000_000
        network = mastodon_network(server)
        limits = network.limits()
        assert (limits.text, limits.image_bytes, limits.alt) == (5000, 3_000_000, 10_000)
        network.close()


def test_a_post_that_another_account_may_have_made_is_left_to_the_artist(
    mastodon: MastodonServer, network: Mastodon
) -> None:
    """Who is logged in now cannot see it, and would post it once more."""
    what, plan = planned(network, replace(WORDS, alts=(), visibility=Visibility.PRIVATE))
    lose(mastodon)
    with pytest.raises(Unsure):
        network.send(what, plan)
    mastodon.add_account("taro")
    token = mastodon.token_for("taro", "profile read:statuses write:statuses write:media")
    other = mastodon_network(mastodon, token=token)
    with pytest.raises(Refused, match="another account") as caught:
        other.find(what, plan)
    other.close()
    assert caught.value.stands


def test_two_posts_with_equal_words_each_get_their_own_status(
    forgetful: MastodonServer, on_forgetful: Mastodon, tmp_path: Path
) -> None:
    """Both answers were lost; the second looks past what is the first's."""
    image = picture(tmp_path)
    both = [planned(on_forgetful, WORDS, image), planned(on_forgetful, WORDS, image)]
    for what, plan in both:
        lose(forgetful)
        with pytest.raises(Unsure):
            on_forgetful.send(what, plan)
    taken: list[str] = []
    for what, plan in both:
        found = on_forgetful.find(what, plan, taken)
        assert found is not None
        taken.append(found.uri)
    assert len(set(taken)) == 2
    assert on_forgetful.find(*both[0], taken) is None


@pytest.mark.parametrize("before", [0, 1])
def test_a_post_is_found_behind_many_newer_ones(
    mastodon: MastodonServer, network: Mastodon, tmp_path: Path, before: int
) -> None:
    """The artist was busy elsewhere, and servers give forty at once; whether it was the account's
    first post or not."""
    for _ in range(before):
        post(network, WORDS)
    what, plan = planned(network, WORDS, picture(tmp_path))
    token = mastodon.token_for("hanako")
    sent = []
    for number in range(95):
        if number == 60:
            sent.append(network.send(what, plan))
        send_form("POST", f"{mastodon.url}{STATUSES}", {"status": f"no {number}"}, token)
    found = network.find(what, plan)
    assert found is not None
    assert [found.uri] == [each.uri for each in sent]


def test_a_plan_that_was_sent_weeks_later_is_found(
    mastodon: MastodonServer, network: Mastodon
) -> None:
    """The PC slept with a post in doubt, sent it when it woke, and lost that answer as well."""
    post(network, WORDS)
    what, plan = planned(network, WORDS)
    mastodon.clock.move(days=20)
    sent = network.send(what, plan)
    found = network.find(what, plan)
    assert found is not None
    assert found.uri == sent.uri


def test_too_many_newer_posts_are_no_proof_that_it_is_not_there(
    mastodon: MastodonServer, network: Mastodon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays unsure; the artist is told to look."""
    # The bound is lowered: to make 2,000 posts takes a minute.
    monkeypatch.setattr("postguard.networks.mastodon.finding._MOST_PAGES", 2)
    what, plan = planned(network, WORDS)
    token = mastodon.token_for("hanako")
    for number in range(81):
        send_form("POST", f"{mastodon.url}{STATUSES}", {"status": f"no {number}"}, token)
    with pytest.raises(Unsure, match="look there"):
        network.find(what, plan)


def test_an_empty_text_is_found_by_its_pictures(
    mastodon: MastodonServer, network: Mastodon, tmp_path: Path
) -> None:
    """And by their shape, where nothing else tells them apart."""
    silent = replace(WORDS, text="", alts=())
    what, plan = planned(network, silent, picture(tmp_path, size=(64, 40)))
    post(network, silent, picture(tmp_path, 1, size=(40, 64)))
    assert network.find(what, plan) is None
    sent = network.send(what, plan)
    found = network.find(what, plan)
    assert found is not None
    assert found.uri == sent.uri


def test_a_post_whose_pictures_were_lost_is_not_sent_again(
    forgetful: MastodonServer, on_forgetful: Mastodon, tmp_path: Path
) -> None:
    """It stands there without them (ihabunek/toot#286), and the answer was lost besides."""
    forgetful.lose("media")
    what, plan = planned(on_forgetful, WORDS, picture(tmp_path))
    lose(forgetful)
    with pytest.raises(Unsure):
        on_forgetful.send(what, plan)
    with pytest.raises(Refused, match="0 of its 1 pictures") as raised:
        on_forgetful.find(what, plan)
    assert raised.value.stands


def test_a_text_that_is_too_long_becomes_a_thread(
    mastodon: MastodonServer, network: Mastodon, tmp_path: Path
) -> None:
    """One answers the other; the receipt is the first's and knows all."""
    images = [picture(tmp_path, n) for n in range(6)]
    receipt = post(network, LONG, *images)
    assert "".join(chain(mastodon)) == LONG.text
    assert [len(each.media) for each in mastodon.statuses] == [4, 2, 0]
    assert {each.spoiler_text for each in mastodon.statuses} == {"長い"}
    assert receipt.answer["ids"] == [each.id for each in mastodon.statuses]
    assert mastodon.statuses[0].id in receipt.uri
    keys = [r.headers.get("idempotency-key") for r in mastodon.requests if r.path == STATUSES]
    assert len(set(keys)) == 3


@pytest.mark.parametrize("fault", [{"drop_answer": True}, {"drop_request": True}, {"status": 503}])
@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("flavour", ["mastodon", "gotosocial"])
def test_a_thread_that_was_cut_off_goes_on_where_it_was(
    tmp_path: Path, flavour: str, at: int, fault: dict[str, Any]
) -> None:
    """At whichever part, whether it arrived or not, hours later: no part twice, none missing."""
    with start_mastodon(flavour) as server:
        network = mastodon_network(server)
        what, plan = planned(network, LONG, *(picture(tmp_path, n) for n in range(6)))
        for _ in range(at):
            server.fail_next(STATUSES, method="POST", delay=0.0)
        lose(server, **fault)
        with pytest.raises(Unsure):
            network.send(what, plan)
        network.close()

        server.clock.move(hours=3)
        later = mastodon_network(server)
        receipt = later.find(what, plan) or later.send(what, plan)
        assert "".join(chain(server)) == LONG.text
        assert receipt.answer["ids"] == [each.id for each in server.statuses]
        later.close()


def test_a_thread_whose_later_part_is_refused_is_held_as_one_that_stands(
    mastodon: MastodonServer, network: Mastodon
) -> None:
    """It must never be sent anew as if nothing were there."""
    mastodon.fail_next(STATUSES, method="POST", delay=0.0)
    lose(mastodon, status=422)
    with pytest.raises(Refused, match="without the rest of its thread") as raised:
        post(network, LONG)
    assert raised.value.stands
    assert len(mastodon.statuses) == 1


def test_a_thread_of_which_a_part_must_not_stand_is_taken_back_whole(
    mastodon: MastodonServer, network: Mastodon
) -> None:
    """The last part came without its warning, and the server took no edit."""
    for _ in range(2):
        mastodon.fail_next(STATUSES, method="POST", delay=0.0)
    what, plan = planned(network, LONG)
    mastodon.before_write(lambda: len(mastodon.statuses) == 2 and mastodon.lose("cw"))
    mastodon.fail_next(STATUSES, method="PUT", status=404)
    with pytest.raises(Refused, match="without its content warning") as raised:
        network.send(what, plan)
    assert (mastodon.statuses, raised.value.stands) == ([], False)


def test_a_thread_is_read_back_edited_and_retracted_as_one(
    mastodon: MastodonServer, network: Mastodon
) -> None:
    """Its texts follow each other; it goes the last part first."""
    receipt = post(network, LONG)
    found = network.read_back(receipt)
    assert found is not None
    assert "".join(found.text.split()) == LONG.text

    words = replace(LONG, text="空の絵です。" * 200)
    network.edit(draft(words), receipt)
    assert "".join(chain(mastodon)) == words.text
    with pytest.raises(Refused, match="3 posts and would now need 1"):
        network.edit(draft(replace(words, text="短い")), receipt)

    network.retract(receipt)
    gone = [each.path.rpartition("/")[2] for each in mastodon.requests if each.method == "DELETE"]
    assert gone == list(reversed(receipt.answer["ids"]))
    assert (mastodon.statuses, network.read_back(receipt)) == ([], None)


def test_an_own_post_is_answered(mastodon: MastodonServer, network: Mastodon) -> None:
    """By either of its addresses; its own server needs no search."""
    first = post(network, WORDS)
    for address in (first.uri, first.url):
        what = replace(draft(replace(WORDS, text="続き")), reply_to=address)
        network.send(what, network.plan(what, FakeClock().now()))
    parents = [each.in_reply_to and each.in_reply_to.id for each in mastodon.statuses]
    assert parents == [None, mastodon.statuses[0].id, mastodon.statuses[0].id]


def test_a_post_of_another_server_is_searched_for(mastodon: MastodonServer) -> None:
    """And fetched by it, where the token allows to search."""
    network = mastodon_network(mastodon)
    first, address = post(network, WORDS), "https://elsewhere.example/@taro/1"
    mastodon.state.elsewhere[address] = str(first.answer["ids"][0])
    mastodon.token_for("hanako", "profile read write", "another-token")
    what = replace(draft(replace(WORDS, text="返事")), reply_to=address)
    other = mastodon_network(mastodon, token="another-token")
    other.send(what, other.plan(what, FakeClock().now()))
    assert mastodon.statuses[1].in_reply_to is not None
    what = replace(what, reply_to="https://elsewhere.example/@taro/2")
    with pytest.raises(Refused, match="knows no post at"):
        other.plan(what, FakeClock().now())
    network.close()
    other.close()


def test_a_token_that_may_not_search_still_posts(
    mastodon: MastodonServer, network: Mastodon
) -> None:
    """Only the post with the answer waits for the artist, not the whole account for a login."""
    what = replace(draft(WORDS), reply_to="https://elsewhere.example/@taro/1")
    with pytest.raises(Refused, match="log in again"):
        network.plan(what, FakeClock().now())
    post(network, WORDS)


def test_an_answer_is_found_again_as_one(mastodon: MastodonServer, network: Mastodon) -> None:
    """The same words outside the conversation are another post."""
    first = post(network, WORDS)
    what = replace(draft(replace(WORDS, text="続き")), reply_to=first.uri)
    plan = network.plan(what, FakeClock().now())
    post(network, replace(WORDS, text="続き"))
    assert network.find(what, plan) is None
    assert network.send(what, plan).uri == getattr(network.find(what, plan), "uri", None)


def test_the_link_to_the_other_copy_is_posted_and_found(
    mastodon: MastodonServer, network: Mastodon
) -> None:
    """It counts as 23, whatever its length."""
    address = "https://bsky.app/profile/" + "x" * 480
    what = replace(draft(WORDS), link=address)
    plan = network.plan(what, FakeClock().now())
    network.send(what, plan)
    assert mastodon.statuses[0].text == f"新作です\n\n{address}"
    assert network.find(what, plan) is not None


def test_a_status_of_before_the_plan_is_never_found(
    mastodon: MastodonServer, network: Mastodon
) -> None:
    """Even on a server whose clock is a little behind."""
    mastodon.clock.move(minutes=-30)
    post(network, WORDS)
    what, plan = planned(network, WORDS)
    mastodon.clock.move(minutes=1)
    assert network.find(what, plan) is None
    network.send(what, plan)
    assert network.find(what, plan) is not None
