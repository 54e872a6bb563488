"""Text files that come with postguard: inside the wheel, or in the checkout it runs from."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

_IN_CHECKOUT = {"postguard.service": "systemd", "config.example.toml": "."}


def text(name: str) -> str:
    """Return a bundled file's text; `name` is one of `_IN_CHECKOUT`."""
    packed = resources.files("postguard") / "data" / name
    if packed.is_file():
        return packed.read_text(encoding="utf-8")
    checkout = Path(__file__).parent.parent.parent
    return (checkout / _IN_CHECKOUT[name] / name).read_text(encoding="utf-8")
