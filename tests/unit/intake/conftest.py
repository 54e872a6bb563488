"""The rig, in a fresh home."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.intake.rig import Rig, config


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, config(tmp_path / "outbox"))


@pytest.fixture
def rig_with(tmp_path: Path) -> Callable[..., Rig]:
    """Return a rig with a changed config."""
    return lambda **changes: Rig(tmp_path, config(tmp_path / "outbox", **changes))
