"""A backup is put back: nothing is lost, and nothing is posted a second time."""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from postguard.app import backing_up, editing, restoring, steering
from postguard.app.backing_up import Backup
from postguard.app.installation import Installation, open_installation
from postguard.app.restoring import Restored
from postguard.app.roles import make_roles
from postguard.daemon import run_once
from postguard.errors import Unusable
from postguard.model import DeliveryState, Place, Post, PostState
from postguard.protect.workshop import InProcessWorkshop
from postguard.store import backup
from postguard.system.lock import OnlyOne
from postguard.system.secrets import ARTIST_KEY, Secrets
from tests.contract.stages import TOKEN
from tests.servers.mastodon import MastodonServer

CONFIG = """
outbox = "{outbox}"
[accounts.fedi]
network = "mastodon"
instance = "{url}"
[schedule]
grace = "12h"
if_later = "post"
[intake]
settle = "0.05s"
words_wait = "0.05s"
[recipes]
default = [{{ step = "tags" }}]
"""


@dataclass
class Studio:
    """An artist's PC that posts to one server, and loses its database."""

    config: Path
    outbox: Path
    server: MastodonServer
    installation: Installation

    def drop(self, name: str, alt: str, shade: int = 90) -> None:
        """Let a picture with its words lie in the outbox, whole."""
        picture = io.BytesIO()
        Image.new("RGB", (48, 32), (shade, 90, 200)).save(picture, "PNG")
        (self.outbox / f"{name}.toml").write_text(f'text = "新作です"\nalt = "{alt}"\n')
        (self.outbox / f"{name}.png").write_bytes(picture.getvalue())

    def work(self) -> None:
        """Do all that is due and settled, as `run --once` does."""
        made = make_roles(self.installation, lambda: None, InProcessWorkshop)
        clock = self.installation.clock
        try:
            run_once(made.all(), clock, lambda _: made.intake.taking.at_rest())
        finally:
            made.release()

    def post(self, name: str) -> Post:
        """The post that was dropped under this name."""
        found = self.installation.store.posts.page([], None, 50)
        return next(post for post in found if post.name == f"{name}.png")

    def send(self, name: str) -> None:
        """Post it now."""
        steering.retry(self.installation.store, self.post(name).id, self.installation.clock.now())
        self.work()

    def state(self, name: str) -> DeliveryState:
        """How far its delivery is."""
        (delivery,) = self.installation.store.deliveries.of_post(self.post(name).id)
        return delivery.state

    def backup(self) -> Backup:
        return backing_up.make(self.installation, self.installation.clock.now())

    def restore(self, chosen: Backup) -> Restored:
        """Put the backup back, and start anew with it."""
        now = self.installation.clock.now()
        self.installation.store.db.close()
        self.installation.accounts.network("fedi").close()
        done = restoring.restore(self.config, chosen, now)
        self.installation = open_installation(self.config)
        return done

    @property
    def shown(self) -> list[str]:
        """The alt texts of what stands on the account."""
        return [status.media[0].description for status in self.server.statuses]


@pytest.fixture
def studio(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mastodon: MastodonServer
) -> Iterator[Studio]:
    """An installation in this process whose first start is over."""
    for name in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    mastodon.add_account("hanako")
    mastodon.token_for("hanako", "profile read:statuses write:statuses write:media", TOKEN)
    config, outbox = tmp_path / "config.toml", tmp_path / "outbox"
    outbox.mkdir()
    config.write_text(CONFIG.format(outbox=outbox, url=mastodon.url))
    opened = open_installation(config)
    opened.secrets.set("fedi", TOKEN)
    made = Studio(config, outbox, mastodon, opened)
    made.work()
    yield made
    made.installation.accounts.network("fedi").close()
    made.installation.store.db.close()


def test_what_was_posted_after_the_backup_is_not_posted_again(studio: Studio) -> None:
    studio.drop("fox", "狐")
    studio.work()
    made = studio.backup()
    studio.send("fox")
    assert studio.shown == ["狐"]
    done = studio.restore(made)
    assert done.waiting == 1
    assert studio.post("fox").state is PostState.PROTECTED
    studio.send("fox")
    assert studio.shown == ["狐"]
    assert studio.state("fox") is DeliveryState.POSTED
    assert studio.installation.store.deliveries.receipts(studio.post("fox").id)["fedi"].url
    assert (studio.outbox / "posted" / studio.post("fox").folder).is_dir()
    assert studio.installation.store.restored.count() == 0


