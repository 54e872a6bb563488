"""The composition root: turns settings into objects and joins the wings.

`installation` holds what everything shares, `accounts` makes the networks, `roles` the daemon.
Nothing is imported here: a command that needs only `bell` loads nothing else.
"""
