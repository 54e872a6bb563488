"""`postguard audit` and the daily look: on a real PDS and the Mastodon stand-in, as a whole."""

import json
import logging
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from postguard.app.auditing import Auditing, DailyAudit
from postguard.app.installation import Installation, open_installation
from postguard.app.login import Consent, wider_access
from postguard.cli import cli
from postguard.errors import Refused, Unsure, Unusable
from postguard.networks.mastodon.login import POSTING
from tests.contract.stages import FakeClock
from tests.servers.mastodon import MastodonServer
from tests.servers.pds import Account, PdsServer

CONFIG = """\
outbox = "{home}/outbox"
[artist]
web = "https://hanako.example/art"
[audit]
{audit}
{accounts}
[accounts.page]
network = "preview"
[recipes]
default = [ {{ step = "downscale", long_side = 1200 }}, {{ step = "tags" }} ]
"""
BLUESKY = '[accounts.sky]\nnetwork = "bluesky"\nhandle = "{handle}"\nservice = "{service}"\n'
MASTODON = '[accounts.fedi]\nnetwork = "mastodon"\ninstance = "{instance}"\n'
AI, PROFILE = "community.lexicon.preference.ai", "app.bsky.actor.profile"
ENOUGH = " ".join(("profile", *POSTING))
# An artist's browser: it consents on the server's page, and goes where that sends it.
BROWSER = """\
#!{python}
import re, sys
sys.path.insert(0, "{root}")
from urllib.parse import parse_qsl, urlsplit
from tests.servers.rawhttp import get, send_form
page = sys.argv[1]
asked = dict(parse_qsl(urlsplit(page).query)) | {{"username": "hanako"}}
get(send_form("POST", page.partition("?")[0], asked).headers["location"])
"""