def test_of_what_went_out_with_other_words_than_the_backup_knows_the_artist_is_asked(
    studio: Studio,
) -> None:
    studio.drop("fox", "狐")
    studio.work()
    made, now = studio.backup(), studio.installation.clock.now()
    other = editing.NewWords(text="別の言葉")
    editing.edit(studio.installation, studio.post("fox").id, other, None, now)
    studio.send("fox")
    assert studio.shown == ["狐"]
    studio.restore(made)
    studio.send("fox")
    assert studio.shown == ["狐"]
    assert studio.post("fox").state is PostState.HELD
    assert studio.server.statuses[0].id in studio.post("fox").reason


def test_of_what_stands_there_with_other_words_and_alt_text_the_artist_is_asked(
    studio: Studio,
) -> None:
    """And the folder with the note of where it was posted is lost, too."""
    studio.drop("fox", "狐")
    studio.work()
    made, folder = studio.backup(), studio.post("fox").folder
    kept = shutil.copytree(studio.outbox / "queued" / folder, studio.outbox.parent / "kept")
    studio.send("fox")
    shutil.rmtree(studio.outbox / "posted" / folder)
    kept.rename(studio.outbox / "queued" / folder)
    (status,) = studio.server.statuses
    status.text, status.media[0].description = "手で直した言葉", "手で直した代替テキスト"
    studio.restore(made)
    studio.send("fox")
    assert studio.shown == ["手で直した代替テキスト"]
    assert studio.post("fox").state is PostState.HELD
    assert status.id in studio.post("fox").reason
    studio.send("fox")  # the artist has looked: that is another picture
    assert len(studio.shown) == 2


def test_what_went_out_with_a_link_to_its_copy_is_known_again(studio: Studio) -> None:
    """Without the link its words differ, and only its picture speaks for it."""
    studio.server.add_account("jiro")
    token = studio.server.token_for("jiro", "profile read:statuses write:statuses write:media")
    other = f'[accounts.other]\nnetwork = "mastodon"\ninstance = "{studio.server.url}"\n'
    config = studio.config.read_text()
    studio.config.write_text(config.replace("[schedule]", f'link = "other"\n{other}[schedule]', 1))
    studio.installation.reload()
    studio.installation.secrets.set("other", token)
    studio.drop("fox", "赤い狐が月の下に座っている")
    studio.work()
    made = studio.backup()
    for _ in range(2):  # what it links to comes first
        studio.send("fox")
    posted = [status.text for status in studio.server.statuses]
    assert sum("http" in text for text in posted) == 1
    studio.restore(made)
    studio.send("fox")
    assert [status.text for status in studio.server.statuses] == posted
    copies = studio.installation.store.deliveries.of_post(studio.post("fox").id)
    assert {copy.state for copy in copies} == {DeliveryState.POSTED}


def test_of_what_is_half_out_with_other_words_the_artist_is_asked(studio: Studio) -> None:
    """Its folder still lies in queued/, since another account is paused."""
    with studio.config.open("a") as config:
        config.write('[accounts.page]\nnetwork = "preview"\n')
    studio.installation.reload()
    studio.installation.store.accounts.pause("page", paused=True)
    studio.drop("fox", "狐")
    studio.work()
    made, now = studio.backup(), studio.installation.clock.now()
    editing.edit(studio.installation, 1, editing.NewWords(text="別の言葉"), None, now)
    studio.send("fox")
    assert (studio.shown, studio.post("fox").place) == (["狐"], Place.QUEUED)
    studio.restore(made)
    studio.send("fox")
    assert studio.shown == ["狐"]
    (fedi, _page) = studio.installation.store.deliveries.of_post(1)
    assert fedi.state is DeliveryState.HELD
    assert studio.server.statuses[0].id in fedi.reason


def test_what_was_not_posted_is_posted_once(studio: Studio) -> None:
    studio.drop("fox", "狐")
    studio.work()
    studio.restore(studio.backup())
    studio.send("fox")
    assert studio.shown == ["狐"]


