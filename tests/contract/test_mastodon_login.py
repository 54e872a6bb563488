"""Logging in to a Mastodon server, by the browser that comes back or by a pasted code."""

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest

from postguard.errors import LoggedOut, Retryable, Unusable
from postguard.model import Words
from postguard.networks.mastodon.login import (
    SETTINGS,
    App,
    Granted,
    authorize_url,
    exchange,
    register_app,
    revoke,
)
from postguard.networks.mastodon.loopback import Loopback, grant
from postguard.networks.mastodon.network import Mastodon
from tests.contract.stages import FakeClock, draft, mastodon_account
from tests.servers.mastodon import MastodonServer, start_mastodon
from tests.servers.rawhttp import Reply, call, get, send_form

Opens = Callable[..., Callable[[str], object]]
LEAST = {"profile", "read:statuses", "read:search", "write:statuses", "write:media"}


@contextmanager
def browser(visit: Callable[[], object]) -> Iterator[None]:
    """Somebody who uses a browser while the login waits for them."""
    thread = threading.Thread(target=visit)
    thread.start()
    yield
    thread.join()


@pytest.fixture
def hanako(mastodon: MastodonServer) -> MastodonServer:
    """A server with her account."""
    mastodon.add_account("hanako")
    return mastodon


@pytest.fixture
def in_browser(hanako: MastodonServer) -> Iterator[Opens]:
    """Makes what opens the consent page for her, in a thread: a browser is another program."""
    people: list[threading.Thread] = []

    def made(*, refuse: bool = False) -> Callable[[str], object]:
        def open_page(url: str) -> None:
            visit = functools.partial(hanako.approve, url, "hanako", refuse=refuse)
            people.append(threading.Thread(target=visit))
            people[-1].start()

        return open_page

    yield made
    for person in people:
        person.join()


def pasted(server: MastodonServer, app: App) -> str:
    """The code that the page shows her, as it gets pasted."""
    return f" {server.approve(authorize_url(app), 'hanako')}\n"


def test_a_pasted_code_gives_a_token_that_can_post(hanako: MastodonServer) -> None:
    """With no scope more than needed, and with a proof of who asked."""
    app = register_app(hanako.url)
    token = exchange(app, pasted(hanako, app))
    assert set(hanako.state.tokens[token].scopes) == LEAST
    network = Mastodon("fedi", mastodon_account(hanako), lambda: token, FakeClock())
    assert network.check() == f"logged in as @hanako on {hanako.url.removeprefix('http://')}"
    what = draft(Words(text="狐"))
    network.send(what, network.plan(what, FakeClock().now()))
    network.close()


def test_no_secret_shows_in_a_repr(hanako: MastodonServer) -> None:
    """Whatever is logged of a login."""
    app = register_app(hanako.url)
    shown = repr(Granted(app, "the-token"))
    for secret in (app.client_secret, app.state, app.verifier, "the-token"):
        assert secret not in shown


def test_the_browser_brings_the_code_itself(hanako: MastodonServer, in_browser: Opens) -> None:
    """Nothing is pasted; the page that it ends on says so in Japanese and English."""
    granted = grant(hanako.url, in_browser())
    assert set(hanako.state.tokens[granted.token].scopes) == LEAST
    assert granted.app.redirect.startswith("http://127.0.0.1:")


def test_whoever_refuses_is_not_asked_again(hanako: MastodonServer, in_browser: Opens) -> None:
    """And nothing is kept."""
    with pytest.raises(LoggedOut, match="did not allow"):
        grant(hanako.url, in_browser(refuse=True))
    assert hanako.state.tokens == {}


def test_nobody_slips_in_a_code_of_their_own() -> None:
    """A page that knows the port knows no state; the right one is still waited for."""
    replies: list[Reply] = []
    with Loopback() as back:

        def visit() -> None:
            replies.append(get(back.address, code="theirs", state="guessed"))
            replies.append(get(back.address, code="theirs"))
            replies.append(get(back.address.replace("/callback", "/favicon.ico"), state="s1"))
            replies.append(call("POST", f"{back.address}?code=theirs&state=s1"))
            replies.append(get(back.address, code="ours", state="s1"))

        with browser(visit):
            assert back.code("s1") == "ours"
    assert [reply.status for reply in replies] == [400, 400, 400, 501, 200]
    assert "閉じて" in replies[-1].text
    assert "ours" not in replies[-1].text


def test_a_login_is_not_waited_for_forever() -> None:
    """The way by a pasted code is named."""
    with Loopback() as back, pytest.raises(Unusable, match="paste the code"):
        back.code("s1", patience=0.01)


def test_the_listener_ends_with_the_login() -> None:
    """Nothing listens afterwards, and never for other PCs."""
    with Loopback() as back:
        address = back.address
        assert urlsplit(address).hostname == "127.0.0.1"
    with pytest.raises(ConnectionError):
        get(address)


