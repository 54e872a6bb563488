"""Logins and the audit's fixes from the dashboard, on a real PDS and the Mastodon stand-in."""

import logging
from pathlib import Path

import pytest

from postguard.app.dashboard.gate import Gate
from postguard.app.dashboard.surroundings import Config
from postguard.app.installation import Installation, open_installation
from postguard.errors import BadFields, LoggedOut, PostguardError, Unusable
from postguard.networks.mastodon.login import POSTING
from postguard.publish.budget import MEDIA
from tests.servers.mastodon import MastodonServer
from tests.servers.pds import Account, PdsServer

CONFIG = """\
outbox = "{home}/outbox"
{account}
[recipes]
default = [ {{ step = "tags" }} ]
"""
BLUESKY = '[accounts.sky]\nnetwork = "bluesky"\nhandle = "{handle}"\nservice = "{service}"\n'
MASTODON = '[accounts.fedi]\nnetwork = "mastodon"\ninstance = "{instance}"\n'
TYPED = "abcd-efgh-ijkl-mnop"  # as an app password looks


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own."""
    for name in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    return tmp_path


def opened(home: Path, account: str) -> Installation:
    (home / "config.toml").write_text(CONFIG.format(home=home, account=account))
    return open_installation(home / "config.toml")


@pytest.fixture
def sky(home: Path, pds: PdsServer, pds_account: Account) -> Installation:
    """With an account on the PDS."""
    return opened(home, BLUESKY.format(handle=pds_account.handle, service=pds.url))


@pytest.fixture
def fedi(home: Path, mastodon: MastodonServer) -> Installation:
    """With an account on the stand-in."""
    mastodon.add_account("hanako", discoverable=True, indexable=True)
    return opened(home, MASTODON.format(instance=mastodon.url))


def written(home: Path) -> list[Path]:
    """Return the files of this home that hold what was typed, but for the secrets' own."""
    found = [path for path in home.rglob("*") if path.is_file() and "secrets" not in path.parts]
    return [path for path in found if TYPED.encode() in path.read_bytes()]


def test_an_app_password_goes_where_login_keeps_it_and_nowhere_else(
    sky: Installation, pds_account: Account
) -> None:
    """The account may post then, and what stood of a logout is gone."""
    sky.store.accounts.log_out("sky", "logged out by you")
    told = Gate(sky).log_in("sky", pds_account.app_password)
    assert pds_account.handle in told.sentences[0]
    assert sky.secrets.get("sky") == pds_account.app_password
    assert not sky.store.accounts.logged_out()


def test_a_wrong_password_is_repeated_nowhere(
    sky: Installation, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in what is said, in no log, in no row."""
    caplog.set_level(logging.DEBUG)
    gate = Gate(sky)
    with pytest.raises(LoggedOut) as failed:
        gate.log_in("sky", TYPED)
    assert TYPED not in f"{failed.value} {failed.value!r} {gate!r} {caplog.text}"
    assert written(home) == []
    assert sky.secrets.get("sky") is None


def test_mastodon_is_logged_in_by_the_code_of_its_own_page(
    fedi: Installation, mastodon: MastodonServer
) -> None:
    """A code without a page is refused, and so is one that serves no more."""
    gate = Gate(fedi)
    with pytest.raises(Unusable, match="page first"):
        gate.log_in("fedi", "123")
    code = mastodon.approve(gate.ask("fedi"), "hanako")
    assert code not in repr(gate)
    assert "hanako" in gate.log_in("fedi", code).sentences[0]
    token = mastodon.state.tokens[fedi.secrets.get("fedi") or ""]
    assert set(POSTING) <= set(token.scopes)
    with pytest.raises(BadFields, match="did not take the code") as refused:
        gate.log_in("fedi", code)
    assert list(refused.value.at) == ["secret"]
    with pytest.raises(Unusable, match="no account"):
        gate.ask("nonesuch")


def test_what_the_audit_found_is_shown_before_it_is_changed_and_done_once(
    sky: Installation, pds_account: Account
) -> None:
    """Both values are shown; what was not offered is not done."""
    gate, finding = Gate(sky), "bsky.loggedout"
    gate.log_in("sky", pds_account.app_password)
    assert "less protected" in gate.audit("sky").sentences[0]
    with pytest.raises(Unusable, match="not offered"):
        gate.fix("sky", finding, "", "")
    (offer,) = gate.offer("sky", finding).offers
    assert "before: nothing" in offer.values[0].words
    assert "!no-unauthenticated" in offer.values[0].words
    assert "read back" in gate.fix("sky", finding, offer.key, "").sentences[0]
    (account,) = Config(sky).accounts()
    assert {f.id: f.level for f in account.findings}[finding] == "ok"
    for again in (lambda: gate.fix("sky", finding, "", ""), lambda: gate.offer("sky", finding)):
        with pytest.raises(PostguardError):
            again()


def test_a_setting_on_mastodon_changes_with_an_access_that_ends_with_it(
    fedi: Installation, mastodon: MastodonServer
) -> None:
    """The one for posting may not change settings, and nobody keeps the one that may."""
    gate = Gate(fedi)
    gate.log_in("fedi", mastodon.approve(gate.ask("fedi"), "hanako"))
    gate.audit("fedi")
    (account,) = Config(fedi).accounts()
    finding = next(f.id for f in account.findings if f.can_fix)
    offered = gate.offer("fedi", finding)
    for typed, why in (("", "page first"), ("nonsense", "did not take the code")):
        with pytest.raises(BadFields, match=why) as refused:
            gate.fix("fedi", finding, offered.offers[0].key, typed)
        assert list(refused.value.at) == ["code"]
    code = mastodon.approve(offered.address, "hanako")
    gate.fix("fedi", finding, offered.offers[0].key, code)
    lent = [t for t in mastodon.state.tokens.values() if "write:accounts" in t.scopes]
    assert [token.revoked for token in lent] == [True]
    (account,) = Config(fedi).accounts()
    assert {f.id: f.level for f in account.findings}[finding] == "ok"


def test_what_was_spent_is_told_beside_what_the_server_allows(fedi: Installation) -> None:
    """Of each kind within its own time."""
    now = fedi.clock.now()
    fedi.store.spending.spend("fedi", {MEDIA: 4}, now)
    (account,) = Config(fedi).accounts()
    assert {s.words: (s.points, s.of) for s in account.spent}["Pictures within 30 minutes"] == (
        4,
        30,
    )
