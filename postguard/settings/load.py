"""Reads `config.toml` into a frozen Settings, and says in words what is wrong with it."""

from __future__ import annotations

import difflib
import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from postguard.errors import ConfigError
from postguard.settings import lines
from postguard.settings.schema import Config

Settings = Config

_SECRET_WORDS = ("password", "secret", "token", "passwd", "app_password", "access_token")


class Overrides(BaseSettings):
    """What the environment may set: never a secret."""

    model_config = SettingsConfigDict(env_prefix="POSTGUARD_", extra="ignore")

    outbox: Path | None = None
    models: Path | None = None


def default_path() -> Path:
    """Return `$POSTGUARD_CONFIG`, else `config.toml` in the XDG config folder."""
    if named := os.environ.get("POSTGUARD_CONFIG"):
        return Path(named)
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "postguard" / "config.toml"


def load(path: Path) -> Settings:
    """Read and check the config.

    Raises:
        ConfigError: the file is missing or not readable, is not TOML, or says something unknown,
            impossible or secret; one line per fault, with its line in the file.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise ConfigError("there is no config yet; `postguard init` writes one", path) from None
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"cannot be read: {exc}", path) from exc
    return parse(text, path)


def parse(text: str, path: Path) -> Settings:
    """Check the text of a config; `path` is only named in errors. Raises ConfigError."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(f"is not TOML: {exc}", path, lines.of_toml_error(str(exc))) from exc
    if found := _secret_key(data):
        problem = f"{lines.dotted(found)}: secrets do not belong in the config; `postguard login`"
        raise ConfigError(f"{problem} keeps them safe", path, lines.find(text, found))
    try:
        return _with_environment(Config.model_validate(data))
    except ValidationError as exc:
        faults = [_fault(data, text, error) for error in exc.errors(include_url=False)]
        told = [f"{path}:{line}: {problem}" for line, problem in faults]
        error = ConfigError(faults[0][1], path, faults[0][0])
        error.args = ("\n".join(told),)
        raise error from None


def _with_environment(config: Config) -> Config:
    over = Overrides()
    changes: dict[str, Any] = {}
    if over.outbox is not None:
        changes["outbox"] = over.outbox
    if over.models is not None:
        changes["models"] = config.models.model_copy(update={"dir": over.models})
    return config.model_copy(update=changes) if changes else config


def _secret_key(data: object, at: tuple[str | int, ...] = ()) -> tuple[str | int, ...] | None:
    if isinstance(data, dict):
        for key, value in data.items():
            if at and key.lower() in _SECRET_WORDS:
                return (*at, key)
            if found := _secret_key(value, (*at, key)):
                return found
    if isinstance(data, list):
        for i, value in enumerate(data):
            if found := _secret_key(value, (*at, i)):
                return found
    return None


def _fault(data: object, text: str, error: ErrorDetails) -> tuple[int, str]:
    """Return (line, problem in words) of one pydantic error."""
    loc = _without_tags(data, error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = f"unknown key{_suggestion(loc, error)}"
    elif error["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        message = _tag_problem(error)
    elif error["type"] in {"literal_error", "enum"}:
        message = f"must be {error.get('ctx', {}).get('expected', 'another value')}"
    where = lines.dotted(loc)
    if message.startswith(tuple(str(part) for part in ("recipes.", "accounts."))):
        where, loc = "", lines.undotted(message.split(":", 1)[0])
    return lines.find(text, loc) or 1, f"{where}: {message}" if where else message


def _without_tags(data: object, loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return the location as written in the file: pydantic adds the tag of a chosen union."""
    here, kept = data, list[int | str]()
    for i, part in enumerate(loc):
        if isinstance(here, dict) and part not in here and i < len(loc) - 1:
            continue
        kept.append(part)
        if isinstance(here, dict):
            here = here.get(part)
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
    return tuple(kept)


def _suggestion(loc: tuple[int | str, ...], error: ErrorDetails) -> str:
    known = _known_keys(error["loc"])
    near = difflib.get_close_matches(str(loc[-1]), known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _known_keys(loc: tuple[int | str, ...]) -> list[str]:
    from postguard.settings import recipes, schema  # noqa: PLC0415  # only on the way to an error

    tables: dict[str, type] = {
        "artist": schema.ArtistTable,
        "schedule": schema.ScheduleTable,
        "intake": schema.IntakeTable,
        "models": schema.ModelsTable,
        "secrets": schema.SecretsTable,
        "bluesky": schema.BlueskyAccount,
        "mastodon": schema.MastodonAccount,
        "preview": schema.PreviewAccount,
        **{c.__name__.lower(): c for c in recipes.StepOptions.__subclasses__()},
    }
    for part in reversed(loc[:-1]):
        if str(part) in tables:
            return list(tables[str(part)].model_fields)  # type: ignore[attr-defined]
    return list(schema.Config.model_fields)


def _tag_problem(error: ErrorDetails) -> str:
    ctx = error.get("ctx", {})
    key = str(ctx.get("discriminator", "")).strip("'")
    expected = str(ctx.get("expected_tags", "")).replace("'", "")
    return f"{key} must be one of: {expected}" if expected else f"{key} = … is missing"
