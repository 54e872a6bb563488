"""The campaign's time: true time and all that was skipped, kept in a file that outlives SIGKILL.

The servers' clock only goes forward. The PC's own is that, and what it is set wrong by.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path


class CampaignClock:
    """A `ports.Clock` over a file; one process moves it, any may read it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        """The PC's time."""
        skipped, wrong = self._read()
        return datetime.now(UTC) + timedelta(seconds=skipped + wrong)

    def wait(self, seconds: float) -> None:
        """Let time pass at once."""
        skipped, wrong = self._read()
        self._write(skipped + max(seconds, 0.0), wrong)

    def set_wrong(self, seconds: float) -> timedelta:
        """Set the PC's clock so far off; return by how much it stepped."""
        skipped, wrong = self._read()
        self._write(skipped, seconds)
        return timedelta(seconds=seconds - wrong)

    def servers_now(self) -> datetime:
        """The true time of the campaign."""
        return datetime.now(UTC) + timedelta(seconds=self._read()[0])

    def _read(self) -> tuple[float, float]:
        try:
            skipped, wrong = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return 0.0, 0.0
        return skipped, wrong

    def _write(self, skipped: float, wrong: float) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps([skipped, wrong]))
        fresh.replace(self._path)


class ServersClock:
    """The same for the stand-in."""

    def __init__(self, clock: CampaignClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        """The server's time."""
        return self._clock.servers_now()
