"""From a picture in the outbox to a post on a real Bluesky PDS, on Mastodon and on a page."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from postguard.model import Post, PostState
from tests.servers.mastodon import MastodonServer, Status, start_mastodon
from tests.servers.pds import Account, PdsServer
from tests.system import rig
from tests.system.rig import Home, home_in, png

FRIEND = "e2e-friend.test"
SECRETS = (b"SERIAL-4711", b"HISTORY-OF-EDITS", b"A1111-PROMPT", b"BEHIND-THE-END")
CLOAKED = '  { step = "cloak", mode = "instant", min_gain = 0.9 },\n'
TEXT = f"月夜のきつね🦊を描きました https://example.com/狐?a=1 @{FRIEND} #イラスト と ＃タグ"
ALT = "雪の夜、月の下に赤い狐が座っている。\n背景は松林。"


@dataclass
class Studio:
    """One artist with a daemon and an account on each network.

    Attributes:
        token: Mastodon's access token, as `login` was given it.
    """

    home: Home
    pds: PdsServer
    account: Account
    friend: str
    server: MastodonServer
    token: str

    def records(self, post: Post) -> list[dict[str, Any]]:
        """The Bluesky records that the receipts of a post name, read back by the PDS itself."""
        receipts = self.home.store.deliveries.receipts(post.id)
        rkey = receipts["sky"].uri.rsplit("/", 1)[1]
        found = self.pds.get_record(self.account.did, "app.bsky.feed.post", rkey)
        return [found["value"]]

    def record(self, post: Post) -> dict[str, Any]:
        """The one record of a post."""
        (found,) = self.records(post)
        return found

    def blobs(self, record: dict[str, Any]) -> list[bytes]:
        """The pictures of a record, as anybody can fetch them."""
        links = [image["image"]["ref"]["$link"] for image in record["embed"]["images"]]
        return [self.pds.get_blob(self.account.did, link) for link in links]

    def status(self, post: Post) -> Status:
        """The status that the receipt of a post names."""
        uri = self.home.store.deliveries.receipts(post.id)["fedi"].uri
        return next(s for s in self.server.statuses if s.id == uri.rsplit("/", 1)[1])

    def sent(self) -> tuple[int, int]:
        """How many posts each network shows."""
        return len(self.pds.list_records(self.account.did)), len(self.server.statuses)

    def files(self, post: Post, account: str) -> list[bytes]:
        """The protected files of a post, each with the bytes that its row says."""
        made = self.home.renditions(post, account)
        for rendition in made:
            data = rendition.path.read_bytes()
            assert hashlib.sha256(data).hexdigest() == rendition.sha256
        return [rendition.path.read_bytes() for rendition in made]


@pytest.fixture(scope="module")
def studio(pds: PdsServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """Set up as an artist would: config, logins on stdin, then the daemon."""
    account = pds.new_account("e2e-artist.test")
    friend = pds.new_account(FRIEND)
    with start_mastodon() as server, home_in(tmp_path_factory.mktemp("studio")) as home:
        server.add_account("hanako")
        token = server.token_for("hanako", "profile read:statuses write:statuses write:media")
        accounts = (
            rig.sky("sky", account.handle, pds.url, 'quotes = "nobody"\nreplies = "following"')
            + rig.fedi("fedi", server.url, 'visibility = "unlisted"')
            + rig.PREVIEW
        )
        home.configure(accounts, recipes=rig.recipe() + rig.recipe("cloaked", CLOAKED))
        home.run("login", "sky", "--secret-stdin", stdin=account.app_password + "\n")
        home.run("login", "fedi", "--secret-stdin", stdin=token + "\n")
        home.start()
        yield Studio(home, pds, account, friend.did, server, token)
        assert home.stop() == 0


def stuffed_png(folder: Path) -> bytes:
    """A picture with all that cameras, painting programs and generators leave in a file."""
    thumbnail = rig.saved(rig.art(9, (64, 48)), "JPEG", comment=b"SERIAL-4711")
    exif = Image.Exif()
    exif[0x0131] = "HISTORY-OF-EDITS"
    exif.get_ifd(0x8769).update({0xA431: "SERIAL-4711", 0x927C: b"NOTE" + thumbnail})
    exif.get_ifd(0x8825).update({1: "N", 2: (35.0, 41.0, 22.2), 3: "E", 4: (139.0, 41.0, 30.1)})
    texts = PngImagePlugin.PngInfo()
    texts.add_text("parameters", "A1111-PROMPT, Steps: 20")
    data = rig.saved(rig.art(1), "PNG", exif=exif, pnginfo=texts) + SECRETS[3] * 9
    assert all(secret in data for secret in SECRETS)
    if shutil.which("exiftool"):
        assert {"GPSLatitude", "SerialNumber"} <= set(_tags(data, folder))
    return data


def _tags(data: bytes, folder: Path) -> dict[str, Any]:
    """All tags that exiftool finds, by name."""
    path = folder / "looked-at"
    path.write_bytes(data)
    told = subprocess.run(["exiftool", "-json", "-a", path], capture_output=True, check=True)
    found: dict[str, Any] = json.loads(told.stdout)[0]
    return found


def assert_nothing_of(original: bytes, sent: bytes, folder: Path) -> None:
    """No stretch of the original's file and none of its metadata is in what was sent."""
    step = 48  # longer than anything that two PNG or JPEG files of any pictures share
    assert not [i for i in range(0, len(original), step) if original[i : i + step] in sent]
    for secret in SECRETS:
        assert secret not in sent
    if shutil.which("exiftool"):
        names = " ".join(_tags(sent, folder))
        assert "GPS" not in names
        assert "Serial" not in names
        assert "Thumbnail" not in names


