"""A real dashboard: `postguard open --serve` as a process of its own, in a home of its own."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from postguard.store import Store, open_store
from postguard.web import links

CONFIG = """
outbox   = "{outbox}"
timezone = "Asia/Tokyo"
language = "en"

[accounts.sky]
network = "preview"

[accounts.fedi]
network = "preview"
shows   = "mastodon"

[schedule]
slots = ["mon..sun 19:30"]

[recipes]
default = [ {{ step = "downscale", long_side = 64 }}, {{ step = "tags" }} ]
plain   = [ {{ step = "tags" }} ]
cloaked = [ {{ step = "cloak" }} ]
"""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass
class Served:
    """A running dashboard and its artist's home. `cookie`: of the browser that is in."""

    home: Path
    port: int
    pid: int
    cookie: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where links are left."""
        return self.home / "state" / "postguard" / "dashboard"

    @property
    def outbox(self) -> Path:
        return self.home / "outbox"

    def rows(self) -> Store:
        return open_store(self.home / "state" / "postguard" / "postguard.db")

    def link(self) -> str:
        """Return the secret of a new link."""
        return links.make(self.folder, datetime.now(UTC))

    def enter(self, secret: str) -> Answer:
        return self.ask("POST", "/enter", {"secret": secret})

    def come_in(self) -> None:
        answer = self.enter(self.link())
        assert answer.status == 204
        self.cookie = answer.headers["set-cookie"].partition(";")[0]

    def ask(
        self,
        method: str,
        path: str,
        form: Mapping[str, str] | bytes | None = None,
        **headers: str | None,
    ) -> Answer:
        """Ask as the artist's browser would; a header of None is left out."""
        given: dict[str, str | None] = {"Sec-Fetch-Site": "same-origin", "Cookie": self.cookie}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        body = urlencode(form).encode() if isinstance(form, Mapping) else form
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {name: value for name, value in given.items() if value is not None}
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        said = answer.read().decode("utf-8", errors="replace")
        connection.close()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, found, said)


def home_of(folder: Path, config: str = CONFIG) -> dict[str, str]:
    """Make an artist's home; return the environment that leads there."""
    (folder / "outbox").mkdir()
    (folder / "config" / "postguard").mkdir(parents=True)
    written = config.format(outbox=folder / "outbox")
    (folder / "config" / "postguard" / "config.toml").write_text(written, encoding="utf-8")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "POSTGUARD_"))}
    names = ("config", "state", "data", "cache")
    return kept | {f"XDG_{n.upper()}_HOME": str(folder / n) for n in names}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One dashboard for a file of tests."""
    home = tmp_path_factory.mktemp("artist")
    command = [sys.executable, "-m", "postguard", "open", "--serve", "--port", "39471"]
    process = subprocess.Popen(command, env=home_of(home), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield Served(home, int(process.stdout.readline()), process.pid)
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


@pytest.fixture
def browser(served: Served) -> Served:
    """The dashboard, with a browser that is in."""
    served.come_in()
    return served
