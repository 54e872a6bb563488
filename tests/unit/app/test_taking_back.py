"""Words changed and copies deleted on two servers, with what goes wrong on the way."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from postguard.app.editing import NewWords, edit
from postguard.app.installation import Installation, open_installation
from postguard.app.retracting import retract, to_retract
from postguard.app.roles import make_roles
from postguard.app.steering import retry
from postguard.errors import Unusable
from postguard.model import (
    DeliveryState,
    NewArtwork,
    NewDelivery,
    Place,
    PostState,
    Rendition,
    Words,
)
from postguard.system.folders import RENDITIONS, folder_of
from tests.contract.stages import TOKEN
from tests.making import new_post
from tests.servers.mastodon import MastodonServer, start_mastodon

CONFIG = """
outbox = "{outbox}"
timezone = "Asia/Tokyo"
[accounts.a]
network = "mastodon"
instance = "{a}"
[accounts.b]
network = "mastodon"
instance = "{b}"
link = "a"
[recipes]
default = [{{ step = "notice" }}]
"""
STATUSES = "/api/v1/statuses"
SCOPES = "profile read:statuses write:statuses write:media"


@dataclass
class Rig:
    """Two servers, and one post on its way to both."""

    servers: tuple[MastodonServer, MastodonServer]
    installation: Installation

    def send(self) -> None:
        """Post what is due, as the daemon does."""
        roles = make_roles(self.installation, lambda: None)
        now = self.installation.clock.now()
        roles.publishing.tick(now)
        for _ in "1234":
            for sender in roles.sending:
                sender.tick(now)
        roles.release()

    def texts(self) -> list[list[str]]:
        return [[s.text for s in server.statuses] for server in self.servers]

    def states(self) -> list[DeliveryState]:
        return [d.state for d in self.installation.store.deliveries.of_post(1)]

    def retract(self, account: str | None = None) -> list[bool]:
        self.said = []
        post, chosen = to_retract(self.installation.store, 1, account)
        told = retract(self.installation, post, chosen, self.installation.clock.now())
        self.said = [o.said for o in told]
        return [o.done for o in told]

    def edit(self, new: NewWords, account: str | None = None) -> list[bool]:
        told = edit(self.installation, 1, new, account, self.installation.clock.now())
        self.said = [o.said for o in told]
        return [o.done for o in told]


@pytest.fixture
def rig(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mastodon: MastodonServer
) -> Iterator[Rig]:
    for name in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    (tmp_path / "outbox").mkdir()
    with start_mastodon() as other:
        path = tmp_path / "config.toml"
        path.write_text(CONFIG.format(outbox=tmp_path / "outbox", a=mastodon.url, b=other.url))
        installation = open_installation(path)
        for name, server in (("a", mastodon), ("b", other)):
            server.add_account("hanako")
            server.token_for("hanako", SCOPES, TOKEN)
            installation.secrets.set(name, TOKEN)
        protected(installation)
        yield Rig((mastodon, other), installation)
        installation.store.db.close()


def protected(installation: Installation) -> None:
    """Post 1, protected and to be posted now to a, and to b with a link to a's copy."""
    store, out = installation.store, io.BytesIO()
    Image.new("RGB", (60, 40), (200, 90, 40)).save(out, "JPEG", quality=90)
    said = {"text": "月の下の狐", "alts": ("赤い狐",), "langs": ("ja",)}
    deliveries = (
        NewDelivery("a", Words(**said), "now", "any"),
        NewDelivery("b", Words(**said, link_to="a"), "now", "any"),
    )
    now = installation.clock.now()
    digest = hashlib.sha256(out.getvalue()).hexdigest()
    fox = NewArtwork(digest, "fox.png", "fox.png", 60, 40)
    post = store.posts.create(new_post(deliveries=deliveries, artworks=(fox,)), now)
    store.posts.placed(post.id, Place.QUEUED)
    store.posts.move_to(post.id, PostState.TAKEN, now)
    folder = folder_of(installation.outbox, store.posts.get(post.id)) / RENDITIONS
    folder.mkdir(parents=True)
    file = folder / "1-any.jpg"
    for each in (folder.with_name("fox.png"), file):
        each.write_bytes(out.getvalue())
    size = len(out.getvalue())
    made = Rendition(0, "any", file, digest, "image/jpeg", 60, 40, size, {"steps": []})
    store.renditions.protected(post.id, [made], now)


def receipt_note(rig: Rig) -> str:
    post = rig.installation.store.posts.get(1)
    return (folder_of(rig.installation.outbox, post) / "receipt.txt").read_text()


def test_every_copy_is_deleted_and_the_receipts_are_kept(rig: Rig) -> None:
    rig.send()
    assert [len(texts) for texts in rig.texts()] == [1, 1]
    urls = {n: r.url for n, r in rig.installation.store.deliveries.receipts(1).items()}
    assert rig.retract() == [True, True]
    assert rig.texts() == [[], []]
    store = rig.installation.store
    assert store.posts.get(1).state is PostState.RETRACTED
    assert {n: r.url for n, r in store.deliveries.receipts(1).items()} == urls
    assert receipt_note(rig).count("+09:00), deleted again") == 2
    assert rig.retract() == [True, True]
    rig.send()
    assert rig.texts() == [[], []]
    with pytest.raises(Unusable, match="taken back"):
        retry(store, 1, rig.installation.clock.now())


