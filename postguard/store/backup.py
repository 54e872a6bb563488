"""A copy of the database while it is in use, and whether such a copy can be trusted."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from postguard.errors import Unusable
from postguard.language import _
from postguard.system import files


def copy(database: Path, target: Path) -> None:
    """Write all that is committed into the new file `target`, and read the copy through. Writers
    go on meanwhile.

    Raises:
        Unusable: the database cannot be read, or its copy is not sound; `target` is removed.
    """
    # SQLite takes an empty file, and nobody else could ever read this one.
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, files.PRIVATE_FILE))
    try:
        with closing(sqlite3.connect(database, timeout=10, isolation_level=None)) as db:
            db.execute("VACUUM INTO ?", (str(target),))
        check(target)
    except sqlite3.Error as exc:
        target.unlink()
        raise Unusable(_("the database cannot be copied: {exc}").format(exc=exc)) from exc
    except BaseException:
        target.unlink()
        raise
    _flush(target)


def fold(database: Path) -> None:
    """Write what lies beside a database into it, so that the one file is whole. A broken one, and
    one that somebody reads at this moment, stay as they are."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(database, timeout=10)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def check(copy: Path) -> int:
    """Read a copy through; return its schema. Raises Unusable where it is not sound."""
    try:
        with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?immutable=1", uri=True)) as db:
            found = [str(row[0]) for row in db.execute("PRAGMA integrity_check(3)")]
            broken = db.execute("PRAGMA foreign_key_check").fetchone()
            schema = int(db.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error as exc:
        raise Unusable(_("{copy} cannot be read: {exc}").format(copy=copy, exc=exc)) from exc
    if found != ["ok"] or broken is not None:
        raise Unusable(_("{copy} is damaged: {found}").format(copy=copy, found="; ".join(found)))
    if schema == 0:
        raise Unusable(_("{copy} is no database of postguard").format(copy=copy))
    return schema


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    files.sync_dir(path.parent)
