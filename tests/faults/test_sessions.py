"""In the middle of a queue the PDS restarts, and tokens end or are taken away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.campaign import SCOPES, Stage, stage
from tests.faults.drops import FEDIS, SKIES, Drop, drops
from tests.faults.engine import Engine, Request
from tests.faults.plan import Plan
from tests.servers.pds import PdsServer
from tests.servers.rawhttp import bearer, call

pytestmark = pytest.mark.slow
QUIET = Plan(seed=8, posts=6, requests=0, kills=0, writes=0, turns=0)
COMMIT = "/xrpc/com.atproto.repo.applyWrites"
SESSION = "/xrpc/com.atproto.server.createSession"
REFRESH = "/xrpc/com.atproto.server.refreshSession"
STATUS = "/api/v1/statuses"
DELETE = "com.atproto.server.deleteSession"
REVOKE = "com.atproto.server.revokeAppPassword"
MINUTE = 60.0


@pytest.fixture
def made(pds: PdsServer, tmp_path: Path) -> Iterator[Stage]:
    """A stage on which nothing fails by itself."""
    with stage(tmp_path, pds, QUIET) as ready:
        yield ready


def on(account: str) -> list[Drop]:
    """Drops for one account."""
    return [replace(drop, accounts=(account,)) for drop in drops(QUIET.seed, QUIET.posts)]


def at(engine: Engine, path: str, number: int, act: Callable[[Request], object]) -> None:
    """Act before this request to a path does its work."""
    seen: Counter[str] = Counter()

    def before(request: Request) -> None:
        here = request.target.partition("?")[0]
        seen[f"{request.method} {here}"] += 1
        if here == path and seen[f"POST {path}"] == number and request.method == "POST":
            seen[f"POST {path}"] += 1
            act(request)

    engine.before = before


def asked(engine: Engine, path: str) -> int:
    """How many requests a path has had."""
    return sum(passed.path == path for passed in engine.requests)


def everything_is_there(made: Stage, dropped: list[Drop]) -> None:
    """Each drop stands once, and nobody had to be asked."""
    found = made.reckoned(dropped)
    assert (found.reasons, found.differences, found.posted) == ([], [], len(dropped))


def session_of(made: Stage, account: str) -> list[str]:
    """What is kept of a session: handle, DID, access and refresh token, address."""
    kept = made.home.folder / "state" / "postguard" / "sessions" / account
    return kept.read_text().strip().split(":::")


def test_a_pds_that_restarts_in_the_middle_gets_every_post_once(made: Stage) -> None:
    at(made.engines["pds"], COMMIT, 3, lambda _: made.pds.restart())
    dropped = on(SKIES[0])
    made.run(dropped)
    assert made.pds.starts == 2
    everything_is_there(made, dropped)


def test_a_token_that_ends_between_upload_and_commit_is_replaced(made: Stage) -> None:
    at(made.engines["pds"], COMMIT, 3, lambda _: made.clock.wait(180 * MINUTE))
    dropped = on(SKIES[0])
    made.run(dropped)
    assert (asked(made.engines["pds"], SESSION), asked(made.engines["pds"], REFRESH)) == (1, 1)
    everything_is_there(made, dropped)


def test_a_session_that_was_taken_away_in_flight_is_opened_anew(made: Stage) -> None:
    ended: list[int] = []

    def take_away(_: Request) -> None:
        refresh = bearer(session_of(made, SKIES[0])[3])
        ended.append(call("POST", made.pds.xrpc(DELETE), headers=refresh).status)
        made.clock.wait(180 * MINUTE)

    at(made.engines["pds"], COMMIT, 3, take_away)
    dropped = on(SKIES[0])
    made.run(dropped)
    assert (ended, asked(made.engines["pds"], SESSION)) == ([200], 2)
    everything_is_there(made, dropped)


def test_a_revoked_app_password_lets_the_posts_wait_for_the_next(made: Stage) -> None:
    name, who = SKIES[0], made.skies[SKIES[0]]

    def revoke(_: Request) -> None:
        own = made.pds.log_in(who.did, who.password)
        made.pds.procedure(REVOKE, {"name": "postguard"}, own)
        made.clock.wait(180 * MINUTE)

    at(made.engines["pds"], COMMIT, 3, revoke)
    dropped = on(name)
    made.run(dropped)
    assert list(made.home.store.accounts.logged_out()) == [name]
    assert len(made.pds.list_records(who.did)) == 2
    made.home.knows(**{name: made.pds.create_app_password(who.did, who.password, "again")})
    made.home.store.accounts.log_in(name)
    made.live(len(dropped))
    everything_is_there(made, dropped)


def test_a_revoked_token_lets_the_statuses_wait_for_the_next(made: Stage) -> None:
    name = FEDIS[0]
    at(made.engines["fedi"], STATUS, 3, lambda _: made.fedi.revoke(made.tokens[name]))
    dropped = on(name)
    made.run(dropped)
    assert list(made.home.store.accounts.logged_out()) == [name]
    assert len(made.fedi.statuses) == 2
    made.home.knows(**{name: made.fedi.token_for(name, SCOPES)})
    made.home.store.accounts.log_in(name)
    made.live(len(dropped))
    everything_is_there(made, dropped)
