"""Passwords, tokens and the artist key: never in the config, the log, the database or the
environment.

They are looked for in this order: systemd's credentials folder (read only), files that only this
user can read, and the desktop's keyring where the config chooses it. The keyring cannot be the
default: a service that starts before the login finds it locked.
"""

from __future__ import annotations

import os
import re
import secrets as random
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol, TypeVar

from postguard.errors import Unusable
from postguard.language import _
from postguard.system import extras
from postguard.system.files import private_dir, write_whole

ARTIST_KEY = "artist-key"
KEY_BYTES = 32

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_SERVICE = "postguard"

T = TypeVar("T")


class _Ring(Protocol):
    """What is used of the keyring package, which only its extra installs."""

    def get_password(self, service: str, name: str) -> str | None: ...
    def set_password(self, service: str, name: str, value: str) -> None: ...
    def delete_password(self, service: str, name: str) -> None: ...


def credentials_dir() -> Path | None:
    """Return the folder that systemd made for `LoadCredential=`, if it did."""
    named = os.environ.get(_CREDENTIALS)
    return Path(named) if named else None


_CREDENTIALS = "CREDENTIALS_DIRECTORY"  # where systemd puts what only this process may read


def environment_without() -> dict[str, str]:
    """Return this process's environment for one that needs no secret: it leads to none."""
    return {name: value for name, value in os.environ.items() if name != _CREDENTIALS}


class Secrets:
    """The secrets in one folder. Sessions that rotate get an object and a folder of their own.

    Args:
        folder: where the 0600 files lie; made when the first secret is set.
        credentials: a folder that is only read, and first; see `credentials_dir`.
        store: where `set` writes.
    """

    def __init__(
        self,
        folder: Path,
        credentials: Path | None = None,
        store: Literal["file", "keyring"] = "file",
    ) -> None:
        self._folder = folder
        self._credentials = credentials
        self._store = store

    def __repr__(self) -> str:
        return f"Secrets({str(self._folder)!r}, store={self._store!r})"

    def get(self, name: str) -> str | None:
        """Return a secret, or None where there is none; line ends behind it do not count.

        Raises:
            Unusable: others could read its file, or the keyring cannot be asked.
        """
        for path in self._places(name):
            if (found := _read(path, checked=path.parent == self._folder)) is not None:
                return found
        if self._store == "keyring":
            return _ask_keyring(lambda ring: ring.get_password(_SERVICE, name))
        return None

    def set(self, name: str, value: str) -> None:
        """Keep a secret, whole or not at all, in place of the one that was there.

        Raises:
            Unusable: it is empty, systemd's credentials hold this name and would win, or the
                keyring refuses.
        """
        if not value.strip():
            raise Unusable(
                _("the secret for {name} is empty; nothing was changed").format(name=name)
            )
        self._refuse_shadowed(name)
        if self._store == "keyring":
            _ask_keyring(lambda ring: ring.set_password(_SERVICE, name, value))
        else:
            write_whole(private_dir(self._folder) / _checked(name), value.encode())

    def delete(self, name: str) -> None:
        """Forget a secret; it need not be there. Raises Unusable as `set` does."""
        self._refuse_shadowed(name)
        (self._folder / _checked(name)).unlink(missing_ok=True)
        if self._store == "keyring" and self.get(name) is not None:
            _ask_keyring(lambda ring: ring.delete_password(_SERVICE, name))

    def artist_key(self) -> bytes:
        """Return the 32 bytes that every seed is derived from; the first call draws them.

        Raises:
            Unusable: what is kept under its name is not such a key, or cannot be read.
        """
        kept = self.get(ARTIST_KEY)
        if kept is None:
            self._create(ARTIST_KEY, random.token_hex(KEY_BYTES))
            kept = self.get(ARTIST_KEY) or ""
        try:
            key = bytes.fromhex(kept)
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            raise Unusable(
                _(
                    "the artist key ({artist_key} among the secrets) is damaged; put it back "
                    "from your backup: without it, marks in pictures that you posted cannot be "
                    "found again"
                ).format(artist_key=ARTIST_KEY)
            )
        return key

    def values(self) -> tuple[str, ...]:
        """Return every secret that lies in a file, for the log to leave out."""
        folders = [d for d in (self._credentials, self._folder) if d is not None and d.is_dir()]
        names = {p.name for d in folders for p in d.iterdir() if _NAME.fullmatch(p.name)}
        return tuple(value for name in sorted(names) if (value := self.get(name)) is not None)

    def _places(self, name: str) -> list[Path]:
        folders = (self._credentials, self._folder)
        return [folder / _checked(name) for folder in folders if folder is not None]

    def _refuse_shadowed(self, name: str) -> None:
        if self._credentials is not None and (self._credentials / _checked(name)).exists():
            raise Unusable(
                _(
                    "systemd gives postguard the secret {name} (LoadCredential=); change it "
                    "there, or take it out of the unit"
                ).format(name=name)
            )

    def _create(self, name: str, value: str) -> None:
        """Set a secret unless another process just did: two artist keys would be one too many."""
        if self._store == "keyring":
            self.set(name, value)
            return
        draft = private_dir(self._folder) / f".{name}.{os.getpid()}"
        write_whole(draft, value.encode())
        try:
            (self._folder / name).hardlink_to(draft)
        except FileExistsError:
            pass  # the other process won; its key is the key
        finally:
            draft.unlink()


def _checked(name: str) -> str:
    """Return `name` if it can only mean a file inside the folder."""
    if not _NAME.fullmatch(name):
        raise Unusable(
            _('"{name}" cannot name a secret: use letters, digits, ".", "-" and "_"').format(
                name=name
            )
        )
    return name


def _read(path: Path, *, checked: bool) -> str | None:
    """Return what a file holds. systemd guards the files of its own folder; ours we check."""
    try:
        with path.open("rb") as file:
            if checked and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise Unusable(
                    _(
                        "other users of this PC can read {path}, so its secret may be known; "
                        "make it yours alone with `chmod 600 {path}`, and change the secret if "
                        "others use it"
                    ).format(path=path)
                )
            return file.read().decode().rstrip("\r\n")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as exc:
        raise Unusable(
            _("the secret in {path} cannot be read: {name}").format(
                path=path, name=type(exc).__name__
            )
        ) from exc


def _ask_keyring(ask: Callable[[_Ring], T]) -> T:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise Unusable(
            _(
                'the config says secrets.store = "keyring", but the keyring extra is not '
                'installed: run `{command}`, or choose "file"'
            ).format(command=extras.install("keyring"))
        ) from None
    try:
        return ask(keyring)
    except keyring.errors.NoKeyringError:
        raise Unusable(
            _(
                "no keyring answers in this session (a service that starts before you log in has "
                'none): set secrets.store = "file" in the config and log in again'
            )
        ) from None
    except keyring.errors.KeyringError as exc:
        raise Unusable(
            _(
                "the keyring is locked or refused ({name}): unlock it, or set "
                'secrets.store = "file" in the config and log in again'
            ).format(name=type(exc).__name__)
        ) from exc
