"""Files that appear whole or not at all, and survive a power cut."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from pathlib import Path

from postguard.errors import Unusable
from postguard.language import _, marked

PRIVATE_FILE = 0o600
PRIVATE_DIR = 0o700
_CHUNK = 1 << 20
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
_SAID = {
    errno.EACCES: marked(
        "you may not do this there; change its permissions, or name another place"
    ),
    errno.EPERM: marked(
        "you may not do this there; change its permissions, or name another place"
    ),
    errno.EROFS: marked("nothing can be written there; name another place"),
    errno.ENOSPC: marked("the disk is full; free some room and try again"),
    errno.EDQUOT: marked("your share of the disk is full; free some room and try again"),
    errno.ENOENT: marked("this is not there"),
    errno.ENOTDIR: marked("a file stands where a folder is needed; move it away"),
    errno.EEXIST: marked("something else stands there; move it away"),
    errno.EISDIR: marked("this is a folder, not a file"),
}
NO_ROOM = marked(
    "the disk is full, or cannot be written at the moment; it is tried again by itself once "
    "there is room"
)


def no_room(exc: OSError) -> bool:
    """Return whether the disk, and nothing else, was in the way."""
    return exc.errno in _NO_ROOM


def in_words(exc: OSError) -> str:
    """Return what was in the way, and what the artist can do about it."""
    where = f"{exc.filename}: " if exc.filename else ""
    return f"{where}{_(_SAID.get(exc.errno or 0, exc.strerror or str(exc)))}"


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hex, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def check_folder_of(path: Path) -> None:
    """Raise Unusable where a file that is to be written has no folder yet."""
    if not path.parent.is_dir():
        raise Unusable(
            _("{parent} is not there; make it first, or name another folder").format(
                parent=path.parent
            )
        )


def private_dir(path: Path) -> Path:
    """Make `path` (and its parents) readable by this user only; return it."""
    path.mkdir(parents=True, exist_ok=True, mode=PRIVATE_DIR)
    path.chmod(PRIVATE_DIR)
    return path


def write_whole(path: Path, data: bytes, *, mode: int = PRIVATE_FILE) -> None:
    """Write `path` so that after any crash it holds either the old bytes or all the new ones.

    A temporary file beside it is written, flushed to disk and renamed over it; then the folder is
    flushed. A shorter file never leaves the tail of the longer one that stood there before.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_dir(path.parent)


def move(source: Path, target: Path) -> None:
    """Rename a file or folder inside one file system, durably; never over an existing file.

    Raises:
        FileExistsError: something is at `target` already.
    """
    if target.exists():
        raise FileExistsError(target)
    source.rename(target)
    sync_dir(target.parent)
    if source.parent != target.parent:
        sync_dir(source.parent)


def sync_dir(path: Path) -> None:
    """Flush a folder's entries to disk, where the file system can."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
