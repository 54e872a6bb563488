"""Turns the domain's dataclasses into JSON and back: for rows in the store and lines in a pipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def dump(value: object) -> str:
    """Return `value` (dataclasses, enums, tuples, dates, paths) as one line of JSON."""
    return msgspec.json.encode(value, enc_hook=_encode).decode()


def load(kind: type[T], text: str | bytes) -> T:
    """Read what `dump` wrote.

    Raises:
        ValueError: the JSON does not fit `kind`.
    """
    try:
        return msgspec.json.decode(text, type=kind, dec_hook=_decode)
    except msgspec.DecodeError as exc:
        raise ValueError(f"not a {kind}: {exc}") from exc


def pack(value: object) -> bytes:
    """Return plain values, bytes among them, as one block of bytes (MessagePack)."""
    return msgspec.msgpack.encode(value)


def unpack(data: bytes) -> Any:  # noqa: ANN401  # whatever `pack` was given
    """Read what `pack` wrote. Raises ValueError: it is nothing of the kind."""
    try:
        return msgspec.msgpack.decode(data)
    except msgspec.DecodeError as exc:
        raise ValueError(f"not a block of ours: {exc}") from exc


def _encode(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(type(value).__name__)  # msgspec's way to say "not mine"


def _decode(kind: type, value: Any) -> Any:  # noqa: ANN401  # msgspec's hook signature
    if issubclass(kind, Path):
        return Path(value)
    raise NotImplementedError(kind.__name__)  # msgspec's way to say "not mine"
