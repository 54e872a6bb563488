"""Reads a protected picture to send it: the last look before it leaves the PC."""

from __future__ import annotations

import hashlib

from postguard.errors import Refused, Retryable
from postguard.language import _
from postguard.model import Rendition


def bytes_of(rendition: Rendition) -> bytes:
    """Return the bytes that the recipe made, and no others.

    Raises:
        Retryable: the file cannot be read now.
        Refused: it was changed since: nobody knows what of the protection is left in it.
    """
    try:
        data = rendition.path.read_bytes()
    except OSError as exc:
        raise Retryable(_("the protected picture cannot be read: {exc}").format(exc=exc)) from exc
    if hashlib.sha256(data).hexdigest() != rendition.sha256:
        raise Refused(
            _(
                "{name} was changed after it was protected, so nothing was posted; move the "
                "original back to the outbox to have it protected anew"
            ).format(name=rendition.path.name)
        )
    return data
