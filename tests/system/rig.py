"""A home of its own with the real program on it: every command and the daemon as processes.

Nothing here waits for a length of time; whatever is waited for is a condition with a deadline.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PIL import Image

from postguard.model import Post, PostState, Rendition
from postguard.store import Store, open_store
from postguard.system.secrets import Secrets

T = TypeVar("T")
PATIENCE = 60.0  # seconds; a machine that runs everything at once is slow, not broken
LOOK = 0.005  # seconds between two looks

STEPS = """\
  { step = "downscale", long_side = 320 },
  { step = "watermark", text = "© 花" },
  { step = "notice" },
  { step = "noise" },
  { step = "tags" },
"""
QUICK = '[schedule]\ngrace = "0.2s"\n\n[intake]\nsettle = "0.2s"\nwords_wait = "0.3s"\n'
ARTIST = '[artist]\nname = "山田花子"\ncopyright = "© {year} 山田花子"\nlang = "ja"\n'
PREVIEW = '[accounts.look]\nnetwork = "preview"\n'


def recipe(name: str = "default", steps: str = STEPS) -> str:
    """One recipe of the config."""
    return f"{name} = [\n{steps}]\n"


class Home:
    """One installation in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outbox = folder / "outbox"
        self.config = folder / "config" / "postguard" / "config.toml"
        self.log_file = folder / "daemon.log"
        self.environment = _environment(folder)
        self.process: subprocess.Popen[bytes] | None = None
        self._store: Store | None = None

    def configure(
        self, accounts: str = PREVIEW, rest: str = QUICK, recipes: str | None = None
    ) -> None:
        """Write the config; the outbox is made, too."""
        self.outbox.mkdir(exist_ok=True)
        self.config.parent.mkdir(parents=True, exist_ok=True)
        head = f'outbox = "{self.outbox}"\ntimezone = "Asia/Tokyo"\n'
        table = "[recipes]\n" + (recipe() if recipes is None else recipes)
        text = f"{head}\n{ARTIST}\n{accounts}\n{rest}\n{table}"
        fresh = self.config.with_suffix(".new")
        fresh.write_text(text, encoding="utf-8")
        fresh.rename(self.config)

    def run(self, *words: str | Path, stdin: str = "", code: int = 0) -> str:
        """Run one command to its end; return what it printed, errors behind the rest."""
        done = subprocess.run(
            [*PROGRAM, *map(str, words)],
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=self.environment,
            cwd=self.folder,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def json(self, *words: str) -> Any:
        """Run one command and read the JSON that it prints."""
        return json.loads(self.run(*words, "--json"))

    def knows(self, **secrets: str) -> None:
        """Keep passwords and tokens as `login` does, without its seconds."""
        kept = Secrets(self.config.parent / "secrets")
        for name, secret in secrets.items():
            kept.set(name, secret)

    def launch(self, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start the daemon and return at once; its log goes on in one file."""
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [*PROGRAM, "run", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment | environment,
                cwd=self.folder,
            )
        return self.process

    def start(self, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start the daemon and wait until it watches the outbox and the first start is over."""
        before = self.log.count(WATCHING)
        process = self.launch(*options, **environment)
        self.wait(lambda: self.log.count(WATCHING) > before, "the daemon to watch the outbox")
        self.wait(lambda: self.store.meta.get("started"), "the first start to be over")
        return process

    def kill(self) -> None:
        """End the daemon as a power cut does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def stop(self) -> int:
        """Ask the daemon to end, as the service manager does, and return its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        """Leave nothing behind that runs or is open."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        if self._store is not None:
            self._store.db.close()

    @property
    def log(self) -> str:
        """What all daemons of this home have said so far."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    @property
    def store(self) -> Store:
        """The rows, over one connection of the test's own."""
        if self._store is None:
            self._store = open_store(self.folder / "state" / "postguard" / "postguard.db")
        return self._store

    def wait(self, until: Callable[[], T], what: str, seconds: float = PATIENCE) -> T:
        """Return the first true answer of `until`; fail with the log when none comes in time."""
        ends_at = time.monotonic() + seconds
        while not (answer := until()):
            assert time.monotonic() < ends_at, self._in_vain(what)
            time.sleep(LOOK)
        return answer

    def _in_vain(self, what: str) -> str:
        told = [f"{p.name} is {p.state}: {p.reason}" for p in self.store.posts.page([], None, 20)]
        return "\n".join([f"waited in vain for {what}", *told, *self.log.splitlines()[-25:]])

    def says(self, words: str, times: int = 1) -> None:
        """Wait until the log says something."""
        self.wait(lambda: self.log.count(words) >= times, f"the log to say: {words}")

    def drop(self, name: str, data: bytes, words: str = "", beside: str = ".toml") -> None:
        """Let one picture appear whole in the outbox, its words first."""
        if words:
            stem = Path(name).stem
            put(self.outbox / f"{stem}{beside}", words.encode())
        put(self.outbox / name, data)

    def drop_set(self, name: str, files: dict[str, bytes]) -> None:
        """Let a folder of files appear whole in the outbox."""
        draft = self.folder / "drafts" / name
        draft.mkdir(parents=True)
        for file, data in files.items():
            (draft / file).write_bytes(data)
        draft.rename(self.outbox / name)

    def post(self, name: str) -> Post | None:
        """The newest post made of a drop of this name, if any."""
        return next((p for p in self.store.posts.page([], None, 1000) if p.name == name), None)

    def reaches(self, name: str, *states: PostState) -> Post:
        """Wait until a drop is a post in one of these states, with its folder in place."""

        def there() -> Post | None:
            found = self.post(name)
            if found is None or found.state not in states:
                return None
            return found if found.place in PLACES.get(found.state, {"queued"}) else None

        return self.wait(there, f"{name} to be {' or '.join(states)}")

    def posted(self, name: str) -> Post:
        """Wait until a drop is posted everywhere, or was a dry run, and lies in its folder."""
        return self.reaches(name, PostState.POSTED)

    def held(self, name: str) -> Post:
        """Wait until a drop is held and lies in held/."""
        return self.reaches(name, PostState.HELD)

    def lies(self, post: Post) -> Path:
        """Where a post's folder is."""
        return self.outbox / post.place / post.folder

    def reason(self, post: Post) -> str:
        """The words beside a held post."""
        return (self.lies(post) / "reason.txt").read_text(encoding="utf-8")

    def renditions(self, post: Post, account: str) -> list[Rendition]:
        """The protected files that an account sends, in order."""
        (delivery,) = (d for d in self.store.deliveries.of_post(post.id) if d.account == account)
        folder = self.lies(post) / "renditions"
        return self.store.renditions.of_post(post.id, folder, delivery.fit)

    def events(self, post: Post) -> list[str]:
        """What has happened to a post, in order."""
        return [event.what for _, event in self.store.posts.history(post.id)]


PROGRAM = (sys.executable, "-m", "postguard")
WATCHING = "daemon: watching the outbox"
PLACES = {PostState.HELD: {"held"}, PostState.POSTED: {"posted", "dry-run"}}


def _environment(folder: Path) -> dict[str, str]:
    """A user's environment without this machine's own homes, services and configs."""
    kept = {k: os.environ[k] for k in ("PATH", "VIRTUAL_ENV") if k in os.environ}
    kinds = ("config", "state", "data", "cache")
    homes = {f"XDG_{kind.upper()}_HOME": str(folder / kind) for kind in kinds}
    return kept | homes | {"HOME": str(folder), "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"}


@contextmanager
def home_in(folder: Path) -> Iterator[Home]:
    """A home for as long as the block lasts."""
    home = Home(folder)
    try:
        yield home
    finally:
        home.close()


def put(path: Path, data: bytes) -> None:
    """Let a file appear whole, by rename from beside the outbox."""
    draft = path.parent.parent / f"draft-{path.name}"
    draft.write_bytes(data)
    draft.rename(path)


def art(seed: int = 0, size: tuple[int, int] = (240, 160)) -> Image.Image:
    """A small picture with flat ground, a gradient and texture; another for each seed."""
    rng = np.random.default_rng(seed)
    width, height = size
    y, x = np.mgrid[0:height, 0:width]
    base = np.stack([x * 255 / width, y * 255 / height, np.full(x.shape, 40.0 + seed % 200)], -1)
    rough = (x > width // 2)[..., None] * rng.normal(0, 20, (height, width, 1))
    return Image.fromarray(np.clip(base + rough, 0, 255).astype(np.uint8))


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The picture as a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(seed: int = 0, size: tuple[int, int] = (240, 160)) -> bytes:
    """A small picture's file."""
    return saved(art(seed, size))


def sky(name: str, handle: str, service: str, rest: str = "") -> str:
    """A Bluesky account of the config."""
    return (
        f'[accounts.{name}]\nnetwork = "bluesky"\nhandle = "{handle}"\n'
        f'service = "{service}"\n{rest}\n'
    )


def fedi(name: str, instance: str, rest: str = "") -> str:
    """A Mastodon account of the config."""
    return f'[accounts.{name}]\nnetwork = "mastodon"\ninstance = "{instance}"\n{rest}\n'
