"""What JSON can say."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
else:  # system.wire reads these types at run time, and msgspec knows no recursive alias
    Json = None | bool | int | float | str | list | dict
