"""`postguard service`: the daemon as a systemd user unit."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from postguard import settings as config
from postguard.model import Json
from postguard.system import bundled, service
from postguard.system.service import ServiceStatus


def install(path: Path | None) -> str:
    """Install and start the unit for this config. Raises ConfigError or Unusable."""
    config.load(path or config.default_path())  # a unit that cannot start helps nobody
    named = () if path is None else ("--config", str(path.absolute()))
    unit = service.install(
        bundled.text("postguard.service"), arguments=("-m", "postguard", *named, "run")
    )
    return (
        f"installed and started: {unit}\n"
        "It starts at every login. To have it run without a login: loginctl enable-linger\n"
        "What it says: journalctl --user -u postguard"
    )


def status() -> ServiceStatus:
    """Return what the service manager knows. Raises Unusable where there is none."""
    return service.status()


def in_words(told: ServiceStatus) -> str:
    """Return the status as lines, with what to do next where it does not run."""
    if not told.installed:
        return "The service is not installed: postguard service install"
    lines = [f"unit:    {told.unit}", f"at login: {told.enabled or 'unknown'}"]
    if told.pid is None:
        lines += [f"running: no ({told.active})", "why: journalctl --user -u postguard -e"]
    else:
        lines += [
            f"running: yes, process {told.pid}",
            *([f"says:    {told.says}"] * bool(told.says)),
        ]
    return "\n".join(lines)


def as_json(told: ServiceStatus) -> dict[str, Json]:
    """Return the status as plain values."""
    return {k: str(v) if isinstance(v, Path) else v for k, v in asdict(told).items()}
