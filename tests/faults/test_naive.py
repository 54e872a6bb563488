"""A sender without a ledger fails in the campaign: so the campaign can fail."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.campaign import stage
from tests.faults.drops import drops
from tests.faults.naive import Naive
from tests.faults.plan import Plan
from tests.servers.pds import PdsServer


@pytest.mark.slow
def test_a_naive_sender_loses_and_doubles_in_the_same_campaign(
    pds: PdsServer, tmp_path: Path
) -> None:
    plan = Plan(seed=6, posts=80)
    with stage(tmp_path, pds, plan) as made, closing(Naive(made)) as naive:
        found = naive.run(drops(plan.seed, plan.posts))
    assert found.lost > 0, found.differences
    assert found.doubled > 0, found.differences
