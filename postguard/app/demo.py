"""`postguard demo`: the real daemon, in a home of its own, takes one picture all its way."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from postguard.app import first_start
from postguard.app.able import able
from postguard.app.adding import drop
from postguard.cloak.machine import Power, look
from postguard.errors import PostguardError, Unusable
from postguard.language import _
from postguard.model import Post, PostState, Receipt
from postguard.ports import Clock
from postguard.settings import Settings, load
from postguard.settings.steps import Cloak
from postguard.store import Event, Store, open_store
from postguard.store.progress import UnderWay
from postguard.system import files, paths
from postguard.system.clock import SystemClock

_LOOK = 0.1  # seconds between two looks at the rows
_PATIENCE = timedelta(minutes=10)
_STOP = 10.0  # seconds

_CONFIG = """\
# The demo's own config; everything of it lies in this folder.
outbox   = {outbox}
timezone = "UTC"

[artist]
name      = "山田花子 (demo)"
copyright = "© {{year}} 山田花子"
lang      = ["ja", "en"]

[accounts.sky]
network = "preview"
shows   = "bluesky"

[accounts.fedi]
network    = "preview"
shows      = "mastodon"
visibility = "unlisted"

[intake]
settle     = "1s"
words_wait = "2s"

[recipes]
default = [
  {{ step = "downscale", long_side = 1600 }},
  {{ step = "watermark", text = "© 山田花子" }},
  {{ step = "notice" }},
  {{ step = "noise" }},
  {{ step = "cloak", mode = "{mode}", strength = "medium", time_limit = 120 }},
  {{ step = "tags" }},
]
"""
# Nobody waits minutes for a demo: without a GPU its cloak is the instant one.
_QUICK, _STRONG = "instant", "immunise"
_FOX = {
    "text": "A fox below the moon. 月の下のきつね。",
    "alt": ("A red fox sits on a hill at night; behind it a large moon and dark pines.",),
    "tags": ("art", "イラスト"),
    "lang": "en",
}
_OWN = {
    "text": "My own picture, in a trial run of postguard. 自分の絵で試しています。",
    "alt": ("Here you will say what can be seen in this picture.",),
    "tags": ("art",),
    "lang": "en",
}


@dataclass(frozen=True, slots=True)
class Demo:
    """One demo: its folder, and what it shows.

    Attributes:
        cloak: what its cloak is drawn with, in words.
    """

    folder: Path
    picture: Path
    words: Mapping[str, Any]
    cloak: str
    clock: Clock
    process: subprocess.Popen[bytes]

    @classmethod
    @contextmanager
    def set_up(cls, picture: Path | None, into: Path | None) -> Iterator[Demo]:
        """Make the home, draw the art where none is given, and run the daemon meanwhile."""
        _end_as_ctrl_c_does()
        folder = (into or Path(tempfile.mkdtemp(prefix="postguard-demo-"))).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / "config.toml").exists():
            raise Unusable(
                _("{folder} holds an earlier demo; name an empty folder").format(folder=folder)
            )
        models = Path(os.environ.get("POSTGUARD_MODELS") or paths.home().models)
        machine = look()
        settings = _write_config(folder, _STRONG if machine.power is Power.GPU else _QUICK)
        cloaks = [s for s in settings.recipes["default"] if isinstance(s, Cloak)]
        said = able(models, cloaks, machine).said
        clock = SystemClock()
        with nullcontext() if into else _removed_if_stopped(folder):
            process = _daemon(folder, models)
            try:
                shown = picture or _draw(folder / "fox.png")
                yield cls(folder, shown, _OWN if picture else _FOX, said, clock, process)
            finally:
                _stop(process)

    def play(
        self,
        show: Callable[[Event], None],
        working: Callable[[UnderWay | None, Post], None] = lambda _now, _post: None,
    ) -> list[Path]:
        """Drop the art, tell each event as it comes and what is worked on between them, and return
        the pages.

        Raises:
            PostguardError: the post was held, or the daemon ended.
        """
        self._wait(self._started)
        store = open_store(self._database)
        drop(self.folder / "config.toml", (self.picture,), self.words, self.clock.now())
        self._wait(lambda: bool(store.posts.page([], None, 1)))
        post_id = store.posts.page([], None, 1)[0].id
        self._follow(store, post_id, show, working)
        return [Path(r.uri.removeprefix("file://")) for r in _receipts(store, post_id)]

    def _follow(
        self,
        store: Store,
        post_id: int,
        show: Callable[[Event], None],
        working: Callable[[UnderWay | None, Post], None],
    ) -> None:
        seen = 0

        def news() -> bool:
            nonlocal seen
            for number, event in store.posts.history(post_id, seen):
                seen = number
                show(event)
            post = store.posts.get(post_id)
            over = post.state is PostState.PROTECTED
            working(None if over else store.posts.progress.now(), post)
            return post.state in {PostState.POSTED, PostState.HELD}

        self._wait(news)
        news()
        post = store.posts.get(post_id)
        if post.state is PostState.HELD:
            raise PostguardError(
                _("the demo's post was held: {reason}").format(reason=post.reason)
            )

    @property
    def _database(self) -> Path:
        return self.folder / "state" / "postguard" / "postguard.db"

    def _started(self) -> bool:
        if not self._database.exists():
            return False
        return first_start.is_over(open_store(self._database))

    def _wait(self, until: Callable[[], bool]) -> None:
        ends_at: datetime = self.clock.now() + _PATIENCE
        while not until():
            if self.process.poll() is not None:
                log = (self.folder / "daemon.log").read_text(errors="replace").strip()
                raise PostguardError(
                    _("the daemon ended by itself: {last}").format(last=log.splitlines()[-1:])
                )
            if self.clock.now() > ends_at:
                raise PostguardError(
                    _("nothing happened for too long; see {folder}").format(folder=self.folder)
                )
            self.clock.wait(_LOOK)


def _receipts(store: Store, post_id: int) -> list[Receipt]:
    return list(store.deliveries.receipts(post_id).values())


def _write_config(folder: Path, mode: str) -> Settings:
    text = _CONFIG.format(outbox=f'"{folder / "outbox"}"', mode=mode)
    files.write_whole(folder / "config.toml", text.encode())
    return load(folder / "config.toml")


def _daemon(folder: Path, models: Path) -> subprocess.Popen[bytes]:
    home = {f"XDG_{kind.upper()}_HOME": str(folder / kind) for kind in _KINDS}
    environment = os.environ | home | {"POSTGUARD_MODELS": str(models)}
    environment.pop("POSTGUARD_OUTBOX", None)
    command = [sys.executable, "-m", "postguard", "--config", str(folder / "config.toml"), "run"]
    with (folder / "daemon.log").open("wb") as log:
        return subprocess.Popen(command, env=environment, stderr=log, stdout=log)


_KINDS = ("config", "state", "data", "cache")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _end_as_ctrl_c_does() -> None:
    """Let SIGTERM unwind the stack, so that no daemon outlives its demo."""

    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, end)


@contextmanager
def _removed_if_stopped(folder: Path) -> Iterator[None]:
    """Remove a folder of ours that nobody was told of yet."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _draw(path: Path) -> Path:
    from postguard.imaging.sample import draw

    files.write_whole(path, draw(), mode=0o644)
    return path
