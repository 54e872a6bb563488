"""The config as it stands now: an open dashboard takes a change of it with the next page."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from postguard.app.installation import Installation
from postguard.errors import ConfigError, NeedsRestart
from postguard.language import _
from postguard.web.serving import ALONE


@dataclass(slots=True)
class Freshness:
    """Reads the config anew where its file was changed."""

    installation: Installation
    _problem: str = ""
    _turn: threading.Lock = field(default_factory=threading.Lock)  # pages are made side by side

    def problem(self) -> str:
        """Return why the config as it stands now is not used; empty: it is."""
        with self._turn:
            file = self.installation.file
            if file.changed(quiet=0):  # a page only shows: what is half written is read again
                file.read_at(file.look())
                self._problem = self._reloaded()
            return self._problem

    def _reloaded(self) -> str:
        try:
            self.installation.reload()
        except NeedsRestart as exc:
            then = _(
                "The dashboard takes it when it is opened anew, {minutes} minutes after its last "
                "page was closed."
            )
            return f"{exc}. {then.format(minutes=round(ALONE / 60))}"
        except ConfigError as exc:
            return str(exc)
        return ""
