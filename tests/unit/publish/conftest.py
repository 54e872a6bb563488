from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from postguard.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A fresh database on disk."""
    opened = open_store(tmp_path / "state" / "postguard.db")
    yield opened
    opened.db.close()
