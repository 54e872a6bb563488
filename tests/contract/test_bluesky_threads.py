"""Threads, answers, links, hidden tags, lists and galleries on a real PDS."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from postguard.errors import Refused
from postguard.model import Quotes, Receipt, Rendition, Replies, Words
from postguard.networks.bluesky.names import record_cid
from postguard.networks.bluesky.network import Access, Bluesky
from postguard.settings.schema import BlueskyAccount
from tests.contract.stages import FakeClock, SavedSession, bluesky, draft, picture
from tests.servers.pds import Account, PdsServer

POST = "app.bsky.feed.post"
THREADGATE = "app.bsky.feed.threadgate"
POSTGATE = "app.bsky.feed.postgate"
SENTENCE = "狐は森で眠り、夜になると里へ下りてくる。"
LONG = Words(
    text=SENTENCE * 40 + " #狐の絵 https://example.com/fox",
    alts=tuple(f"{n}枚目" for n in range(6)),
    langs=("ja",),
    labels=("nudity",),
    tags=("art",),
    replies=Replies.MENTIONED,
    quotes=Quotes.NOBODY,
    hidden_tags=("kitsune",),
    thread=True,
)
LIST = "at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.graph.list/3kaaaaaaaaaaa"


@pytest.fixture
def network(pds: PdsServer, pds_account: Account) -> Iterator[Bluesky]:
    """The adapter on the PDS itself."""
    made = bluesky(pds, pds_account, SavedSession())
    yield made
    made.close()


def post(network: Bluesky, words: Words, *images: Rendition, **more: str) -> Receipt:
    """Plan and send."""
    what = replace(draft(words, *images), **more)
    return network.send(what, network.plan(what, FakeClock().now()))


def thread_of(pds: PdsServer, account: Account) -> list[dict[str, Any]]:
    """All posts of an account, the first one first: {"uri", "cid", "value"}."""
    return pds.list_records(account.did)[::-1]


def test_a_long_text_and_many_pictures_become_a_thread(
    pds: PdsServer, pds_account: Account, network: Bluesky, tmp_path: Path
) -> None:
    """In one commit; each part answers the one before, by the name that the PDS gives to it."""
    images = [picture(tmp_path, n) for n in range(6)]
    assert network.objections(LONG, 6, network.limits()) == []
    post(network, LONG, *images)
    parts = thread_of(pds, pds_account)
    root = {"uri": parts[0]["uri"], "cid": parts[0]["cid"]}
    for before, part in itertools.pairwise(parts):
        parent = {"uri": before["uri"], "cid": before["cid"]}
        assert part["value"]["reply"] == {"root": root, "parent": parent}
        assert part["value"]["createdAt"] > before["value"]["createdAt"]
    assert "reply" not in parts[0]["value"]
    texts = [part["value"]["text"] for part in parts]
    assert "".join("".join(texts).split()) == "".join((LONG.text + "#art").split())
    shown = [[i["alt"] for i in p["value"].get("embed", {}).get("images", [])] for p in parts]
    assert shown == [list(LONG.alts[:4]), list(LONG.alts[4:]), *[[]] * (len(parts) - 2)]
    assert all(part["value"]["labels"]["values"] == [{"val": "nudity"}] for part in parts)
    assert [part["value"].get("tags") for part in parts] == [
        ["kitsune"],
        *[None] * (len(parts) - 1),
    ]


def test_the_names_of_records_are_those_of_the_server(
    pds: PdsServer, pds_account: Account, network: Bluesky, tmp_path: Path
) -> None:
    """Or nobody could follow the references of a thread."""
    post(network, LONG, *[picture(tmp_path, n) for n in range(6)])
    for kind in (POST, THREADGATE, POSTGATE):
        for each in pds.list_records(pds_account.did, kind):
            assert record_cid(each["value"]) == each["cid"]


def test_a_thread_is_shut_at_its_root_and_no_part_may_be_quoted(
    pds: PdsServer, pds_account: Account, network: Bluesky
) -> None:
    """One threadgate rules a whole thread; a postgate stands for its own post alone."""
    post(network, LONG)
    parts = thread_of(pds, pds_account)
    (threadgate,) = pds.list_records(pds_account.did, THREADGATE)
    assert threadgate["value"]["post"] == parts[0]["uri"]
    postgates = pds.list_records(pds_account.did, POSTGATE)
    assert {gate["value"]["post"] for gate in postgates} == {part["uri"] for part in parts}


def test_a_thread_is_found_read_back_changed_and_deleted_as_one(
    pds: PdsServer, pds_account: Account, network: Bluesky, tmp_path: Path
) -> None:
    """The receipt knows its parts, and so does the one that is found after a crash."""
    what = draft(LONG, *[picture(tmp_path, n) for n in range(6)])
    plan = network.plan(what, FakeClock().now())
    network.send(what, plan)
    found = network.find(what, plan)
    assert found is not None
    words = replace(LONG, alts=tuple(f"新しい{n}枚目" for n in range(6)), quotes=Quotes.EVERYONE)
    network.edit(replace(what, words=words), found)
    shown = network.read_back(found)
    assert shown is not None
    assert "".join(shown.text.split()) == "".join((LONG.text + "#art").split())
    assert (shown.alts, shown.labels) == (words.alts, ("nudity",))
    assert (shown.replies, shown.quotes) == (Replies.MENTIONED, Quotes.EVERYONE)
    assert shown.sha256 == tuple(image.sha256 for image in what.renditions)
    network.retract(found)
    for kind in (POST, THREADGATE, POSTGATE):
        assert pds.list_records(pds_account.did, kind) == []


def test_the_parts_of_a_changed_thread_still_mean_each_other(
    pds: PdsServer, pds_account: Account, network: Bluesky, tmp_path: Path
) -> None:
    """A record that changes gets another name."""
    receipt = post(network, LONG, picture(tmp_path))
    words = replace(LONG, alts=("別の説明",))
    network.edit(draft(words, picture(tmp_path)), receipt)
    parts = thread_of(pds, pds_account)
    for before, part in itertools.pairwise(parts):
        assert part["value"]["reply"]["parent"]["cid"] == before["cid"]
        assert part["value"]["reply"]["root"]["cid"] == parts[0]["cid"]


def test_a_quotable_part_makes_a_thread_quotable(
    pds: PdsServer, pds_account: Account, network: Bluesky
) -> None:
    """Read back as what it is: wider than asked."""
    receipt = post(network, LONG)
    last = pds.list_records(pds_account.did, POSTGATE)[0]
    token = pds_account.token
    gate = {"repo": pds_account.did, "collection": POSTGATE, "rkey": last["uri"][-13:]}
    assert pds.procedure("com.atproto.repo.deleteRecord", gate, token).status == 200
    shown = network.read_back(receipt)
    assert shown is not None
    assert shown.quotes is Quotes.EVERYONE


def test_the_link_to_the_other_copy_ends_the_text(
    pds: PdsServer, pds_account: Account, network: Bluesky
) -> None:
    """Shortened as apps show it; the whole address is behind it."""
    link = "https://mastodon.example/@hanako/115612345678901234?and=much-more-than-fits"
    words = replace(LONG, text="新作です", thread=False, link_to="fedi")
    post(network, words, link=link)
    (record,) = thread_of(pds, pds_account)
    text = record["value"]["text"]
    assert text.startswith("新作です\n\n#art\n\nmastodon.example/@hanako/")
    (facet,) = [
        f for f in record["value"]["facets"] if f["features"][0]["$type"].endswith("#link")
    ]
    assert facet["features"][0]["uri"] == link
    shown = text.encode()[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode()
    assert text.endswith(shown)
    assert shown == f"{link.removeprefix('https://')[:47]}…"


def test_a_link_finds_room_behind_a_full_thread(
    pds: PdsServer, pds_account: Account, network: Bluesky
) -> None:
    """In a part of its own."""
    words = Words(text="あ" * 600, link_to="fedi", thread=True)
    post(network, words, link="https://mastodon.example/@hanako/1")
    texts = [each["value"]["text"] for each in thread_of(pds, pds_account)]
    assert texts == ["あ" * 300, "あ" * 300, "mastodon.example/@hanako/1"]


def test_the_room_for_a_link_is_counted_before_its_address_is_known(network: Bluesky) -> None:
    """A post that just fits would be too long when its link comes."""
    words = Words(text="あ" * 260, link_to="fedi")
    (objection,) = network.objections(words, 1, network.limits())
    assert "with the link" in objection
    assert network.objections(replace(words, text="あ" * 250), 1, network.limits()) == []


def test_a_linked_post_can_be_edited(network: Bluesky) -> None:
    """The link is not of the artist's words."""
    words = Words(text="新作です", link_to="fedi")
    receipt = post(network, words, link="https://mastodon.example/@hanako/1")
    network.edit(draft(replace(words, langs=("ja",))), receipt)
    with pytest.raises(Refused):
        network.edit(draft(replace(words, text="新作")), receipt)


