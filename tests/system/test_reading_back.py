"""What a real Bluesky PDS and Mastodon show of a post is read back, measured, and warned of."""

from __future__ import annotations

import io
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageFilter

from postguard.app.installation import Installation, open_installation
from postguard.app.verifying import Verifying
from postguard.model import Post, PostState
from postguard.publish.lanes import Lanes
from postguard.store.readings import Reading
from tests.servers.mastodon import MastodonServer, Status, start_mastodon
from tests.servers.pds import Account, PdsServer
from tests.system import rig
from tests.system.rig import Home, home_in

STEPS = """\
  { step = "downscale", long_side = 640 },
  { step = "watermark", text = "© 花" },
  { step = "notice" },
"""
WORDS = """\
text = "月夜のきつね🦊 https://example.com/狐 #イラスト"
alt = "雪の夜、月の下に赤い狐が座っている。"
lang = "ja"
at = "now"
"""
POST = "app.bsky.feed.post"
AT_ONCE = '[schedule]\ngrace = "0s"\n\n[intake]\nsettle = "0.1s"\nwords_wait = "0.1s"\n'


@dataclass
class Studio:
    """One post that stands on both networks, and what reads it back."""

    home: Home
    installation: Installation
    pds: PdsServer
    account: Account
    server: MastodonServer
    post: Post

    @property
    def status(self) -> Status:
        """As Mastodon keeps it."""
        uri = self.installation.store.deliveries.receipts(self.post.id)["fedi"].uri
        return self.server.state.statuses[uri.rsplit("/", 1)[1]]

    @property
    def rkey(self) -> str:
        """The key of the post and its gates on Bluesky."""
        uri = self.installation.store.deliveries.receipts(self.post.id)["sky"].uri
        return uri.rsplit("/", 1)[1]

    def read_back(self, hours: int = 1) -> dict[str, Reading]:
        """Do what the daemon does a little later."""
        installation = self.installation
        verifying = Verifying(installation, installation.accounts.of_delivery, Lanes())
        while verifying.tick(installation.clock.now() + timedelta(hours=hours)):
            pass
        return installation.store.readings.of_post(self.post.id)

    def read_anew(self) -> None:
        """Forget what was found."""
        now = self.installation.clock.now()
        for delivery in self.installation.store.deliveries.of_post(self.post.id):
            self.installation.store.readings.later(delivery.id, now, 0)

    def change_on_bluesky(self, method: str, **more: Any) -> None:
        """Change a record behind postguard's back, as the artist's app would."""
        token = self.pds.log_in(self.account.handle, self.account.password)
        body = {"repo": self.account.did, "rkey": self.rkey} | more
        reply = self.pds.procedure(f"com.atproto.repo.{method}", body, token)
        assert reply.status == 200, reply.text


