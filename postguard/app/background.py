"""`postguard service`: the daemon as a systemd user unit."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from postguard import settings as config
from postguard.model import Json
from postguard.system import bundled, service


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


def status() -> dict[str, Json]:
    """Return what the service manager knows. Raises Unusable where there is none."""
    return {k: str(v) if isinstance(v, Path) else v for k, v in asdict(service.status()).items()}
