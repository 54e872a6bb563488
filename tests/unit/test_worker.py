"""The engine of a thread lives as long as the thread."""

from __future__ import annotations

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from postguard.cloak.ladder import Optimiser
from postguard.worker import engine


def test_each_thread_has_an_engine_of_its_own_and_leaves_none_behind(tmp_path: Path) -> None:
    """A cluster's worker begins with new threads each time that it joins."""
    both = threading.Barrier(2)

    def own(_: int) -> weakref.ref[Optimiser]:
        both.wait(timeout=60)
        assert engine(tmp_path) is engine(tmp_path)
        return weakref.ref(engine(tmp_path).optimiser)

    with ThreadPoolExecutor(2) as threads:
        one, two = threads.map(own, range(2))
        assert one() is not None
        assert two() is not None
        assert one() is not two()
    gc.collect()
    assert one() is None
    assert two() is None
