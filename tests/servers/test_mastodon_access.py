"""Who may do what on the Mastodon stand-in, how often, and what goes wrong on request."""

import base64
import hashlib
import http.client
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.servers.mastodon import MastodonServer, Rate
from tests.servers.rawhttp import Reply, call, get, send_form, send_json

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
SCOPES = "write:statuses write:media profile"


def register(server: MastodonServer, redirect: str = OUT_OF_BAND) -> dict[str, str]:
    """Register an app and return its id and secret."""
    fields = {"client_name": "postguard", "redirect_uris": redirect, "scopes": SCOPES}
    made = send_form("POST", f"{server.url}/api/v1/apps", fields)
    assert made.status == 200
    return {name: made.json[name] for name in ("client_id", "client_secret")}


def consent_address(server: MastodonServer, app: dict[str, str], **more: str) -> str:
    """Where the app sends the person."""
    asked = {
        "client_id": app["client_id"],
        "redirect_uri": OUT_OF_BAND,
        "response_type": "code",
        "scope": SCOPES,
    }
    return f"{server.url}/oauth/authorize?{urlencode(asked | more)}"


def redeem(server: MastodonServer, app: dict[str, str], code: str, **more: str) -> Reply:
    """Exchange a code for a token."""
    fields = app | {"grant_type": "authorization_code", "code": code, "redirect_uri": OUT_OF_BAND}
    return send_form("POST", f"{server.url}/oauth/token", fields | more)


def verify(server: MastodonServer, token: str) -> Reply:
    """Ask whose token it is."""
    return get(f"{server.url}/api/v1/accounts/verify_credentials", token)


def test_a_code_shown_becomes_a_token_once(mastodon: MastodonServer) -> None:
    """Register, consent, type the code in; the code serves once, the token until it is revoked."""
    mastodon.add_account("hanako")
    app = register(mastodon)
    code = mastodon.approve(consent_address(mastodon, app), "hanako")
    given = redeem(mastodon, app, code).json
    assert (given["token_type"], given["scope"]) == ("Bearer", SCOPES)
    assert redeem(mastodon, app, code).json["error"] == "invalid_grant"
    token = given["access_token"]
    assert verify(mastodon, token).json["username"] == "hanako"
    named = get(f"{mastodon.url}/api/v1/apps/verify_credentials", token).json
    assert named["name"] == "postguard"
    revoked = send_form("POST", f"{mastodon.url}/oauth/revoke", app | {"token": token})
    assert (revoked.status, verify(mastodon, token).status) == (200, 401)


class Returned(BaseHTTPRequestHandler):
    """The app's own small server, to which the browser is sent back."""

    queries: list[dict[str, list[str]]]

    def do_GET(self) -> None:
        """Note the query."""
        self.queries.append(parse_qs(urlsplit(self.path).query))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


def test_a_loopback_address_gets_the_code_on_any_port(mastodon: MastodonServer) -> None:
    """With state and PKCE, as a command-line app should (RFC 8252)."""
    mastodon.add_account("hanako")
    app = register(mastodon, "http://127.0.0.1/back")
    verifier = "v" * 50
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    Returned.queries = []
    with HTTPServer(("127.0.0.1", 0), Returned) as listener:
        back = f"http://127.0.0.1:{listener.server_address[1]}/back"
        thread = threading.Thread(target=listener.handle_request)
        thread.start()
        address = consent_address(
            mastodon, app, redirect_uri=back, state="s1", code_challenge=challenge
        )
        assert mastodon.approve(address, "hanako").startswith(back)
        thread.join()
    (query,) = Returned.queries
    assert query["state"] == ["s1"]
    code = query["code"][0]
    assert redeem(mastodon, app, code, redirect_uri=back).status == 400
    given = redeem(mastodon, app, code, redirect_uri=back, code_verifier=verifier)
    assert given.status == 200