@pytest.fixture(scope="module")
def fox(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> tuple[Post, bytes]:
    """The main job, done once for the tests that look at it from all sides."""
    original = stuffed_png(tmp_path_factory.mktemp("fox"))
    words = (
        f'text = "{TEXT}"\nalt = """{ALT}"""\nlang = "ja"\nlabels = ["nudity"]\n'
        'cw = "裸の狐"\ntags = ["狐", "イラスト"]\n'
    )
    studio.home.drop("きつね.png", original, words)
    return studio.home.posted("きつね.png"), original


def test_a_drop_becomes_a_record_with_words_labels_and_shape(
    studio: Studio, fox: tuple[Post, bytes]
) -> None:
    record = studio.record(fox[0])
    (image,) = record["embed"]["images"]
    (rendition,) = studio.home.renditions(fox[0], "sky")
    assert record["text"] == f"{TEXT}\n\n#狐"
    assert record["langs"] == ["ja"]
    assert image["alt"] == ALT
    assert image["aspectRatio"] == {"width": rendition.width, "height": rendition.height}
    assert record["labels"] == {
        "$type": "com.atproto.label.defs#selfLabels",
        "values": [{"val": "nudity"}],
    }


def test_facets_mark_links_mentions_and_both_kinds_of_hashtags_by_their_bytes(
    studio: Studio, fox: tuple[Post, bytes]
) -> None:
    record = studio.record(fox[0])
    data = record["text"].encode()
    marked = {
        data[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode(): f["features"][0]
        for f in record["facets"]
    }
    kinds = {text: feature["$type"].rpartition("#")[2] for text, feature in marked.items()}
    assert kinds == {
        "https://example.com/狐?a=1": "link",
        f"@{FRIEND}": "mention",
        "#イラスト": "tag",
        "＃タグ": "tag",
        "#狐": "tag",
    }
    assert marked[f"@{FRIEND}"]["did"] == studio.friend
    assert marked["＃タグ"]["tag"] == "タグ"


def test_the_blob_is_the_rendition_byte_for_byte_and_nothing_of_the_original(
    studio: Studio, fox: tuple[Post, bytes], tmp_path: Path
) -> None:
    post, original = fox
    blobs = studio.blobs(studio.record(post))
    assert blobs == studio.files(post, "sky")
    assert_nothing_of(original, blobs[0], tmp_path)
    assert (studio.home.lies(post) / "きつね.png").read_bytes() == original


def test_the_gates_stand_beside_the_record(studio: Studio, fox: tuple[Post, bytes]) -> None:
    uri = studio.home.store.deliveries.receipts(fox[0].id)["sky"].uri
    rkey = uri.rsplit("/", 1)[1]
    get = studio.pds.get_record
    replies = get(studio.account.did, "app.bsky.feed.threadgate", rkey)["value"]
    quotes = get(studio.account.did, "app.bsky.feed.postgate", rkey)["value"]
    assert [rule["$type"] for rule in replies["allow"]] == [
        "app.bsky.feed.threadgate#followingRule"
    ]
    assert [rule["$type"] for rule in quotes["embeddingRules"]] == [
        "app.bsky.feed.postgate#disableRule"
    ]


def test_mastodon_gets_the_same_post_with_its_own_audience(
    studio: Studio, fox: tuple[Post, bytes], tmp_path: Path
) -> None:
    post, original = fox
    status = studio.status(post)
    (media,) = status.media
    assert status.text == f"{TEXT}\n\n#狐"
    assert (status.visibility, status.spoiler_text) == ("unlisted", "裸の狐")
    assert (status.sensitive, status.language) == (True, "ja")
    assert media.description == ALT
    assert [media.uploaded] == studio.files(post, "fedi")
    assert_nothing_of(original, media.uploaded, tmp_path)
    assert studio.server.unknown_parameters == []


def test_the_preview_becomes_a_page_with_the_same_words(
    studio: Studio, fox: tuple[Post, bytes]
) -> None:
    uri = studio.home.store.deliveries.receipts(fox[0].id)["look"].uri
    page = Path(uri.removeprefix("file://")).read_text(encoding="utf-8")
    assert "月夜のきつね" in page
    assert "雪の夜、月の下に赤い狐が座っている。" in page


def test_the_receipt_lies_beside_the_original(studio: Studio, fox: tuple[Post, bytes]) -> None:
    told = (studio.home.lies(fox[0]) / "receipt.txt").read_text(encoding="utf-8")
    receipts = studio.home.store.deliveries.receipts(fox[0].id)
    assert {line.split(": ")[0] for line in told.splitlines()} == {"sky", "fedi", "look"}
    assert all(receipt.url in told for receipt in receipts.values())


def test_what_was_uploaded_is_never_the_original(studio: Studio, fox: tuple[Post, bytes]) -> None:
    assert fox[1] not in [media.uploaded for media in studio.server.media]


def test_a_folder_of_three_becomes_one_post_in_natural_order(studio: Studio) -> None:
    files = {f"{n}.png": png(20 + n, (240 + n, 160)) for n in (10, 2, 1)}
    words = 'text = "三枚"\nto = ["sky", "fedi"]\n[alt]\n'
    words += "".join(f'"{n}.png" = "picture {n}"\n' for n in (10, 2, 1))
    studio.home.drop_set("trio", files | {"post.toml": words.encode()})
    post = studio.home.posted("trio")
    record, status = studio.record(post), studio.status(post)
    alts = ["picture 1", "picture 2", "picture 10"]
    assert [image["alt"] for image in record["embed"]["images"]] == alts
    assert [media.description for media in status.media] == alts
    assert studio.blobs(record) == studio.files(post, "sky")
    assert [media.uploaded for media in status.media] == studio.files(post, "fedi")
    widths = [Image.open(io.BytesIO(data)).width for data in studio.files(post, "sky")]
    assert widths == [241, 242, 250]


def test_add_drops_a_copy_with_its_words(studio: Studio, tmp_path: Path) -> None:
    picture = tmp_path / "梟.png"
    picture.write_bytes(png(31))
    studio.home.run(
        "add", picture, "--text", 'ふくろう "夜" \\', "--alt", "梟が一羽", "--tag", "鳥",
        "--lang", "ja", "--to", "sky",
    )  # fmt: skip
    record = studio.record(studio.home.posted("梟.png"))
    assert record["text"] == 'ふくろう "夜" \\\n\n#鳥'
    assert record["embed"]["images"][0]["alt"] == "梟が一羽"
    assert picture.read_bytes() == png(31)


def test_a_table_of_an_account_changes_the_words_there_alone(studio: Studio) -> None:
    words = (
        'text = "for all"\nalt = "a cat"\nto = ["sky", "fedi"]\n'
        '[fedi]\ntext = "for the fediverse"\nalt = "a cat, at length"\nvisibility = "private"\n'
    )
    studio.home.drop("cat.png", png(32), words)
    post = studio.home.posted("cat.png")
    record, status = studio.record(post), studio.status(post)
    assert (record["text"], record["embed"]["images"][0]["alt"]) == ("for all", "a cat")
    assert (status.text, status.media[0].description) == ("for the fediverse", "a cat, at length")
    assert status.visibility == "private"


def animation() -> bytes:
    frames = [rig.art(seed, (40, 30)) for seed in (1, 2)]
    return rig.saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


ALL = 'text = "never"\nalt = "a thing"\n'
HELD: dict[str, tuple[bytes, str, tuple[str, ...]]] = {
    "letter.png": (b"Dear diary, this is no picture. " * 40, ALL, ("letter.png", "picture")),
    "cut.png": (png(41)[:-900], ALL, ("cut.png", "damaged")),
    "moving.gif": (animation(), ALL, ("animation",)),
    "mute.png": (png(43), 'text = "x"\n', ("mute.png", "alt text")),
    "long.png": (png(44), f'text = "{"あ" * 301}"\nalt = "x"\n', ("301", "Bluesky", "300")),
    "secret.png": (png(45), f'{ALL}visibility = "private"\n', ("public", "private")),
    "lost.png": (png(46), f'{ALL}recipe = "defualt"\n', ("defualt", "did you mean default")),
    "weak.png": (png(47), f'{ALL}recipe = "cloaked"\n', ("cloak", "too weak", "0.900")),
}


@pytest.fixture(scope="module")
def waiting(studio: Studio, fox: tuple[Post, bytes]) -> tuple[int, int]:
    """All that must be held, dropped at once between two good ones; returns the posts before."""
    before = studio.sent()
    studio.home.drop("first.png", png(50), 'text = "first"\nalt = "a"\n')
    for name, (data, words, _) in HELD.items():
        studio.home.drop(name, data, words)
    studio.home.drop("again.png", fox[1], ALL)
    studio.home.drop("last.png", png(51), 'text = "last"\nalt = "a"\n')
    return before


@pytest.mark.parametrize("name", HELD)
def test_what_cannot_be_posted_as_asked_is_held_with_words(
    studio: Studio, waiting: tuple[int, int], name: str
) -> None:
    data, _, told = HELD[name]
    post = studio.home.held(name)
    reason = studio.home.reason(post)
    assert [words for words in told if words not in reason] == [], reason
    assert "Traceback" not in reason
    assert (studio.home.lies(post) / name).read_bytes() == data


def test_the_same_bytes_again_are_held_with_a_pointer_to_the_first_post(
    studio: Studio, waiting: tuple[int, int], fox: tuple[Post, bytes]
) -> None:
    post = studio.home.held("again.png")
    assert f"post {fox[0].id} (きつね.png)" in studio.home.reason(post)
    assert (studio.home.lies(post) / "again.png").read_bytes() == fox[1]


def test_the_good_ones_go_on_and_nothing_held_is_sent(
    studio: Studio, waiting: tuple[int, int]
) -> None:
    for name in HELD:
        studio.home.held(name)
    for name in ("first.png", "last.png"):
        studio.home.posted(name)
    assert studio.sent() == (waiting[0] + 2, waiting[1] + 2)
    uploads = [media.uploaded for media in studio.server.media]
    assert not [name for name, (data, _, _) in HELD.items() if data in uploads]


def test_words_put_beside_a_held_picture_let_its_release_post_it(
    studio: Studio, waiting: tuple[int, int]
) -> None:
    post = studio.home.held("mute.png")
    words = 'text = "with words now"\nalt = "a mute swan"\nto = "sky"\n'
    (studio.home.lies(post) / "mute.toml").write_text(words, encoding="utf-8")
    studio.home.run("release", str(post.id))
    posted = studio.home.posted("mute.png")
    assert posted.id == post.id
    record = studio.record(posted)
    assert record["text"] == "with words now"
    assert record["embed"]["images"][0]["alt"] == "a mute swan"
    assert not (studio.home.lies(posted) / "reason.txt").exists()


def test_files_moved_back_to_the_outbox_are_taken_again(
    studio: Studio, waiting: tuple[int, int]
) -> None:
    post = studio.home.held("secret.png")
    folder = studio.home.lies(post)
    (folder / "secret.toml").unlink()
    words = 'text = "no secret any more"\nalt = "x"\nto = "sky"\n'
    rig.put(studio.home.outbox / "secret.toml", words.encode())
    (folder / "secret.png").rename(studio.home.outbox / "secret.png")
    again = studio.home.posted("secret.png")
    assert again.id > post.id
    assert studio.record(again)["text"] == "no secret any more"
    assert studio.home.store.posts.get(post.id).state is PostState.WITHDRAWN


def test_a_post_whose_cloak_is_too_weak_says_what_to_do_and_is_never_sent_bare(
    studio: Studio, waiting: tuple[int, int]
) -> None:
    post = studio.home.held("weak.png")
    assert studio.home.store.renditions.of_post(post.id, Path()) == []
    reason = studio.home.reason(post)
    assert "too weak" in reason
    assert "min_gain" in reason


def test_what_lay_in_the_outbox_before_the_first_start_waits_for_the_artist(
    tmp_path: Path,
) -> None:
    with home_in(tmp_path) as home:
        home.configure()
        home.drop("old.png", png(60), ALL)
        home.drop_set("older", {"1.png": png(61), "2.png": png(62), "post.toml": b'text = "x"\n'})
        home.start()
        posts = [home.held("old.png"), home.held("older")]
        assert all("before postguard first started" in home.reason(post) for post in posts)
        home.drop("new.png", png(63), ALL)
        home.posted("new.png")
        home.run("release", str(posts[0].id))
        assert home.posted("old.png").id == posts[0].id
        assert home.store.posts.get(posts[1].id).state is PostState.HELD
