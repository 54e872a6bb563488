"""One account, one conversation: several threads send, each for another account."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from postguard.model import Delivery


class Lanes:
    """Which accounts are being talked to. A session, a budget and a slot have one user at a time;
    an account whose server is slow keeps no other waiting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy: set[str] = set()

    @contextmanager
    def claimed(
        self, claim: Callable[[Collection[str]], Delivery | None]
    ) -> Iterator[Delivery | None]:
        """Yield what `claim` finds, given the accounts that are busy; its account is busy until
        the block ends. Nobody else claims meanwhile."""
        with self._lock:
            delivery = claim(frozenset(self._busy))
            if delivery is not None:
                self._busy.add(delivery.account)
        try:
            yield delivery
        finally:
            if delivery is not None:
                self._free(delivery.account)

    @contextmanager
    def alone(self, account: str) -> Iterator[bool]:
        """Yield whether the account was free; then nothing is sent to it until the block ends."""
        with self._lock:
            mine = account not in self._busy
            self._busy.add(account)
        try:
            yield mine
        finally:
            if mine:
                self._free(account)

    def _free(self, account: str) -> None:
        with self._lock:
            self._busy.discard(account)
