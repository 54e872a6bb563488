"""A post is read back after it was sent; the artist is told what is not as it was asked for."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from postguard.app.installation import Installation, open_installation
from postguard.app.roles import make_roles
from postguard.app.verifying import WAITS, Verifying
from postguard.errors import LoggedOut, Refused, Retryable
from postguard.model import (
    Delivery,
    DeliveryState,
    NewDelivery,
    Place,
    PostState,
    Receipt,
    Rendition,
    Shown,
    Visibility,
    Words,
)
from postguard.networks.served.surviving import Survival
from postguard.publish.lanes import Lanes
from postguard.store.readings import FIRST_LOOK
from postguard.system.folders import RENDITIONS, folder_of
from tests.making import NOW, new_post
from tests.servers.static import StaticHost, start_static
from tests.unit.publish.rig import ScriptedNetwork

CONFIG = """
outbox = "{outbox}"
timezone = "Asia/Tokyo"
[accounts.fedi]
network = "mastodon"
instance = "https://art.example"
[accounts.look]
network = "preview"
[recipes]
default = [{{ step = "notice" }}]
"""
WORDS = Words(text="月の下の狐", alts=("赤い狐",), langs=("ja",), visibility=Visibility.UNLISTED)


@dataclass
class Showing(ScriptedNetwork):
    """Shows what the test says, after it has raised what it is told to."""

    shown: Shown | None = None
    raises: list[Exception] = field(default_factory=list)
    read: int = 0

    def read_back(self, receipt: Receipt) -> Shown | None:
        self.read += 1
        if self.raises:
            raise self.raises.pop(0)
        return self.shown


@dataclass
class Rig:
    """One posted post, and the role that reads it back."""

    installation: Installation
    network: Showing
    verifying: Verifying
    delivery: Delivery

    def look(self, now: datetime = NOW + FIRST_LOOK) -> bool:
        return self.verifying.tick(now)

    @property
    def history(self) -> list[tuple[str, str]]:
        events = self.installation.store.posts.history(self.delivery.post_id)
        return [(e.what, e.detail) for _, e in events if e.what in {"warning", "read back"}]

    @property
    def receipt(self) -> str:
        post = self.installation.store.posts.get(self.delivery.post_id)
        return (folder_of(self.installation.outbox, post) / "receipt.txt").read_text()


@pytest.fixture
def host() -> Iterator[StaticHost]:
    with start_static() as started:
        yield started


@pytest.fixture
def served(host: StaticHost) -> str:
    """Where the picture is served, as it was sent."""
    return host.says(jpeg(), Content_Type="image/jpeg")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    for name in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    (tmp_path / "outbox").mkdir()
    path = tmp_path / "config.toml"
    path.write_text(CONFIG.format(outbox=tmp_path / "outbox"))
    opened = open_installation(path)
    yield opened
    opened.store.db.close()


@pytest.fixture
def rig(installed: Installation, served: str) -> Rig:
    return rig_of(installed, as_asked(served))


def as_asked(url: str) -> Shown:
    return Shown(
        text=WORDS.text,
        alts=WORDS.alts,
        cw="",
        sensitive=False,
        langs=WORDS.langs,
        visibility=WORDS.visibility,
        pictures=(url,),
    )


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), (200, 90, 40)).save(out, "JPEG", quality=90)
    return out.getvalue()


def rig_of(
    installation: Installation, shown: Shown, account: str = "fedi", *, dry_run: bool = False
) -> Rig:
    store = installation.store
    new = new_post(deliveries=(NewDelivery(account, WORDS, "now", "any", dry_run),))
    post = store.posts.create(new, NOW)
    store.posts.placed(post.id, Place.POSTED)
    store.posts.move_to(post.id, PostState.TAKEN, NOW)
    folder = folder_of(installation.outbox, store.posts.get(post.id)) / RENDITIONS
    folder.mkdir(parents=True)
    (folder / "1-any.jpg").write_bytes(jpeg())
    file = Path("1-any.jpg")
    made = Rendition(0, "any", file, "aa" * 32, "image/jpeg", 60, 40, 9, {"steps": []})
    store.renditions.protected(post.id, [made], NOW)
    (delivery,) = store.deliveries.of_post(post.id)
    receipt = Receipt("https://art.example/1", "https://art.example/@hanako/1", NOW)
    store.attempts.finish(delivery.id, receipt, NOW)
    network = Showing(shown=shown)
    verifying = Verifying(installation, lambda _: network, Lanes())
    return Rig(installation, network, verifying, store.deliveries.get(delivery.id))


def seen(rig: Rig) -> dict[str, object]:
    reading = rig.installation.store.readings.of_post(rig.delivery.post_id)
    return dict(reading[rig.delivery.account].seen)


def test_a_post_as_it_was_asked_for_is_told_so_once(rig: Rig) -> None:
    assert not rig.look(NOW)
    assert rig.look()
    assert not rig.look(NOW + timedelta(days=2))
    assert rig.network.read == 1
    assert rig.history == [("read back", "fedi: it is there as you asked for")]
    assert seen(rig)["differences"] == []


def test_the_pictures_are_fetched_and_measured(rig: Rig) -> None:
    rig.look()
    (picture,) = seen(rig)["pictures"]  # type: ignore[misc]
    assert (picture["kind"], picture["width"], picture["same"]) == ("JPEG", 60, True)
    assert picture["likeness"] == pytest.approx(100)


def test_a_difference_is_a_warning_in_history_receipt_and_log(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """With what to do; the log names no words of a post that may not be public."""
    assert rig.network.shown is not None
    rig.network.shown = replace(rig.network.shown, alts=("猫",), visibility=Visibility.PUBLIC)
    with caplog.at_level(logging.WARNING):
        rig.look()
    told = [detail for what, detail in rig.history if what == "warning"]
    assert len(told) == 2
    assert "fedi: it is shown to everyone although you asked for" in told[0]
    number = rig.delivery.post_id
    assert f"`postguard retract {number}`" in told[0]
    assert f"`postguard edit {number}`" in told[1]
    assert "猫" in told[1]
    assert "(audience)" in caplog.text
    assert "(alt)" in caplog.text
    assert "猫" not in caplog.text
    head, *lines, served = rig.receipt.splitlines()
    assert served.startswith("  as it is served, picture 1: 60 × 40 pixels")
    assert head.startswith("fedi: https://art.example/@hanako/1 (")
    assert head.endswith(":00+09:00)"), "in the artist's zone, not in this PC's"
    assert lines == [f"  not as you asked: {t.removeprefix('fedi: ')}" for t in told]


def test_a_server_that_is_out_of_order_is_asked_a_few_times_in_a_day(rig: Rig) -> None:
    """Then the artist is told to look themselves; nothing is asked for ever."""
    rig.network.raises = [Retryable("art.example cannot be reached")] * 9
    now = NOW + FIRST_LOOK
    for wait in WAITS:
        assert rig.look(now)
        assert rig.history == []
        assert not rig.look(now)
        now += wait
    assert now - NOW < timedelta(days=1, minutes=1)
    rig.look(now)
    assert rig.history == [
        (
            "warning",
            "fedi: could not be read back: art.example cannot be reached; look at it yourself",
        )
    ]
    assert not rig.look(now + timedelta(days=30))
    assert rig.network.read == len(WAITS) + 1


def test_a_server_that_is_there_again_is_read_after_all(rig: Rig) -> None:
    rig.network.raises = [Retryable("busy")]
    rig.look()
    assert rig.verifying.next_look(NOW) == NOW + FIRST_LOOK + WAITS[0]
    rig.look(NOW + FIRST_LOOK + WAITS[0])
    assert [what for what, _ in rig.history] == ["read back"]


def test_a_post_that_is_gone_is_told_after_a_second_look(rig: Rig) -> None:
    """The first may have come before the post was to be seen."""
    rig.network.shown = None
    rig.look()
    assert rig.history == []
    rig.look(NOW + FIRST_LOOK + WAITS[0])
    ((what, detail),) = rig.history
    assert what == "warning"
    assert "the post is not there" in detail


def test_a_picture_that_is_not_served_yet_is_waited_for(rig: Rig, host: StaticHost) -> None:
    host.says(b"", 404)
    rig.look()
    assert rig.history == []
    host.says(jpeg(), Content_Type="image/jpeg")
    rig.look(NOW + FIRST_LOOK + WAITS[0])
    assert [what for what, _ in rig.history] == ["read back"]


def test_a_warning_does_not_wait_for_a_picture(rig: Rig, host: StaticHost) -> None:
    host.says(b"", 404)
    assert rig.network.shown is not None
    rig.network.shown = replace(rig.network.shown, visibility=Visibility.PUBLIC)
    rig.look()
    assert [what for what, _ in rig.history] == ["warning"]


@pytest.mark.parametrize("raises", [None, Refused("it hides"), Retryable("busy")])
def test_what_was_seen_of_a_post_that_is_edited_meanwhile_is_out_of_date(
    rig: Rig, raises: Exception | None
) -> None:
    """It is read again as it is now."""
    assert rig.network.shown is not None
    rig.network.shown = replace(rig.network.shown, alts=("",))
    later = NOW + timedelta(minutes=3)

    def edited(receipt: Receipt) -> Shown | None:
        rig.installation.store.readings.later(rig.delivery.id, later, 0)
        if raises is not None:
            raise raises
        return rig.network.shown

    rig.network.read_back = edited  # type: ignore[method-assign]
    rig.look()
    assert rig.history == []
    unread = rig.installation.store.readings.next_unread(later)
    assert unread is not None
    assert (unread.look_at, unread.tries) == (later, 0)


def test_nothing_is_asked_of_an_account_that_waits_for_a_login(rig: Rig) -> None:
    """And the tries are kept for when it is back."""
    rig.network.raises = [LoggedOut("the token is gone")]
    rig.look()
    assert rig.installation.store.accounts.logged_out() == {"fedi": "the token is gone"}
    rig.look(NOW + timedelta(hours=2))
    assert rig.network.read == 1
    rig.installation.store.accounts.log_in("fedi")
    rig.look(NOW + timedelta(hours=4))
    assert [what for what, _ in rig.history] == ["read back"]


def test_nothing_is_read_while_something_is_sent_to_the_account(rig: Rig) -> None:
    """Both would use the same session."""
    with rig.verifying.lanes.alone("fedi"):
        rig.look()
        assert rig.network.read == 0
    rig.look(NOW + timedelta(minutes=1))
    assert rig.network.read == 1


def test_a_refusal_ends_the_looking(rig: Rig) -> None:
    rig.network.raises = [Refused("art.example hides it from us")]
    rig.look()
    assert "could not be read back: art.example hides it from us" in rig.history[0][1]
    assert not rig.look(NOW + timedelta(days=2))


def test_a_fault_of_our_own_stops_no_other_post(rig: Rig) -> None:
    rig.network.raises = [ZeroDivisionError()]
    with pytest.raises(ZeroDivisionError):
        rig.look()
    assert not rig.look()
    rig.look(NOW + FIRST_LOOK + WAITS[0])
    assert [what for what, _ in rig.history] == ["read back"]


@pytest.mark.parametrize(("account", "dry_run"), [("fedi", True), ("look", False)])
def test_a_page_on_this_pc_is_not_read_back(
    installed: Installation, served: str, account: str, *, dry_run: bool
) -> None:
    rig = rig_of(installed, as_asked(served), account, dry_run=dry_run)
    assert rig.look()
    assert not rig.look(NOW + timedelta(days=2))
    assert (rig.network.read, rig.history) == (0, [])


def test_a_post_that_was_deleted_since_is_not_read_back(rig: Rig) -> None:
    with rig.installation.store.db.change() as db:
        db.execute("UPDATE deliveries SET state = ?", (DeliveryState.RETRACTED,))
    rig.look()
    assert (rig.network.read, rig.history) == (0, [])


def test_a_folder_that_was_taken_away_costs_the_receipt_only(rig: Rig) -> None:
    post = rig.installation.store.posts.get(rig.delivery.post_id)
    folder_of(rig.installation.outbox, post).rename(rig.installation.outbox / "mine")
    now = NOW + FIRST_LOOK
    for wait in (*WAITS, timedelta()):
        rig.look(now)
        now += wait
    assert [what for what, _ in rig.history] == ["read back"]
    (picture,) = seen(rig)["pictures"]  # type: ignore[misc]
    assert "not there to compare with" in picture["problem"]


def test_the_daemon_reads_back_as_one_of_its_roles(rig: Rig) -> None:
    """It shares the senders' lanes: one conversation with each account at a time."""
    made = make_roles(rig.installation, lambda: None)
    made.release()
    assert made.verifying in made.all()
    assert made.verifying.lanes is made.publishing.publisher.lanes
    with made.verifying.lanes.alone("fedi"):
        assert made.verifying.tick(NOW + FIRST_LOOK)
    unread = rig.installation.store.readings.next_unread(NOW + timedelta(minutes=1))
    assert unread is not None
    assert unread.tries == 0


def test_a_receipt_says_what_of_the_protection_is_left_in_the_picture_as_served(rig: Rig) -> None:
    kept = Survival("WebP", 60, 40, 900, likeness=90.1, notice=0.9, cloak=0.12, chance=0.01)
    rig.verifying.measured = lambda _: (kept,)
    rig.look()
    ((what, said),) = rig.history
    assert what == "warning"
    assert said.startswith("fedi: the cloak of picture 1 keeps only 12% of its change")
    warned, told = rig.receipt.splitlines()[1:]
    assert warned == f"  not as you asked: {said.removeprefix('fedi: ')}"
    assert told.startswith("  as it is served, picture 1: 60 × 40 pixels, 900 bytes of WebP")
    assert told.endswith("the cloak keeps 12% of its change (a change that never was in it: 1%)")
    (picture,) = seen(rig)["pictures"]  # type: ignore[misc]
    assert (picture["cloak"], picture["chance"]) == (0.12, 0.01)