@dataclass
class Home:
    """A PC with accounts that are logged in."""

    path: Path
    clock: FakeClock = field(default_factory=FakeClock)

    @property
    def config(self) -> Path:
        """The config file."""
        return self.path / "config.toml"

    def configure(self, accounts: str, audit: str = "") -> None:
        """Write the config."""
        self.config.write_text(CONFIG.format(home=self.path, accounts=accounts, audit=audit))

    def open(self) -> Installation:
        """The installation, with a clock that the test owns."""
        return open_installation(self.config, self.clock)

    def log_in(self, name: str, secret: str) -> None:
        """Keep a password or token as `login` does."""
        self.open().secrets.set(name, secret)

    def run(self, *words: str, typed: str | None = None) -> Result:
        """Run a command; what it raises beyond SystemExit fails the test."""
        arguments = ["--config", str(self.config), *words]
        return CliRunner().invoke(cli, arguments, input=typed, catch_exceptions=False)

    def levels(self, name: str) -> dict[str, str]:
        """The level of each check, as a program reads it."""
        (told,) = json.loads(self.run("audit", name, "--json").stdout)
        return {f["id"]: f["level"] for f in told["findings"]}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home of its own."""
    for name in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    monkeypatch.setenv("COLUMNS", "90")
    return Home(tmp_path)


@pytest.fixture
def sky(home: Home, pds: PdsServer, pds_account: Account) -> Home:
    """With an account on the PDS."""
    home.configure(BLUESKY.format(handle=pds_account.handle, service=pds.url))
    home.log_in("sky", pds_account.app_password)
    return home


@pytest.fixture
def fedi(home: Home, mastodon: MastodonServer) -> Home:
    """With an account on the stand-in."""
    mastodon.add_account("hanako", discoverable=True, indexable=True)
    home.configure(MASTODON.format(instance=mastodon.url))
    home.log_in("fedi", mastodon.token_for("hanako", ENOUGH))
    return home


def answers(*said: str) -> str:
    """What is typed, one answer a line."""
    return "".join(f"{word}\n" for word in said)


def value(pds: PdsServer, account: Account, collection: str) -> dict[str, Any]:
    """A record as it stands."""
    found: dict[str, Any] = pds.get_record(account.did, collection, "self")["value"]
    return found


def there(pds: PdsServer, account: Account, collection: str) -> bool:
    """Whether there is such a record."""
    method = "com.atproto.repo.getRecord"
    reply = pds.query(method, repo=account.did, collection=collection, rkey="self")
    return reply.status == 200


def test_the_page_tells_what_to_do_and_what_it_does_not_do(sky: Home) -> None:
    """A warning comes with its cost, its reason, both ways to mend it and its limit."""
    done = sky.run("audit", "sky")
    assert done.exit_code == 1
    said = " ".join(done.stdout.split())
    assert "everybody sees your posts without an account" in said
    for word in ("better:", "cost:", "why:", "by hand:", "by us: postguard audit --fix", "limit:"):
        assert word in said
    assert "not locks" in said
    assert max(len(line) for line in done.stdout.splitlines()) <= 90


def test_check_tells_what_the_last_audit_left_to_mend(fedi: Home) -> None:
    """Without asking again."""
    assert "not looked at yet" in " ".join(fedi.run("check").stdout.split())
    fedi.run("audit", "fedi")
    assert "less protected: `postguard audit fedi`" in " ".join(fedi.run("check").stdout.split())


def test_what_is_well_is_one_line_unless_it_is_asked_for(sky: Home) -> None:
    """The long form explains it, too."""
    short, full = sky.run("audit", "sky").stdout, sky.run("audit", "sky", "--full").stdout
    assert "an app password without access to direct messages" not in " ".join(short.split())
    assert "an app password without access to direct messages" in " ".join(full.split())


def test_programs_get_every_sentence(fedi: Home) -> None:
    """For each account and check."""
    (told,) = json.loads(fedi.run("audit", "--json").stdout)
    assert told["account"] == "fedi"
    keys = {"id", "level", "title", "found", "recommended", "reach", "why", "by_hand", "limit"}
    assert all(f.keys() == {*keys, "can_fix"} for f in told["findings"])


def test_only_accounts_on_a_network_are_audited(sky: Home) -> None:
    """A preview is on this PC; a name that is not in the config is no account."""
    for name, said in (("page", "preview"), ("skye", "sky")):
        done = sky.run("audit", name)
        assert done.exit_code == 1
        assert said in done.stderr


def test_a_fix_asks_shows_both_values_and_is_taken_back(
    sky: Home, pds: PdsServer, pds_account: Account
) -> None:
    """What was said no to stays; what is undone is as it was."""
    yes_to_the_label = answers("y", "n", "n", "n", "n")
    done = sky.run("audit", "sky", "--fix", typed=yes_to_the_label)
    assert "before: nothing" in done.stdout
    assert "!no-unauthenticated" in done.stdout
    assert "done, and read back" in done.stdout
    assert "labels" in value(pds, pds_account, PROFILE)
    assert not there(pds, pds_account, AI)
    assert sky.levels("sky")["bsky.loggedout"] == "ok"
    sky.run("audit", "sky", "--undo", typed=answers("y"))
    assert not there(pds, pds_account, PROFILE)
    assert "nothing to take back" in sky.run("audit", "sky", "--undo").stdout


def test_each_word_of_the_artist_is_asked_for_alone(
    sky: Home, pds: PdsServer, pds_account: Account
) -> None:
    """Yes to training is no yes to the rest."""
    sky.run("audit", "sky", "--fix", typed=answers("n", "y", "n", "n", "n"))
    assert value(pds, pds_account, AI)["preferences"].keys() == {"training"}


def test_yes_speaks_for_the_artist_only_where_the_config_says_so(
    sky: Home, pds: PdsServer, pds_account: Account
) -> None:
    """First it refuses nothing, then what was named."""
    done = sky.run("audit", "sky", "--fix", "--yes")
    assert "only you can refuse it" in " ".join(done.stdout.split())
    assert not there(pds, pds_account, AI)
    assert there(pds, pds_account, PROFILE)
    accounts = BLUESKY.format(handle=pds_account.handle, service=pds.url)
    sky.configure(accounts, 'intents = ["training", "inference"]')
    sky.run("audit", "sky", "--fix", "--yes", "--json")
    assert value(pds, pds_account, AI)["preferences"].keys() == {"training", "inference"}


def test_what_was_changed_since_is_not_taken_back(
    sky: Home, pds: PdsServer, pds_account: Account
) -> None:
    """It is told, and what stands stays."""
    sky.run("audit", "sky", "--fix", typed=answers("y", "n", "n", "n", "n"))
    record = {"$type": PROFILE, "displayName": "花子"}
    body = {"repo": pds_account.did, "collection": PROFILE, "rkey": "self", "record": record}
    assert pds.procedure("com.atproto.repo.putRecord", body, pds_account.token).status == 200
    done = sky.run("audit", "sky", "--undo", "--yes")
    assert done.exit_code == 1
    assert "changed since" in " ".join(done.stderr.split())
    assert value(pds, pds_account, PROFILE) == record


@pytest.mark.parametrize("wrong", [("--fix", "--undo"), ("--fix", "--json")])
def test_what_cannot_be_done_together_is_refused(sky: Home, wrong: tuple[str, str]) -> None:
    """Wrong use."""
    assert sky.run("audit", *wrong).exit_code == 2


def test_settings_of_mastodon_change_with_an_access_that_ends(
    fedi: Home, mastodon: MastodonServer
) -> None:
    """It is asked for once, at the first change, and is worthless afterwards."""
    installation = fedi.open()
    shown: list[str] = []

    def paste(url: str) -> str:
        shown.append(url)
        return mastodon.approve(url, "hanako")

    auditing, now = Auditing(installation), fedi.clock.now()
    seen = auditing.audit("fedi", now)
    with wider_access(installation, "fedi", Consent(paste, paste)) as wider:
        assert shown == []
        for change in seen.changes[:2]:
            auditing.make("fedi", change, now, wider)
        token = mastodon.state.tokens[wider()]
        assert not token.revoked
    assert len(shown) == 1
    assert token.revoked
    assert "write:accounts" in token.scopes
    assert not mastodon.state.account_named("hanako").indexable


def test_an_access_that_is_lent_ends_when_its_use_fails(
    fedi: Home, mastodon: MastodonServer
) -> None:
    """Whatever goes wrong in between."""

    def paste(url: str) -> str:
        return mastodon.approve(url, "hanako")

    def breaks(token: str) -> None:
        given.append(token)
        raise Refused("broke")

    given: list[str] = []
    lent = wider_access(fedi.open(), "fedi", Consent(paste, paste))
    with pytest.raises(Refused, match="broke"), lent as wider:
        breaks(wider())
    assert mastodon.state.tokens[given[0]].revoked


def test_yes_leaves_to_the_artist_what_has_a_price(
    fedi: Home, mastodon: MastodonServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is only advised stays; what is warned of is mended."""
    browser = BROWSER.format(python=sys.executable, root=Path.cwd())
    script = fedi.path / "browser"
    script.write_text(browser)
    script.chmod(0o755)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("BROWSER", f"{script} %s &")
    words = ("--config", str(fedi.config), "audit", "fedi", "--fix", "--yes")
    done = subprocess.run(
        [sys.executable, "-m", "postguard", *words], capture_output=True, text=True, check=False
    )
    assert "your choice" in " ".join(done.stdout.split()), done.stderr
    account = mastodon.state.account_named("hanako")
    assert (account.indexable, account.discoverable) == (False, True)


