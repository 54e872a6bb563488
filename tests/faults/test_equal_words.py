"""Posts that nobody can tell apart by their words: each picture is there, and once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.campaign import stage, tell
from tests.faults.drops import FEDIS, drops
from tests.faults.plan import Plan
from tests.servers.pds import PdsServer


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [3, 4])
def test_equal_words_are_never_taken_for_one_another(
    pds: PdsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    plan = Plan(seed, posts=30, requests=0.15, writes=0)
    with stage(tmp_path, pds, plan) as made:
        dropped = [
            replace(
                drop,
                name=f"狐{number}.png",
                text="同じ",
                alts=("狐",),
                accounts=(FEDIS[0],),
                seeds=drop.seeds[:1],
            )
            for number, drop in enumerate(drops(seed, plan.posts))
        ]
        found = made.run(dropped)
        tell(made, found, print)
    assert found.clean, capsys.readouterr().out
