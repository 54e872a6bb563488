"""Writes a Config as TOML, for round trips; the product itself never writes a whole config."""

import json
from datetime import timedelta
from enum import Enum
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from postguard.settings.values import Slot


def written(config):
    """Return `config` as TOML text; keys that are None are left out, for TOML has no None."""
    return "".join(f"{key} = {_value(value)}\n" for key, value in _pairs(config))


def _pairs(table):
    pairs = dict(table).items() if isinstance(table, BaseModel) else table.items()
    return [(_key(key), value) for key, value in pairs if value is not None]


def _key(key):
    return _quoted(key)


def _value(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float) and not isinstance(value, Enum):
        return repr(value)
    if isinstance(value, timedelta):
        return _quoted(f"{value.total_seconds():.6f}s")
    if isinstance(value, Slot):
        return _quoted(value.rule)
    if isinstance(value, tuple | list):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, BaseModel | dict):
        return f"{{ {', '.join(f'{key} = {_value(item)}' for key, item in _pairs(value))} }}"
    assert isinstance(value, str | Path | ZoneInfo), type(value)
    return _quoted(str(value))


def _quoted(text):
    """Return a TOML basic string: JSON's escapes are among TOML's, but for the surrogates."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