def test_while_the_account_cannot_be_asked_nothing_is_sent(studio: Studio) -> None:
    studio.drop("fox", "狐")
    studio.work()
    studio.restore(studio.backup())
    studio.server.fail_next("/api/v1/accounts", status=503, times=100, method="GET")
    studio.send("fox")
    assert studio.shown == []
    assert studio.state("fox") is DeliveryState.SCHEDULED
    assert studio.installation.store.restored.count() == 1


def test_of_two_that_say_the_same_the_artist_is_asked(studio: Studio) -> None:
    studio.drop("fox", "狐", 10)
    studio.drop("fox2", "狐", 240)
    studio.work()
    made = studio.backup()
    studio.send("fox")
    studio.restore(made)
    studio.send("fox2")
    assert len(studio.shown) == 1
    assert studio.post("fox2").state is PostState.HELD
    assert studio.server.statuses[0].id in studio.post("fox2").reason
    studio.send("fox2")  # the artist has looked: this one is not there
    assert len(studio.shown) == 2


def test_a_dry_run_lets_nothing_go_on(studio: Studio) -> None:
    studio.drop("fox", "狐")
    studio.work()
    made = studio.backup()
    studio.send("fox")
    studio.restore(made)
    studio.installation.store.db.close()
    studio.installation = open_installation(studio.config, dry_run=True)
    studio.send("fox")
    assert studio.installation.store.restored.count() == 1


def test_a_picture_dropped_since_is_named_and_its_number_is_not_given_again(
    studio: Studio,
) -> None:
    made = studio.backup()
    studio.drop("owl", "梟")
    studio.work()
    folder = studio.post("owl").folder
    done = studio.restore(made)
    assert done.strays == (f"queued/{folder}",)
    studio.drop("cat", "猫")
    studio.work()
    assert studio.post("cat").id > int(folder.partition("-")[0])


def test_the_database_that_was_there_is_kept(studio: Studio) -> None:
    made = studio.backup()
    studio.drop("owl", "梟")
    studio.work()
    done = studio.restore(made)
    assert done.replaced is not None
    backing_up.backup.check(done.replaced / "postguard.db")
    assert studio.installation.store.posts.page([], None, 10) == []


def test_a_database_is_whole_before_what_lies_beside_it_is_taken_away(
    studio: Studio, tmp_path: Path
) -> None:
    """A restore that is cut off there must not leave one that has forgotten what was sent last."""
    studio.drop("fox", "狐")
    studio.work()
    alone, database = tmp_path / "alone.db", studio.installation.home.database
    with closing(sqlite3.connect(database)) as reader:  # so that closing the rows folds nothing
        reader.execute("SELECT count(*) FROM posts").fetchone()
        studio.installation.store.db.close()
        backup.fold(database)
        shutil.copyfile(database, alone)
    with closing(sqlite3.connect(alone)) as db:
        assert db.execute("SELECT name FROM posts").fetchall() == [("fox.png",)]


def test_two_restores_within_a_second_keep_both(studio: Studio) -> None:
    made, now = studio.backup(), studio.installation.clock.now()
    studio.installation.store.db.close()
    kept = {restoring.restore(studio.config, made, now).replaced for _ in range(2)}
    assert len(kept) == 2
    assert all(path is not None and (path / "postguard.db").is_file() for path in kept)
    studio.installation = open_installation(studio.config)


def test_a_database_that_is_broken_can_be_replaced(studio: Studio) -> None:
    studio.drop("fox", "狐")
    studio.work()
    made = studio.backup()
    studio.installation.store.db.close()
    database = studio.installation.home.database
    database.write_bytes(b"no database" * 1000)
    restoring.restore(studio.config, made, studio.installation.clock.now())
    studio.installation = open_installation(studio.config)
    assert studio.post("fox").state is PostState.PROTECTED


