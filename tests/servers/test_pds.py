"""The real PDS behaves as postguard's Bluesky adapter is built to expect."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.servers.pds import Account, PdsServer, install, start_pds
from tests.servers.pds.server import expect
from tests.servers.rawhttp import Reply, call

POST = "app.bsky.feed.post"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c63606060f80f0001040100f5d1a2ac0000000049454e44ae426082"
)
TID = "3m2abcdefgh2k"


@pytest.fixture
def token(pds_account: Account) -> str:
    """The account's access token."""
    return pds_account.token


def now() -> str:
    """A createdAt."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def post_record(text: str, **more: Any) -> dict[str, Any]:
    """A post's record."""
    return {"$type": POST, "text": text, "createdAt": now(), **more}


def gated_writes(did: str, rkey: str, record: dict[str, Any]) -> list[dict[str, Any]]:
    """A post with its two gates, all under one rkey."""
    uri = f"at://{did}/{POST}/{rkey}"
    threadgate = {"post": uri, "allow": [], "createdAt": now()}
    rules = [{"$type": "app.bsky.feed.postgate#disableRule"}]
    postgate = {"post": uri, "embeddingRules": rules, "createdAt": now()}
    values = {
        POST: record,
        "app.bsky.feed.threadgate": threadgate,
        "app.bsky.feed.postgate": postgate,
    }
    create = "com.atproto.repo.applyWrites#create"
    return [
        {"$type": create, "collection": name, "rkey": rkey, "value": {"$type": name, **value}}
        for name, value in values.items()
    ]


def apply_writes(pds: PdsServer, did: str, writes: list[dict[str, Any]], token: str) -> Reply:
    """Write everything in one commit."""
    body = {"repo": did, "validate": True, "writes": writes}
    return pds.procedure("com.atproto.repo.applyWrites", body, token)


def create(pds: PdsServer, did: str, record: dict[str, Any], token: str, **more: Any) -> Reply:
    """Create one post."""
    body = {"repo": did, "collection": POST, "record": record, **more}
    return pds.procedure("com.atproto.repo.createRecord", body, token)


def image_embed(blob: Any, **image: Any) -> dict[str, Any]:
    """An images embed of one picture."""
    return {"$type": "app.bsky.embed.images", "images": [{"image": blob, **image}]}


def test_a_picture_goes_up_and_comes_back_byte_for_byte(
    pds: PdsServer, pds_account: Account, token: str
) -> None:
    """A post with its gates is one commit, and anybody can fetch the blob as it was uploaded."""
    did = pds_account.did
    blob = expect(pds.upload_blob(PNG, "image/png", token))["blob"]
    embed = image_embed(blob, alt="一つの点", aspectRatio={"width": 1, "height": 1})
    writes = gated_writes(did, TID, post_record("a dot", embed=embed, langs=["ja"]))
    assert apply_writes(pds, did, writes, token).status == 200

    value = pds.get_record(did, POST, TID)["value"]
    assert value == writes[0]["value"]
    assert pds.get_record(did, "app.bsky.feed.threadgate", TID)["value"]["allow"] == []
    assert pds.get_record(did, "app.bsky.feed.postgate", TID)["value"]["embeddingRules"]
    cid = value["embed"]["images"][0]["image"]["ref"]["$link"]
    assert pds.get_blob(did, cid) == PNG


def test_the_same_rkey_again_is_a_500_and_makes_nothing(
    pds: PdsServer, pds_account: Account, token: str
) -> None:
    """A repeated applyWrites is refused, so a stored rkey cannot post twice."""
    did = pds_account.did
    writes = gated_writes(did, TID, post_record("only once"))
    assert apply_writes(pds, did, writes, token).status == 200
    assert apply_writes(pds, did, writes, token).status == 500
    assert len(pds.list_records(did)) == 1


def test_put_with_swap_record_null_creates_and_repeats_at_will(
    pds: PdsServer, pds_account: Account, token: str
) -> None:
    """An identical repeat is a no-op; other content under the same rkey is refused."""
    record = post_record("stored first")
    body = {
        "repo": pds_account.did,
        "collection": POST,
        "rkey": TID,
        "record": record,
        "swapRecord": None,
    }
    method = "com.atproto.repo.putRecord"
    first = expect(pds.procedure(method, body, token))
    again = expect(pds.procedure(method, body, token))
    assert again["cid"] == first["cid"]
    other = pds.procedure(method, body | {"record": record | {"text": "other"}}, token)
    assert (other.status, other.json["error"]) == (400, "InvalidSwap")