def test_a_code_that_was_seen_on_its_way_is_of_no_use(hanako: MastodonServer) -> None:
    """Without the verifier, which never left this PC, the server gives no token for it."""
    app = register_app(hanako.url)
    code = pasted(hanako, app).strip()
    asked = parse_qs(urlsplit(authorize_url(app)).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert app.verifier not in str(asked)
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "redirect_uri": app.redirect,
    }
    assert send_form("POST", f"{hanako.url}/oauth/token", fields).status == 400
    assert exchange(app, code)


def test_no_two_logins_share_what_must_not_be_guessed(hanako: MastodonServer) -> None:
    """Each draws its own."""
    one, other = register_app(hanako.url), register_app(hanako.url)
    assert len({one.state, other.state, one.verifier, other.verifier}) == 4
    assert min(len(one.state), len(one.verifier)) >= 43


def test_a_server_without_proofs_is_logged_in_to_without() -> None:
    """Pleroma says nothing of its OAuth, and knows the older scope."""
    with start_mastodon("pleroma") as server:
        server.add_account("hanako")
        app = register_app(server.url)
        assert (app.verifier, app.scopes[0]) == ("", "read:accounts")
        assert "code_challenge" not in authorize_url(app)
        assert exchange(app, pasted(server, app))


def test_less_than_was_asked_is_no_login(hanako: MastodonServer) -> None:
    """The token that is worth too little is ended at once."""
    app = register_app(hanako.url)
    url = authorize_url(app).replace("+write%3Amedia", "")
    code = hanako.approve(url, "hanako")
    with pytest.raises(LoggedOut, match="did not allow write:media"):
        exchange(app, code)
    assert [token.revoked for token in hanako.state.tokens.values()] == [True]


def test_logging_out_ends_the_access_on_the_server(hanako: MastodonServer) -> None:
    """With what was kept beside the token; twice is no error."""
    app = register_app(hanako.url)
    token = exchange(app, pasted(hanako, app))
    kept = app.kept()
    revoke(hanako.url, token, kept)
    revoke(hanako.url, token, kept)
    network = Mastodon("fedi", mastodon_account(hanako), lambda: token, FakeClock())
    with pytest.raises(LoggedOut):
        network.check()
    network.close()


def test_a_logout_that_did_not_work_is_told(hanako: MastodonServer) -> None:
    """The token still works then: by the network, or because the server says no."""
    app = register_app(hanako.url)
    token = exchange(app, pasted(hanako, app))
    hanako.fail_next("/oauth/revoke", status=503)
    with pytest.raises(Retryable):
        revoke(hanako.url, token, app.kept())
    wrong = app.kept().replace(app.client_secret, "wrong")
    with pytest.raises(Unusable, match="authorised apps"):
        revoke(hanako.url, token, wrong)
    assert not hanako.state.tokens[token].revoked


def test_a_grant_for_settings_changes_them_and_posts_nothing(
    hanako: MastodonServer, in_browser: Opens
) -> None:
    """Changing settings needs more than posting, and less."""
    token = grant(hanako.url, in_browser(), SETTINGS).token
    assert set(hanako.state.tokens[token].scopes) == {"profile", "write:accounts"}
    answer = call(
        "PATCH",
        f"{hanako.url}/api/v1/accounts/update_credentials",
        body="indexable=false",
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )
    assert answer.status == 200


def test_a_server_before_profile_scopes_is_asked_for_the_older_one(
    mastodon: MastodonServer,
) -> None:
    """`profile` came with Mastodon 4.3."""
    mastodon.fail_next("/.well-known/oauth-authorization-server", status=404)
    assert register_app(mastodon.url).scopes[0] == "read:accounts"


def test_an_address_that_leaves_the_servers_encryption_is_not_believed(
    mastodon: MastodonServer,
) -> None:
    """A code or a secret must never go there."""
    said = b'{"token_endpoint": "http://elsewhere.example/token"}'
    mastodon.fail_next("/.well-known", status=200, body=said)
    assert register_app(mastodon.url).doors.token == f"{mastodon.url}/oauth/token"


def test_a_wrong_code_is_no_login(mastodon: MastodonServer) -> None:
    """It says that a code serves once."""
    app = register_app(mastodon.url)
    with pytest.raises(LoggedOut, match="code"):
        exchange(app, "wrong")


def test_a_server_fault_while_logging_in_is_tried_again(mastodon: MastodonServer) -> None:
    """The code was not at fault."""
    app = register_app(mastodon.url)
    mastodon.fail_next("/oauth/token", status=503)
    with pytest.raises(Retryable):
        exchange(app, "any")


def test_what_is_no_mastodon_server_is_named(mastodon: MastodonServer) -> None:
    """A blog, or the page of a hosting company."""
    mastodon.fail_next("/api/v1/apps", status=404, body=b"<html>not here</html>")
    with pytest.raises(Unusable, match="registers no apps"):
        register_app(mastodon.url)


def test_a_server_that_is_down_is_tried_again() -> None:
    """Nothing is said of the artist's login."""
    with start_mastodon() as server:
        url = server.url
    with pytest.raises(Retryable):
        register_app(url)