@pytest.fixture(scope="module")
def first(pds: PdsServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A fox, posted to both by the real program; then one installation in this process."""
    account = pds.new_account("read-back.test")
    with (
        start_mastodon() as server,
        home_in(tmp_path_factory.mktemp("studio")) as home,
        pytest.MonkeyPatch.context() as patched,
    ):
        server.add_account("hanako")
        token = server.token_for("hanako", "profile read:statuses write:statuses write:media")
        sky = rig.sky("sky", account.handle, pds.url, 'quotes = "nobody"\nreplies = "nobody"')
        fedi = rig.fedi("fedi", server.url, 'visibility = "unlisted"')
        home.configure(sky + fedi, AT_ONCE, rig.recipe(steps=STEPS))
        home.knows(sky=account.app_password, fedi=token)
        home.run("run", "--once")  # what lies there at the first start would be held
        post = posted(home, "狐", 3)
        for name, value in home.environment.items():
            patched.setenv(name, value)
        opened = open_installation(home.config)
        yield Studio(home, opened, pds, account, server, post)
        for name in ("sky", "fedi"):
            opened.accounts.network(name).close()
        opened.store.db.close()


@pytest.fixture
def studio(first: Studio) -> Iterator[Studio]:
    """The fox as it was posted; what a test changes at Mastodon is undone."""
    first.read_anew()
    status = first.status
    before, media = dict(vars(status)), [dict(vars(each)) for each in status.media]
    yield first
    vars(status).update(before)
    for each, fields in zip(status.media, media, strict=True):
        vars(each).update(fields)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home of a test's own."""
    with home_in(tmp_path) as made:
        yield made


def posted(home: Home, name: str, seed: int) -> Post:
    """Drop a picture and have the program take it all its way."""
    home.drop(f"{name}.png", rig.saved(rig.art(seed, (900, 600))), WORDS)
    home.run("run", "--once")
    post = home.post(f"{name}.png")
    assert post is not None
    assert post.state is PostState.POSTED, post.reason
    return post


def warnings(studio: Studio) -> dict[str, list[str]]:
    """What the artist is warned of, by account."""
    return studio.installation.store.readings.warnings(studio.post.id)


def test_a_post_that_stands_as_asked_is_known_to_on_both_networks(studio: Studio) -> None:
    """And what the servers did to the picture is measured on what they serve."""
    found = studio.read_back()
    assert warnings(studio) == {}
    (sky,), (fedi,) = (found[name].seen["pictures"] for name in ("sky", "fedi"))  # type: ignore[misc]
    assert (sky["same"], sky["notice"], sky["watermark"]) == (True, 1.0, 1.0)
    assert not fedi["same"]  # coded anew, without its tags
    assert 50 < fedi["likeness"] < 99
    assert fedi["notice"] == pytest.approx(1, abs=0.05)
    assert fedi["watermark"] == pytest.approx(1, abs=0.05)


def test_the_command_tells_what_is_shown(studio: Studio) -> None:
    studio.read_back()
    told = studio.home.run("show", str(studio.post.id))
    assert "As Bluesky shows it: as you asked for" in told
    assert "As Mastodon shows it: as you asked for" in told
    assert "read back from sky: it is there as you asked for" in told


def _no_alt(studio: Studio) -> None:
    studio.status.media[0].description = None


def _public(studio: Studio) -> None:
    studio.status.visibility = "public"


def _other_text(studio: Studio) -> None:
    studio.status.text = "別の言葉"


def _sensitive(studio: Studio) -> None:
    studio.status.sensitive = True


def _other_language(studio: Studio) -> None:
    studio.status.language = "en"


def _no_picture(studio: Studio) -> None:
    studio.status.media = []


@pytest.mark.parametrize(
    ("change", "says", "do"),
    [
        (_no_alt, "picture 1 stands there without its alt text", "`postguard edit 1`"),
        (_public, "shown to everyone although you asked for", "`postguard retract 1`"),
        (_other_text, "the text there is not yours: “別の言葉”", "`postguard edit 1`"),
        (_sensitive, "your pictures are covered", "`postguard edit 1`"),
        (_other_language, "marked as en instead of ja", "`postguard edit 1`"),
        (_no_picture, "0 of its 1 pictures", "`postguard retract 1`"),
    ],
)
def test_what_mastodon_made_of_it_is_warned_of_with_advice(
    studio: Studio, change: Callable[[Studio], None], says: str, do: str
) -> None:
    change(studio)
    studio.read_back()
    (said,) = warnings(studio)["fedi"]
    assert says in said
    assert do in said
    assert list(warnings(studio)) == ["fedi"]
    receipt = (studio.home.lies(studio.post) / "receipt.txt").read_text(encoding="utf-8")
    assert f"  not as you asked: {said}" in receipt
    assert "warning: fedi:" in studio.home.run("show", str(studio.post.id))


def test_what_the_artists_app_did_to_a_post_on_bluesky_is_warned_of(first: Studio) -> None:
    """A gate taken away, an alt text emptied; at last the post itself deleted."""
    bird = replace(first, post=posted(first.home, "鳥", 4))
    record = bird.pds.get_record(bird.account.did, POST, bird.rkey)["value"]
    record["embed"]["images"][0]["alt"] = ""
    bird.change_on_bluesky("putRecord", collection=POST, record=record)
    bird.change_on_bluesky("deleteRecord", collection="app.bsky.feed.postgate")
    bird.read_back()
    quoted, alt = warnings(bird)["sky"]
    assert "it may be quoted by everyone although you asked for nobody" in quoted
    assert f"`postguard retract {bird.post.id}`" in quoted
    assert "picture 1 stands there without its alt text" in alt
    bird.change_on_bluesky("deleteRecord", collection=POST)
    bird.read_anew()
    bird.read_back()
    bird.read_back(hours=2)
    assert "the post is not there" in warnings(bird)["sky"][0]


def test_a_mark_that_the_server_blurred_away_is_warned_of(studio: Studio) -> None:
    (media,) = studio.status.media
    with Image.open(io.BytesIO(media.data)) as image:
        out = io.BytesIO()
        image.filter(ImageFilter.GaussianBlur(9)).save(out, image.format)
    media.data = out.getvalue()
    studio.read_back()
    told = " ".join(warnings(studio)["fedi"])
    assert "the notice on picture 1 keeps only" in told
    assert "the watermark on picture 1 keeps only" in told


@pytest.mark.slow
def test_the_daemon_itself_reads_back_and_warns(home: Home) -> None:
    """From a server that turns `unlisted` into `private` without a word."""
    with start_mastodon("snac") as server:
        server.add_account("hanako")
        token = server.token_for("hanako", "profile read:statuses write:statuses write:media")
        home.configure(rig.fedi("fedi", server.url, 'visibility = "unlisted"'), AT_ONCE)
        home.knows(fedi=token)
        process = home.start()
        home.drop("狐.png", rig.png(1), WORDS)
        post = home.posted("狐.png")
        (delivery,) = home.store.deliveries.of_post(post.id)
        # What the server is given for its own work on the pictures is over.
        home.store.readings.later(delivery.id, datetime.now(UTC), 0)
        process.send_signal(signal.SIGUSR1)
        home.says("is not as it was asked for (audience)")
        assert home.stop() == 0
    (said,) = home.store.readings.warnings(post.id)["fedi"]
    assert "shown to followers although you asked for everyone, outside public" in said
    assert f"`postguard retract {post.id}`" in said