def test_a_person_may_refuse_and_a_code_grows_old(mastodon: MastodonServer) -> None:
    """A refusal brings no code; ten minutes later a code is worthless."""
    mastodon.add_account("hanako")
    app = register(mastodon)
    address = consent_address(mastodon, app)
    assert "error=access_denied" in mastodon.approve(address, "hanako", refuse=True)
    code = mastodon.approve(address, "hanako")
    mastodon.clock.move(minutes=11)
    assert redeem(mastodon, app, code).json["error"] == "invalid_grant"


def test_apps_are_held_to_what_they_registered(mastodon: MastodonServer) -> None:
    """Unknown client, foreign address, larger scopes, wrong secret, wrong grant, no name."""
    mastodon.add_account("hanako")
    app = register(mastodon)
    unknown = call("GET", consent_address(mastodon, app | {"client_id": "x"}))
    foreign = call("GET", consent_address(mastodon, app, redirect_uri="https://evil.example/"))
    larger = call("GET", consent_address(mastodon, app, scope="write"))
    lacking = call("GET", f"{mastodon.url}/oauth/authorize")
    assert [each.status for each in (unknown, foreign, larger, lacking)] == [401, 400, 302, 400]
    assert "error=invalid_scope" in larger.headers["location"]
    code = mastodon.approve(consent_address(mastodon, app), "hanako")
    assert redeem(mastodon, app, code, client_secret="x").json["error"] == "invalid_client"
    assert redeem(mastodon, app, code, grant_type="password").status == 400
    assert send_json("POST", f"{mastodon.url}/oauth/token", {}).status == 400
    nameless = send_json("POST", f"{mastodon.url}/api/v1/apps", {"redirect_uris": [OUT_OF_BAND]})
    assert nameless.status == 422
    basic = base64.b64encode(f"{app['client_id']}:{app['client_secret']}".encode()).decode()
    own = send_form(
        "POST",
        f"{mastodon.url}/oauth/token",
        {"grant_type": "client_credentials", "scope": "profile"},
        Authorization=f"Basic {basic}",
    )
    assert own.status == 200
    userless = verify(mastodon, own.json["access_token"])
    assert (userless.status, "authenticated user" in userless.text) == (422, True)


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/api/v1/accounts/verify_credentials", "read:accounts"),
        ("GET", "/api/v1/accounts/verify_credentials", "profile"),
        ("PATCH", "/api/v1/accounts/update_credentials", "write:accounts"),
        ("POST", "/api/v1/statuses", "write:statuses"),
        ("POST", "/api/v2/media", "write:media"),
        ("GET", "/api/v1/media/1", "write:media"),
        ("GET", "/api/v1/statuses/1", "read:statuses"),
        ("DELETE", "/api/v1/statuses/1", "write:statuses"),
        ("GET", "/api/v1/scheduled_statuses", "read:statuses"),
    ],
)
def test_each_call_needs_its_scope(
    mastodon: MastodonServer, method: str, path: str, scope: str
) -> None:
    """The scope or the whole it belongs to; else 403 in Mastodon's words."""
    hanako = mastodon.add_account("hanako")

    def ask(scopes: str) -> Reply:
        return send_form(method, mastodon.url + path, {}, mastodon.token_for(hanako, scopes))

    enough = {scope, scope.split(":", maxsplit=1)[0]}
    assert all(ask(each).status in (200, 404, 422) for each in enough)
    refused = ask("push write:lists read:lists")
    words = {"error": "This action is outside the authorized scopes"}
    assert (refused.status, refused.json) == (403, words)


def test_bad_tokens_are_401(mastodon: MastodonServer) -> None:
    """None, an unknown one, a revoked one."""
    words = {"error": "The access token is invalid"}
    address = f"{mastodon.url}/api/v1/accounts/verify_credentials"
    assert [(each.status, each.json) for each in (get(address), get(address, "x"))] == [
        (401, words),
        (401, words),
    ]
    token = mastodon.token_for(mastodon.add_account("hanako"))
    mastodon.revoke(token)
    assert verify(mastodon, token).json == {"error": "The access token was revoked"}


