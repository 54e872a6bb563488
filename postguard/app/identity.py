"""The artist's identity, with which Content Credentials are signed: made once, never replaced.

It is always a file, whatever `secrets.store` says: the process that protects pictures reads it,
and asks no keyring.
"""

from __future__ import annotations

import os

from postguard.app.installation import Installation
from postguard.errors import Unusable
from postguard.language import _
from postguard.model import Json
from postguard.protect import identity
from postguard.protect.identity import NAME, Identity
from postguard.system import files
from postguard.system.secrets import Secrets


def new(installation: Installation, name: str = "") -> Identity:
    """Make the identity, under `name` or the artist's own, and keep it among the secrets.

    Raises:
        Unusable: there is one already, the name is none, or the extra is not installed.
    """
    named = name or installation.settings.artist.name
    made = identity.make(named, installation.clock.now())
    path = files.private_dir(installation.home.secrets) / NAME
    draft = path.with_name(f".{NAME}.{os.getpid()}")
    files.write_whole(draft, made.encode())
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        raise Unusable(
            _(
                "you have an identity already, {path}: pictures signed with it stay known by it. "
                "Look at it with `postguard identity show`; to begin anew, move that file away "
                "first"
            ).format(path=path)
        ) from None
    finally:
        draft.unlink()
    files.sync_dir(path.parent)
    return identity.read(made)


def show(installation: Installation) -> Identity:
    """Return the identity. Raises Unusable: none is there, it is damaged, or others read it."""
    kept = Secrets(installation.home.secrets).get(NAME)
    if kept is None:
        raise Unusable(_("there is no identity yet; make yours with `postguard identity new`"))
    return identity.read(kept)


def as_json(found: Identity) -> Json:
    """Return what may be shown of it; never the key."""
    return {
        "name": found.name,
        "fingerprint": found.fingerprint,
        "begins": found.begins.isoformat(),
        "ends": found.ends.isoformat(),
    }
