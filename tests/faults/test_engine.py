"""Each mishap is what it is called, as the client and the server see it."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults.clock import CampaignClock, ServersClock
from tests.faults.engine import Engine, engine_before
from tests.faults.plan import Kind, Mishap, Plan
from tests.servers.mastodon import MastodonServer
from tests.servers.rawhttp import Reply, call, send_form

STATUSES = "/api/v1/statuses"
MINUTE = 60.0


@dataclass(frozen=True)
class Once(Plan):
    """One mishap for the first request, and none for the others."""

    mishap: Mishap = field(kw_only=True)

    def at_request(self, server: str, number: int) -> Mishap | None:
        """Only the first."""
        return self.mishap if number == 0 else None


@dataclass(frozen=True)
class Scene:
    """A stand-in with one artist behind an engine."""

    server: MastodonServer
    engine: Engine
    clock: CampaignClock
    token: str

    def post(self) -> Reply:
        """Post a status, through the engine."""
        return send_form("POST", self.engine.url + STATUSES, {"status": "once"}, self.token)

    @property
    def made(self) -> int:
        """How many statuses there are."""
        return len(self.server.statuses)


@pytest.fixture
def clock(tmp_path: Path) -> CampaignClock:
    return CampaignClock(tmp_path / "clock.json")


@contextmanager
def meets(mastodon: MastodonServer, clock: CampaignClock, mishap: Mishap) -> Iterator[Scene]:
    """A scene whose first request meets this."""
    mastodon.state.clock = ServersClock(clock)  # type: ignore[assignment]
    mastodon.add_account("hanako")
    plan = Once(seed=1, posts=1, mishap=mishap)
    with engine_before(mastodon.url, "fedi", plan, clock) as engine:
        yield Scene(mastodon, engine, clock, mastodon.token_for("hanako"))


@pytest.mark.parametrize("kind", [Kind.RESET, Kind.HANG])
def test_a_request_is_lost(mastodon: MastodonServer, clock: CampaignClock, kind: Kind) -> None:
    with meets(mastodon, clock, Mishap(kind)) as scene:
        with pytest.raises(http.client.RemoteDisconnected):
            scene.post()
        assert scene.made == 0


@pytest.mark.parametrize("kind", [Kind.DROP, Kind.SWALLOW])
def test_an_answer_is_lost(mastodon: MastodonServer, clock: CampaignClock, kind: Kind) -> None:
    with meets(mastodon, clock, Mishap(kind)) as scene:
        with pytest.raises(http.client.RemoteDisconnected):
            scene.post()
        assert scene.made == 1


def test_an_answer_is_cut(mastodon: MastodonServer, clock: CampaignClock) -> None:
    with meets(mastodon, clock, Mishap(Kind.CUT)) as scene:
        with pytest.raises(http.client.IncompleteRead):
            scene.post()
        assert scene.made == 1


@pytest.mark.parametrize(("kind", "made"), [(Kind.ERROR, 0), (Kind.ERROR_AFTER, 1)])
def test_an_error_comes_instead_of_the_work_or_after_it(
    mastodon: MastodonServer, clock: CampaignClock, kind: Kind, made: int
) -> None:
    with meets(mastodon, clock, Mishap(kind, 503)) as scene:
        assert (scene.post().status, scene.made) == (503, made)


def test_too_many_requests_says_when_to_come_back(
    mastodon: MastodonServer, clock: CampaignClock
) -> None:
    clock.wait(24 * 60 * MINUTE)
    with meets(mastodon, clock, Mishap(Kind.ERROR, 429, MINUTE)) as scene:
        told = scene.post().headers
        assert float(told["ratelimit-reset"]) > clock.servers_now().timestamp()
        assert told["x-ratelimit-reset"] > clock.servers_now().isoformat()


def test_a_lost_request_arrives_after_all(mastodon: MastodonServer, clock: CampaignClock) -> None:
    with meets(mastodon, clock, Mishap(Kind.LATE, seconds=MINUTE)) as scene:
        with pytest.raises(http.client.RemoteDisconnected):
            scene.post()
        call("GET", f"{scene.engine.url}/api/v2/instance")
        assert scene.made == 0
        clock.wait(MINUTE)
        call("GET", f"{scene.engine.url}/api/v2/instance")
        assert scene.made == 1


def test_a_request_arrives_twice(mastodon: MastodonServer, clock: CampaignClock) -> None:
    with meets(mastodon, clock, Mishap(Kind.TWICE)) as scene:
        assert scene.post().status == 200
        assert scene.made == 2


def test_in_an_outage_every_connection_is_refused_until_its_time_has_passed(
    mastodon: MastodonServer, clock: CampaignClock
) -> None:
    with meets(mastodon, clock, Mishap(Kind.OUTAGE, seconds=MINUTE)) as scene:
        with pytest.raises(ConnectionError):
            scene.post()
        for _ in range(3):
            with pytest.raises(ConnectionError):
                scene.post()
        clock.wait(MINUTE)
        while scene.made == 0:
            try:
                assert scene.post().status == 200
            except ConnectionRefusedError:
                continue  # it is about to listen again


def test_the_same_seed_draws_the_same_mishaps() -> None:
    drawn = [[Plan(seed, 100).at_request("pds", n) for n in range(500)] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]
    kinds = {mishap.kind for mishap in drawn[0] if mishap}
    assert len(kinds) > 8


def test_the_clock_outlives_its_process_and_only_the_pc_is_set_wrong(tmp_path: Path) -> None:
    clock = CampaignClock(tmp_path / "clock.json")
    clock.wait(3600)
    clock.set_wrong(-90)
    again = CampaignClock(tmp_path / "clock.json")
    assert abs((again.servers_now() - clock.servers_now()).total_seconds()) < MINUTE
    assert round((again.now() - again.servers_now()).total_seconds()) == -90
