"""What can be learned from a Bluesky server without an account. No atproto: intake asks it."""

from __future__ import annotations

import re

from postguard.networks.asking import get_json

OFFICIAL = "https://bsky.social"
IMAGE_BYTES = 2_000_000  # app.bsky.embed.images since 2026-04-08
OLD_IMAGE_BYTES = 1_000_000
_VERSION = re.compile(r"(\d+)\.(\d+)\.\d+")
# The release that brought the larger limit lies between 0.4.217 (seen: 1,000,000) and 0.5.35
# (seen: 2,000,000); a 0.4 is taken for an old one, which costs it some quality but never a post.
_SINCE = (0, 5)


def image_bytes(service: str, timeout: float | None = None) -> int:
    """Return how many bytes a picture may have on this PDS.

    It does not say so itself, but tells its version (`/xrpc/_health`).

    Raises:
        Retryable: the server cannot be reached.
    """
    if service == OFFICIAL:
        return IMAGE_BYTES
    return bytes_for_version(_version(service, timeout))


def bytes_for_version(version: str) -> int:
    """Return the limit of a PDS of this version; an unknown one gets what all of them take."""
    match = _VERSION.match(version)
    new = match is not None and (int(match[1]), int(match[2])) >= _SINCE
    return IMAGE_BYTES if new else OLD_IMAGE_BYTES


def _version(service: str, timeout: float | None) -> str:
    said = get_json(f"{service}/xrpc/_health", timeout=timeout).value
    return str(said.get("version", "")) if isinstance(said, dict) else ""
