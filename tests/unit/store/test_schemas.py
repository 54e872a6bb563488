"""A database written by an earlier postguard is brought up to date, and nothing of it is lost."""

import sqlite3
from pathlib import Path

import pytest

from postguard import store
from postguard.model import DeliveryState, PostState
from postguard.store import open_store

SCRIPTS = sorted((Path(store.__file__).parent / "sql").glob("*.sql"))
OLDER = range(1, len(SCRIPTS))


def written_by(schema: int, path: Path) -> None:
    """A database as the postguard of this schema left it: one posted post, another waiting."""
    db = sqlite3.connect(path)
    for script in SCRIPTS[:schema]:
        db.executescript(script.read_text())
    db.executescript(
        """
        INSERT INTO posts (id, name, folder, place, state, recipe, sidecars, created_at,
          changed_at) VALUES (1, 'fox.png', '1-fox', 'posted', 'posted', 'full', '[]', 0, 0),
          (2, '狐.png', '2-狐', 'queued', 'protected', 'full', '[]', 0, 0);
        INSERT INTO deliveries (id, post_id, account, words, state, asked, fit, dry_run) VALUES
          (1, 1, 'sky', '{"text":"a fox"}', 'posted', 'slot', 'b', 0),
          (2, 2, 'sky', '{"text":"狐","langs":["ja"]}', 'waiting', 'slot', 'b', 0);
        INSERT INTO receipts (delivery_id, uri, url, at, answer)
          VALUES (1, 'at://1', 'https://1', 0, '{}');
        """
    )
    db.execute(f"PRAGMA user_version = {schema}")
    db.commit()
    db.close()


@pytest.mark.parametrize("schema", OLDER)
def test_the_posts_of_an_older_schema_are_kept(schema: int, tmp_path: Path) -> None:
    """Rows that lack what is new get its default."""
    path = tmp_path / "a.db"
    written_by(schema, path)
    opened = open_store(path)
    assert opened.posts.get(1).state is PostState.POSTED
    assert opened.deliveries.receipts(1)["sky"].uri == "at://1"
    (waiting,) = opened.deliveries.of_post(2)
    assert (waiting.words.text, waiting.state) == ("狐", DeliveryState.WAITING)
    assert waiting.words.thread is False
    opened.posts.progress.begin(2)
    opened.db.close()


@pytest.mark.parametrize("schema", OLDER)
def test_the_database_as_it_was_is_kept_beside(schema: int, tmp_path: Path) -> None:
    """An update that goes wrong can be gone back on."""
    path = tmp_path / "a.db"
    written_by(schema, path)
    open_store(path).db.close()
    with sqlite3.connect(tmp_path / f"a.before-schema-{len(SCRIPTS)}.db") as kept:
        assert kept.execute("SELECT count(*) FROM posts").fetchone() == (2,)
        assert kept.execute("PRAGMA user_version").fetchone() == (schema,)
    kept.close()
