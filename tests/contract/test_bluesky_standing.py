"""A post that stands on a real PDS: read back, found again, changed and deleted."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from postguard.errors import Refused, Retryable, Unsure
from postguard.model import Quotes, Receipt, Rendition, Replies, Visibility, Words
from postguard.networks.bluesky.network import Access, Bluesky
from postguard.settings.schema import BlueskyAccount
from tests.contract.stages import FakeClock, SavedSession, bluesky, draft, picture
from tests.servers.pds import Account, PdsProxy, PdsServer

POST = "app.bsky.feed.post"
THREADGATE = "app.bsky.feed.threadgate"
POSTGATE = "app.bsky.feed.postgate"
APPLY_WRITES = "com.atproto.repo.applyWrites"
WORDS = Words(
    text="新作です #オリジナル",
    alts=("狐の絵", "空の絵"),
    langs=("ja", "en"),
    labels=("nudity",),
    replies=Replies.FOLLOWERS,
    quotes=Quotes.NOBODY,
)


@pytest.fixture
def network(pds: PdsServer, pds_account: Account) -> Iterator[Bluesky]:
    """The adapter on the PDS itself."""
    made = bluesky(pds, pds_account, SavedSession())
    yield made
    made.close()


@pytest.fixture
def proxied(pds_proxy: PdsProxy, pds_account: Account) -> Iterator[Bluesky]:
    """The adapter behind a proxy that can lose an answer."""
    settings = BlueskyAccount(network="bluesky", handle=pds_account.handle, service=pds_proxy.url)
    saved, password = SavedSession(), pds_account.app_password
    made = Bluesky("bsky", settings, Access(lambda: password, saved.load, saved.save), FakeClock())
    yield made
    made.close()


def post(network: Bluesky, words: Words, *images: Rendition) -> Receipt:
    """Plan and send."""
    what = draft(words, *images)
    return network.send(what, network.plan(what, FakeClock().now()))


def rkey_of(receipt: Receipt) -> str:
    """The key of the post, and of its gates."""
    return receipt.uri.rpartition("/")[2]


def change(pds: PdsServer, account: Account, kind: str, collection: str, rkey: str, **to: Any):
    """Do what the artist might do in the app: update or delete one record."""
    write = {"$type": f"{APPLY_WRITES}#{kind}", "collection": collection, "rkey": rkey, **to}
    body = {"repo": account.did, "writes": [write]}
    reply = pds.procedure(APPLY_WRITES, body, account.token)
    assert reply.status == 200, reply.text


def blobs_of(pds: PdsServer, account: Account) -> list[Path]:
    """The files in which the PDS keeps what an account has uploaded, seen in a record or not."""
    kept = (pds.data_dir / "blobs").rglob("*")
    return [path for path in kept if path.is_file() and account.did in path.parts]


def collections(pds: PdsServer, account: Account) -> list[int]:
    """How many posts, threadgates and postgates stand."""
    return [len(pds.list_records(account.did, kind)) for kind in (POST, THREADGATE, POSTGATE)]


def test_a_post_is_read_back_as_it_was_asked_for(
    pds: PdsServer, pds_account: Account, network: Bluesky, tmp_path: Path
) -> None:
    """Every word, who may reply and quote, and the digests of the bytes that anybody can get."""
    images = [picture(tmp_path, n) for n in range(2)]
    shown = network.read_back(post(network, WORDS, *images))
    assert shown is not None
    assert (shown.text, shown.alts, shown.langs) == (WORDS.text, WORDS.alts, WORDS.langs)
    assert shown.labels == ("nudity",)
    assert shown.visibility is Visibility.PUBLIC
    assert (shown.replies, shown.quotes) == (Replies.FOLLOWERS, Quotes.NOBODY)
    assert shown.sha256 == tuple(image.sha256 for image in images)


def test_the_addresses_of_the_pictures_lead_to_them(
    pds: PdsServer, network: Bluesky, tmp_path: Path
) -> None:
    """On a PDS of one's own they are the bytes themselves."""
    image = picture(tmp_path)
    shown = network.read_back(post(network, WORDS, image))
    assert shown is not None
    (address,) = shown.pictures
    assert address.startswith(pds.url)
    method, _, query = address.removeprefix(f"{pds.url}/xrpc/").partition("?")
    params = dict(pair.split("=") for pair in query.split("&"))
    assert hashlib.sha256(pds.query(method, **params).body).hexdigest() == image.sha256