def test_without_a_yes_no_access_is_asked_for(fedi: Home, mastodon: MastodonServer) -> None:
    """Nobody is sent to a page for nothing."""
    fedi.run("audit", "fedi", "--fix", "--no-browser", typed=answers(*"n" * 12))
    assert not [r for r in mastodon.requests if r.path == "/api/v1/apps" and r.method == "POST"]
    assert mastodon.state.account_named("hanako").indexable


def test_a_server_that_is_away_is_told_and_nothing_is_kept(
    fedi: Home, mastodon: MastodonServer
) -> None:
    """The last audit stays what it was."""
    fedi.run("audit", "fedi")
    rows = Auditing(fedi.open()).rows
    before = rows.of("fedi")
    mastodon.fail_next("/api/v1/accounts/verify_credentials", status=503)
    done = fedi.run("audit", "fedi")
    assert done.exit_code == 1
    assert "could not be audited" in done.stderr
    assert rows.of("fedi") == before


def test_a_change_that_the_server_refuses_leaves_nothing_to_undo(
    fedi: Home, mastodon: MastodonServer
) -> None:
    """It was never made."""
    auditing, now = Auditing(fedi.open()), fedi.clock.now()
    seen = auditing.audit("fedi", now)
    narrow = mastodon.token_for("hanako", "profile")
    with pytest.raises(Exception, match="nothing was changed"):
        auditing.make("fedi", seen.changes[0], now, lambda: narrow)
    assert auditing.rows.undoable("fedi") == []


