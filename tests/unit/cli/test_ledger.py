"""`postguard ledger`, as the artist types it."""

from __future__ import annotations

import csv
import io

import pytest
from click.testing import CliRunner, _NamedTextIOWrapper

from postguard.cli import cli
from postguard.model import Receipt
from tests.making import NOW, protected_post


@pytest.fixture
def posted(terminal):
    """An artist's terminal, and one post that is out."""
    terminal.configure()
    store = terminal.store()
    (delivery,) = store.deliveries.of_post(protected_post(store, name="狐.png").id)
    store.attempts.finish(delivery.id, Receipt("at://1", "https://bsky.app/1", NOW), NOW)
    store.db.close()
    return terminal


@pytest.mark.parametrize("kind", ["--html", "--csv"])
def test_into_a_file_it_goes_as_utf_8_in_any_locale(posted, kind):
    """The page says so of itself."""
    done = CliRunner(charset="euc_jp").invoke(cli, ["ledger", kind], catch_exceptions=False)
    assert "狐.png" in done.stdout_bytes.decode("utf-8")


def test_it_prints_a_table_or_writes_a_page(posted):
    (row,) = csv.DictReader(io.StringIO(posted.run("ledger").stdout))
    assert (row["picture"], row["url"]) == ("狐.png", "https://bsky.app/1")
    page = posted.home / "ledger.html"
    assert "1 picture:" in posted.run("ledger", "--html", "--into", page).stdout
    assert "狐.png" in page.read_text()


def test_a_folder_that_is_not_there_is_told(terminal):
    terminal.configure()
    done = terminal.run("ledger", "--into", terminal.home / "no" / "ledger.csv")
    assert done.exit_code == 1
    assert "is not there" in done.stderr


def test_a_page_is_not_written_over_a_terminal(terminal, monkeypatch):
    terminal.configure()
    assert terminal.run("ledger", "--html").stdout.startswith("<!DOCTYPE html>")
    monkeypatch.setattr(_NamedTextIOWrapper, "isatty", lambda _self: True, raising=False)
    done = terminal.run("ledger", "--html")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "postguard ledger --html --into ledger.html" in " ".join(done.stderr.split())
    assert "sha256" in terminal.run("ledger").stdout
