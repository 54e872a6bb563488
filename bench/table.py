"""What a bench found: figures beside what was asked of them, and notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HEAD = "| figure | reached | asked: at most | |\n|---|---|---|---|"


@dataclass(frozen=True)
class Figure:
    """One number that must not be exceeded."""

    what: str
    reached: float
    most: float
    unit: str = ""

    @property
    def met(self) -> bool:
        return self.reached <= self.most

    def row(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        mark = "met" if self.met else "**missed**"
        return (
            f"| {self.what} | {_short(self.reached)}{unit} | {_short(self.most)}{unit} | {mark} |"
        )


@dataclass(frozen=True)
class Measured:
    """All that one bench found."""

    figures: Sequence[Figure]
    notes: Sequence[str] = ()

    def text(self) -> str:
        rows = "\n".join(figure.row() for figure in self.figures)
        notes = "".join(f"\n- {note}" for note in self.notes)
        return f"{HEAD}\n{rows}\n{notes}\n"

    def print(self) -> int:
        """Print everything; return 1 where a figure is missed."""
        print(self.text())
        return int(not all(figure.met for figure in self.figures))


def _short(number: float) -> str:
    return f"{number:.3g}" if abs(number) < 100 else f"{number:,.0f}"