def test_a_change_that_cannot_be_read_back_keeps_its_way_back(
    fedi: Home, mastodon: MastodonServer
) -> None:
    """It was written all the same."""
    auditing, now = Auditing(fedi.open()), fedi.clock.now()
    seen = auditing.audit("fedi", now)
    wide = mastodon.token_for("hanako", f"{ENOUGH} write:accounts")

    def wider() -> str:
        """Called between looking and writing."""
        mastodon.fail_next("/api/v1/accounts/verify_credentials", status=503)
        return wide

    (change,) = (c for c in seen.changes if c.place == "indexable")
    with pytest.raises(Unsure, match="could not be seen"):
        auditing.make("fedi", change, now, wider)
    assert not mastodon.state.account_named("hanako").indexable
    (fix,) = auditing.rows.undoable("fedi")
    auditing.undo(fix, now, lambda: wide)
    assert mastodon.state.account_named("hanako").indexable


def ticks(role: DailyAudit, clock: FakeClock, **later: float) -> bool:
    """Let time pass, then tick."""
    clock.at += timedelta(**later)
    return role.tick(clock.now())


def test_the_daily_look_comes_once_a_day_and_tells_news_once(
    fedi: Home, mastodon: MastodonServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Some minutes after the start: posts go first."""
    role = DailyAudit(fedi.open())
    with caplog.at_level(logging.WARNING):
        assert not ticks(role, fedi.clock)
        assert ticks(role, fedi.clock, minutes=6)
        first = [r.getMessage() for r in caplog.records]
        assert any("full-text search" in said for said in first)
        assert not ticks(role, fedi.clock, hours=2)
        caplog.clear()
        assert ticks(role, fedi.clock, hours=23)
        assert caplog.records == []
        mastodon.state.account_named("hanako").default_privacy = "unlisted"
        mastodon.robots_txt = ""
        assert ticks(role, fedi.clock, hours=25)
    assert not any("full-text" in r.getMessage() for r in caplog.records)


def test_the_daily_look_can_be_switched_off(fedi: Home, mastodon: MastodonServer) -> None:
    """By the config."""
    fedi.configure(MASTODON.format(instance=mastodon.url), "daily = false")
    role = DailyAudit(fedi.open())
    assert not ticks(role, fedi.clock)
    assert not ticks(role, fedi.clock, hours=30)


def test_only_what_blocks_stops_posting_and_a_look_that_is_well_ends_it(
    fedi: Home, mastodon: MastodonServer
) -> None:
    """Warnings do not; and an account that is blocked is looked at each hour."""
    installation = fedi.open()
    role = DailyAudit(installation)
    ticks(role, fedi.clock)
    ticks(role, fedi.clock, minutes=6)
    assert list(installation.accounts.ready()) == ["fedi", "page"]
    token = mastodon.state.tokens[installation.accounts.secret("fedi")]
    token.revoked = True
    assert ticks(role, fedi.clock, hours=25)
    assert list(installation.accounts.ready()) == ["page"]
    assert "no longer accepts" in installation.store.accounts.logged_out()["fedi"]
    token.revoked = False
    assert not ticks(role, fedi.clock, minutes=30)
    assert ticks(role, fedi.clock, minutes=40)
    assert list(installation.accounts.ready()) == ["fedi", "page"]


def test_an_account_without_a_login_is_not_looked_at(fedi: Home, mastodon: MastodonServer) -> None:
    """That is no news to the artist."""
    installation = fedi.open()
    installation.secrets.delete("fedi")
    role = DailyAudit(installation)
    ticks(role, fedi.clock)
    asked = len(mastodon.requests)
    ticks(role, fedi.clock, minutes=6)
    assert len(mastodon.requests) == asked
    assert installation.store.accounts.logged_out() == {}


def test_a_look_that_is_well_does_not_undo_a_logout(fedi: Home) -> None:
    """That was the artist's wish, and no finding."""
    installation = fedi.open()
    auditing = Auditing(installation)
    auditing.audit("fedi", fedi.clock.now())
    installation.store.accounts.log_out("fedi", "logged out by you")
    auditing.audit("fedi", fedi.clock.now())
    assert "fedi" in installation.store.accounts.logged_out()


def test_a_config_without_a_network_has_no_audit(home: Home) -> None:
    """It says so."""
    home.configure("")
    with pytest.raises(Unusable, match="no account"):
        Auditing(home.open()).chosen(None)
