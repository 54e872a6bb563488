"""Reads `config.toml` into a frozen Settings, and says in words what is wrong with it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from postguard.errors import ConfigError
from postguard.language import _
from postguard.settings import faults, lines, toml
from postguard.settings.lines import Location
from postguard.settings.schema import Config

Settings = Config

_SECRET = re.compile(r"pass(word|wd|phrase)|token|secret|api_?key", re.IGNORECASE)


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
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(_("there is no config yet; `postguard init` writes one"), path) from None
    except UnicodeDecodeError as exc:
        line = exc.object.count(b"\n", 0, exc.start) + 1
        raise ConfigError(_("is not UTF-8 text; save it as UTF-8"), path, line) from exc
    except OSError as exc:
        raise ConfigError(
            _("cannot be read: {strerror}").format(strerror=exc.strerror), path
        ) from exc
    return parse(text, path)


def parse(text: str, path: Path) -> Settings:
    """Check the text of a config; `path` is only named in errors. Raises ConfigError."""
    data = _toml(text, path)
    _refuse_secrets(data, text, path)
    try:
        config = Config.model_validate(data)
    except ValidationError as exc:
        (line, problem), *others = faults.told(exc, text, Config)
        more = [f"{path}:{line}: {problem}" for line, problem in others]
        raise ConfigError("\n".join([problem, *more]), path, line) from None
    return _with_environment(config)


def _toml(text: str, path: Path) -> dict[str, Any]:
    try:
        return toml.read(text)
    except toml.NotTomlError as exc:
        said = _("is not valid TOML: {said}").format(said=exc)
        raise ConfigError(said, path, exc.line) from None


def _refuse_secrets(data: dict[str, Any], text: str, path: Path) -> None:
    if (found := next(_secret_keys(data), None)) is not None:
        raise ConfigError(
            _(
                "{key}: secrets do not belong in the config, which is easily shared; take it "
                "out and keep it safe with `postguard login`"
            ).format(key=lines.dotted(found)),
            path,
            lines.find(text, found),
        )


def _secret_keys(data: object, at: Location = ()) -> Iterator[Location]:
    """Yield the keys that sound like a secret and hold a value, such as `accounts.x.password`."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data)  # type: ignore[arg-type]
    for key, value in pairs:
        if isinstance(value, dict | list):
            yield from _secret_keys(value, (*at, key))
        elif isinstance(key, str) and _SECRET.search(key):
            yield (*at, key)


def _with_environment(config: Config) -> Config:
    over = Overrides()
    changes: dict[str, Any] = {}
    if over.outbox is not None:
        changes["outbox"] = over.outbox
    if over.models is not None:
        changes["models"] = config.models.model_copy(update={"dir": over.models})
    return config.model_copy(update=changes) if changes else config
