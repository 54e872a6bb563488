"""Logging in and out, on a real PDS and the Mastodon stand-in: what is kept here and there."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from postguard.app.checking import checks
from postguard.app.installation import Installation, open_installation
from postguard.app.login import Consent, Login
from postguard.errors import LoggedOut, Retryable, Unusable
from postguard.model import Level
from postguard.networks.audit import bluesky_checks
from postguard.store.audit import AuditRows
from tests.servers.mastodon import MastodonServer
from tests.servers.mastodon.state import Token
from tests.servers.pds import Account, PdsServer
from tests.servers.rawhttp import call

CONFIG = """\
outbox = "{home}/outbox"
[accounts.sky]
network = "bluesky"
handle = "{handle}"
service = "{service}"
[accounts.fedi]
network = "mastodon"
instance = "{instance}"
[recipes]
default = [ {{ step = "tags" }} ]
"""
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own."""
    for name in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    return tmp_path


def opened(
    home: Path, handle: str = "a.test", service: str = NOWHERE, instance: str = NOWHERE
) -> Installation:
    """An installation with these accounts."""
    text = CONFIG.format(home=home, handle=handle, service=service, instance=instance)
    (home / "config.toml").write_text(text)
    return open_installation(home / "config.toml")


@pytest.fixture
def sky(home: Path, pds: PdsServer, pds_account: Account) -> Installation:
    """With an account on the PDS."""
    return opened(home, handle=pds_account.handle, service=pds.url)


@pytest.fixture
def fedi(home: Path, mastodon: MastodonServer) -> Iterator[Installation]:
    """With an account on the stand-in."""
    mastodon.add_account("hanako")
    yield opened(home, instance=mastodon.url)
    assert mastodon.unknown_parameters == []


def by_paste(server: MastodonServer, *, refuse: bool = False) -> Consent:
    """An artist who reads the code off the server's page."""
    return Consent(print, lambda url: server.approve(url, "hanako", refuse=refuse))


def in_browser(server: MastodonServer, *, refuse: bool = False) -> Consent:
    """An artist whose browser comes back to this PC by itself."""

    def open_page(url: str) -> None:
        threading.Thread(
            target=server.approve, args=(url, "hanako"), kwargs={"refuse": refuse}, daemon=True
        ).start()

    return Consent(open_page)


def token_of(server: MastodonServer, installation: Installation) -> Token:
    """What the server knows of the access that is kept."""
    return server.state.tokens[installation.secrets.get("fedi") or ""]


def said(installation: Installation, name: str) -> str:
    """What `check` says of an account."""
    found = checks(installation, offline=False)
    network = installation.accounts.network(name)
    network.close()  # type: ignore[attr-defined]
    return next(f.said for f in found if f.what == f"account {name}")


def test_the_main_password_is_refused_and_nothing_is_kept(
    sky: Installation, pds_account: Account
) -> None:
    """It could delete the account; an earlier login stays."""
    with pytest.raises(Unusable, match="app password"):
        Login(sky).with_secret("sky", pds_account.password)
    assert (sky.secrets.get("sky"), sky.sessions.get("sky")) == (None, None)
    Login(sky).with_secret("sky", pds_account.app_password)
    with pytest.raises(Unusable):
        Login(sky).with_secret("sky", pds_account.password)
    assert sky.secrets.get("sky") == pds_account.app_password


def test_a_mistyped_password_is_called_so_and_not_one_that_was_good_once(
    sky: Installation,
) -> None:
    with pytest.raises(LoggedOut, match=r"mistyped, or deleted there.*`postguard login sky`"):
        Login(sky).with_secret("sky", "aaaa-bbbb-cccc-dddd")
    assert sky.secrets.get("sky") is None


def test_a_server_that_cannot_be_reached_is_told_with_what_to_look_at(home: Path) -> None:
    mine = opened(home)
    for name, said in (("sky", "aaaa-bbbb-cccc-dddd"), ("fedi", "a token")):
        with pytest.raises(Retryable, match=r"cannot be reached.*Nothing was changed.*address"):
            Login(mine).with_secret(name, said)
        assert mine.secrets.get(name) is None


def test_a_logout_ends_the_session_on_the_pds(
    sky: Installation, pds: PdsServer, pds_account: Account
) -> None:
    """Its refresh token is worthless; what is left to do by hand is told."""
    Login(sky).with_secret("sky", pds_account.app_password)
    refresh = (sky.sessions.get("sky") or "").split(":::")[3]
    told = Login(sky).forget("sky")
    assert "server has ended its session" in told
    assert "delete it" in told
    assert (sky.secrets.get("sky"), sky.sessions.get("sky")) == (None, None)
    renewed = call(
        "POST",
        pds.xrpc("com.atproto.server.refreshSession"),
        headers={"Authorization": f"Bearer {refresh}"},
    )
    assert (renewed.status, renewed.json["error"]) == (400, "ExpiredToken")
    assert "logged out by you" in sky.store.accounts.logged_out()["sky"]


