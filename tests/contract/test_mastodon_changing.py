"""Reading back, editing, taking back and mending what stands on a Mastodon server."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from postguard.errors import Refused, Retryable, Unsure
from postguard.model import Quotes, Receipt, Rendition, Shown, Visibility, Words
from postguard.networks.mastodon.network import Mastodon
from tests.contract.stages import FakeClock, draft, mastodon_network, picture
from tests.servers.mastodon import MastodonServer, start_mastodon
from tests.servers.rawhttp import get

WORDS = Words(
    text="新作です #オリジナル https://example.com/狐",
    alts=("狐の絵", "空の絵"),
    langs=("ja",),
    cw="流血",
    visibility=Visibility.UNLISTED,
)
STATUSES = "/api/v1/statuses"


@pytest.fixture
def network(mastodon: MastodonServer) -> Iterator[Mastodon]:
    """The adapter for one account."""
    made = mastodon_network(mastodon)
    yield made
    made.close()


@pytest.fixture(params=["mastodon", "gotosocial", "pleroma"])
def any_server(request: pytest.FixtureRequest) -> Iterator[MastodonServer]:
    """Each kind of server that changes posts."""
    with start_mastodon(request.param) as server:
        yield server


@pytest.fixture
def any_network(any_server: MastodonServer) -> Iterator[Mastodon]:
    """The adapter on it."""
    made = mastodon_network(any_server)
    yield made
    made.close()


def post(network: Mastodon, words: Words, *images: Rendition) -> Receipt:
    """Plan and send."""
    what = draft(words, *images)
    return network.send(what, network.plan(what, FakeClock().now()))


def shown(network: Mastodon, receipt: Receipt) -> Shown:
    """What is shown of a post that is there."""
    found = network.read_back(receipt)
    assert found is not None
    return found


def test_a_post_is_read_back_as_it_is_shown(
    mastodon: MastodonServer, network: Mastodon, tmp_path: Path
) -> None:
    """Every word of it, and where its pictures are served."""
    words = replace(WORDS, quotes=Quotes.FOLLOWERS)
    found = shown(network, post(network, words, picture(tmp_path), picture(tmp_path, 1)))
    assert (found.text, found.cw, found.alts) == (WORDS.text, "流血", WORDS.alts)
    assert (found.sensitive, found.langs) == (True, ("ja",))
    assert (found.visibility, found.quotes) == (Visibility.UNLISTED, Quotes.FOLLOWERS)
    assert [get(each).body for each in found.pictures] == [m.data for m in mastodon.media]


def test_what_a_server_does_not_tell_is_not_made_up(tmp_path: Path) -> None:
    """Nobody's reply rule, and no quotes before Mastodon 4.5."""
    with start_mastodon() as server:
        server.limits.api_versions["mastodon"] = 6
        network = mastodon_network(server)
        found = shown(network, post(network, WORDS, picture(tmp_path)))
        assert (found.replies, found.labels, found.quotes, found.sha256) == (None,) * 4
        network.close()


def test_a_language_that_was_ignored_is_seen() -> None:
    """Takahe keeps none, and says so."""
    with start_mastodon("takahe") as server:
        network = mastodon_network(server)
        assert shown(network, post(network, Words(text="狐", langs=("ja",)))).langs == ()
        network.close()


def test_a_server_that_hides_the_source_shows_the_text_all_the_same(
    mastodon: MastodonServer, network: Mastodon
) -> None:
    """Out of its HTML, links in full."""
    receipt = post(network, WORDS)
    identity = mastodon.statuses[0].id
    mastodon.fail_next(f"{STATUSES}/{identity}/source", status=404)
    assert shown(network, receipt).text.strip() == WORDS.text


def test_a_post_that_is_gone_is_none(mastodon: MastodonServer, network: Mastodon) -> None:
    """The artist deleted it there."""
    receipt = post(network, WORDS)
    network.retract(receipt)
    assert network.read_back(receipt) is None


def test_a_post_is_retracted_with_its_pictures(
    mastodon: MastodonServer, network: Mastodon, tmp_path: Path
) -> None:
    """Not even their addresses serve them any more; once is as good as twice."""
    receipt = post(network, WORDS, picture(tmp_path))
    (address,) = shown(network, receipt).pictures
    network.retract(receipt)
    network.retract(receipt)
    assert (mastodon.statuses, get(address).status) == ([], 404)


def test_another_accounts_post_is_neither_changed_nor_said_to_be_deleted(
    mastodon: MastodonServer, network: Mastodon
) -> None:
    """The config's account is logged in as somebody else now, whom the server shows nothing."""
    words = replace(WORDS, visibility=Visibility.PRIVATE)
    receipt = post(network, words)
    mastodon.add_account("taro")
    token = mastodon.token_for("taro", "profile read:statuses write:statuses write:media")
    other = mastodon_network(mastodon, token=token)
    for act in (lambda: other.retract(receipt), lambda: other.edit(draft(words), receipt)):
        with pytest.raises(Refused, match="another account") as caught:
            act()
        assert caught.value.stands
    other.close()
    assert len(mastodon.statuses) == 1


