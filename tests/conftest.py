"""What every test may use."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import settings

from postguard import language

# A deadline measures the machine: a busy one took 0.4 s for what takes 0.04 ms. What hangs is
# ended by pytest's own timeout.
settings.register_profile("postguard", settings(deadline=None))
settings.load_profile("postguard")

pytest_plugins = ["pytester", "tests.servers.fixtures", "tests.skip_gate"]


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tests read English, on whatever PC they run; one that speaks otherwise ends with itself."""
    monkeypatch.setenv("LANGUAGE", language.ENGLISH)
    language.choose(language.ENGLISH)
    yield
    language.choose(language.ENGLISH)


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """A command that sets up logging in this process must not change the next test's log."""
    root = logging.getLogger()
    handlers, filters, level = root.handlers[:], root.filters[:], root.level
    yield
    root.handlers[:], root.filters[:] = handlers, filters
    root.setLevel(level)