def test_one_copy_is_deleted_and_the_other_stands(rig: Rig) -> None:
    rig.send()
    assert rig.retract("b") == [True]
    assert [len(texts) for texts in rig.texts()] == [1, 0]
    assert rig.states() == [DeliveryState.POSTED, DeliveryState.RETRACTED]
    assert rig.installation.store.posts.get(1).state is PostState.POSTED
    assert "a: " in receipt_note(rig).splitlines()[0]
    assert "deleted again" in receipt_note(rig).splitlines()[1]


def test_a_link_to_a_deleted_copy_is_taken_out_of_the_one_that_stands(rig: Rig) -> None:
    """A repeat mends what its server did not take, and a later edit does not bring it back."""
    rig.send()
    url = rig.installation.store.deliveries.receipts(1)["a"].url
    assert rig.texts()[1] == [f"月の下の狐\n\n{url}"]
    rig.servers[1].fail_next(STATUSES, status=503, method="PUT")
    assert rig.retract("a") == [True, False]
    assert "its text still links to the copy on a" in rig.said[1]
    assert rig.retract("a") == [True, True]
    assert "was taken out" in rig.said[1]
    assert rig.texts() == [[], ["月の下の狐"]]
    assert rig.retract("a") == [True]
    assert rig.edit(NewWords(cw="snow"), "b") == [True]
    assert rig.texts()[1] == ["月の下の狐"]


def test_a_link_that_its_network_never_takes_out_is_told_once(rig: Rig) -> None:
    """Nothing is asked of the network again, and a repeat says that all is done."""
    rig.send()
    rig.servers[1].fail_next(STATUSES, status=422, method="PUT")
    assert rig.retract("a") == [True, False]
    assert "its text still links to the copy on a" in rig.said[1]
    assert rig.retract("a") == [True]
    assert rig.servers[1].statuses[0].text.startswith("月の下の狐\n\nhttp")
    told = [e.detail for _, e in rig.installation.store.posts.history(1) if e.what == "link stays"]
    assert told == ["b"]
    assert rig.retract() == [True, True]
    assert rig.texts() == [[], []]


def test_the_note_beside_the_files_goes_on_saying_what_was_deleted(rig: Rig) -> None:
    """Whoever writes it anew: one copy waits, is posted, and is read back."""
    rig.servers[1].fail_next("/api/v2/media", status=503)
    rig.send()
    assert rig.retract("a") == [True]
    store, now = rig.installation.store, rig.installation.clock.now()
    store.wishes.make_due(1, now)
    rig.send()
    assert rig.states() == [DeliveryState.RETRACTED, DeliveryState.POSTED]
    roles = make_roles(rig.installation, lambda: None)
    roles.protection.shelving.tick(now)
    assert store.posts.get(1).place is Place.POSTED
    assert "deleted again" in receipt_note(rig).splitlines()[0]
    roles.verifying.tick(now + timedelta(minutes=5))
    roles.release()
    assert store.readings.of_post(1)["b"].checked_at is not None
    assert "deleted again" in receipt_note(rig).splitlines()[0]


def test_a_copy_whose_server_is_away_stands_and_a_repeat_finishes_the_rest(rig: Rig) -> None:
    rig.send()
    rig.servers[0].fail_next(STATUSES, drop_request=True, method="DELETE")
    assert rig.retract() == [False, True]
    assert [len(texts) for texts in rig.texts()] == [1, 0]
    assert rig.states() == [DeliveryState.POSTED, DeliveryState.RETRACTED]
    assert rig.retract() == [True, True]
    assert rig.texts() == [[], []]


def test_what_was_not_sent_yet_never_is(rig: Rig) -> None:
    """The first went out; the second waits for a retry when all is taken back."""
    rig.servers[1].fail_next("/api/v2/media", status=503)
    rig.send()
    assert rig.states() == [DeliveryState.POSTED, DeliveryState.SCHEDULED]
    assert rig.retract() == [True, True]
    rig.send()
    assert rig.texts() == [[], []]


def test_what_may_have_been_posted_is_looked_for_and_deleted(rig: Rig) -> None:
    rig.servers[0].fail_next(STATUSES, drop_answer=True, method="POST")
    rig.send()
    assert rig.states()[0] is DeliveryState.UNSURE
    assert rig.retract("a") == [True]
    assert rig.texts()[0] == []
    assert rig.states()[0] is DeliveryState.RETRACTED


