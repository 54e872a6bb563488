"""Tries a recipe on a picture, at the size of a page: drawn by the process that protects posts.

Only what can be seen is drawn, and no cloak, which would take its minutes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from postguard.app.dashboard.dropping import Drops
from postguard.app.dashboard.pictures import Proofs
from postguard.app.installation import Installation
from postguard.errors import Unusable
from postguard.language import _
from postguard.model import ArtworkOrder, Json, Limits, ProtectOrder, Rendition
from postguard.networks import plain_words
from postguard.protect.workshop import IDLE_AFTER, ChildWorkshop
from postguard.system import files
from postguard.web.facts import Line
from postguard.web.recipe_desk import Shown, Side, Sitter

SIDE = 800  # pixels
_SEEN = {"downscale", "watermark", "notice", "noise"}
_LIMITS = Limits(fit="try", text=0, alt=0, images=1, image_bytes=8_000_000)
_OFFERED = 8  # posts whose picture may sit
_KEPT = 24  # trials; older ones are drawn anew
_POST, _DROP = "post", "drop"


@dataclass(frozen=True, slots=True)
class _Trial:
    shown: Shown
    before: Path
    after: Path


@dataclass(slots=True)
class Trials:
    """The trials of one dashboard. Of wishes that come while one is drawn, the last one counts."""

    installation: Installation
    proofs: Proofs
    drops: Drops
    _made: dict[str, _Trial] = field(default_factory=dict)
    _wished: int = 0
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _workshop: ChildWorkshop | None = None
    _idle: threading.Timer | None = None

    def sitters(self) -> list[Sitter]:
        """Return pictures of the newest posts whose original is there."""
        posts = self.installation.store.posts.page([], None, _OFFERED)
        return [
            Sitter(f"{_POST}-{p.id}", p.name, f"/pictures/{p.id}/0/small")
            for p in posts
            if p.artworks and self.proofs.original(p.id, 0)[0].is_file()
        ]

    def show(self, recipe: str, steps: Sequence[dict[str, Json]], sitter: str) -> Shown | None:
        """Try steps on a picture; None: a newer wish came meanwhile. Raises Held or Unusable."""
        self._wished += 1
        wish = self._wished
        source, sha256 = self._source(sitter)
        before = self.proofs.reduced(source, sha256, SIDE)
        seen = tuple(step for step in steps if step["step"] in _SEEN)
        if not seen:
            raise Unusable(
                _("Nothing of this recipe can be shown here: none of its steps is drawn at once.")
            )
        said = json.dumps([seen, sha256], sort_keys=True)
        key = hashlib.sha256(said.encode()).hexdigest()[:32]
        with self._turn:
            if key in self._made:
                return self._made[key].shown
            if wish != self._wished:
                return None
            made = self._draw(self._order(recipe, seen, before, sha256))
            left_out = tuple(str(s["step"]) for s in steps if s["step"] not in _SEEN)
            return self._keep(key, made, before, left_out)

    def picture(self, key: str, side: Side) -> Path:
        """Return one of a trial's two pictures. Raises Unusable."""
        trial = self._made.get(key)
        if trial is None:
            raise Unusable(_("this picture is not kept any more; change something to draw it"))
        return trial.after if side == "after" else trial.before

    def _source(self, sitter: str) -> tuple[Path, str]:
        kind, _dash, key = sitter.partition("-")
        if kind == _DROP:
            path = self.drops.pictures(key)[0]
            return path, files.sha256_of(path)
        if kind != _POST or not (key.isascii() and key.isdecimal()):
            raise Unusable(_("choose a picture to try the recipe on"))
        return self.proofs.original(int(key), 0)

    def _order(
        self, recipe: str, steps: tuple[dict[str, Json], ...], picture: Path, sha256: str
    ) -> ProtectOrder:
        """Return an order with the seed that the picture's own marks are drawn with."""
        installation = self.installation
        art = ArtworkOrder(0, picture, files.sha256_of(picture), "", installation.seed_of(sha256))
        return ProtectOrder(
            artworks=(art,),
            recipe_name=recipe,
            recipe=steps,
            limits=(_LIMITS,),
            into=self._folder() / "new",
            artist=installation.artist(installation.clock.now()),
        )

    def _draw(self, order: ProtectOrder) -> Rendition:
        if self._workshop is None:
            shutil.rmtree(self._folder())  # what an earlier dashboard left
            self._workshop = ChildWorkshop(self.installation.clock)
        try:
            return self._workshop.protect(order, lambda _: None)[0]
        finally:
            self._end_when_idle()

    def _keep(self, key: str, made: Rendition, before: Path, left_out: tuple[str, ...]) -> Shown:
        after = self._folder() / f"{key}{made.path.suffix}"
        made.path.replace(after)
        shown = Shown(key, made.width, made.height, _done(made), left_out)
        self._made[key] = _Trial(shown, before, after)
        while len(self._made) > _KEPT:
            self._made.pop(next(iter(self._made))).after.unlink(missing_ok=True)
        return shown

    def _end_when_idle(self) -> None:
        """End the child a while after its last job: an open page costs nothing."""
        if self._idle is not None:
            self._idle.cancel()
        self._idle = threading.Timer(IDLE_AFTER.total_seconds() + 1, self._end)
        self._idle.daemon = True
        self._idle.start()

    def _end(self) -> None:
        if self._workshop is not None:
            self._workshop.close_idle(self.installation.clock.now())

    def _folder(self) -> Path:
        return files.private_dir(self.installation.home.cache / "dashboard" / "tries")


def _done(made: Rendition) -> tuple[Line, ...]:
    """Return what is seen of each step; its size, and how it was saved, is of this page alone."""
    steps = made.record["steps"]
    assert isinstance(steps, list)
    drawn: list[Json] = [
        step for step in steps if isinstance(step, dict) and step["step"] != "downscale"
    ]
    told = plain_words.done(replace(made, record={**made.record, "steps": drawn}))
    return tuple(Line(line.name, line.words) for line in told[: len(drawn)])
