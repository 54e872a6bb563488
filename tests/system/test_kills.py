"""The power goes at every station. The next start finishes the way: nothing is lost, nothing is
posted twice, and what is posted is the rendition."""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from postguard.model import DeliveryState, Post, PostState
from tests.servers.mastodon import MastodonServer
from tests.servers.mastodon.faults import Fault
from tests.servers.mastodon.wire import Answer
from tests.servers.pds import Account, PdsProxy, PdsServer
from tests.system import rig
from tests.system.rig import Home, home_in, png

WORDS = 'text = "一度だけ once"\nalt = "a fox"\nat = "now"\nlang = "ja"\n'
SESSION = "/xrpc/com.atproto.server.createSession"
UPLOAD = "/xrpc/com.atproto.repo.uploadBlob"
COMMIT = "/xrpc/com.atproto.repo.applyWrites"
MEDIA = "/api/v2/media"
STATUS = "/api/v1/statuses"
LARGE = (2400, 1800)  # pixels; some seconds of work

_numbers = itertools.count(1)


@dataclass
class Gate(PdsProxy):
    """Stands before any server and keeps one request waiting: before its work, or after it."""

    path: str = ""
    when: str = ""
    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def shut(self, when: str, path: str) -> None:
        """Keep the next request to `path` waiting `before` or `after` its work."""
        self.when, self.path = when, path

    def respond(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Answer | None, Fault | None]:
        """Pass a request on, and let the one that is meant wait."""
        meant = method == "POST" and target.partition("?")[0] == self.path
        if meant and self.when == "before":
            self._hold()
        answer = super().respond(method, target, headers, body)
        if meant and self.when == "after":
            self._hold()
        return answer

    def _hold(self) -> None:
        self.path = ""
        self.reached.set()
        self.opened.wait(rig.PATIENCE)

    def close(self) -> None:
        """Let everything go."""
        self.opened.set()
        super().close()


@contextmanager
def gate_before(upstream: str) -> Iterator[Gate]:
    """A gate for as long as the block lasts."""
    gate = Gate(upstream)
    try:
        yield gate
    finally:
        gate.close()


@dataclass
class Scene:
    """One artist with two accounts, each behind a gate."""

    home: Home
    pds: PdsServer
    account: Account
    server: MastodonServer
    sky: Gate
    fedi: Gate
    original: bytes = field(default_factory=png)

    def drop(self) -> None:
        """Drop the one picture."""
        self.home.drop("fox.png", self.original, WORDS)

    def sees(self, what: str) -> None:
        """Wait until the history of the post shows a station."""

        def passed() -> bool:
            post = self.home.post("fox.png")
            return post is not None and what in self.home.events(post)

        self.home.wait(passed, f"the post to be {what}")

    def cut_power(self) -> None:
        """SIGKILL the daemon; its children must follow by themselves."""
        assert self.home.process is not None
        children = psutil.Process(self.home.process.pid).children(recursive=True)
        self.home.kill()
        self.home.wait(lambda: not any(map(_runs, children)), "the children to end")
        for gate in (self.sky, self.fedi):
            gate.path = ""
            gate.opened.set()

    def is_posted_once(self) -> None:
        """Both servers show one post, made of the rendition, and the original is still there."""
        post = self.home.posted("fox.png")
        assert [p.name for p in self.home.store.posts.page([], None, 10)] == ["fox.png"]
        (record,) = self.pds.list_records(self.account.did)
        (image,) = record["value"]["embed"]["images"]
        blob = self.pds.get_blob(self.account.did, image["image"]["ref"]["$link"])
        assert [blob] == self._files(post, "sky")
        (status,) = self.server.statuses
        assert [media.uploaded for media in status.media] == self._files(post, "fedi")
        # Uploads that were cut off lie there unattached; they are protected all the same.
        assert {media.uploaded for media in self.server.media} == {*self._files(post, "fedi")}
        assert (self.home.lies(post) / "fox.png").read_bytes() == self.original
        assert {path.name for path in self.home.outbox.iterdir()} <= {"queued", "held", "posted"}

    def _files(self, post: Post, account: str) -> list[bytes]:
        return [rendition.path.read_bytes() for rendition in self.home.renditions(post, account)]


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def scene(pds: PdsServer, mastodon: MastodonServer, tmp_path: Path) -> Iterator[Scene]:
    account = pds.new_account(f"kill{next(_numbers)}.test")
    mastodon.add_account("hanako")
    token = mastodon.token_for("hanako", "profile read:statuses write:statuses write:media")
    with (
        gate_before(pds.url) as sky,
        gate_before(mastodon.url) as fedi,
        home_in(tmp_path) as home,
    ):
        home.configure(
            rig.sky("sky", account.handle, sky.url)
            + rig.fedi("fedi", fedi.url, 'visibility = "public"')
        )
        home.knows(sky=account.app_password, fedi=token)
        home.start()
        yield Scene(home, pds, account, mastodon, sky, fedi)


