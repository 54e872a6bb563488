"""Reads a file's bytes in order and never past their end."""

from __future__ import annotations

import struct
from collections.abc import Mapping


class Stray(Exception):  # noqa: N818  # a finding, not an error in the walk
    """Something in the file that we did not write; the message names the block."""


class Reader:
    """A position in `data`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self.at

    def take(self, size: int, what: str) -> bytes:
        """Return the next `size` bytes. Raises Stray where the file ends before."""
        if size > self.left:
            raise Stray(f"{what} at byte {self.at} is cut off")
        self.at += size
        return self._data[self.at - size : self.at]

    def number(self, layout: str, what: str) -> int:
        """Return one unsigned number of a `struct` layout such as `>H`."""
        number: int = struct.unpack(layout, self.take(struct.calcsize(layout), what))[0]
        return number

    def expect(self, expected: bytes, what: str) -> None:
        """Step over `expected`. Raises Stray where other bytes stand."""
        if self.take(len(expected), what) != expected:
            raise Stray(f"{what} at byte {self.at - len(expected)} is not as it must be")

    def end(self, what: str) -> None:
        """Raise Stray where anything follows."""
        if self.left:
            raise Stray(f"{self.left} bytes behind the {what}")


class Blocks:
    """The blocks that must stand in the file once each, and the ones that may.

    Args:
        due: name and exact bytes of what must be there; empty bytes: it must not be there.
        may: name and exact bytes of what may be there, once.
    """

    def __init__(self, due: Mapping[str, bytes], may: Mapping[str, bytes]) -> None:
        self._due = {name: data for name, data in due.items() if data}
        self._may = dict(may)

    def meet(self, name: str, data: bytes) -> None:
        """Tick off one block. Raises Stray when it is not one of ours, or there twice."""
        expected = self._due.pop(name, None) or self._may.pop(name, None)
        if expected is None:
            raise Stray(f"a block {name} that we did not write")
        if data != expected:
            raise Stray(f"the block {name} is not the one that we wrote")

    def end(self) -> None:
        """Raise Stray where a block that must be there was not met."""
        if self._due:
            raise Stray(f"no {' and no '.join(self._due)}")
