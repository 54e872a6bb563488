"""What is changed in the config is taken by itself, and what cannot be taken is told."""

import sqlite3

import pytest

from postguard.app.config_file import QUIET, ConfigFile, take
from postguard.app.installation import Installation
from postguard.errors import ConfigError, NeedsRestart
from postguard.model.news import News
from postguard.store import CONFIG_NOT_TAKEN
from tests.making import NOW
from tests.unit.app.test_notifying import role, wanting


def nothing() -> None:
    """Nothing else follows."""


def rewrite(installation: Installation, old: str, new: str) -> None:
    text = installation.path.read_text()
    assert old in text
    installation.path.write_text(text.replace(old, new))


def not_taken(installation: Installation) -> str:
    return installation.store.meta.get(CONFIG_NOT_TAKEN) or ""


def watched(installation: Installation, later: float = 2 * QUIET) -> ConfigFile:
    """The file, looked at that many seconds after its last change."""
    path = installation.path
    return ConfigFile(path, now=lambda: path.stat().st_ctime + later)


def test_a_change_counts_until_it_is_read(installation):
    file = watched(installation)
    assert not file.changed()
    rewrite(installation, "default =", "other =")
    assert file.changed()
    assert file.changed()
    file.read_at(file.look())
    assert not file.changed()


def test_a_file_that_takes_its_place_is_a_change(installation, tmp_path):
    file = watched(installation)
    new = tmp_path / "new.toml"
    new.write_bytes(installation.path.read_bytes())
    new.replace(installation.path)
    assert file.changed()


def test_so_is_one_that_may_be_read_again(installation):
    file = watched(installation)
    installation.path.chmod(0o640)
    assert file.changed()


def test_a_file_that_is_away_for_a_while_is_none(installation, tmp_path):
    file = ConfigFile(installation.path)
    text = installation.path.read_text()
    aside = installation.path.rename(tmp_path / "aside.toml")
    assert not file.changed()
    aside.rename(installation.path)
    installation.path.write_text("")  # as an editor begins
    assert not file.changed()
    installation.path.write_text(text)


def test_what_is_still_being_written_is_none_yet(installation):
    """Its first half may say nothing of who may see posts."""
    file = watched(installation, later=QUIET / 2)
    rewrite(installation, "default =", "other =")
    assert not file.changed()


def test_what_is_dropped_waits_for_a_change_of_the_last_minute(installation):
    just, long_ago = watched(installation, later=0.5), watched(installation, later=600)
    assert not just.is_new()
    rewrite(installation, "default =", "other =")
    assert (just.is_new(), long_ago.is_new()) == (True, False)
    just.read_at(just.look())
    assert not just.is_new()


def test_a_clock_that_is_behind_the_files_is_no_reason_to_wait(installation):
    file = watched(installation, later=-3600)
    rewrite(installation, "default =", "other =")
    assert file.changed()


def test_what_is_changed_while_postguard_starts_counts(installation):
    """It was looked at before it was read."""
    rewrite(installation, "default =", "other =")
    assert installation.file.changed(quiet=0)
    take(installation, nothing)
    assert not installation.file.changed(quiet=0)


def test_what_cannot_be_taken_is_kept_until_it_is_mended(installation):
    recipes = installation.settings.recipes
    rewrite(installation, "default =", 'nonsense = "“"\ndefault =')
    with pytest.raises(ConfigError):
        take(installation, nothing)
    assert "nonsense" in not_taken(installation)
    assert installation.settings.recipes == recipes
    assert not installation.file.changed(quiet=0)  # it is not told again and again
    rewrite(installation, 'nonsense = "“"\n', "")
    take(installation, nothing)
    assert not_taken(installation) == ""


def test_what_failed_for_another_reason_is_tried_again(installation):
    def full_disk() -> None:
        raise sqlite3.OperationalError("database or disk is full")

    rewrite(installation, "default =", "other =")
    with pytest.raises(sqlite3.OperationalError):
        take(installation, full_disk)
    assert installation.file.changed(quiet=0)


def test_what_needs_a_restart_is_said_to(installation):
    rewrite(installation, "outbox =", "outbox = '/elsewhere' #")
    with pytest.raises(NeedsRestart):
        take(installation, nothing)
    assert "outbox: it can only be changed by a restart" in not_taken(installation)


def test_the_artist_hears_of_it_once(installation):
    wanting(installation)
    made, heard = role(installation)
    made.tick(NOW)
    rewrite(installation, "default =", "nonsense = 1\ndefault =")
    with pytest.raises(ConfigError):
        take(installation, nothing)
    made.tick(NOW)
    made.tick(NOW)
    (told,) = heard.messages
    assert told.news is News.CONFIG
    assert told.text.startswith("config.toml:")
    assert "nonsense" in told.text
