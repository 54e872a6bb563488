"""The composition root: turns settings into objects and joins the wings.

`installation` holds what everything shares, `accounts` makes the networks, `roles` the daemon.
"""

from postguard.app.installation import Installation, open_installation

__all__ = ["Installation", "open_installation"]
