"""Times as an artist reads them, in their zone. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from postguard import language
from postguard.language import _

_MINUTE, _HOUR = 60.0, 3600.0
_FEW = 5.0


def when(at: datetime, now: datetime, zone: tzinfo) -> str:
    """Return `today 19:30`, `tomorrow 10:00`, or day and time."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    time = f"{local:%H:%M}"
    if local.date() == today:
        return _("today {time}").format(time=time)
    if local.date() == today + timedelta(days=1):
        return _("tomorrow {time}").format(time=time)
    if local.date() == today - timedelta(days=1):
        return _("yesterday {time}").format(time=time)
    return language.day_and_time(local)


def left(seconds: float) -> str:
    """Return a time in round words: an estimate that names each second looks like a promise."""
    if seconds < _FEW:
        return _("a few seconds left")
    if seconds < _MINUTE - _FEW / 2:
        return _("about {seconds} s left").format(seconds=round(seconds / _FEW) * 5)
    if seconds < 1.5 * _HOUR:
        return _("about {minutes} min left").format(minutes=round(seconds / _MINUTE))
    return _("about {hours} h left").format(hours=round(seconds / _HOUR))