@pytest.mark.parametrize("form", ["uri", "address", "by did"])
def test_a_post_answers_another(
    pds: PdsServer, pds_account: Account, new_pds_account: Any, network: Bluesky, form: str
) -> None:
    """By its at:// address or by what the browser shows; the root of its thread is looked up."""
    friend = new_pds_account()
    theirs = bluesky(pds, friend, SavedSession())
    root = post(theirs, Words(text="一枚目"))
    parent = post(theirs, Words(text="二枚目"), reply_to=root.uri)
    theirs.close()
    rkey = parent.uri.rpartition("/")[2]
    address = {
        "uri": parent.uri,
        "address": f"https://bsky.app/profile/{friend.handle}/post/{rkey}",
        "by did": f"https://bsky.app/profile/{friend.did}/post/{rkey}?ref=1",
    }[form]
    post(network, Words(text="返事", reply_to=address, thread=True), reply_to=address)
    (record,) = thread_of(pds, pds_account)
    reply = record["value"]["reply"]
    assert (reply["root"]["uri"], reply["parent"]["uri"]) == (root.uri, parent.uri)
    cids = {each["uri"]: each["cid"] for each in pds.list_records(friend.did)}
    assert all(cids[place["uri"]] == place["cid"] for place in reply.values())


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3kaaaaaaaaaaa", None),
        ("https://bsky.app/profile/nobody.test/post/3kaaaaaaaaaaa", "no account @nobody.test"),
        ("https://mastodon.example/@hanako/1", "not the address of a post on Bluesky"),
        ("#12", "not the address of a post on Bluesky"),
    ],
)
def test_an_answer_to_nothing_is_not_posted(
    pds: PdsServer, pds_account: Account, network: Bluesky, address: str, says: str | None
) -> None:
    """It would stand there alone, and mean something else."""
    if says is None:
        address, says = f"at://{pds_account.did}/{POST}/3kaaaaaaaaaaa", "is not there"
    with pytest.raises(Refused, match=says):
        post(network, Words(text="返事", reply_to=address))
    assert thread_of(pds, pds_account) == []


