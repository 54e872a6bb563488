"""The disk is full, once, for every function that writes; then there is room again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import root
from tests.faults.campaign import stage
from tests.faults.drops import drops
from tests.faults.plan import Plan
from tests.servers.pds import PdsServer


@pytest.mark.slow
def test_a_full_disk_at_any_write_costs_time_and_no_post(pds: PdsServer, tmp_path: Path) -> None:
    plan = Plan(seed=7, posts=10, requests=0, kills=0, writes=0, turns=0, each_writer=True)
    with stage(tmp_path, pds, plan) as made:
        found = made.run(drops(plan.seed, plan.posts))
    writers = root.read_fate(tmp_path)["writers"]
    assert {"AttemptRows.begin", "AttemptRows.finish", "PostRows.create"} <= writers.keys()
    assert [name for name, times in writers.items() if not times] == []
    assert (found.reasons, found.differences, found.posted) == ([], [], plan.posts)
