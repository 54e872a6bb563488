from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from postguard.errors import Unusable
from postguard.store import Store, open_store
from tests.making import NOW, new_post


def test_the_database_is_for_its_owner_only(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "state" / "postguard.db"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_it_writes_ahead_with_full_durability(store: Store) -> None:
    assert store.db.row("PRAGMA journal_mode")[0] == "wal"  # type: ignore[index]
    assert store.db.row("PRAGMA synchronous")[0] == 2  # type: ignore[index]
    assert store.db.row("PRAGMA foreign_keys")[0] == 1  # type: ignore[index]


def test_a_change_that_fails_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(RuntimeError), store.db.change():  # noqa: PT012  # it fails at its end
        store.posts.create(new_post(), NOW)
        raise RuntimeError
    assert store.posts.page([], None, 10) == []


def test_changes_nest_into_one(store: Store) -> None:
    with pytest.raises(RuntimeError), store.db.change():  # noqa: PT012  # it fails at its end
        with store.db.change():
            store.meta.put("a", "1")
        raise RuntimeError
    assert store.meta.get("a") is None


def test_what_was_written_is_there_after_opening_anew(tmp_path: Path) -> None:
    first = open_store(tmp_path / "a.db")
    made = first.posts.create(new_post("狐.png"), NOW)
    first.db.close()
    second = open_store(tmp_path / "a.db")
    assert second.posts.get(made.id) == made
    second.db.close()


def test_a_database_of_a_newer_postguard_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    open_store(path).db.close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 9999")
    db.close()
    with pytest.raises(Unusable, match="newer postguard"):
        open_store(path)


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"my drawing, not a database" * 100)
    with pytest.raises(Unusable, match="cannot be used"):
        open_store(path)
    assert path.read_bytes().startswith(b"my drawing")


def test_several_processes_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    """A command beside the first start of the daemon."""
    code = "from postguard.store import open_store; from pathlib import Path; import sys;"
    code += "sys.stdin.readline(); open_store(Path(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(tmp_path / "state" / "postguard.db")]
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    said = [child.communicate(timeout=60)[1] for child in children]
    assert [c.returncode for c in children] == [0, 0, 0, 0], said
