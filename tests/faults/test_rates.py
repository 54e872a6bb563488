"""A long queue keeps ahead of what the servers allow: nobody ever has to say 429."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.campaign import Stage, stage
from tests.faults.drops import FEDIS, SKIES, drops
from tests.faults.plan import Plan
from tests.servers.pds import start_pds, why_not

TOO_MANY = 429
QUEUE = Plan(seed=9, posts=100, requests=0, kills=0, writes=0, turns=0)


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Stage]:
    """Servers that hold everybody to their rates, by the campaign's clock."""
    if reason := why_not():
        pytest.skip(f"not run: the queue goes to a real Bluesky PDS, which needs node: {reason}")
    clock = tmp_path / "clock.json"
    with (
        start_pds(tmp_path / "pds", rate_limits=True, clock=clock) as pds,
        stage(tmp_path, pds, QUEUE) as made,
    ):
        made.fedi.enforce_rates()
        yield made


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_queue_of_a_hundred_posts_never_meets_a_limit(strict: Stage) -> None:
    accounts = (SKIES[0], FEDIS[0])
    dropped = [replace(drop, accounts=accounts) for drop in drops(QUEUE.seed, QUEUE.posts)]
    found = strict.run(dropped)
    refused = [
        f"{passed.method} {passed.path}"
        for engine in strict.engines.values()
        for passed in engine.requests
        if passed.status == TOO_MANY
    ]
    assert refused == []
    assert (found.reasons, found.differences, found.posted) == ([], [], QUEUE.posts)
