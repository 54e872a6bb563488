"""A picture that was not cloaked is none of a second."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.sharing import _all
from postguard.errors import StepFailed


class Full:
    """A GPU that has no room for one more process."""

    def cloak(self, *_: object) -> None:
        raise StepFailed("cloak", "memory ran out")


def test_a_process_that_fails_ends_the_bench(tmp_path: Path):
    with pytest.raises(StepFailed):
        _all([Full(), Full()], tmp_path / "in.png", 1)