def test_rates_are_told_always_and_enforced_on_request(mastodon: MastodonServer) -> None:
    """429 with the headers, until the window has passed; for one account alone."""
    hanako, taro = (mastodon.token_for(mastodon.add_account(each)) for each in ("hanako", "taro"))
    assert verify(mastodon, hanako).headers["x-ratelimit-remaining"] == "299"
    mastodon.rates["calls"] = Rate(3, 300)
    assert [verify(mastodon, hanako).status for _ in range(3)] == [200, 200, 200]
    mastodon.enforce_rates()
    refused = verify(mastodon, hanako)
    assert (refused.status, refused.json) == (429, {"error": "Too many requests"})
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert verify(mastodon, taro).status == 200
    mastodon.clock.move(minutes=5)
    assert verify(mastodon, hanako).status == 200


def test_uploads_have_a_rate_of_their_own(mastodon: MastodonServer) -> None:
    """30 in half an hour."""
    mastodon.enforce_rates()
    token = mastodon.token_for(mastodon.add_account("hanako"))
    address = f"{mastodon.url}/api/v2/media"
    replies = [send_form("POST", address, {}, token) for _ in range(31)]
    assert [each.status for each in replies] == [422] * 30 + [429]
    assert replies[0].headers["x-ratelimit-limit"] == "30"


def test_an_answer_is_lost_after_the_work(mastodon: MastodonServer) -> None:
    """The status is there; the caller was told nothing; the second try is answered."""
    token = mastodon.token_for(mastodon.add_account("hanako"))
    mastodon.fail_next("/api/v1/statuses", drop_answer=True)
    with pytest.raises(http.client.RemoteDisconnected):
        post(mastodon, token)
    assert post(mastodon, token).status == 200
    assert len(mastodon.statuses) == 1
    assert [each.status for each in mastodon.requests] == [None, 200]


def post(server: MastodonServer, token: str) -> Reply:
    """Post something under one key."""
    address = f"{server.url}/api/v1/statuses"
    return send_form("POST", address, {"status": "x"}, token, Idempotency_Key="key")


def test_faults_come_once_and_in_order(mastodon: MastodonServer) -> None:
    """An error before or after the work, half an answer, a closed connection, a slow one."""
    token = mastodon.token_for(mastodon.add_account("hanako"))
    mastodon.fail_next("/api/v1/statuses", status=503, headers={"Retry-After": "7"})
    mastodon.fail_next("/api/v1/statuses", status=502, after_work=True)
    mastodon.fail_next("/api/v1/statuses", cut_answer=True)
    mastodon.fail_next("/api/v1/statuses", drop_request=True)
    mastodon.fail_next("/api/v1/statuses", method="POST", delay=0.01)
    unavailable = post(mastodon, token)
    assert (unavailable.status, unavailable.headers["retry-after"]) == (503, "7")
    assert mastodon.statuses == []
    assert post(mastodon, token).status == 502
    assert len(mastodon.statuses) == 1
    with pytest.raises(http.client.IncompleteRead):
        post(mastodon, token)
    with pytest.raises(http.client.RemoteDisconnected):
        post(mastodon, token)
    assert post(mastodon, token).status == 200
    assert (mastodon.unused_faults, len(mastodon.statuses)) == ([], 1)


def test_requests_are_kept_without_their_secrets(mastodon: MastodonServer) -> None:
    """What was sent can be looked at and printed."""
    token = mastodon.token_for(mastodon.add_account("hanako"))
    address = f"{mastodon.url}/api/v1/statuses"
    send_form("POST", address, {"status": "x", "colour": "red"}, token, Idempotency_Key="key")
    (seen,) = mastodon.requests
    assert (seen.method, seen.path, seen.account) == ("POST", "/api/v1/statuses", "hanako")
    assert (seen.fields["status"], seen.headers["idempotency-key"]) == ("x", "key")
    assert mastodon.unknown_parameters == ["POST /api/v1/statuses: colour"]
    assert token not in repr(seen)