def test_of_two_that_look_the_same_none_is_deleted_for_the_other(rig: Rig) -> None:
    """Both answers were lost, and one post stands there: it may be the one to be kept."""
    rig.servers[0].fail_next(STATUSES, drop_answer=True, method="POST")
    rig.send()
    protected(rig.installation)
    store, now = rig.installation.store, rig.installation.clock.now()
    second = store.deliveries.of_post(2)[0]
    store.attempts.begin(second.id, {"key": "k"}, now)
    store.attempts.put_back(second.id, DeliveryState.UNSURE, now, "no answer", now)
    assert rig.retract("a") == [False]
    assert "post 2, whose words are the same" in rig.said[0]
    assert len(rig.texts()[0]) == 1


def test_what_went_out_while_the_artist_was_asked_is_deleted_too(rig: Rig) -> None:
    """`retract` looked at the rows before it asked."""
    rig.servers[1].fail_next("/api/v2/media", status=503)
    rig.send()
    installation, now = rig.installation, rig.installation.clock.now()
    post, chosen = to_retract(installation.store, 1, None)
    installation.store.wishes.make_due(1, now)
    rig.send()
    assert rig.states() == [DeliveryState.POSTED, DeliveryState.POSTED]
    assert [o.done for o in retract(installation, post, chosen, now)] == [True, True]
    assert rig.texts() == [[], []]


def test_what_is_not_there_but_may_still_come_is_told_and_not_sent_again(rig: Rig) -> None:
    rig.servers[0].fail_next(STATUSES, drop_request=True, method="POST")
    rig.send()
    assert rig.states()[0] is DeliveryState.UNSURE
    assert rig.retract("a") == [False]
    assert "may still arrive" in rig.said[0]
    rig.send()
    assert rig.texts()[0] == []
    assert rig.states()[0] is DeliveryState.HELD


def test_nothing_is_taken_back_in_the_middle_of_sending(rig: Rig) -> None:
    """Claimed, and its attempt stored: the server may have it at any moment."""
    store, now = rig.installation.store, rig.installation.clock.now()
    attempts = store.attempts
    for delivery in store.deliveries.unplanned():
        store.deliveries.schedule(delivery.id, now, None, now)
    attempts.claim(now, ("a",))
    attempts.begin(1, {"key": "k"}, now)
    assert rig.retract() == [False, True]
    assert "at this moment" in rig.said[0]
    attempts.recover(now)
    attempts.claim(now, ("a",))
    attempts.begin(1, {"key": "k"}, now)
    assert rig.retract("a") == [False]
    assert "at this moment" in rig.said[0]


def test_a_post_that_is_nowhere_is_not_taken_back(rig: Rig) -> None:
    with pytest.raises(Unusable, match="postguard hold 1"):
        rig.retract()
    assert DeliveryState.RETRACTED not in rig.states()


def test_words_are_changed_before_the_post_goes_out(rig: Rig) -> None:
    assert rig.edit(NewWords(text="雪の狐", cw="snow", alts={1: "白い狐"})) == [True, True]
    assert rig.edit(NewWords(text="雪の狐")) == [True, True]
    assert rig.said == ["says so already"] * 2
    rig.send()
    (status,) = rig.servers[0].statuses
    assert (status.text, status.spoiler_text) == ("雪の狐", "snow")
    assert [m.description for m in status.media] == ["白い狐"]


def test_words_are_changed_where_the_post_stands(rig: Rig) -> None:
    """The link to the other copy stays behind them."""
    rig.send()
    assert rig.edit(NewWords(text="雪の狐", alts={1: "白い狐"})) == [True, True]
    first, second = rig.texts()
    url = rig.installation.store.deliveries.receipts(1)["a"].url
    assert first == ["雪の狐"]
    assert second == [f"雪の狐\n\n{url}"]
    assert [m.description for m in rig.servers[1].statuses[0].media] == ["白い狐"]
    assert rig.installation.store.deliveries.of_post(1)[0].words.text == "雪の狐"


def test_an_edit_that_did_not_arrive_is_told_and_can_be_done_again(rig: Rig) -> None:
    rig.send()
    rig.servers[0].fail_next(STATUSES, status=503, method="PUT")
    assert rig.edit(NewWords(text="雪の狐")) == [False, True]
    assert rig.installation.store.deliveries.of_post(1)[0].words.text == "月の下の狐"
    assert rig.edit(NewWords(text="雪の狐")) == [True, True]
    assert rig.texts()[0] == ["雪の狐"]


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (NewWords(text="狐" * 501), "500"),
        (NewWords(alts={1: ""}), "no alt text"),
        (NewWords(alts={2: "x"}), "there is no picture 2; the post has 1"),
    ],
)
def test_words_that_no_account_may_post_change_nothing(rig: Rig, new: NewWords, told: str) -> None:
    with pytest.raises(Unusable, match=told):
        rig.edit(new)
    assert {d.words.text for d in rig.installation.store.deliveries.of_post(1)} == {"月の下の狐"}


def test_a_post_whose_words_cannot_be_read_says_where_they_lie(rig: Rig) -> None:
    now = rig.installation.clock.now()
    unread = new_post("b.png", reason="b.toml: this is not TOML", deliveries=())
    post = rig.installation.store.posts.create(unread, now)
    with pytest.raises(Unusable, match=f"postguard release {post.id}"):
        edit(rig.installation, post.id, NewWords(text="x"), None, now)