def test_an_answer_is_no_wider_than_its_thread_allows(
    pds: PdsServer, pds_account: Account, network: Bluesky
) -> None:
    """Who may reply to it is ruled at the root alone: refused where that lets in more."""
    open_root = post(network, Words(text="誰でも"))
    shut_root = post(network, Words(text="返信なし", replies=Replies.NOBODY))
    followed = post(network, Words(text="フォロワー", replies=Replies.FOLLOWERS))
    asked = Words(text="返事", replies=Replies.FOLLOWERS)
    with pytest.raises(Refused, match='here "everyone", and you asked for "followers"'):
        post(network, asked, reply_to=open_root.uri)
    for root in (shut_root, followed):
        shown = network.read_back(post(network, asked, reply_to=root.uri))
        assert shown is not None
        assert shown.replies is None
    assert len(pds.list_records(pds_account.did, THREADGATE)) == 2


def test_a_thread_that_answers_hangs_below_the_other_ones_root(
    pds: PdsServer, pds_account: Account, network: Bluesky
) -> None:
    """All its parts belong to that thread."""
    root = post(network, Words(text="一枚目"))
    post(network, Words(text="あ" * 700, thread=True), reply_to=root.uri)
    parts = thread_of(pds, pds_account)
    assert [part["value"]["reply"]["root"]["uri"] for part in parts[1:]] == [root.uri] * 3


def test_the_members_of_lists_may_reply(
    pds: PdsServer, pds_account: Account, network: Bluesky
) -> None:
    """And nobody else."""
    words = Words(text="新作です", replies=Replies.LISTS, lists=(LIST, f"{LIST}b"))
    receipt = post(network, words)
    (gate,) = pds.list_records(pds_account.did, THREADGATE)
    kind = f"{THREADGATE}#listRule"
    allow = [{"$type": kind, "list": LIST}, {"$type": kind, "list": f"{LIST}b"}]
    assert gate["value"]["allow"] == allow
    shown = network.read_back(receipt)
    assert shown is not None
    assert shown.replies is Replies.LISTS


def test_ten_pictures_are_a_gallery_where_the_artist_wants_one(
    pds: PdsServer, pds_account: Account, tmp_path: Path
) -> None:
    """Four and fewer are a post as ever, which every app shows."""
    settings = BlueskyAccount(
        network="bluesky", handle=pds_account.handle, service=pds.url, gallery=True
    )
    saved, password = SavedSession(), pds_account.app_password
    network = Bluesky(
        "bsky", settings, Access(lambda: password, saved.load, saved.save), FakeClock()
    )
    images = [picture(tmp_path, n) for n in range(10)]
    words = Words(alts=tuple(f"{n}枚目" for n in range(10)))
    assert network.objections(words, 10, network.limits()) == []
    assert len(network.objections(words, 11, network.limits())) == 1
    receipt = post(network, words, *images)
    post(network, words, *images[:4])
    gallery, four = [each["value"]["embed"] for each in thread_of(pds, pds_account)]
    assert gallery["$type"] == "app.bsky.embed.gallery"
    assert four["$type"] == "app.bsky.embed.images"
    shown = network.read_back(receipt)
    network.close()
    assert shown is not None
    assert shown.alts == words.alts
    assert shown.sha256 == tuple(image.sha256 for image in images)
