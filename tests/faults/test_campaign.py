"""Everything fails that can, and each post is there once, protected, with its words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.campaign import stage, tell
from tests.faults.drops import drops
from tests.faults.plan import Plan
from tests.servers.pds import PdsServer

pytestmark = pytest.mark.slow
POSTS = 200


@pytest.mark.timeout(900)
def test_a_campaign_of_faults_loses_and_doubles_nothing(
    pds: PdsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = Plan(seed=6, posts=POSTS)
    with stage(tmp_path, pds, plan) as made:
        found = made.run(drops(plan.seed, plan.posts))
        tell(made, found, print)
        assert found.clean, capsys.readouterr().out
        assert made.faults()["kill"] > 20
