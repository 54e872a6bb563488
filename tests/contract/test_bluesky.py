"""The Bluesky adapter on a real PDS: what arrives there, and what each failure means."""

import base64
import hashlib
import io
import json
import math
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from postguard.errors import LoggedOut, PostguardError, Refused, Retryable, Unsure
from postguard.model import Quotes, Rendition, Replies, Words
from postguard.networks.bluesky.login import login
from postguard.networks.bluesky.network import Access, Bluesky
from postguard.settings.schema import BlueskyAccount
from tests.contract.relay import Fault, Relay, relay_to
from tests.contract.stages import FakeClock, SavedSession, bluesky, draft, picture
from tests.servers.pds import Account, PdsServer

POST = "app.bsky.feed.post"
WORDS = Words(text="新作です #オリジナル", alts=("狐の絵",), langs=("ja",))


@pytest.fixture
def saved() -> SavedSession:
    """Where the session is kept."""
    return SavedSession()


@pytest.fixture
def network(pds: PdsServer, pds_account: Account, saved: SavedSession) -> Iterator[Bluesky]:
    """The adapter on the PDS itself."""
    made = bluesky(pds, pds_account, saved)
    yield made
    made.close()


@pytest.fixture
def relay(pds: PdsServer) -> Iterator[Relay]:
    """A line to the PDS that can be cut."""
    with relay_to(pds.url) as made:
        yield made


@pytest.fixture
def relayed(relay: Relay, pds_account: Account, saved: SavedSession) -> Iterator[Bluesky]:
    """The adapter behind the relay."""
    made = through(relay, pds_account, saved)
    yield made
    made.close()


def through(
    relay: Relay, account: Account, saved: SavedSession, password: str | None = None
) -> Bluesky:
    """The adapter for an account behind a relay."""
    settings = BlueskyAccount(network="bluesky", handle=account.handle, service=relay.url)
    given = account.app_password if password is None else password
    return Bluesky("bsky", settings, Access(lambda: given, saved.load, saved.save), FakeClock())


def post(network: Bluesky, words: Words, *images: Rendition) -> str:
    """Plan and send; return the record key."""
    what = draft(words, *images)
    plan = network.plan(what, FakeClock().now())
    network.send(what, plan)
    return str(plan["rkey"])


def value_of(pds: PdsServer, did: str, rkey: str, collection: str = POST) -> dict[str, Any]:
    """A record as anybody can read it."""
    value: dict[str, Any] = pds.get_record(did, collection, rkey)["value"]
    return value


def noise(folder: Path, side: int) -> Rendition:
    """A PNG that does not compress: about 3 side² bytes."""
    image = Image.frombytes("RGB", (side, side), random.Random(1).randbytes(3 * side * side))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    data = buffer.getvalue()
    path = folder / "noise.png"
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    return Rendition(0, "any", path, digest, "image/png", side, side, len(data), {})