def test_check_tells_with_what_and_how_long(sky: Installation, pds_account: Account) -> None:
    """Who, an app password, and the days until it must be used."""
    Login(sky).with_secret("sky", pds_account.app_password)
    told = said(sky, "sky")
    assert pds_account.handle in told
    assert "an app password" in told
    assert "days more" in told


def test_a_login_lets_the_next_audit_come_at_once(sky: Installation, pds_account: Account) -> None:
    """What blocked the account may be over."""
    rows = AuditRows(sky.store.db)
    blocked = bluesky_checks.logged_out("no login is kept")
    assert blocked.level is Level.BLOCKING
    rows.keep("sky", [blocked], sky.clock.now())
    Login(sky).with_secret("sky", pds_account.app_password)
    assert rows.of("sky") == []


def test_a_server_that_cannot_be_told_of_a_logout_is_named(
    sky: Installation, home: Path, pds_account: Account
) -> None:
    """The login is gone from this PC all the same."""
    Login(sky).with_secret("sky", pds_account.app_password)
    away = opened(home, handle=pds_account.handle)
    kept = (away.sessions.get("sky") or "").rpartition(":::")[0]
    away.sessions.set("sky", f"{kept}:::{NOWHERE}")
    told = Login(away).forget("sky")
    assert "NOT told" in told
    assert away.secrets.get("sky") is None


@pytest.mark.parametrize("consent", [by_paste, in_browser])
def test_a_mastodon_account_logs_in_with_the_least_and_out_again(
    fedi: Installation,
    mastodon: MastodonServer,
    consent: object,
) -> None:
    """By a pasted code or through the browser; a logout ends the access on the server."""
    assert callable(consent)
    told = Login(fedi).with_consent("fedi", consent(mastodon))
    assert "hanako" in told
    token = token_of(mastodon, fedi)
    assert "write:accounts" not in token.scopes
    assert "does not end by itself" in said(fedi, "fedi")
    told = Login(fedi).forget("fedi")
    assert "server has ended its access" in told
    assert token.revoked
    assert fedi.secrets.get("fedi") is None
    assert fedi.sessions.get("fedi.app") is None


def test_a_new_login_ends_the_old_one(fedi: Installation, mastodon: MastodonServer) -> None:
    """Nobody knows the old access any more, so nobody could end it later."""
    Login(fedi).with_consent("fedi", by_paste(mastodon))
    old = token_of(mastodon, fedi)
    Login(fedi).with_consent("fedi", by_paste(mastodon))
    assert old.revoked
    assert not token_of(mastodon, fedi).revoked


@pytest.mark.parametrize("consent", [by_paste, in_browser])
def test_a_refusal_keeps_the_login_that_was_there(
    fedi: Installation, mastodon: MastodonServer, consent: object
) -> None:
    """And its way to be ended."""
    assert callable(consent)
    Login(fedi).with_consent("fedi", by_paste(mastodon))
    with pytest.raises(LoggedOut):
        Login(fedi).with_consent("fedi", consent(mastodon, refuse=True))
    assert not token_of(mastodon, fedi).revoked
    Login(fedi).forget("fedi")
    assert all(t.revoked for t in mastodon.state.tokens.values())


def test_a_server_that_is_away_after_the_consent_changes_nothing(
    fedi: Installation, mastodon: MastodonServer
) -> None:
    """The access was not tried, so the old one stays."""
    Login(fedi).with_consent("fedi", by_paste(mastodon))
    before = fedi.secrets.get("fedi"), fedi.sessions.get("fedi.app")
    mastodon.fail_next("/api/v1/accounts/verify_credentials", status=503)
    with pytest.raises(Retryable):
        Login(fedi).with_consent("fedi", by_paste(mastodon))
    assert (fedi.secrets.get("fedi"), fedi.sessions.get("fedi.app")) == before


def test_a_token_from_elsewhere_cannot_be_ended_by_us(
    fedi: Installation, mastodon: MastodonServer
) -> None:
    """It is told what to do by hand."""
    Login(fedi).with_secret("fedi", mastodon.token_for("hanako", "profile"))
    assert "revoke postguard in the account's settings" in Login(fedi).forget("fedi")


def test_a_logout_from_a_mastodon_that_is_away_is_told(
    fedi: Installation, mastodon: MastodonServer
) -> None:
    """The access still works there."""
    Login(fedi).with_consent("fedi", by_paste(mastodon))
    mastodon.fail_next("/oauth/revoke", status=503)
    assert "NOT told" in Login(fedi).forget("fedi")
    assert fedi.secrets.get("fedi") is None
