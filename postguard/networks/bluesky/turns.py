"""Lets one process at a time open or renew an account's session, and counts its logins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from postguard.errors import Retryable, Unusable
from postguard.language import _
from postguard.ports import Clock
from postguard.system import files, wire
from postguard.system.lock import OnlyOne

# Bluesky takes 30 logins in 5 minutes and 300 in a day of one account; the rest is left to the
# artist's own apps, which share them.
BUDGET = ((20, timedelta(minutes=5)), (200, timedelta(days=1)))
_LONGEST = max(window for _, window in BUDGET).total_seconds()  # that a login is kept for
_POLL = 0.1
_PATIENCE = 60.0


class Turns:
    """The daemon and a command may want the same session at once: the PDS gives each refresh
    token a successor once, so the second one to ask would lose it.

    Args:
        folder: where lock and logins are kept for every process; None: only in this object.
    """

    def __init__(self, folder: Path | None, name: str, clock: Clock) -> None:
        self._folder = folder
        self._name = name
        self._clock = clock
        self._logins: list[float] = []

    @contextmanager
    def mine(self) -> Iterator[None]:
        """Wait until no other has its turn. Raises Retryable where that takes too long."""
        with ExitStack() as stack:
            if self._folder is not None:
                self._enter(stack, self._folder / f"{self._name}.lock")
            yield

    def count_login(self) -> None:
        """Count a login that is about to be tried; only within a turn.

        Raises:
            Retryable: there were as many lately as the server may take.
        """
        now = self._clock.now().timestamp()
        # What lies in the future was kept before the clock was set back.
        lately = sorted(at for at in self._kept() if 0 <= now - at < _LONGEST)
        for most, window in BUDGET:
            within = [at for at in lately if now - at < window.total_seconds()]
            if len(within) >= most:
                raise Retryable(
                    _(
                        "{name} was logged in {count} times within {window}; postguard waits, "
                        "since Bluesky shuts out who logs in too often"
                    ).format(name=self._name, count=len(within), window=window),
                    window - timedelta(seconds=now - within[-most]),
                )
        self._keep([*lately, now])

    def _enter(self, stack: ExitStack, path: Path) -> None:
        waited = 0.0
        while True:
            try:
                stack.enter_context(OnlyOne(path))
            except OSError as exc:
                raise Retryable(
                    _("the session of {name} cannot be locked: {exc}").format(
                        name=self._name, exc=exc
                    )
                ) from exc
            except Unusable as exc:
                if waited >= _PATIENCE:
                    raise Retryable(
                        _(
                            "another postguard has been busy with the session of {name} for a "
                            "minute"
                        ).format(name=self._name)
                    ) from exc
            else:
                return
            self._clock.wait(_POLL)
            waited += _POLL

    def _kept(self) -> list[float]:
        if self._folder is None:
            return self._logins
        try:
            return wire.load(list[float], self._file(self._folder).read_bytes())
        except (OSError, ValueError):  # none yet, or damaged: the server still counts
            return []

    def _keep(self, logins: list[float]) -> None:
        self._logins = logins
        if self._folder is None:
            return
        try:
            folder = files.private_dir(self._folder)
            files.write_whole(self._file(folder), wire.dump(logins).encode())
        except OSError as exc:
            raise Retryable(
                _("the logins of {name} cannot be counted: {exc}").format(name=self._name, exc=exc)
            ) from exc

    def _file(self, folder: Path) -> Path:
        return folder / f"{self._name}.logins"
