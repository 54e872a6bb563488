"""Faults before a real PDS: what the client was told and what really happened."""

import http.client

import atproto  # type: ignore[import-untyped, unused-ignore]
import pytest

from tests.servers.pds import Account, PdsProxy, PdsServer
from tests.servers.rawhttp import Reply, send_json

POST = "app.bsky.feed.post"
PUT = "com.atproto.repo.putRecord"
TID = "3m2abcdefgh2k"


@pytest.fixture
def token(pds_account: Account) -> str:
    """The account's access token."""
    return pds_account.token


def put(proxy: PdsProxy, did: str, token: str) -> Reply:
    """Put a stored record under its stored rkey, as often as need be."""
    record = {"$type": POST, "text": "once", "createdAt": "2026-11-22T10:00:00.000Z"}
    body = {"repo": did, "collection": POST, "rkey": TID, "record": record, "swapRecord": None}
    return send_json("POST", f"{proxy.url}/xrpc/{PUT}", body, token)


def test_a_lost_answer_leaves_the_record_and_a_repeat_is_harmless(
    pds: PdsServer, pds_proxy: PdsProxy, pds_account: Account, token: str
) -> None:
    """The work is done, the connection ends, and the same put again is a no-op."""
    pds_proxy.fail_next(PUT, drop_answer=True)
    with pytest.raises(http.client.RemoteDisconnected):
        put(pds_proxy, pds_account.did, token)
    assert len(pds.list_records(pds_account.did)) == 1
    assert put(pds_proxy, pds_account.did, token).status == 200
    assert len(pds.list_records(pds_account.did)) == 1
    assert [each.status for each in pds_proxy.requests] == [None, 200]


def test_an_error_before_the_work_leaves_nothing(
    pds: PdsServer, pds_proxy: PdsProxy, pds_account: Account, token: str
) -> None:
    """A 502, and a connection that ends before anything was passed on."""
    pds_proxy.fail_next(PUT, status=502)
    pds_proxy.fail_next(PUT, drop_request=True)
    assert put(pds_proxy, pds_account.did, token).status == 502
    with pytest.raises(http.client.RemoteDisconnected):
        put(pds_proxy, pds_account.did, token)
    assert (pds.list_records(pds_account.did), pds_proxy.unused_faults) == ([], [])


def test_a_client_that_reads_did_documents_stays_with_the_proxy(
    pds_proxy: PdsProxy, pds_account: Account
) -> None:
    """atproto goes on with the address in the account's DID document after its login."""
    client = atproto.Client(base_url=pds_proxy.url)
    client.login(pds_account.handle, pds_account.app_password)
    client.com.atproto.repo.describe_repo({"repo": pds_account.did})
    assert pds_proxy.requests[-1].path == "/xrpc/com.atproto.repo.describeRepo"
    client.request.close()
