from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from postguard.app.installation import Installation, open_installation
from postguard.store import Store, open_store
from tests.unit.app import working

CONFIG = """
outbox = "{outbox}"
[artist]
[accounts.sky]
network = "preview"
[accounts.fedi]
network = "preview"
shows = "mastodon"
[recipes]
default = [{{ step = "notice" }}]
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A fresh database on disk."""
    opened = open_store(tmp_path / "state" / "postguard.db")
    yield opened
    opened.db.close()


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """A whole installation in a home of its own, with two accounts that write pages."""
    for name in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    outbox = tmp_path / "outbox"
    outbox.mkdir()
    path = tmp_path / "config.toml"
    path.write_text(CONFIG.format(outbox=outbox))
    opened = open_installation(path)
    yield opened
    opened.store.db.close()


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    for name in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    (tmp_path / "outbox").mkdir()
    (tmp_path / "config.toml").write_text(working.CONFIG.format(outbox=tmp_path / "outbox"))
    opened = open_installation(tmp_path / "config.toml")
    working.work(opened)  # a first start holds what lies there already
    yield opened
    opened.store.db.close()