@pytest.mark.parametrize("replies", [rule for rule in Replies if rule is not Replies.LISTS])
@pytest.mark.parametrize("quotes", [Quotes.EVERYONE, Quotes.NOBODY])
def test_every_reply_and_quote_rule_is_read_back(
    network: Bluesky, replies: Replies, quotes: Quotes
) -> None:
    """As it was asked for, and nothing wider."""
    shown = network.read_back(post(network, replace(WORDS, replies=replies, quotes=quotes)))
    assert shown is not None
    assert (shown.replies, shown.quotes) == (replies, quotes)


def test_a_post_that_was_opened_in_the_app_shows_it(
    pds: PdsServer, pds_account: Account, network: Bluesky
) -> None:
    """A gate that is gone lets everybody in."""
    receipt = post(network, WORDS)
    change(pds, pds_account, "delete", THREADGATE, rkey_of(receipt))
    shown = network.read_back(receipt)
    assert shown is not None
    assert shown.replies is Replies.EVERYONE


def test_a_post_that_is_gone_is_not_shown(
    pds: PdsServer, pds_account: Account, network: Bluesky
) -> None:
    """Deleted in the app."""
    receipt = post(network, WORDS)
    change(pds, pds_account, "delete", POST, rkey_of(receipt))
    assert network.read_back(receipt) is None


def test_a_picture_that_the_server_lost_has_no_digest(
    pds: PdsServer, pds_account: Account, network: Bluesky, tmp_path: Path
) -> None:
    """The record still names it, and nobody can see it."""
    receipt = post(network, WORDS, picture(tmp_path), picture(tmp_path, 1))
    shown = network.read_back(receipt)
    assert shown is not None
    lost = shown.pictures[0].rpartition("=")[2]
    (file,) = (each for each in blobs_of(pds, pds_account) if each.name.startswith(lost))
    file.unlink()
    there = network.read_back(receipt)
    assert there is not None
    assert there.sha256 == ("", picture(tmp_path, 1).sha256)


def test_an_official_picture_is_looked_at_where_readers_get_it() -> None:
    """Bluesky's own re-encoded copy."""
    account = BlueskyAccount(network="bluesky", handle="fox.bsky.social")
    network = Bluesky("bsky", account, Access(str, lambda: None, print), FakeClock())
    served = network._served("did:plc:fox", "bafkrei")
    assert served == "https://cdn.bsky.app/img/feed_fullsize/plain/did:plc:fox/bafkrei"


@pytest.mark.parametrize("gate", [THREADGATE, POSTGATE])
def test_a_lost_post_whose_gate_was_changed_since_is_told(
    pds: PdsServer, pds_account: Account, network: Bluesky, gate: str
) -> None:
    """They were one commit, so somebody did it by hand: nothing is mended behind their back, and
    nothing is posted again."""
    what = draft(WORDS)
    plan = network.plan(what, FakeClock().now())
    network.send(what, plan)
    assert network.find(what, plan) is not None
    change(pds, pds_account, "delete", gate, str(plan["rkey"]))
    with pytest.raises(Refused, match="who may reply or quote was changed") as raised:
        network.find(what, plan)
    assert raised.value.stands
    assert collections(pds, pds_account)[0] == 1


def test_another_post_under_the_planned_key_is_told(
    pds: PdsServer, pds_account: Account, network: Bluesky
) -> None:
    """Some other program has rewritten it: it is not what was asked for, and it stands."""
    what = draft(WORDS)
    plan = network.plan(what, FakeClock().now())
    network.send(what, plan)
    record = pds.get_record(pds_account.did, POST, str(plan["rkey"]))["value"]
    other = record | {"text": "別の文"}
    change(pds, pds_account, "update", POST, str(plan["rkey"]), value=other)
    with pytest.raises(Refused, match="another post than the planned one") as raised:
        network.find(what, plan)
    assert raised.value.stands


