"""`postguard service`: the daemon as a systemd user unit."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from postguard import settings as config
from postguard.app import bell
from postguard.errors import Unusable
from postguard.language import _
from postguard.model import Json
from postguard.system import bundled, service
from postguard.system.service import ServiceStatus


def install(path: Path | None) -> str:
    """Install and start the unit for this config. Raises ConfigError or Unusable."""
    config.load(path or config.default_path())  # a unit that cannot start helps nobody
    _refuse_beside_another()
    named = () if path is None else ("--config", str(path.absolute()))
    unit = service.install(
        bundled.text("postguard.service"), arguments=("-m", "postguard", *named, "run")
    )
    return "\n".join(
        [
            _("installed and started: {unit}").format(unit=unit),
            _("It starts at every login, and anew should it ever break."),
            *_about_lingering(service.lingers()),
            _("What it says: postguard service logs"),
        ]
    )


def remove() -> str:
    """Stop the unit and take it away. Raises Unusable."""
    unit = service.remove()
    return _(
        "stopped and removed: {unit}\nYour outbox, config, logins and posts stay. What waits is "
        "posted when postguard runs again."
    ).format(unit=unit)


def status() -> ServiceStatus:
    """Return what the service manager knows. Raises Unusable where there is none."""
    return service.status()


def in_words(told: ServiceStatus) -> str:
    """Return the status as lines, with what to do next where it does not run."""
    if not told.installed:
        return _("The service is not installed: postguard service install")
    lines = [
        _("unit:    {unit}").format(unit=told.unit),
        _("at login: {enabled}").format(enabled=told.enabled or _("unknown")),
    ]
    if told.pid is None:
        lines += [
            _("running: no ({active})").format(active=told.active),
            _("why: postguard service logs"),
        ]
    else:
        lines += [
            _("running: yes, process {pid}").format(pid=told.pid),
            *([_("says:    {says}").format(says=told.says)] * bool(told.says)),
        ]
    return "\n".join([*lines, *_about_lingering(told.lingers)])


def as_json(told: ServiceStatus) -> dict[str, Json]:
    """Return the status as plain values."""
    return {k: str(v) if isinstance(v, Path) else v for k, v in asdict(told).items()}


def _refuse_beside_another() -> None:
    """Raise Unusable where postguard runs already, and not as the service: of two, the second one
    would end and be started anew for ever."""
    pid = bell.running()
    if pid is not None and service.status().pid != pid:
        raise Unusable(
            _(
                "postguard is running already (process {pid}), started by hand: end it with "
                "Ctrl-C or `kill {pid}`, then install the service"
            ).format(pid=pid)
        )


def _about_lingering(lingers: bool | None) -> list[str]:
    """Explain what happens without a login. It is the artist's to set: it lets all services of
    their user run, not only this one."""
    if lingers:
        return [_("without a login: it runs from the start of the PC on (lingering)")]
    if lingers is None:
        return []
    return [
        _(
            "without a login: no. On a PC where nobody logs in, or that posts before you do, let "
            "your services run from its start on: loginctl enable-linger"
        )
    ]
