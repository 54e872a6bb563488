"""Starts the artist's own browser, and tells whether there was one to start."""

from __future__ import annotations

import os
import subprocess
import sys

import click

_SOON = 3.0  # seconds: an opener that finds no browser says so by then


def has_screen() -> bool:
    """Return whether a browser could show itself to whoever typed the command."""
    shown = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return sys.platform in {"darwin", "win32"} or shown


def started(address: str) -> bool:
    """Start the browser with a page; False: there is no screen, or no browser was found."""
    if not has_screen():
        return False
    if sys.platform != "linux":
        return click.launch(address) == 0
    try:
        opener = subprocess.Popen(
            ["xdg-open", address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return opener.wait(_SOON) == 0
    except OSError:
        return False
    except subprocess.TimeoutExpired:  # it is the browser itself, and open
        return True