def test_a_retraction_whose_answer_is_lost_is_repeated(
    mastodon: MastodonServer, network: Mastodon
) -> None:
    """It is unsure until somebody asks again."""
    receipt = post(network, WORDS)
    mastodon.fail_next(STATUSES, method="DELETE", drop_answer=True)
    with pytest.raises(Unsure):
        network.retract(receipt)
    network.retract(receipt)
    assert mastodon.statuses == []


def test_a_retraction_that_did_not_arrive_is_tried_again(
    mastodon: MastodonServer, network: Mastodon
) -> None:
    """A post that still stands is never said to be gone."""
    receipt = post(network, WORDS)
    mastodon.fail_next(STATUSES, method="DELETE", status=429)
    with pytest.raises(Retryable):
        network.retract(receipt)
    assert len(mastodon.statuses) == 1


def test_all_words_can_be_changed(
    any_server: MastodonServer, any_network: Mastodon, tmp_path: Path
) -> None:
    """Text, warning and alt texts, on every server that changes posts, in its own way."""
    images = picture(tmp_path), picture(tmp_path, 1)
    receipt = post(any_network, WORDS, *images)
    words = replace(WORDS, text="改題", cw="注意", alts=("狐", "空"))
    changed = any_network.edit(draft(words, *images), receipt)
    assert (changed.uri, changed.at) == (receipt.uri, receipt.at)
    found = shown(any_network, changed)
    assert (found.text, found.cw, found.alts) == ("改題", "注意", ("狐", "空"))
    assert any_server.statuses[0].edited_at is not None


def test_who_may_quote_can_be_narrowed(mastodon: MastodonServer, network: Mastodon) -> None:
    """Afterwards, too."""
    receipt = post(network, WORDS)
    network.edit(draft(replace(WORDS, quotes=Quotes.NOBODY)), receipt)
    assert mastodon.statuses[0].quote_policy == "nobody"


def test_language_and_focal_point_can_be_changed(
    mastodon: MastodonServer, network: Mastodon, tmp_path: Path
) -> None:
    """Where the server has them."""
    image = picture(tmp_path)
    receipt = post(network, replace(WORDS, alts=("狐",), focus=((0.5, -0.25),)), image)
    assert mastodon.media[0].focus == (0.5, -0.25)
    words = replace(WORDS, alts=("狐",), langs=("en",), focus=((-1.0, 1.0),))
    network.edit(draft(words, image), receipt)
    assert mastodon.statuses[0].language == "en"
    assert mastodon.media[0].focus == (-1.0, 1.0)


def test_words_that_are_the_same_leave_no_trace(
    mastodon: MastodonServer, network: Mastodon, tmp_path: Path
) -> None:
    """Everybody sees that a post was edited."""
    words, image = replace(WORDS, alts=("狐",), focus=((0.5, 0.5),)), picture(tmp_path)
    network.edit(draft(words, image), post(network, words, image))
    assert mastodon.statuses[0].edited_at is None


@pytest.mark.parametrize(
    "change", [{"text": "新作です\n#Fox"}, {"alts": ("Fox",)}, {"cw": "Blood"}]
)
def test_the_smallest_change_is_made(
    mastodon: MastodonServer, network: Mastodon, tmp_path: Path, change: dict[str, Any]
) -> None:
    """Even one that a search for the post would not mind."""
    words, image = Words(text="新作です #fox", alts=("fox",), cw="blood"), picture(tmp_path)
    receipt = post(network, words, image)
    changed = replace(words, **change)
    network.edit(draft(changed, image), receipt)
    found = shown(network, receipt)
    assert (found.text, found.alts, found.cw) == (changed.text, changed.alts, changed.cw)


def test_a_server_without_edits_says_so(tmp_path: Path) -> None:
    """In words, and with the other way."""
    with start_mastodon("takahe") as server:
        network = mastodon_network(server)
        receipt = post(network, Words(text="狐"))
        with pytest.raises(Refused, match=r"does not change posts.*retract"):
            network.edit(draft(Words(text="狐の絵")), receipt)
        network.close()


def test_an_audience_cannot_be_changed(mastodon: MastodonServer, network: Mastodon) -> None:
    """What was public stays public until it is deleted."""
    receipt = post(network, WORDS)
    with pytest.raises(Refused, match="who sees a post"):
        network.edit(draft(replace(WORDS, visibility=Visibility.PRIVATE)), receipt)
    assert mastodon.statuses[0].edited_at is None


def test_a_post_that_is_gone_cannot_be_changed(
    mastodon: MastodonServer, network: Mastodon
) -> None:
    """It is not posted anew by surprise."""
    receipt = post(network, WORDS)
    network.retract(receipt)
    with pytest.raises(Refused, match="not there any more"):
        network.edit(draft(replace(WORDS, text="狐")), receipt)
    assert mastodon.statuses == []


def test_an_edit_whose_answer_is_lost_is_repeated(
    mastodon: MastodonServer, network: Mastodon
) -> None:
    """The second time finds the words there."""
    receipt, words = post(network, WORDS), replace(WORDS, text="狐")
    mastodon.fail_next(STATUSES, method="PUT", drop_answer=True)
    with pytest.raises(Unsure):
        network.edit(draft(words), receipt)
    network.edit(draft(words), receipt)
    assert len(mastodon.statuses[0].edits) == 2