def test_a_hidden_reply_does_not_change_a_gate(
    pds: PdsServer, pds_account: Account, network: Bluesky
) -> None:
    """The app keeps such things in the same record; who may reply is as it was."""
    what = draft(WORDS)
    plan = network.plan(what, FakeClock().now())
    network.send(what, plan)
    rkey = str(plan["rkey"])
    gate = pds.get_record(pds_account.did, THREADGATE, rkey)["value"]
    hidden = gate | {"hiddenReplies": [f"at://{pds_account.did}/{POST}/3kaaaaaaaaaaa"]}
    change(pds, pds_account, "update", THREADGATE, rkey, value=hidden)
    assert network.find(what, plan) is not None


def test_a_lost_post_that_was_deleted_since_is_not_posted_again(
    pds: PdsServer, pds_account: Account, network: Bluesky
) -> None:
    """Its gates tell that it was made. What the artist deleted stays deleted."""
    what = draft(WORDS)
    plan = network.plan(what, FakeClock().now())
    network.send(what, plan)
    change(pds, pds_account, "delete", POST, str(plan["rkey"]))
    with pytest.raises(Refused, match="was deleted there since"):
        network.find(what, plan)


def test_blobs_that_vanished_are_uploaded_again(
    pds: PdsServer, pds_account: Account, network: Bluesky, tmp_path: Path
) -> None:
    """A PDS drops what no record shows within minutes, and the next try may come hours later."""
    what = draft(WORDS, picture(tmp_path))
    plan = network.plan(what, FakeClock().now())
    network._upload(what.renditions[0])  # as a try does that is cut off before it posts
    (uploaded,) = blobs_of(pds, pds_account)
    uploaded.unlink()
    network.send(what, plan)
    shown = network.read_back(network.find(what, plan))
    assert shown is not None
    assert shown.sha256 == (what.renditions[0].sha256,)


def test_alt_text_labels_and_languages_are_mended(
    pds: PdsServer, pds_account: Account, network: Bluesky, tmp_path: Path
) -> None:
    """The pictures and the text stay what they are."""
    images = [picture(tmp_path, n) for n in range(2)]
    receipt = post(network, WORDS, *images)
    words = replace(
        WORDS, alts=("走る狐", "夕焼け"), labels=(), langs=("ja",), hidden_tags=("kitsune",)
    )
    edited = network.edit(draft(words, *images), receipt)
    assert (edited.uri, edited.url, edited.at) == (receipt.uri, receipt.url, receipt.at)
    shown = network.read_back(edited)
    assert shown is not None
    assert (shown.alts, shown.labels, shown.langs) == (words.alts, (), ("ja",))
    assert shown.sha256 == tuple(image.sha256 for image in images)
    record = pds.get_record(pds_account.did, POST, rkey_of(receipt))["value"]
    assert record["tags"] == ["kitsune"]


@pytest.mark.parametrize(
    ("replies", "quotes"),
    [
        (Replies.EVERYONE, Quotes.EVERYONE),
        (Replies.NOBODY, Quotes.NOBODY),
        (Replies.FOLLOWING, Quotes.EVERYONE),
    ],
)
def test_the_gates_are_shut_and_opened_afterwards(
    network: Bluesky, replies: Replies, quotes: Quotes
) -> None:
    """They are records of their own, and the app itself changes them so."""
    for before in (WORDS, replace(WORDS, replies=Replies.EVERYONE, quotes=Quotes.EVERYONE)):
        receipt = post(network, before)
        words = replace(before, replies=replies, quotes=quotes)
        edited = network.edit(draft(words), receipt)
        shown = network.read_back(edited)
        assert shown is not None
        assert (shown.replies, shown.quotes) == (replies, quotes)
        assert network.edit(draft(words), edited) == edited


