"""Secrets come from the first place that has them, are kept privately, and never shown."""

import re

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.errors
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.errors import Unusable
from postguard.system import extras
from postguard.system.secrets import (
    KEY_BYTES,
    Secrets,
    credentials_dir,
    environment_without,
)


class Ring(keyring.backend.KeyringBackend):
    """A keyring in memory, which can be locked."""

    priority = 1

    def __init__(self):
        super().__init__()
        self.kept = {}
        self.locked = False

    def _open(self):
        if self.locked:
            raise keyring.errors.KeyringLocked("the collection is locked")
        return self.kept

    def get_password(self, service, username):
        return self._open().get((service, username))

    def set_password(self, service, username, password):
        self._open()[service, username] = password

    def delete_password(self, service, username):
        del self._open()[service, username]


@pytest.fixture
def ring():
    before = keyring.get_keyring()
    ring = Ring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "config" / "secrets"


def test_what_was_set_is_read_back_from_a_private_file(folder):
    Secrets(folder).set("bsky", "abcd-efgh-ijkl-mnop")
    assert Secrets(folder).get("bsky") == "abcd-efgh-ijkl-mnop"
    assert (folder / "bsky").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


@given(value=st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda v: v.strip()))
def test_every_text_comes_back_without_its_line_end(tmp_path_factory, value):
    secrets = Secrets(tmp_path_factory.getbasetemp() / "any")
    secrets.set("name", value)
    assert secrets.get("name") == value.rstrip("\r\n")


def test_there_is_nothing_at_first_and_after_delete(folder):
    secrets = Secrets(folder)
    assert secrets.get("bsky") is None
    secrets.set("bsky", "value")
    secrets.delete("bsky")
    secrets.delete("bsky")
    assert secrets.get("bsky") is None


def test_systemds_credentials_come_first_and_their_line_end_goes(folder, tmp_path):
    Secrets(folder).set("bsky", "from the file")
    (tmp_path / "bsky").write_text("from systemd\n")
    assert Secrets(folder, tmp_path).get("bsky") == "from systemd"
    assert Secrets(folder, tmp_path).get("other") is None


def test_a_secret_that_systemd_would_shadow_is_not_set(folder, tmp_path):
    (tmp_path / "bsky").write_text("from systemd\n")
    secrets = Secrets(folder, tmp_path)
    with pytest.raises(Unusable, match="LoadCredential"):
        secrets.set("bsky", "new")
    with pytest.raises(Unusable, match="LoadCredential"):
        secrets.delete("bsky")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused_with_the_cure(folder, mode):
    secrets = Secrets(folder)
    secrets.set("bsky", "hush-hush")
    (folder / "bsky").chmod(mode)
    with pytest.raises(Unusable, match="chmod 600") as caught:
        secrets.get("bsky")
    assert "hush" not in str(caught.value)


def test_bytes_that_are_no_text_are_refused_without_showing_them(folder):
    Secrets(folder).set("bsky", "x")
    (folder / "bsky").write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(Unusable, match="cannot be read") as caught:
        Secrets(folder).get("bsky")
    assert "xff" not in str(caught.value)


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "..", "naïve", "a b", "x" * 129])
def test_a_name_that_could_leave_the_folder_is_refused(folder, name):
    for act in (
        Secrets(folder).get,
        Secrets(folder).delete,
        lambda n: Secrets(folder).set(n, "v"),
    ):
        with pytest.raises(Unusable, match="cannot name a secret"):
            act(name)


def test_an_empty_secret_is_refused_and_the_old_one_stays(folder):
    secrets = Secrets(folder)
    secrets.set("bsky", "old")
    with pytest.raises(Unusable, match="empty"):
        secrets.set("bsky", " \n")
    assert secrets.get("bsky") == "old"


def test_the_representation_shows_no_value(folder):
    secrets = Secrets(folder)
    secrets.set("bsky", "hush-hush")
    secrets.get("bsky")
    assert "hush" not in repr(secrets)
    assert "hush" not in str(vars(secrets))


def test_the_artist_key_is_drawn_once_and_differs_between_artists(folder, tmp_path):
    key = Secrets(folder).artist_key()
    assert len(key) == KEY_BYTES
    assert Secrets(folder).artist_key() == key
    assert Secrets(tmp_path / "other").artist_key() != key
    assert [p.name for p in folder.iterdir()] == ["artist-key"]


def test_of_two_keys_drawn_at_once_the_first_is_kept(folder):
    first = Secrets(folder).artist_key()
    Secrets(folder)._create("artist-key", "00" * KEY_BYTES)
    assert Secrets(folder).artist_key() == first


@pytest.mark.parametrize("damaged", ["not hex", "abcd", "00" * 31])
def test_a_damaged_artist_key_is_told_and_never_replaced(folder, damaged):
    secrets = Secrets(folder)
    secrets.set("artist-key", damaged)
    with pytest.raises(Unusable, match="from your backup"):
        secrets.artist_key()
    assert secrets.get("artist-key") == damaged


def test_values_lists_what_the_log_must_hide(folder, tmp_path):
    secrets = Secrets(folder, tmp_path / "credentials")
    assert secrets.values() == ()
    secrets.set("one", "first")
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "two").write_text("second\n")
    assert secrets.values() == ("first", "second")


def test_the_keyring_is_used_where_it_is_chosen(folder, ring):
    secrets = Secrets(folder, store="keyring")
    secrets.set("bsky", "in the ring")
    assert not folder.exists()
    assert ring.kept == {("postguard", "bsky"): "in the ring"}
    assert secrets.get("bsky") == "in the ring"
    secrets.delete("bsky")
    secrets.delete("bsky")
    assert secrets.get("bsky") is None


def test_the_keyring_holds_the_artist_key_too(folder, ring):
    key = Secrets(folder, store="keyring").artist_key()
    assert Secrets(folder, store="keyring").artist_key() == key
    assert ring.kept == {("postguard", "artist-key"): key.hex()}


def test_files_come_before_the_keyring(folder, ring):
    Secrets(folder).set("bsky", "file")
    Secrets(folder, store="keyring").set("bsky", "ring")
    assert Secrets(folder, store="keyring").get("bsky") == "file"


def test_a_locked_keyring_is_told_and_draws_no_second_artist_key(folder, ring):
    secrets = Secrets(folder, store="keyring")
    secrets.artist_key()
    before = dict(ring.kept)
    ring.locked = True
    with pytest.raises(Unusable, match="unlock it"):
        secrets.artist_key()
    assert ring.kept == before


def test_no_keyring_in_the_session_says_what_to_choose(folder):
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())
    try:
        with pytest.raises(Unusable, match=r'secrets\.store = "file"'):
            Secrets(folder, store="keyring").get("bsky")
    finally:
        keyring.set_keyring(before)


def test_a_missing_keyring_extra_names_the_command(folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    with pytest.raises(Unusable, match=re.escape(extras.install("keyring"))):
        Secrets(folder, store="keyring").get("bsky")


def test_the_credentials_folder_is_the_one_that_systemd_names(monkeypatch, tmp_path):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert credentials_dir() is None
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert credentials_dir() == tmp_path


def test_a_process_that_needs_no_secret_is_led_to_none(monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/postguard")
    monkeypatch.setenv("HARMLESS", "1")
    found = environment_without()
    assert "CREDENTIALS_DIRECTORY" not in found
    assert found["HARMLESS"] == "1"