@pytest.mark.parametrize(
    "station", ["settled", "taken", "protecting", "step", "protected", "scheduled", "sent"]
)
def test_killed_at_a_station_the_next_start_goes_on(scene: Scene, station: str) -> None:
    scene.drop()
    scene.sees(station)
    scene.cut_power()
    scene.home.start()
    scene.is_posted_once()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("sky", "fedi"), [(UPLOAD, MEDIA), (COMMIT, STATUS)])
def test_killed_while_both_servers_answer_they_are_asked_before_anything_is_sent_again(
    scene: Scene, sky: str, fedi: str, when: str
) -> None:
    scene.sky.shut(when, sky)
    scene.fedi.shut(when, fedi)
    scene.drop()
    scene.home.wait(scene.sky.reached.is_set, f"a request to {sky}")
    scene.home.wait(scene.fedi.reached.is_set, f"a request to {fedi}")
    scene.cut_power()
    scene.home.start()
    scene.is_posted_once()


def test_killed_again_and_again_on_one_way_it_still_arrives_once(scene: Scene) -> None:
    scene.drop()
    for station in ("settled", "taken", "step", "protected"):
        scene.sees(station)
        scene.cut_power()
        scene.home.start()
    scene.is_posted_once()


def test_a_lost_answer_on_both_networks_posts_nothing_twice(scene: Scene) -> None:
    scene.sky.fail_next("com.atproto.repo.applyWrites", drop_answer=True)
    scene.server.fail_next(STATUS, method="POST", drop_answer=True)
    scene.drop()
    post = scene.home.reaches("fox.png", PostState.PROTECTED)

    def unsure() -> bool:
        states = {d.state for d in scene.home.store.deliveries.of_post(post.id)}
        return states == {DeliveryState.UNSURE}

    scene.home.wait(unsure, "both deliveries to be unsure")
    assert (len(scene.pds.list_records(scene.account.did)), len(scene.server.statuses)) == (1, 1)
    scene.home.run("retry", str(post.id))
    scene.is_posted_once()


def test_killed_while_the_session_is_opened_it_still_gets_in(scene: Scene) -> None:
    """The PDS has given out a session that nobody has kept."""
    scene.sky.shut("after", SESSION)
    scene.drop()
    scene.home.wait(scene.sky.reached.is_set, "the session to be opened")
    scene.cut_power()
    scene.home.start()
    scene.is_posted_once()


def test_an_account_that_refuses_is_tried_again_alone(scene: Scene) -> None:
    scene.server.fail_next(STATUS, method="POST", status=422)
    scene.drop()
    post = scene.home.held("fox.png")
    assert scene.home.reason(post).count("fedi") >= 1
    assert len(scene.pds.list_records(scene.account.did)) == 1
    scene.home.run("release", str(post.id))
    scene.is_posted_once()


def test_a_crowd_of_pictures_outlives_three_power_cuts(scene: Scene) -> None:
    home, names = scene.home, {f"{number}.png" for number in range(12)}
    for number, name in enumerate(sorted(names)):
        home.drop(name, png(100 + number), f'{WORDS}to = "fedi"\n')
    for enough in (2, 5, 8):
        home.wait(lambda n=enough: len(scene.server.statuses) >= n, f"{enough} posts")
        scene.cut_power()
        home.start()
    posts = [home.posted(name) for name in sorted(names)]
    assert sorted(p.name for p in home.store.posts.page([], None, 100)) == sorted(names)
    sent = [media.uploaded for status in scene.server.statuses for media in status.media]
    made = [r.path.read_bytes() for post in posts for r in home.renditions(post, "fedi")]
    assert sorted(sent) == sorted(made)
    assert len(set(made)) == len(names)


def test_a_worker_killed_in_the_middle_of_protection_costs_no_post(scene: Scene) -> None:
    scene.original = png(1, LARGE)
    scene.drop()
    scene.sees("step")
    for child in psutil.Process(scene.home.process.pid).children():  # type: ignore[union-attr]
        os.kill(child.pid, signal.SIGKILL)
    post = scene.home.held("fox.png")
    assert "memory ran out" in scene.home.reason(post)
    assert (scene.home.lies(post) / "fox.png").read_bytes() == scene.original
    assert (scene.pds.list_records(scene.account.did), scene.server.media) == ([], [])
    scene.home.run("release", str(post.id))
    scene.is_posted_once()
