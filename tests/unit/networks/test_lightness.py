"""An idle daemon carries no client library."""

import subprocess
import sys

HEAVY = {"atproto", "atproto_client", "mastodon", "httpx", "requests", "numpy", "PIL", "jinja2"}
MODULES = (
    "bluesky.network",
    "bluesky.login",
    "mastodon.network",
    "mastodon.login",
    "served.surviving",
    "preview",
    "drawing",
)


def test_importing_the_networks_imports_no_client() -> None:
    """They cost 45 MB and a second, and are loaded by the first post."""
    wanted = ", ".join(f"postguard.networks.{module}" for module in MODULES)
    code = f"import sys, {wanted}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY & set(done.stdout.split()) == set()
