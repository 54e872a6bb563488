"""What is changed in the config is taken by itself, and what cannot be taken is told."""

import pytest

from postguard.app.config_file import ConfigFile, take
from postguard.app.installation import Installation
from postguard.errors import ConfigError, NeedsRestart
from postguard.model.news import News
from postguard.store import CONFIG_NOT_TAKEN
from tests.making import NOW
from tests.unit.app.test_notifying import role, wanting


def rewrite(installation: Installation, old: str, new: str) -> None:
    text = installation.path.read_text()
    assert old in text
    installation.path.write_text(text.replace(old, new))


def not_taken(installation: Installation) -> str:
    return installation.store.meta.get(CONFIG_NOT_TAKEN) or ""


def test_a_change_is_seen_once(installation):
    watched = ConfigFile(installation.path)
    assert not watched.changed()
    rewrite(installation, "default =", "other =")
    assert watched.changed()
    assert not watched.changed()


def test_a_file_that_takes_its_place_is_a_change(installation, tmp_path):
    watched = ConfigFile(installation.path)
    new = tmp_path / "new.toml"
    new.write_bytes(installation.path.read_bytes())
    new.replace(installation.path)
    assert watched.changed()


def test_a_file_that_is_away_for_a_while_is_none(installation, tmp_path):
    watched = ConfigFile(installation.path)
    aside = installation.path.rename(tmp_path / "aside.toml")
    assert not watched.changed()
    aside.rename(installation.path)
    assert not watched.changed()


def test_what_cannot_be_taken_is_kept_until_it_is_mended(installation):
    recipes = installation.settings.recipes
    rewrite(installation, "default =", 'nonsense = "“"\ndefault =')
    with pytest.raises(ConfigError):
        take(installation)
    assert "nonsense" in not_taken(installation)
    assert installation.settings.recipes == recipes
    rewrite(installation, 'nonsense = "“"\n', "")
    take(installation)
    assert not_taken(installation) == ""


def test_what_needs_a_restart_is_said_to(installation):
    rewrite(installation, "outbox =", "outbox = '/elsewhere' #")
    with pytest.raises(NeedsRestart):
        take(installation)
    assert "outbox: it can only be changed by a restart" in not_taken(installation)


def test_the_artist_hears_of_it_once(installation):
    wanting(installation)
    made, heard = role(installation)
    made.tick(NOW)
    rewrite(installation, "default =", "nonsense = 1\ndefault =")
    with pytest.raises(ConfigError):
        take(installation)
    made.tick(NOW)
    made.tick(NOW)
    (told,) = heard.messages
    assert (told.news, "nonsense" in told.text) == (News.CONFIG, True)
