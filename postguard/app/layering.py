"""Joins what is known of a recipe or a post: its steps, its accounts, and what this PC can do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from postguard import settings as config
from postguard.cloak.runner import LocalEngine, has_torch
from postguard.errors import ConfigError
from postguard.language import _, marked
from postguard.model import Delivery, Json, Level, Post, Words
from postguard.model.layers import Door, Layers, closed, uses_of_all
from postguard.model.measures import Fear, given_by
from postguard.settings.schema import AnyAccount, PreviewAccount
from postguard.store import Store
from postguard.store.audit import AuditRows
from postguard.system import paths

if TYPE_CHECKING:  # `show` needs no account's network
    from postguard.app.installation import Installation

_HERE = marked("pages on this PC, which nobody else sees")


def of_recipe(
    installation: Installation, recipe: str, settings: config.Settings | None = None
) -> Layers:
    """Return what protects the pictures of a recipe of the config; `settings`: of another one."""
    rows = AuditRows(installation.store.db)
    settings = settings or installation.settings
    doors = {
        name: Door(account.shows, (_(_HERE),))
        if isinstance(account, PreviewAccount)
        else _door(rows, name, account.network, account)
        for name, account in _accounts(settings.accounts, recipe).items()
    }
    steps = [_as_drawn(step.model_dump(mode="json")) for step in settings.recipes[recipe]]
    cloak = LocalEngine(installation.models_dir).available()
    return _layers([steps], doors, settings.artist.fear, cloak)


def _as_drawn(step: dict[str, Json]) -> dict[str, Json]:
    """Return a step as this PC does it: without torch, a cloak that may falls back."""
    falls_back = step["step"] == "cloak" and step["fallback"] == "instant" and not has_torch()
    return step | {"mode": "instant"} if falls_back else step


def of_post(
    path: Path | None, store: Store, post: Post, deliveries: Sequence[Delivery]
) -> Layers | None:
    """Return what protects the finished files of a post; None: it has none yet.

    Args:
        path: of the config, which is asked for what the artist fears. One that cannot be read
            hides no post.
    """
    renditions = store.renditions.of_post(post.id, Path())
    recorded = [r.record.get("steps") for r in renditions]
    pictures = [
        [step for step in steps if isinstance(step, dict)]
        for steps in recorded
        if isinstance(steps, list)
    ]
    if not any(pictures):
        return None
    settings, rows = _settings(path), AuditRows(store.db)
    doors = {
        d.account: Door(_fitted(d), (_(_HERE),))
        if d.dry_run or isinstance(settings.accounts.get(d.account), PreviewAccount)
        else _door(rows, d.account, _fitted(d), d.words)
        for d in deliveries
    }
    models = settings.models.dir or paths.home().models
    cloak = LocalEngine(models.expanduser()).available()
    return _layers(pictures, doors, settings.artist.fear, cloak)


def _layers(
    pictures: Sequence[Iterable[Mapping[str, Json]]],
    doors: Mapping[str, Door],
    fear: Fear,
    cloak: str | None,
) -> Layers:
    networks = tuple(dict.fromkeys(door.network for door in doors.values()))
    stating = [_stating(list(steps)) for steps in pictures]
    return Layers(uses_of_all(stating, networks), doors, fear, cloak)


def _stating(steps: list[Mapping[str, Json]]) -> list[Mapping[str, Json]]:
    """Return the steps without a signature that repeats tags which forbid nothing."""
    silent = any(step.get("step") == "tags" and not given_by(step) for step in steps)
    return [step for step in steps if not (silent and step.get("step") == "credentials")]


def _accounts(accounts: Mapping[str, AnyAccount], recipe: str) -> dict[str, AnyAccount]:
    """Return the accounts that use a recipe unless a post says otherwise; for one that none names,
    all that a post could be sent to with it."""
    open_ones = {name: a for name, a in accounts.items() if a.enabled}
    own = {n: a for n, a in open_ones.items() if (a.recipe or "default") == recipe}
    return own or open_ones


def _fitted(delivery: Delivery) -> str:
    """Return the network that a delivery's files were made for."""
    return delivery.fit.partition("-")[0]


def _door(rows: AuditRows, name: str, network: str, asked: AnyAccount | Words) -> Door:
    found = rows.of(name)
    well = [finding.id for finding in found if finding.level is Level.OK]
    shut = closed(asked.visibility, asked.replies, asked.quotes, well)
    draws = not isinstance(asked, Words) and asked.dry_run  # there is nothing to look at yet
    return Door(network, shut, audited=bool(found) or draws)


def _settings(path: Path | None) -> config.Settings:
    """Return the config; where it cannot be read, one that says nothing."""
    try:
        return config.load(path or config.default_path())
    except ConfigError:
        return config.Settings()
