"""A picture to protect, and a host that serves what a network would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from postguard.imaging import sample
from tests.servers.static import StaticHost, start_static


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fox below the moon."""
    path = tmp_path_factory.mktemp("art") / "狐.png"
    path.write_bytes(sample.draw())
    return path


@pytest.fixture
def host() -> Iterator[StaticHost]:
    with start_static() as started:
        yield started