def test_another_text_is_refused_and_nothing_is_changed(network: Bluesky, tmp_path: Path) -> None:
    """Readers would go on seeing the first one, and nobody could tell."""
    receipt = post(network, WORDS, picture(tmp_path))
    with pytest.raises(Refused, match="postguard retract"):
        network.edit(draft(replace(WORDS, text="別の文", alts=("別の絵",))), receipt)
    shown = network.read_back(receipt)
    assert shown is not None
    assert shown.alts == WORDS.alts[:1]


def test_words_that_cannot_be_given_are_refused_in_an_edit_too(network: Bluesky) -> None:
    """Nothing that intake would hold comes in by the back door."""
    receipt = post(network, WORDS)
    with pytest.raises(Refused, match="only followers quote"):
        network.edit(draft(replace(WORDS, quotes=Quotes.FOLLOWERS)), receipt)


def test_an_edit_loses_nobody_elses_change(
    pds: PdsServer, pds_account: Account, proxied: Bluesky, pds_proxy: PdsProxy
) -> None:
    """Something else was written between the look and the write: the server refuses, nothing is
    overwritten, and the next try looks again."""
    receipt = post(proxied, WORDS)
    stale = pds.query("com.atproto.sync.getLatestCommit", did=pds_account.did).body
    post(proxied, replace(WORDS, text="別の投稿"))
    pds_proxy.fail_next("com.atproto.sync.getLatestCommit", status=200, body=stale)
    words = replace(WORDS, labels=("sexual",))
    with pytest.raises(Retryable, match="same moment"):
        proxied.edit(draft(words), receipt)
    assert proxied.edit(draft(words), receipt).answer["edited"]


def test_an_edit_whose_answer_was_lost_is_settled_by_the_next(
    proxied: Bluesky, pds_proxy: PdsProxy
) -> None:
    """It finds all as it is to be."""
    receipt = post(proxied, WORDS)
    words = replace(WORDS, labels=("sexual",))
    pds_proxy.fail_next(APPLY_WRITES, drop_answer=True)
    with pytest.raises(Unsure):
        proxied.edit(draft(words), receipt)
    assert proxied.edit(draft(words), receipt) == receipt
    shown = proxied.read_back(receipt)
    assert shown is not None
    assert shown.labels == ("sexual",)


def test_a_post_goes_with_its_gates(
    pds: PdsServer, pds_account: Account, network: Bluesky
) -> None:
    """A gate that is left behind would belong to nothing."""
    receipt, other = post(network, WORDS), post(network, WORDS)
    assert collections(pds, pds_account) == [2, 2, 2]
    network.retract(receipt)
    assert collections(pds, pds_account) == [1, 1, 1]
    assert network.read_back(receipt) is None
    assert network.read_back(other) is not None


def test_what_is_gone_already_is_retracted_too(
    pds: PdsServer, pds_account: Account, network: Bluesky
) -> None:
    """The post was deleted in the app, its gates were left; and all of it a second time."""
    receipt = post(network, WORDS)
    change(pds, pds_account, "delete", POST, rkey_of(receipt))
    network.retract(receipt)
    assert collections(pds, pds_account) == [0, 0, 0]
    network.retract(receipt)


def test_a_retraction_whose_answer_was_lost_is_settled_by_the_next(
    pds: PdsServer, pds_account: Account, proxied: Bluesky, pds_proxy: PdsProxy
) -> None:
    """Deleting what is not there is a fault of the server, so it is looked for first."""
    receipt = post(proxied, WORDS)
    pds_proxy.fail_next(APPLY_WRITES, drop_answer=True)
    with pytest.raises(Unsure):
        proxied.retract(receipt)
    proxied.retract(receipt)
    assert collections(pds, pds_account) == [0, 0, 0]


def test_another_accounts_post_is_neither_changed_nor_deleted(
    pds: PdsServer, new_pds_account: Any, network: Bluesky
) -> None:
    """The config names another account now."""
    receipt = post(network, WORDS)
    other = bluesky(pds, new_pds_account(), SavedSession())
    for act in (lambda: other.retract(receipt), lambda: other.edit(draft(WORDS), receipt)):
        with pytest.raises(Refused, match="another account"):
            act()
    other.close()
    assert network.read_back(receipt) is not None
