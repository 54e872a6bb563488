"""Carries messages in a thread of its own: whoever has news never waits for those who show it."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence

from postguard.errors import PostguardError
from postguard.model.news import Message
from postguard.ports import Notifier

log = logging.getLogger(__name__)

MOST = 32  # messages that wait; of more, the newest are left out


class Courier:
    """Hands each message to every notifier, one after the other.

    Args:
        notifiers: returns those that are wanted now; asked anew for each message.
    """

    def __init__(self, notifiers: Callable[[], Sequence[Notifier]]) -> None:
        self._notifiers = notifiers
        self._waiting: queue.Queue[Message] = queue.Queue(MOST)
        self._thread: threading.Thread | None = None
        self._broken: dict[str, str] = {}

    def send(self, message: Message) -> bool:
        """Take a message and return at once; False: too many wait already."""
        try:
            self._waiting.put_nowait(message)
        except queue.Full:
            return False
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
            self._thread.start()
        return True

    def _run(self) -> None:
        while True:
            message = self._waiting.get()
            for notifier in self._notifiers():
                self._tell(notifier, message)

    def _tell(self, notifier: Notifier, message: Message) -> None:
        """Tell one; what is broken is said once, and again when it breaks in another way."""
        try:
            notifier.tell(message)
        except Exception as exc:  # noqa: BLE001  # libraries of others; a post is never the price
            why = str(exc) if isinstance(exc, PostguardError) else type(exc).__name__
            if self._broken.get(notifier.name) != why:
                log.warning("no message on the %s: %s", notifier.name, why)
            self._broken[notifier.name] = why
        else:
            self._broken.pop(notifier.name, None)