def test_a_wrong_password_is_a_401(pds: PdsServer, pds_account: Account) -> None:
    """Logging in with anything but the password is refused."""
    body = {"identifier": pds_account.handle, "password": "wrong"}
    assert pds.procedure("com.atproto.server.createSession", body).status == 401


def test_a_bad_token_is_a_400(pds: PdsServer, pds_account: Account) -> None:
    """A token that is none is named so."""
    reply = create(pds, pds_account.did, post_record("x"), "no.such.token")
    assert (reply.status, reply.json["error"]) == (400, "InvalidToken")


@pytest.mark.parametrize(("graphemes", "status"), [(300, 200), (301, 400)])
def test_the_300th_grapheme_is_the_last(
    pds: PdsServer, pds_account: Account, token: str, graphemes: int, status: int
) -> None:
    """Length is counted in graphemes, at record creation."""
    text = "\U0001f469\u200d\U0001f3a8" + "あ" * (graphemes - 1)
    assert create(pds, pds_account.did, post_record(text), token).status == status


def test_a_post_needs_a_tid_and_its_pictures_an_alt(
    pds: PdsServer, pds_account: Account, token: str
) -> None:
    """An rkey of our own invention and an image without the alt key are both refused."""
    did = pds_account.did
    assert create(pds, did, post_record("x"), token, rkey="my-own-key").status == 400
    blob = expect(pds.upload_blob(PNG, "image/png", token))["blob"]
    assert create(pds, did, post_record("x", embed=image_embed(blob)), token).status == 400


def test_a_missing_record_is_named(pds: PdsServer, pds_account: Account) -> None:
    """Asking for what is not there answers RecordNotFound, by which a lost answer is settled."""
    reply = pds.query(
        "com.atproto.repo.getRecord", repo=pds_account.did, collection=POST, rkey=TID
    )
    assert (reply.status, reply.json["error"]) == (400, "RecordNotFound")


def test_the_profile_view_answers_for_atproto_login(
    pds: PdsServer, pds_account: Account, token: str
) -> None:
    """atproto's Client.login() looks the profile up through the PDS."""
    view = expect(pds.query("app.bsky.actor.getProfile", token, actor=pds_account.handle))
    assert (view["did"], view["handle"]) == (pds_account.did, pds_account.handle)


def test_limits_are_set_per_server_and_sigterm_stops_it(pds: PdsServer, tmp_path: Path) -> None:
    """A second server has rate limits and its own blob limit, and is gone after the block."""
    with start_pds(tmp_path / "pds", rate_limits=True, blob_limit=len(PNG) - 1) as other:
        assert other.url != pds.url
        account = other.new_account("fox.test")
        body = {"identifier": account.handle, "password": account.app_password}
        session = other.procedure("com.atproto.server.createSession", body)
        assert session.headers["ratelimit-limit"] == "30"
        refused = other.upload_blob(PNG, "image/png", session.json["accessJwt"])
        assert refused.status == 413
    with pytest.raises(ConnectionRefusedError):
        call("GET", other.url)


def test_without_node_the_reason_is_said(tmp_path: Path) -> None:
    """Where node is missing, the installer says so in a sentence and fails nothing else."""
    environment = dict(os.environ) | {"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "tests.servers.pds"]
    root = install.HERE.parents[2]
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "node is not on PATH" in done.stderr


def test_the_lockfile_names_no_private_registry() -> None:
    """A lockfile made behind a proxy must not send others to it."""
    lock = (install.HERE / "package-lock.json").read_text()
    addresses = [line for line in lock.splitlines() if '"resolved"' in line]
    assert all('"https://registry.npmjs.org/' in line for line in addresses)


def test_it_comes_back_from_a_restart_with_all_that_it_had(pds: PdsServer, tmp_path: Path) -> None:
    """One of its own: the session's is asked for since it says when node is missing."""
    with start_pds(tmp_path / "pds") as server:
        account = server.new_account("before.test")
        token = server.log_in(account.did, account.app_password)
        server.restart()
        assert server.starts == 2
        assert server.query("com.atproto.server.getSession", token).status == 200
        assert server.new_account("after.test").did != account.did


def test_its_clock_goes_ahead_as_a_file_says(pds: PdsServer, tmp_path: Path) -> None:
    """Tokens end by that clock, with nobody waiting for it."""
    clock = tmp_path / "clock.json"
    with start_pds(tmp_path / "pds", clock=clock) as server:
        account = server.new_account("clock.test")
        token = server.log_in(account.did, account.app_password)
        assert server.query("com.atproto.server.getSession", token).status == 200
        clock.write_text(json.dumps([3 * 3600, 0]))
        ended = server.query("com.atproto.server.getSession", token)
        assert (ended.status, ended.json["error"]) == (400, "ExpiredToken")