def side_of(size: int) -> int:
    """The side of a noise of about so many bytes."""
    return math.isqrt(size // 3)


def takes(pds: PdsServer) -> int:
    """How many bytes the pictures of a PDS may have, as was seen of its version."""
    version = pds.query("_health").json["version"]
    return {"0.4": 1_000_000, "0.5": 2_000_000}[version.rpartition(".")[0]]


def forged(session: str, **claims: Any) -> str:
    """A saved session whose access token says something else (and so is not signed)."""
    fields = session.split(":::")
    head, body, sign = fields[2].split(".")
    payload = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    changed = base64.urlsafe_b64encode(json.dumps(payload | claims).encode())
    fields[2] = ".".join([head, changed.decode().rstrip("="), sign])
    return ":::".join(fields)


def test_every_word_arrives(
    pds: PdsServer, pds_account: Account, network: Bluesky, tmp_path: Path
) -> None:
    """Text, language, labels, alt text and the picture's shape stand in the record."""
    words = replace(WORDS, langs=("ja", "en"), labels=("nudity",), tags=("fox",))
    image = picture(tmp_path, size=(64, 40))
    record = value_of(pds, pds_account.did, post(network, words, image))
    assert record["text"] == "新作です #オリジナル\n\n#fox"
    assert record["langs"] == ["ja", "en"]
    assert record["labels"]["values"] == [{"val": "nudity"}]
    (shown,) = record["embed"]["images"]
    assert shown["alt"] == "狐の絵"
    assert shown["aspectRatio"] == {"width": 64, "height": 40}
    assert record["createdAt"].endswith("Z")


def test_the_picture_arrives_byte_for_byte(
    pds: PdsServer, pds_account: Account, network: Bluesky, tmp_path: Path
) -> None:
    """Anybody can fetch the blob: it is the protected file and nothing else."""
    images = [picture(tmp_path, n) for n in range(4)]
    record = value_of(pds, pds_account.did, post(network, WORDS, *images))
    cids = [each["image"]["ref"]["$link"] for each in record["embed"]["images"]]
    assert [pds.get_blob(pds_account.did, cid) for cid in cids] == [
        each.path.read_bytes() for each in images
    ]


def test_facets_name_the_bytes_they_mean(
    pds: PdsServer, pds_account: Account, network: Bluesky, new_pds_account: Any
) -> None:
    """Counted in UTF-8, with Japanese around them and the fullwidth sign among them."""
    friend = new_pds_account()
    text = f"絵👩‍🎨 ＃狐の絵、 #art @{friend.handle} https://例え.jp/狐。 @nobody.test"
    record = value_of(pds, pds_account.did, post(network, Words(text=text)))
    data = record["text"].encode()
    found = [
        (data[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode(), f["features"][0])
        for f in record["facets"]
    ]
    kind = "app.bsky.richtext.facet"
    assert found == [
        ("＃狐の絵", {"$type": f"{kind}#tag", "tag": "狐の絵"}),
        ("#art", {"$type": f"{kind}#tag", "tag": "art"}),
        (f"@{friend.handle}", {"$type": f"{kind}#mention", "did": friend.did}),
        ("https://例え.jp/狐", {"$type": f"{kind}#link", "uri": "https://例え.jp/狐"}),
    ]


@pytest.mark.parametrize(
    ("replies", "allow"),
    [
        (Replies.NOBODY, []),
        (Replies.MENTIONED, ["mentionRule"]),
        (Replies.FOLLOWING, ["followingRule"]),
        (Replies.FOLLOWERS, ["followerRule"]),
    ],
)
def test_the_gates_stand_beside_the_post(
    pds: PdsServer, pds_account: Account, network: Bluesky, replies: Replies, allow: list[str]
) -> None:
    """In the same commit and under the same key, so the post is never open for a moment."""
    rkey = post(network, replace(WORDS, replies=replies, quotes=Quotes.NOBODY))
    did, uri = pds_account.did, f"at://{pds_account.did}/{POST}/{rkey}"
    threadgate = value_of(pds, did, rkey, "app.bsky.feed.threadgate")
    assert threadgate["post"] == uri
    assert [rule["$type"].partition("#")[2] for rule in threadgate["allow"]] == allow
    postgate = value_of(pds, did, rkey, "app.bsky.feed.postgate")
    assert postgate["post"] == uri
    assert postgate["embeddingRules"] == [{"$type": "app.bsky.feed.postgate#disableRule"}]


def test_without_rules_there_are_no_gates(
    pds: PdsServer, pds_account: Account, network: Bluesky
) -> None:
    """Everyone may reply and quote where the artist wants it."""
    rkey = post(network, WORDS)
    for gate in ("app.bsky.feed.threadgate", "app.bsky.feed.postgate"):
        reply = pds.query(
            "com.atproto.repo.getRecord", repo=pds_account.did, collection=gate, rkey=rkey
        )
        assert reply.json["error"] == "RecordNotFound"


def test_a_lost_answer_is_settled_by_asking(
    pds: PdsServer, pds_account: Account, relay: Relay, relayed: Bluesky, tmp_path: Path
) -> None:
    """The post is made and the answer lost: found afterwards, and there is one."""
    what = draft(WORDS, picture(tmp_path))
    plan = relayed.plan(what, FakeClock().now())
    relay.faults.append(Fault("applyWrites"))
    with pytest.raises(Unsure):
        relayed.send(what, plan)
    found = relayed.find(what, plan)
    assert found is not None
    assert found.uri.endswith(str(plan["rkey"]))
    assert len(pds.list_records(pds_account.did)) == 1


def test_a_lost_request_is_sent_again_by_the_same_plan(
    pds: PdsServer, pds_account: Account, relay: Relay, relayed: Bluesky, tmp_path: Path
) -> None:
    """Nobody can tell it from a lost answer, so it is unsure, asked for, and then repeated."""
    what = draft(WORDS, picture(tmp_path))
    plan = relayed.plan(what, FakeClock().now())
    relay.faults.append(Fault("applyWrites", status=502, after_work=False))
    with pytest.raises(Unsure):
        relayed.send(what, plan)
    assert relayed.find(what, plan) is None
    relayed.send(what, plan)
    assert len(pds.list_records(pds_account.did)) == 1


@pytest.mark.parametrize("status", [500, 502, 503, None])
def test_a_failed_upload_is_tried_again_later(
    relay: Relay, relayed: Bluesky, tmp_path: Path, status: int | None
) -> None:
    """No post shows an uploaded picture yet, so nothing is unsure."""
    what = draft(WORDS, picture(tmp_path))
    plan = relayed.plan(what, FakeClock().now())
    relay.faults.append(Fault("uploadBlob", status=status, after_work=False))
    with pytest.raises(Retryable):
        relayed.send(what, plan)


def test_a_server_that_is_down_is_tried_again_later(
    pds: PdsServer, pds_account: Account, saved: SavedSession
) -> None:
    """Not even a write is unsure when no connection came about."""
    with relay_to(pds.url) as relay:
        network = through(relay, pds_account, saved)
        what = draft(WORDS)
        plan = network.plan(what, FakeClock().now())
        network.close()
    with pytest.raises(Retryable):
        network.send(what, plan)
    network.close()


def test_too_many_requests_wait_as_long_as_the_server_asks(relay: Relay, relayed: Bluesky) -> None:
    """Retry-After where it is sent, else the window's end."""
    relayed.check()
    relay.faults.append(Fault("getSession", 429, {"Retry-After": "90"}, after_work=False))
    with pytest.raises(Retryable) as raised:
        relayed.check()
    assert raised.value.after == timedelta(seconds=90)

    reset = FakeClock().now() + timedelta(seconds=120)
    header = {"RateLimit-Reset": str(int(reset.timestamp()))}
    relay.faults.append(Fault("getSession", 429, header, after_work=False))
    with pytest.raises(Retryable) as raised:
        relayed.check()
    assert raised.value.after is not None
    assert 100 < raised.value.after.total_seconds() < 140


def test_a_picture_up_to_the_limit_is_taken(
    pds: PdsServer, pds_account: Account, network: Bluesky, tmp_path: Path
) -> None:
    """A smaller limit would cost quality for nothing."""
    post(network, WORDS, noise(tmp_path, side_of(takes(pds) * 9 // 10)))
    assert len(pds.list_records(pds_account.did)) == 1


@pytest.mark.parametrize("stage", ["record", "upload"])
def test_a_picture_that_is_too_large_is_refused_in_words(
    pds: PdsServer, pds_account: Account, network: Bluesky, tmp_path: Path, stage: str
) -> None:
    """Over its limit the PDS refuses the record, over 5 MiB the upload."""
    size = {"record": takes(pds) * 11 // 10, "upload": 6 << 20}[stage]
    with pytest.raises(Refused, match="takes no picture of this size"):
        post(network, WORDS, noise(tmp_path, side_of(size)))
    assert pds.list_records(pds_account.did) == []


def test_the_limit_is_that_of_the_server(pds: PdsServer, network: Bluesky) -> None:
    """Only newer ones take what Bluesky itself takes."""
    assert network.limits().image_bytes == takes(pds)


def test_a_session_is_kept_and_taken_up_again(
    pds: PdsServer, pds_account: Account, network: Bluesky, saved: SavedSession
) -> None:
    """Logins are scarce (300 a day), so the next start needs no password."""
    network.check()
    again = bluesky(pds, pds_account, saved, password="not needed")
    assert pds_account.handle in again.check()
    assert len(saved.history) == 1
    again.close()


def test_an_expired_access_token_is_refreshed(
    pds: PdsServer, pds_account: Account, network: Bluesky, saved: SavedSession
) -> None:
    """With the refresh token, without the password; the new session is saved."""
    network.check()
    assert saved.text is not None
    saved.text = forged(saved.text, exp=1_700_000_000)
    again = bluesky(pds, pds_account, saved, password="not needed")
    post(again, WORDS)
    assert len(saved.history) == 2
    assert len(pds.list_records(pds_account.did)) == 1
    again.close()


def test_an_access_token_that_the_server_refuses_is_replaced_without_a_login(
    pds: PdsServer, pds_account: Account, network: Bluesky, saved: SavedSession
) -> None:
    """A forged scope is an InvalidToken to the server, which still takes the refresh token."""
    network.check()
    assert saved.text is not None
    saved.text = forged(saved.text, scope="com.atproto.refresh")
    again = bluesky(pds, pds_account, saved, password="not needed")
    post(again, WORDS)
    assert len(saved.history) == 2
    again.close()


@pytest.mark.parametrize("damage", ["nonsense", "a:::b:::c:::d:::e", "", ":::::::::"])
def test_a_damaged_session_costs_a_login(
    pds: PdsServer, pds_account: Account, saved: SavedSession, damage: str
) -> None:
    """Nobody is logged out by a half-written file."""
    saved.text = damage
    network = bluesky(pds, pds_account, saved)
    assert pds_account.handle in network.check()
    network.close()


def test_a_dead_refresh_token_costs_a_login(
    pds: PdsServer, pds_account: Account, network: Bluesky, saved: SavedSession
) -> None:
    """After 90 days, or when another program used it, the password opens a new session."""
    network.check()
    assert saved.text is not None
    fields = forged(saved.text, exp=1_700_000_000).split(":::")
    saved.text = ":::".join([*fields[:3], fields[3][:-4] + "AAAA", *fields[4:]])
    again = bluesky(pds, pds_account, saved)
    assert pds_account.handle in again.check()
    again.close()


def test_another_accounts_session_is_never_used(
    pds: PdsServer, new_pds_account: Any, saved: SavedSession
) -> None:
    """The handle in the config was changed, and the old session still lies there."""
    first, second = new_pds_account(), new_pds_account()
    one = bluesky(pds, first, saved)
    one.check()
    other = bluesky(pds, second, saved)
    assert second.handle in other.check()
    one.close()
    other.close()


def test_a_wrong_password_is_logged_out(
    pds: PdsServer, pds_account: Account, saved: SavedSession
) -> None:
    """The message says what to do and never the password."""
    network = bluesky(pds, pds_account, saved, password="the wrong one")
    with pytest.raises(LoggedOut, match="postguard login bsky") as raised:
        network.check()
    assert "the wrong one" not in str(raised.value)
    assert saved.history == []
    network.close()


@pytest.mark.parametrize("status", [500, 503, 504, None])
def test_a_server_fault_while_logging_in_is_no_logout(
    relay: Relay, relayed: Bluesky, status: int | None
) -> None:
    """Many programs disconnect an account for this; we try again later."""
    relay.faults.append(Fault("createSession", status=status, after_work=False))
    with pytest.raises(PostguardError) as raised:
        relayed.check()
    assert isinstance(raised.value, Retryable)
    assert relayed.check()


def test_login_returns_a_session_to_keep(
    pds: PdsServer, pds_account: Account, saved: SavedSession
) -> None:
    """What the command line saves is what the daemon takes up."""
    settings = BlueskyAccount(network="bluesky", handle=pds_account.handle, service=pds.url)
    saved.text = login("bsky", settings, pds_account.app_password, FakeClock())
    network = bluesky(pds, pds_account, saved, password="not needed")
    assert pds_account.did in network.check()
    network.close()


def test_login_with_a_wrong_password_saves_nothing(pds: PdsServer, pds_account: Account) -> None:
    """It says so at once."""
    settings = BlueskyAccount(network="bluesky", handle=pds_account.handle, service=pds.url)
    with pytest.raises(LoggedOut):
        login("bsky", settings, "wrong", FakeClock())


def test_a_plan_of_another_account_is_not_sent(
    pds: PdsServer, new_pds_account: Any, network: Bluesky
) -> None:
    """The config names another account now than when the plan was made."""
    plan = network.plan(draft(WORDS), FakeClock().now())
    other = bluesky(pds, new_pds_account(), SavedSession())
    with pytest.raises(Refused):
        other.send(draft(WORDS), plan)
    other.close()


def test_bytes_that_changed_since_are_not_posted(
    pds: PdsServer, pds_account: Account, network: Bluesky, tmp_path: Path
) -> None:
    """The record names the protected file's digest; other bytes are not that file."""
    image = picture(tmp_path)
    what = draft(WORDS, image)
    plan = network.plan(what, FakeClock().now())
    image.path.write_bytes(picture(tmp_path, 1).path.read_bytes())
    with pytest.raises(Refused):
        network.send(what, plan)
    assert pds.list_records(pds_account.did) == []
