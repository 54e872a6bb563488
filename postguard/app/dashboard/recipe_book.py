"""Recipes of the config, changed from the dashboard. Implements `web.recipe_desk.Recipes`.

The config stays the artist's: what they wrote around the recipe stays, how the file was lies
beside it, and the daemon is told at once, as `postguard check` does. A file that they wrote
themselves, or an earlier version left, is kept under its time, and nothing that is written from
here ever takes its place.
"""

from __future__ import annotations

import glob
import hashlib
import json
import threading
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from postguard.app import bell, layering
from postguard.app.dashboard.freshness import Freshness
from postguard.app.dashboard.trials import Trials
from postguard.app.installation import CONFIG, Installation
from postguard.errors import ConfigError, Unusable
from postguard.language import _
from postguard.model.layers import Layers
from postguard.settings.load import Settings, parse
from postguard.settings.rewriting import with_recipe
from postguard.system import files
from postguard.web.facts import Told
from postguard.web.recipe_desk import Kept, Shown, Side, Sitter, Stands, Step

_BESIDE = ".bak"  # as it was before the last change from here
_OWN = ".{:%Y-%m-%d-%H%M%S}.bak"  # as the artist themselves left it
# The meta keys of the digests of what was written from here last, and of what was put beside it.
_WRITTEN, _PUT_BESIDE = "config-written", "config-beside"
_MARK = b"\xef\xbb\xbf"  # some editors put it before everything, and look for it there


