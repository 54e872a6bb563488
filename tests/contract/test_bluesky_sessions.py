"""Sessions on a real PDS: one process at a time renews them, logins are rare, endings are told."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from postguard.errors import LoggedOut, Retryable, Unusable
from postguard.model import Words
from postguard.networks.bluesky.login import login, revoke, session_health
from postguard.networks.bluesky.network import Access, Bluesky
from postguard.networks.bluesky.turns import BUDGET, Turns
from postguard.ports import Clock
from postguard.settings.schema import BlueskyAccount
from postguard.system.clock import SystemClock
from postguard.system.lock import OnlyOne
from tests.contract.stages import FakeClock, SavedSession, draft
from tests.contract.test_bluesky import forged
from tests.servers.pds import Account, PdsProxy, PdsServer, start_pds, start_pds_proxy

CREATE = "com.atproto.server.createSession"
REFRESH = "com.atproto.server.refreshSession"
NAME = "bsky"


class Home:
    """What all processes of one PC share: the saved session and the folder beside it."""

    def __init__(self, proxy: PdsProxy, account: Account, folder: Path) -> None:
        self.proxy, self.account, self.beside = proxy, account, folder / "logins"
        self.saved = SavedSession()
        self.clock: Clock = FakeClock()
        self.open: list[Bluesky] = []

    @property
    def settings(self) -> BlueskyAccount:
        """The account as the config has it."""
        return BlueskyAccount(
            network="bluesky", handle=self.account.handle, service=self.proxy.url
        )

    def process(self, password: str | None = None) -> Bluesky:
        """What the daemon has, or a command."""
        given = self.account.app_password if password is None else password
        saved = self.saved
        made = Bluesky(
            NAME,
            self.settings,
            Access(lambda: given, saved.load, saved.save),
            self.clock,
            self.beside,
        )
        self.open.append(made)
        return made

    def asked(self, method: str) -> int:
        """How often the PDS was asked this."""
        return sum(each.path.endswith(method) for each in self.proxy.requests)


@pytest.fixture
def home(pds_proxy: PdsProxy, pds_account: Account, tmp_path: Path) -> Iterator[Home]:
    """A PC with one account."""
    made = Home(pds_proxy, pds_account, tmp_path)
    yield made
    for network in made.open:
        network.close()


def expire(home: Home) -> None:
    """Let the saved session be one whose access token is spent."""
    assert home.saved.text is not None
    home.saved.text = forged(home.saved.text, exp=int(home.clock.now().timestamp()) - 60)


@pytest.fixture
def ahead(tmp_path: Path) -> Iterator[Home]:
    """A PC with one account, whose session has ended by the server's clock but not by its own."""
    clock = tmp_path / "clock.json"
    with start_pds(tmp_path / "pds", clock=clock) as pds, start_pds_proxy(pds.url) as proxy:
        made = Home(proxy, pds.new_account("fox.test"), tmp_path)
        made.process().check()
        clock.write_text(json.dumps([timedelta(hours=3).total_seconds()]))
        yield made
        for network in made.open:
            network.close()


def take_up(network: Bluesky, home: Home) -> None:
    """Let a process load the session that is saved; nothing is asked for that."""
    before = len(home.proxy.requests)
    network.plan(draft(Words(text="新作です")), home.clock.now())
    assert len(home.proxy.requests) == before


def test_a_session_renewed_by_another_process_is_taken_up(home: Home) -> None:
    """The daemon holds one that ends soon; a command has renewed it meanwhile."""
    home.process().check()
    good, soon = home.saved.text, home.clock.now() + timedelta(minutes=30)
    assert good is not None
    daemon = home.process(password="not needed")
    home.saved.text = forged(good, exp=int(soon.timestamp()))
    take_up(daemon, home)
    expire(home)
    home.process(password="not needed").check()
    home.clock.wait(timedelta(minutes=15).total_seconds())
    daemon.check()
    assert (home.asked(CREATE), home.asked(REFRESH)) == (1, 1)


def test_a_session_that_died_is_looked_for_among_the_saved_first(home: Home) -> None:
    """Another process logged in anew: its session serves both, and no password is asked."""
    home.process().check()
    good = home.saved.text
    assert good is not None
    daemon = home.process(password="not needed")
    home.saved.text = forged(good, scope="com.atproto.refresh")
    take_up(daemon, home)
    home.saved.text = good
    daemon.check()
    assert home.asked(CREATE) == 1