def test_the_artist_key_comes_back_and_another_one_is_kept(studio: Studio) -> None:
    key = studio.installation.secrets.artist_key()
    made = studio.backup()
    secrets = Secrets(studio.installation.home.secrets)
    secrets.set(ARTIST_KEY, "ab" * 32)
    done = studio.restore(made)
    assert studio.installation.secrets.artist_key() == key
    kept = [p for p in studio.installation.home.secrets.iterdir() if ".before-" in p.name]
    assert [path.read_text() for path in kept] == ["ab" * 32]
    assert kept[0].stat().st_mode & 0o077 == 0
    assert any(kept[0].name in said for said in done.keys)
    assert key.hex() not in "".join(done.keys)


def test_while_it_runs_nothing_is_put_back(studio: Studio) -> None:
    made, before = studio.backup(), studio.installation.home.database.stat().st_ino
    with (
        OnlyOne(studio.installation.home.state / "daemon.lock"),
        pytest.raises(Unusable, match=str(os.getpid())),
    ):
        restoring.restore(studio.config, made, studio.installation.clock.now())
    assert studio.installation.home.database.stat().st_ino == before


def test_a_damaged_backup_is_refused(studio: Studio) -> None:
    made = studio.backup()
    data = bytearray(made.database.read_bytes())
    data[4096:8192] = os.urandom(4096)
    made.database.write_bytes(data)
    with pytest.raises(Unusable, match=r"damaged|cannot be read"):
        restoring.restore(studio.config, made, studio.installation.clock.now())


def test_a_folder_that_lies_elsewhere_now_is_found(studio: Studio) -> None:
    studio.drop("fox", "狐")
    studio.work()
    made = studio.backup()
    steering.hold(studio.installation.store, studio.post("fox").id, made.at)
    studio.work()
    assert studio.post("fox").place is Place.HELD
    studio.restore(made)
    studio.work()
    post = studio.post("fox")
    assert (post.state, post.place) == (PostState.PROTECTED, Place.QUEUED)
    assert (studio.outbox / "queued" / post.folder / "fox.png").is_file()


def test_a_backup_is_whole_private_and_holds_the_key(studio: Studio) -> None:
    key = studio.installation.secrets.artist_key()
    made = studio.backup()
    files = {path.name: path for path in made.folder.iterdir()}
    assert set(files) == {"postguard.db", "artist-key", "about.json"}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in files.values())
    assert made.folder.stat().st_mode & 0o777 == 0o700
    assert bytes.fromhex(files["artist-key"].read_text()) == key
    assert TOKEN.encode() not in b"".join(path.read_bytes() for path in files.values())


def test_the_newest_fourteen_are_kept(studio: Studio) -> None:
    now = studio.installation.clock.now()
    for day in range(16):
        backing_up.make(studio.installation, now + timedelta(days=day))
    kept = backing_up.kept_in(backing_up.folder_of(studio.installation.home.state))
    assert len(kept) == backing_up.KEPT
    assert kept[-1].at.date() == (now + timedelta(days=2)).date()


def test_one_is_made_each_day_and_a_failure_is_only_told(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    role, now = backing_up.DailyBackup(studio.installation), studio.installation.clock.now()
    folder = backing_up.folder_of(studio.installation.home.state)
    folder.write_text("a file is in the way")
    role.tick(now)
    assert "no backup could be made" in caplog.text
    folder.unlink()
    role.tick(now + timedelta(minutes=5))
    assert not folder.exists()
    for hours in (2, 3, 25, 27):
        role.tick(now + timedelta(hours=hours))
    assert len(backing_up.kept_in(folder)) == 2


def test_a_backup_of_a_clock_that_was_ahead_does_not_have_one_made_each_hour(
    studio: Studio,
) -> None:
    role, now = backing_up.DailyBackup(studio.installation), studio.installation.clock.now()
    backing_up.make(studio.installation, now + timedelta(days=400))
    for hours in (0, 2, 4, 25):
        role.tick(now + timedelta(hours=hours))
    assert len(backing_up.kept_in(backing_up.folder_of(studio.installation.home.state))) == 3


def test_a_backup_on_another_drive_is_read_from_there(studio: Studio, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    made = backing_up.make(studio.installation, studio.installation.clock.now(), stick)
    moved = made.folder.rename(stick / "my backup")
    assert backing_up.read(moved).at == made.at
    with pytest.raises(Unusable, match="no backup in"):
        backing_up.read(stick / "empty")
