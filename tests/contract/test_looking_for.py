"""Finding a post again of which no plan is known: by what it says and shows."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from postguard.model import Draft, Receipt, Rendition, Sighting, Words
from postguard.networks.preview import Preview
from postguard.ports import Network
from tests.contract.stages import (
    FakeClock,
    SavedSession,
    bluesky,
    draft,
    mastodon_network,
    picture,
)
from tests.servers.mastodon import MastodonServer
from tests.servers.pds import Account, PdsServer
from tests.servers.rawhttp import send_form

WORDS = Words(text="新作です #狐 https://example.com/狐", alts=("狐の絵", "空の絵"), langs=("ja",))
LONG = Words(text="狐の絵です。" * 150, alts=("狐の絵",), thread=True)
NOW = FakeClock().now()
BEFORE = NOW - timedelta(hours=1)


@pytest.fixture
def on_bluesky(pds: PdsServer, pds_account: Account) -> Iterator[Network]:
    """The adapter on the real PDS."""
    made = bluesky(pds, pds_account, SavedSession())
    yield made
    made.close()


@pytest.fixture
def on_mastodon(mastodon: MastodonServer) -> Iterator[Network]:
    """The adapter on the strict stand-in."""
    made = mastodon_network(mastodon)
    yield made
    made.close()


@pytest.fixture(params=["bluesky", "mastodon"])
def network(request: pytest.FixtureRequest) -> Network:
    """Each network in turn."""
    found: Network = request.getfixturevalue(f"on_{request.param}")
    return found


def post(network: Network, what: Draft) -> Receipt:
    """Plan and send."""
    return network.send(what, network.plan(what, NOW))


def first_picture(folder: Path, number: int) -> Rendition:
    """The first picture of a post; another for each number."""
    return replace(picture(folder, number), position=0)


def looked_for(network: Network, what: Draft, *taken: str) -> list[Sighting]:
    """What may be this draft, by a network that knows no plan of it."""
    (found,) = network.look_for([what], BEFORE, taken)
    return found


def seen(network: Network, what: Draft, *taken: str) -> list[Sighting]:
    """Of that, what is more than a picture of the same shape."""
    return [each for each in looked_for(network, what, *taken) if not each.by_shape]


def test_a_post_is_found_by_what_it_says_and_shows(network: Network, tmp_path: Path) -> None:
    what = draft(WORDS, picture(tmp_path), picture(tmp_path, 1))
    assert seen(network, what) == []
    sent = post(network, what)
    (found,) = seen(network, what)
    assert found.sure
    assert (found.receipt.uri, found.receipt.url) == (sent.uri, sent.url)


def test_its_receipt_is_as_good_as_the_one_that_was_lost(network: Network, tmp_path: Path) -> None:
    what = draft(WORDS, picture(tmp_path))
    post(network, what)
    (found,) = seen(network, what)
    shown = network.read_back(found.receipt)
    assert shown is not None
    assert shown.alts == ("狐の絵",)
    network.retract(found.receipt)
    assert seen(network, what) == []


@pytest.mark.parametrize(
    "other",
    [{"text": "新作です"}, {"alts": ("猫の絵", "空の絵")}],
    ids=["text", "alt"],
)
def test_a_post_that_says_something_else_is_another(
    network: Network, tmp_path: Path, other: dict[str, object]
) -> None:
    post(network, draft(WORDS, picture(tmp_path)))
    words = replace(WORDS, **other)  # type: ignore[arg-type]
    assert seen(network, draft(words, first_picture(tmp_path, 1))) == []


def test_a_post_whose_text_was_changed_may_be_it(network: Network, tmp_path: Path) -> None:
    """Its words are other ones than a restored backup knows, its pictures are not."""
    words = replace(WORDS, alts=("月の下に座る赤い狐の絵", "夜の空の絵"))
    pictures = picture(tmp_path), picture(tmp_path, 1)
    sent = post(network, draft(replace(words, text="別の言葉"), *pictures))
    (found,) = seen(network, draft(words, *pictures))
    assert (found.receipt.uri, found.sure) == (sent.uri, False)


def test_a_post_that_says_something_else_of_a_picture_of_this_shape_is_only_told_of(
    network: Network, tmp_path: Path
) -> None:
    """Words and alt text may both have been changed since a backup."""
    sent = post(network, draft(WORDS, picture(tmp_path)))
    words = replace(WORDS, text="前の言葉", alts=("猫の絵", "海の絵"))
    (found,) = looked_for(network, draft(words, first_picture(tmp_path, 1)))
    assert (found.receipt.uri, found.sure, found.by_shape) == (sent.uri, False, True)
    turned = replace(first_picture(tmp_path, 1), width=20, height=900)
    assert looked_for(network, draft(words, turned)) == []
    assert looked_for(network, draft(words, first_picture(tmp_path, 1)), sent.uri) == []
    later = NOW + timedelta(days=900)
    assert network.look_for([draft(words, first_picture(tmp_path, 1))], later) == [[]]


def test_a_later_part_of_a_thread_is_no_post_by_itself(network: Network, tmp_path: Path) -> None:
    """It answers the part before, and no edit changes that; it may be a post that answers one."""
    words = replace(WORDS, alts=("狐の絵",) * 5, thread=True)
    post(network, draft(words, *(picture(tmp_path, number) for number in range(5))))
    other = replace(WORDS, text="前の言葉", alts=("猫の絵",))
    assert looked_for(network, draft(other, first_picture(tmp_path, 30))) == []
    answer = replace(other, reply_to="https://example.com/1")
    (found,) = looked_for(network, draft(answer, first_picture(tmp_path, 30)))
    assert found.by_shape


def test_a_post_that_another_delivery_has_is_not_it(network: Network, tmp_path: Path) -> None:
    what = draft(WORDS, picture(tmp_path))
    sent = post(network, what)
    assert seen(network, what, sent.uri) == []


def test_a_thread_is_found_whole(network: Network, tmp_path: Path) -> None:
    what = draft(LONG, picture(tmp_path))
    sent = post(network, what)
    (found,) = seen(network, what)
    assert found.sure
    assert found.receipt.uri == sent.uri
    (key,) = {"rkeys", "ids"} & set(sent.answer)
    assert found.receipt.answer[key] == sent.answer[key]


def test_of_two_posts_with_the_same_words_bluesky_tells_by_the_bytes(
    on_bluesky: Network, tmp_path: Path
) -> None:
    first, second = (draft(WORDS, first_picture(tmp_path, n)) for n in (0, 1))
    sent = [post(on_bluesky, each) for each in (first, second)]
    assert [seen(on_bluesky, each)[0].receipt.uri for each in (first, second)] == [
        each.uri for each in sent
    ]
    third = seen(on_bluesky, draft(WORDS, first_picture(tmp_path, 2)))
    assert [each.sure for each in third] == [False, False]


def test_of_two_posts_with_the_same_words_mastodon_shows_both(
    on_mastodon: Network, tmp_path: Path
) -> None:
    what = draft(WORDS, picture(tmp_path))
    sent = {post(on_mastodon, what).uri, post(on_mastodon, what).uri}
    assert {each.receipt.uri for each in seen(on_mastodon, what)} == sent


def test_what_was_posted_before_is_not_looked_at(on_bluesky: Network, tmp_path: Path) -> None:
    what = draft(WORDS, picture(tmp_path))
    post(on_bluesky, what)
    assert on_bluesky.look_for([what], NOW + timedelta(minutes=1)) == [[]]


def test_many_posts_are_looked_through_page_by_page(
    on_mastodon: Network, mastodon: MastodonServer, tmp_path: Path
) -> None:
    what, token = draft(WORDS, picture(tmp_path)), mastodon.token_for("hanako")
    sent = post(on_mastodon, what)
    for number in range(41):
        send_form("POST", f"{mastodon.url}/api/v1/statuses", {"status": f"{number}"}, token)
    assert [each.receipt.uri for each in seen(on_mastodon, what)] == [sent.uri]


def test_a_page_on_this_pc_is_drawn_again(tmp_path: Path) -> None:
    preview = Preview("bluesky", tmp_path, lambda _: [])
    assert seen(preview, draft(WORDS)) == []