@dataclass(frozen=True, slots=True)
class RecipeBook:
    """The recipes of one installation's config."""

    installation: Installation
    trials: Trials
    freshness: Freshness
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def stands(self, recipe: str) -> Stands:
        """Return a recipe as the config has it now. Raises Unusable or ConfigError."""
        return _stands(self._text(), recipe)

    def sitters(self) -> list[Sitter]:
        """Return pictures that a recipe can be tried on."""
        return self.trials.sitters()

    def layers(self, recipe: str, steps: Sequence[Step]) -> Layers:
        """Return what a recipe would protect. Raises ConfigError or Unusable."""
        _changed, settings = self._with(self._text(), recipe, steps)
        return layering.of_recipe(self.installation, recipe, settings)

    def show(self, recipe: str, steps: Sequence[Step], sitter: str) -> Shown | None:
        """Try a recipe on a picture. Raises Held, ConfigError or Unusable."""
        _changed, settings = self._with(self._text(), recipe, steps)
        plain = self.installation.plain(settings.recipes[recipe])
        return self.trials.show(recipe, plain, sitter)

    def picture(self, key: str, side: Side) -> Path:
        """Return one of the two pictures of a trial. Raises Unusable."""
        return self.trials.picture(key, side)

    def keep(self, recipe: str, steps: Sequence[Step], seen: str) -> Kept:
        """Write a recipe into the config. Raises ConfigError or Unusable."""
        with self._turn:
            before = self._text()
            if _stands(before, recipe).seen != seen:
                raise Unusable(
                    _(
                        "the recipe {recipe} was changed in your config meanwhile, so nothing was "
                        "written; load this page anew to see it as it stands"
                    ).format(recipe=recipe)
                )
            after, _settings = self._with(before, recipe, steps)
            if after == before:
                return Kept(Told((_("Nothing was changed: it says so already."),)), seen)
            beside = self._write(before, after)
        return Kept(Told(self._told(recipe, beside)), _stands(after, recipe).seen)

    def _with(self, text: str, recipe: str, steps: Sequence[Step]) -> tuple[str, Settings]:
        """Return the config with these steps in a recipe, as a text and as it would be used."""
        if not steps:
            raise Unusable(
                _("a recipe without a step would protect nothing; leave one of its steps on")
            )
        after = with_recipe(text, recipe, steps)
        return after, parse(after, self.installation.path)

    def _write(self, before: str, after: str) -> Path:
        """Write the config whole, and how it was beside it; a link stays a link. Raises Unusable
        where it was saved since it was read: checking it takes a while."""
        path = self.installation.path.resolve()
        try:
            mode = path.stat().st_mode & 0o777
            old = path.read_bytes()
            mark = _MARK if old.startswith(_MARK) else b""
            if old.removeprefix(mark) != before.encode():
                raise Unusable(
                    _(
                        "your config was saved at this very moment, so nothing was written; try "
                        "again"
                    )
                )
            new = mark + after.encode()
            ours = self._remembers(_WRITTEN, old)
            beside = self._beside(path) if ours else self._own(path, self.installation.clock.now())
            files.write_whole(beside, old, mode=mode)
            files.write_whole(path, new, mode=mode)
        except OSError as exc:
            raise Unusable(
                _("{path} cannot be written, so nothing was changed: {strerror}").format(
                    path=path, strerror=exc.strerror
                )
            ) from exc
        self._remember(_WRITTEN, new)
        if ours:
            self._remember(_PUT_BESIDE, old)
        return beside

    def _remember(self, key: str, content: bytes) -> None:
        self.installation.store.meta.put(key, hashlib.sha256(content).hexdigest())

    def _remembers(self, key: str, content: bytes) -> bool:
        """Return whether a file is what was written from here last, and not the artist's."""
        return self.installation.store.meta.get(key) == hashlib.sha256(content).hexdigest()

    def _beside(self, path: Path) -> Path:
        """Return where the config of before a change from here lies. What an earlier version, or
        the artist, has put there is kept under its own time."""
        beside = path.with_name(path.name + _BESIDE)
        if beside.exists() and not self._remembers(_PUT_BESIDE, beside.read_bytes()):
            written = datetime.fromtimestamp(beside.stat().st_mtime, UTC)
            files.move(beside, self._own(path, written))
        return beside

    def _own(self, path: Path, at: datetime) -> Path:
        """Return where the artist's own file is kept: under a time that no other has."""
        at = at.astimezone(self.installation.settings.timezone)
        times = (at + timedelta(seconds=number) for number in count())
        names = (path.with_name(path.name + _OWN.format(time)) for time in times)
        return next(name for name in names if not name.exists())

    def _told(self, recipe: str, beside: Path) -> tuple[str, ...]:
        kept = _("The recipe {recipe} stands in your config; how it was lies in {beside}.")
        its_own = self.installation.store.meta.get(CONFIG)
        here = its_own in (None, str(self.installation.path.absolute()))
        if not here:
            taken = _("postguard runs with another config, {path}, and uses nothing of this.")
            taken = taken.format(path=its_own)
        elif problem := self.freshness.problem():  # of what else was changed in it
            taken = problem
        elif bell.tell_of_config():
            taken = _(
                "postguard uses it from now on; pictures that are protected stay as they are."
            )
        else:
            taken = _("postguard does not run; it uses it when it starts.")
        said = kept.format(recipe=recipe, beside=beside)
        return said, *self._last_own(beside), taken

    def _last_own(self, beside: Path) -> Iterator[str]:
        """Yield where the config lies as the artist wrote it last, where that was not just now."""
        path = self.installation.path.resolve()
        own = sorted(path.parent.glob(f"{glob.escape(path.name)}.[0-9]*{_BESIDE}"))
        if own and beside not in own:
            yield _("How you last wrote it yourself lies in {own}.").format(own=own[-1])

    def _text(self) -> str:
        path = self.installation.path
        try:
            return path.read_bytes().decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as exc:
            raise ConfigError(_("cannot be read"), path) from exc


def _stands(text: str, recipe: str) -> Stands:
    try:
        found = tomllib.loads(text).get("recipes", {})
    except tomllib.TOMLDecodeError as exc:
        raise Unusable(
            _("your config is not valid TOML at the moment; `postguard check` says where")
        ) from exc
    steps = found.get(recipe)
    if steps is None:
        raise Unusable(_("your config has no recipe {recipe}").format(recipe=recipe))
    digest = hashlib.sha256(json.dumps(steps, sort_keys=True, default=str).encode()).hexdigest()
    return Stands(tuple(steps), digest)