@pytest.mark.parametrize("lost", ["media", "alts", "cw", "sensitive"])
def test_what_a_server_lost_is_mended_at_once(
    mastodon: MastodonServer, network: Mastodon, tmp_path: Path, lost: str
) -> None:
    """Before anybody can have missed it."""
    mastodon.lose(lost)
    receipt = post(network, WORDS, picture(tmp_path), picture(tmp_path, 1))
    found = shown(network, receipt)
    assert (found.text, found.cw, found.alts) == (WORDS.text, "流血", WORDS.alts)
    assert (found.sensitive, found.langs, len(mastodon.statuses)) == (True, ("ja",), 1)


def test_another_language_than_asked_is_mended(
    mastodon: MastodonServer, network: Mastodon
) -> None:
    """The account's own, as old servers took it."""
    mastodon.state.account_named("hanako").default_language = "de"
    network.edit(draft(WORDS), post(network, replace(WORDS, langs=())))
    assert mastodon.statuses[0].language == "ja"


@pytest.mark.parametrize("flavour", ["takahe", "pleroma", "gotosocial"])
def test_no_post_is_marked_as_edited_for_what_its_server_has_not(flavour: str) -> None:
    """A language, a quote policy: that is seen when it is read back, and changes nothing."""
    with start_mastodon(flavour) as server:
        network = mastodon_network(server)
        post(network, WORDS)
        assert server.statuses[0].edited_at is None
        assert not [each for each in server.requests if each.method == "PUT"]
        network.close()


def test_lost_alt_texts_are_mended_on_pleroma_too(tmp_path: Path) -> None:
    """Which keeps them with the upload."""
    with start_mastodon("pleroma") as server:
        server.lose("alts")
        network = mastodon_network(server)
        receipt = post(network, WORDS, picture(tmp_path), picture(tmp_path, 1))
        assert shown(network, receipt).alts == WORDS.alts
        network.close()


def test_quotes_that_were_left_open_are_closed(
    mastodon: MastodonServer, network: Mastodon
) -> None:
    """The server took the post and not its quote policy."""
    mastodon.lose("quotes")
    post(network, replace(WORDS, quotes=Quotes.NOBODY))
    assert [each.quote_policy for each in mastodon.statuses] == ["nobody"]


@pytest.mark.parametrize("lost", ["media", "alts"])
def test_a_post_that_is_not_whole_and_cannot_be_mended_is_held(tmp_path: Path, lost: str) -> None:
    """Nobody sees too much, so it stands, and the artist is told where; it is never sent anew."""
    with start_mastodon("takahe") as server:
        server.lose(lost)
        network = mastodon_network(server)
        what = draft(WORDS, picture(tmp_path), picture(tmp_path, 1))
        plan = network.plan(what, FakeClock().now())
        for act in (network.send, network.find):
            with pytest.raises(Refused, match=server.url) as raised:
                act(what, plan)
            assert raised.value.stands
        assert len(server.statuses) == 1
        network.close()


@pytest.mark.parametrize("lost", ["cw", "sensitive"])
def test_a_post_without_its_cover_that_cannot_be_mended_is_deleted(
    tmp_path: Path, lost: str
) -> None:
    """It shows more than was asked: nothing of it stays."""
    with start_mastodon("takahe") as server:
        server.lose(lost)
        network = mastodon_network(server)
        with pytest.raises(Refused, match="deleted again at once") as raised:
            post(network, WORDS, picture(tmp_path), picture(tmp_path, 1))
        assert (server.statuses, server.media, raised.value.stands) == ([], [], False)
        network.close()


@pytest.mark.parametrize("faults", [0, 1])
def test_a_post_that_more_people_see_is_deleted_at_once(tmp_path: Path, faults: int) -> None:
    """snac makes a direct post one for all followers, and no edit narrows it again. An answer that
    is lost is asked for once more."""
    with start_mastodon("snac") as server:
        network = mastodon_network(server)
        for _ in range(faults):
            server.fail_next(STATUSES, method="DELETE", drop_answer=True)
        with pytest.raises(Refused, match="as private although direct was asked") as raised:
            post(network, replace(WORDS, visibility=Visibility.DIRECT), picture(tmp_path))
        assert (server.statuses, raised.value.stands) == ([], False)
        network.close()


def test_a_post_that_more_people_see_and_that_stays_is_reported(tmp_path: Path) -> None:
    """The artist must see where it stands; whoever asks later hears the same."""
    with start_mastodon("snac") as server:
        network = mastodon_network(server)
        what = draft(replace(WORDS, visibility=Visibility.DIRECT), picture(tmp_path))
        plan = network.plan(what, FakeClock().now())
        server.fail_next(STATUSES, method="DELETE", status=503, times=2)
        for act in (network.send, network.find):
            with pytest.raises(Refused, match="as private although direct was asked") as raised:
                act(what, plan)
            assert server.url in str(raised.value)
            assert raised.value.stands
        network.close()
