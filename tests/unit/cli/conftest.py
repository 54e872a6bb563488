"""Commands run in this process, in a home of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from postguard.cli import cli
from postguard.store import Store, open_store

PREVIEW = """\
outbox   = "{outbox}"
timezone = "Asia/Tokyo"

[accounts.sky]
network = "preview"

[accounts.fedi]
network = "preview"
shows   = "mastodon"

[recipes]
default = [ {{ step = "downscale", long_side = 64 }}, {{ step = "tags" }} ]
plain   = [ {{ step = "tags" }} ]
"""


@dataclass(frozen=True)
class Terminal:
    """An artist's terminal: every folder of postguard lies in `home`."""

    home: Path

    @property
    def config(self) -> Path:
        return self.home / ".config" / "postguard" / "config.toml"

    @property
    def outbox(self) -> Path:
        return self.home / "outbox"

    def configure(self, text: str = PREVIEW) -> None:
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.write_text(text.format(outbox=self.outbox), encoding="utf-8")

    def run(self, *words: object, typed: str | None = None) -> Result:
        """Run a command; whatever it raises beyond SystemExit fails the test."""
        said = [str(word) for word in words]
        return CliRunner().invoke(cli, said, input=typed, catch_exceptions=False)

    def json(self, *words: object) -> Any:
        done = self.run(*words, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def store(self) -> Store:
        return open_store(self.home / ".local" / "state" / "postguard" / "postguard.db")


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A home where postguard was never used."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.delenv(f"XDG_{name}_HOME", raising=False)
    for name in ("POSTGUARD_CONFIG", "POSTGUARD_OUTBOX", "POSTGUARD_MODELS", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("COLUMNS", "80")
    return Terminal(home)
