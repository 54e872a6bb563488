"""A PDS of its own for each campaign: its clock is the campaign's, so that tokens end by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.pds import PdsServer, start_pds, why_not


@pytest.fixture
def pds(tmp_path: Path) -> Iterator[PdsServer]:
    """A fresh PDS on the clock of this folder's campaign."""
    reason = why_not()
    if reason is not None:
        pytest.skip(f"not run: a campaign posts to a real Bluesky PDS, which needs node: {reason}")
    with start_pds(tmp_path / "pds", clock=tmp_path / "clock.json") as server:
        yield server