def test_a_server_fault_while_renewing_costs_no_login(home: Home) -> None:
    """The refresh token is as good as before: tried again later, and not by the password."""
    home.process().check()
    expire(home)
    network = home.process(password="not needed")
    home.proxy.fail_next(REFRESH, status=503)
    with pytest.raises(Retryable):
        network.check()
    network.check()
    assert home.asked(CREATE) == 1


def test_a_token_that_only_the_server_knows_to_be_spent_costs_no_login(ahead: Home) -> None:
    """In the middle of a post too."""
    network, what = ahead.process(password="not needed"), draft(Words(text="新作です"))
    plan = network.plan(what, ahead.clock.now())
    network.send(what, plan)
    assert network.find(what, plan) is not None
    assert (ahead.asked(CREATE), ahead.asked(REFRESH)) == (1, 1)


def test_a_spent_token_costs_a_login_where_the_refresh_token_is_dead_too(ahead: Home) -> None:
    """And only as long as logins are left."""
    assert ahead.saved.text is not None
    revoke(NAME, ahead.settings, ahead.saved.text, ahead.clock)
    most, window = BUDGET[0]
    turns = Turns(ahead.beside, NAME, ahead.clock)
    for _ in range(most - 1):
        turns.count_login()
    network = ahead.process()
    with pytest.raises(Retryable, match="too often"):
        network.check()
    assert (ahead.asked(CREATE), ahead.asked(REFRESH)) == (1, 1)
    ahead.clock.wait(window.total_seconds() + 1)
    network.check()
    assert ahead.asked(CREATE) == 2


def test_a_session_that_is_refused_although_it_was_renewed_is_opened_anew_once(home: Home) -> None:
    """The app password may still be good, and nobody is asked for another in vain."""
    network = home.process()
    network.check()
    body = json.dumps({"error": "InvalidToken", "message": "Token has been revoked"}).encode()
    home.proxy.fail_next("com.atproto.server.getSession", status=400, body=body, times=2)
    network.check()
    assert (home.asked(CREATE), home.asked(REFRESH)) == (2, 1)


def test_who_holds_the_session_is_waited_for(home: Home) -> None:
    """Two that renew it at once would leave one with a dead token."""
    home.process().check()
    expire(home)
    lock = OnlyOne(home.beside / f"{NAME}.lock")
    lock.__enter__()
    leave = iter(range(3))

    class Patient(FakeClock):
        def wait(self, seconds: float) -> None:
            super().wait(seconds)
            if next(leave) == 2:
                lock.__exit__(None, None, None)

    home.clock = patient = Patient()
    home.process().check()
    assert len(patient.waits) == 3
    assert home.asked(REFRESH) == 1


def test_of_many_at_once_one_renews_and_all_go_on(home: Home) -> None:
    """The daemon's threads and a few commands, on the real clock."""
    home.process().check()
    expire(home)
    home.clock = SystemClock()
    crowd = [home.process(password="not needed") for _ in range(6)]
    with ThreadPoolExecutor(len(crowd)) as pool:
        said = list(pool.map(Bluesky.check, crowd))
    assert len(set(said)) == 1
    assert (home.asked(CREATE), home.asked(REFRESH)) == (1, 1)


def test_a_session_that_is_held_too_long_is_tried_again_later(home: Home) -> None:
    """A minute is more than any login takes; nothing hangs."""
    with OnlyOne(home.beside / f"{NAME}.lock"), pytest.raises(Retryable, match="busy"):
        home.process().check()
    assert home.asked(CREATE) == 0
    home.process().check()


def test_logins_are_counted_over_restarts_and_kept_below_the_limit(home: Home) -> None:
    """A process that has lost its session does not even ask once too often."""
    most, window = BUDGET[0]
    turns = Turns(home.beside, NAME, home.clock)
    for _ in range(most - 1):
        turns.count_login()
        home.clock.wait(1)
    home.process().check()
    home.saved.text = None
    with pytest.raises(Retryable, match="too often") as raised:
        home.process().check()
    assert raised.value.after == window - timedelta(seconds=most - 1)
    assert home.asked(CREATE) == 1
    home.clock.wait(raised.value.after.total_seconds() + 1)
    home.process().check()


