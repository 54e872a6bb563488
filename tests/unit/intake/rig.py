"""The whole intake on a real folder and a real database, with the time in the test's hands."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from PIL import Image

from postguard.intake import names
from postguard.intake.taking import Taking
from postguard.model import Post, Words
from postguard.ports import Posts, Workshop
from postguard.protect.workshop import InProcessWorkshop
from postguard.settings import Settings
from postguard.store import Store, open_store
from postguard.system.clock import SystemClock

ALT = 'alt = "a fox in the snow"\n'
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def png(shade: int = 0, size: tuple[int, int] = (6, 4)) -> bytes:
    """Return a small picture; another `shade` is another picture."""
    colour = (shade % 256, shade // 256 % 256, shade // 65536 % 256)
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def config(outbox: Path, **changes: object) -> Settings:
    """Return a config with two accounts and one recipe."""
    data: dict[str, object] = {
        "outbox": outbox,
        "timezone": ZoneInfo("Asia/Tokyo"),
        "artist": {"name": "山田花子", "lang": "ja"},
        "accounts": {
            "bsky": {"network": "bluesky", "handle": "hanako.bsky.social"},
            "fedi": {
                "network": "mastodon",
                "instance": "https://mastodon.example",
                "visibility": "unlisted",
            },
        },
        "recipes": {"default": [{"step": "downscale", "long_side": 800}]},
    }
    return Settings.model_validate({**data, **changes})


def no_objections(account: str, words: Words, images: int) -> list[str]:
    return []


@dataclass
class Rig:
    """One installation: `state` holds the database, `outbox` the art."""

    home: Path
    settings: Settings
    first_start: bool = False
    added: frozenset[str] = frozenset()
    now: datetime = START
    notes: list[str] = field(default_factory=list)
    objections: object = no_objections

    def __post_init__(self) -> None:
        self.outbox.mkdir(exist_ok=True)
        self.store: Store = open_store(self.home / "state" / "postguard.db")
        self.workshop: Workshop = InProcessWorkshop(SystemClock())
        self.taking = self.restarted()

    @property
    def outbox(self) -> Path:
        return self.home / "outbox"

    def restarted(self, posts: Posts | None = None) -> Taking:
        """Return a fresh Taking on the same disk and database, as after a crash."""
        self.taking = Taking(
            settings=lambda: self.settings,
            posts=posts or self.store.posts,
            workshop=self.workshop,
            objections=self.objections,  # type: ignore[arg-type]
            fit_of=lambda account, dry_run: "preview" if dry_run else account,
            first_start=self.first_start,
            added=self.added.__contains__,
            note=self.notes.append,
        )
        return self.taking

    def drop(self, name: str, data: bytes | str = b"") -> Path:
        path = self.outbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data or png())
        self.taking.nominate(path)
        return path

    def rescan(self) -> None:
        for path in names.walk(self.outbox):
            self.taking.nominate(path)

    def wait(self, seconds: float = 60) -> None:
        """Let time pass in steps of a second, with all the ticks that it takes."""
        for _ in range(int(seconds)):
            self.now += timedelta(seconds=1)
            while self.taking.tick(self.now):
                pass

    def run(self) -> list[Post]:
        """Let all that can settle do so; return all posts."""
        self.wait(60)
        return self.posts()

    def posts(self) -> list[Post]:
        page = self.store.posts.page((), None, 1_000_000)
        return sorted(page, key=lambda p: p.id)

    def only(self) -> Post:
        (post,) = self.posts()
        return post

    def tree(self) -> set[str]:
        """Return every file beneath the outbox."""
        return {str(p.relative_to(self.outbox)) for p in self.outbox.rglob("*") if p.is_file()}
