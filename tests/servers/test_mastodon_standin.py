"""The stand-in is strict with itself, knows nothing of postguard, and real clients can use it."""

import ast
import io
from pathlib import Path
from typing import Any

import mastodon as mastodon_py
import pytest
from PIL import Image

from tests.servers import mastodon as package
from tests.servers.mastodon import MastodonServer, replay
from tests.servers.mastodon.contract import Contract, corrected_contract, description
from tests.servers.mastodon.disagreements import DISAGREEMENTS
from tests.servers.mastodon.server import start_mastodon
from tests.servers.rawhttp import call, get, send_form

SERVERS = Path(package.__file__).parents[1]
# Exchanges that were not recorded, and the correction that each needs.
BODIES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/api/v1/statuses", {"status": "x", "media_ids": ["1"]}),
    ("POST", "/api/v1/statuses", {"spoiler_text": "x"}),
    ("PUT", "/api/v1/statuses/1", {"media_attributes": [{"id": "1"}]}),
    ("POST", "/api/v1/apps", {"client_name": "x", "redirect_uris": "urn:x"}),
    ("POST", "/oauth/token", {"grant_type": "client_credentials"}),
    ("POST", "/oauth/revoke", {"token": "x"}),
]
ANSWERS: list[tuple[str, str, int, Any]] = [
    ("DELETE", "/api/v1/media/1", 422, {"error": "in use"}),
    ("GET", "/oauth/authorize", 302, None),
]


def complaints(contract: Contract) -> list[str]:
    """What a contract has against the recordings and the exchanges above."""
    found: list[str] = []
    for method, path, body in BODIES:
        checked = contract.check_body(contract.operation(method, path) or {}, body)
        found += checked.missing + checked.wrong + checked.unknown
    answers = list(ANSWERS)
    for name in replay.recordings():
        answers += [
            (each.method, each.target.rstrip("/"), each.status, each.answer)
            for each in replay.read(name)
        ]
    for method, path, status, answer in answers:
        found += contract.check_answer(contract.operation(method, path) or {}, status, answer)
    return found


def test_the_corrected_description_fits_every_recording() -> None:
    """Where description and recordings disagree, a correction settles it."""
    assert complaints(corrected_contract()) == []


@pytest.mark.parametrize("name", [each.name for each in DISAGREEMENTS])
def test_each_disagreement_is_still_one(name: str) -> None:
    """Without the correction something real is refused; one that is not needed must go."""
    others = [each for each in DISAGREEMENTS if each.name != name]
    assert complaints(Contract(description(), others))


def test_an_answer_that_is_not_as_described_fails_the_test() -> None:
    """It is a 500 for the caller and an error at the end of the server's block."""

    def ask_for_wrong_limits() -> None:
        with start_mastodon() as server:
            server.limits.max_characters = "many"  # type: ignore[assignment]
            assert get(f"{server.url}/api/v2/instance").status == 500

    with pytest.raises(AssertionError, match="max_characters"):
        ask_for_wrong_limits()


def test_a_fault_of_the_stand_in_fails_the_test() -> None:
    """An exception in it does not pass for an error of the network."""

    def break_it() -> None:
        raise ZeroDivisionError

    def post_to_a_broken_one() -> None:
        with start_mastodon() as server:
            server.before_write(break_it)
            token = server.token_for(server.add_account("hanako"))
            address = f"{server.url}/api/v1/statuses"
            assert send_form("POST", address, {"status": "x"}, token).status == 500

    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        post_to_a_broken_one()


def test_unknown_addresses_are_404_and_noted(mastodon: MastodonServer) -> None:
    """A call that the stand-in lacks is seen in the requests."""
    assert get(f"{mastodon.url}/api/v1/no/such").status == 404
    assert mastodon.requests[0].problems == ["the stand-in has no such address"]


def test_wrong_kinds_are_refused(mastodon: MastodonServer) -> None:
    """A parameter that cannot be read as described is a 422 and does nothing."""
    token = mastodon.token_for(mastodon.add_account("hanako"))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    address = f"{mastodon.url}/api/v1/accounts/update_credentials"
    refused = call("PATCH", address, body='{"display_name": ["a"]}', headers=headers)
    assert refused.status == 422
    broken = call("PATCH", address, body="{", headers=headers)
    assert broken.status == 400


def test_old_servers_know_no_quotes_and_publish_less(mastodon: MastodonServer) -> None:
    """Before API version 7 there is no quote policy, before 4.4 no length of descriptions."""
    mastodon.limits.api_versions = {"mastodon": 6}
    mastodon.limits.description_limit = None
    token = mastodon.token_for(mastodon.add_account("hanako"))
    address = f"{mastodon.url}/api/v1/statuses"
    asked = {"status": "x", "quote_approval_policy": "nobody"}
    assert "quote_approval" not in send_form("POST", address, asked, token).json
    for version in ("v1", "v2"):
        limits = get(f"{mastodon.url}/api/{version}/instance").json["configuration"]
        assert "description_limit" not in limits["media_attachments"]


def test_robots_txt_is_the_instances_own(mastodon: MastodonServer) -> None:
    """A test may set it."""
    assert "GPTBot" in get(f"{mastodon.url}/robots.txt").text
    mastodon.robots_txt = "User-agent: *\nDisallow: /\n"
    assert get(f"{mastodon.url}/robots.txt").text == mastodon.robots_txt


def test_mastodon_py_logs_in_and_posts(mastodon: MastodonServer) -> None:
    """The library that postguard uses finds all it needs here."""
    mastodon.add_account("hanako")
    client_id, secret = mastodon_py.Mastodon.create_app(
        "postguard", scopes=["profile", "write"], api_base_url=mastodon.url
    )
    client = mastodon_py.Mastodon(
        client_id=client_id, client_secret=secret, api_base_url=mastodon.url
    )
    scopes = ["profile", "write"]
    address = client.auth_request_url(scopes=scopes, allow_http=True)
    code = mastodon.approve(address, "hanako")
    client.log_in(code=code, scopes=scopes, allow_http=True)
    picture = io.BytesIO()
    Image.new("RGB", (20, 20)).save(picture, "PNG")
    media = client.media_post(picture.getvalue(), mime_type="image/png", description="a dot")
    status = client.status_post("fox", media_ids=[media], visibility="unlisted", language="ja")
    assert status.media_attachments[0].description == "a dot"
    assert (status.visibility, status.language) == ("unlisted", "ja")
    client.session.close()


def test_the_servers_import_nothing_of_postguard() -> None:
    """What tests a program must not be built from it."""
    for path in SERVERS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not any(each.split(".")[0] == "postguard" for each in names), path