def test_a_failed_login_counts_too(home: Home) -> None:
    """The server counts it."""
    with pytest.raises(LoggedOut):
        home.process(password="wrong").check()
    kept = json.loads((home.beside / f"{NAME}.logins").read_text())
    assert len(kept) == 1


@pytest.mark.parametrize(
    ("error", "says"),
    [
        ("AccountTakedown", "has closed or suspended"),
        ("AccountSuspended", "has closed or suspended"),
        ("AccountDeactivated", "is deactivated"),
    ],
)
def test_a_closed_account_is_told_and_not_logged_in_again(
    home: Home, error: str, says: str
) -> None:
    """A new session would change nothing, and each try counts."""
    network = home.process()
    network.check()
    body = json.dumps({"error": error, "message": "Account has been taken down"}).encode()
    home.proxy.fail_next("com.atproto.server.getSession", status=401, body=body)
    with pytest.raises(LoggedOut, match=says) as raised:
        network.check()
    assert f"postguard login {NAME}" in str(raised.value)
    assert home.asked(CREATE) == 1


def test_a_deactivated_account_posts_nothing(
    pds: PdsServer, pds_account: Account, home: Home
) -> None:
    """On the PDS itself: it lets the account in, and takes no post of it."""
    network, what = home.process(), draft(Words(text="新作です"))
    plan = network.plan(what, home.clock.now())
    gone = pds.procedure("com.atproto.server.deactivateAccount", {}, pds_account.token)
    assert gone.status == 200
    for act in (lambda: network.send(what, plan), network.check):
        with pytest.raises(LoggedOut, match="is deactivated"):
            act()


def test_too_many_writes_are_certain_to_have_posted_nothing(
    pds: PdsServer, pds_account: Account, home: Home
) -> None:
    """A server counts before it works; the wait is the one it asks for."""
    network, what = home.process(), draft(Words(text="新作です"))
    plan = network.plan(what, home.clock.now())
    home.proxy.fail_next("com.atproto.repo.applyWrites", status=429, headers={"Retry-After": "90"})
    with pytest.raises(Retryable) as raised:
        network.send(what, plan)
    assert raised.value.after == timedelta(seconds=90)
    assert network.find(what, plan) is None
    network.send(what, plan)
    assert len(pds.list_records(pds_account.did)) == 1


def test_the_accounts_own_password_is_not_kept(
    pds: PdsServer, pds_account: Account, home: Home
) -> None:
    """It can do everything. The session that was opened to find out is closed again."""
    with pytest.raises(Unusable, match="app password") as raised:
        login(NAME, home.settings, pds_account.password, home.clock, home.beside)
    assert pds_account.password not in str(raised.value)
    assert home.asked("com.atproto.server.deleteSession") == 1


def test_an_app_password_says_what_it_is_and_how_long_it_lasts(home: Home) -> None:
    """For `check`: nobody is asked."""
    saved = login(NAME, home.settings, home.account.app_password, home.clock, home.beside)
    health = session_health(saved)
    assert health is not None
    assert (health.handle, health.scope, health.main) == (
        home.account.handle,
        "an app password",
        False,
    )
    assert health.ends is not None
    assert timedelta(days=80) < health.ends - home.clock.now() < timedelta(days=100)
    assert session_health("half a se") is None


def test_a_revoked_session_is_dead(home: Home) -> None:
    """Whoever copied it can no longer renew it."""
    saved = login(NAME, home.settings, home.account.app_password, home.clock, home.beside)
    revoke(NAME, home.settings, saved, home.clock)
    home.saved.text = saved
    expire(home)
    with pytest.raises(LoggedOut):
        home.process(password="wrong").check()
    revoke(NAME, home.settings, saved, home.clock)
    revoke(NAME, home.settings, "damaged", home.clock)


def test_a_session_that_cannot_be_revoked_now_is_told(home: Home) -> None:
    """The artist then ends it in Bluesky's settings."""
    saved = login(NAME, home.settings, home.account.app_password, home.clock, home.beside)
    home.proxy.fail_next("com.atproto.server.deleteSession", status=503)
    with pytest.raises(Retryable):
        revoke(NAME, home.settings, saved, home.clock)
