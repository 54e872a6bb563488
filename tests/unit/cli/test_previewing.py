"""`show POST --as NETWORK`: exactly what is sent, in the terminal and as a page."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from postguard.cli import wide
from postguard.model import (
    NewArtwork,
    NewDelivery,
    Place,
    Post,
    PostState,
    Quotes,
    Receipt,
    Rendition,
    Replies,
    Visibility,
    Words,
)
from postguard.store import Store
from tests.making import NOW, new_post
from tests.unit.cli.conftest import Terminal

CONFIG = """\
outbox   = "{outbox}"
timezone = "Asia/Tokyo"

[accounts.sky]
network = "bluesky"
handle  = "hanako.example.com"

[accounts.fedi]
network  = "mastodon"
instance = "https://art.example"

[recipes]
default = [ {{ step = "tags" }} ]
"""
SKY = Words(
    text="月の下の狐🦊 https://example.com/狐 #イラスト",
    alts=("赤い狐が月を見ている", ""),
    labels=("nudity",),
    tags=("art",),
    langs=("ja", "en"),
    replies=Replies.MENTIONED,
    quotes=Quotes.NOBODY,
    hidden_tags=("fox",),
)
FEDI = Words(
    text="狐 @ken@art.example",
    alts=("赤い狐",),
    cw="流血",
    langs=("ja",),
    visibility=Visibility.UNLISTED,
    link_to="sky",
)


@pytest.fixture
def ready(terminal: Terminal) -> Terminal:
    terminal.configure(CONFIG)
    return terminal


def rendition(folder: Path, position: int, fit: str) -> Rendition:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), (200, 90, 40 * position)).save(out, "JPEG")
    path = folder / f"{position + 1}-{fit}.jpg"
    path.write_bytes(out.getvalue())
    digest = hashlib.sha256(out.getvalue()).hexdigest()
    return Rendition(position, fit, path, digest, "image/jpeg", 60, 40, len(out.getvalue()), {})


def dropped(ready: Terminal, store: Store, sky: Words = SKY, *, protected: bool = True) -> Post:
    """A post of two pictures for both accounts."""
    artworks = tuple(NewArtwork(f"{i}" * 64, f"{i}.png", f"{i}.png") for i in range(2))
    deliveries = (NewDelivery("sky", sky, "now", "b"), NewDelivery("fedi", FEDI, "now", "m"))
    new = new_post("狐", artworks=artworks, deliveries=deliveries)
    post = store.posts.create(new, NOW)
    store.posts.placed(post.id, Place.QUEUED)
    store.posts.move_to(post.id, PostState.TAKEN, NOW)
    if protected:
        folder = ready.outbox / "queued" / post.folder / "renditions"
        folder.mkdir(parents=True)
        made = [rendition(folder, i, fit) for fit in ("b", "m") for i in range(2)]
        store.renditions.protected(post.id, made, NOW)
    return store.posts.get(post.id)


def test_everything_that_bluesky_gets_is_told(ready: Terminal) -> None:
    post = dropped(ready, ready.store())
    done = ready.run("show", post.id, "--as", "bluesky")
    assert done.exit_code == 0, done.output
    for said in (
        "As Bluesky gets it, sky: waits for protection",
        "40 of 300 characters, 63 of 3,000 bytes",
        "│ 月の下の狐🦊 https://example.com/狐 #イラスト",
        "│ #art",
        "https://example.com/狐 becomes a link",
        "#イラスト becomes a hashtag",
        "#art becomes a hashtag",
        "picture 1: JPEG, 60 × 40 pixels",
        "alt text: 赤い狐が月を見ている",
        "it has no alt text",
        "labels: nudity",
        "language: 日本語, English",
        "Everyone can see it. Only the people it mentions may reply. Nobody may quote it.",
        "Found by, but not shown: fox",
    ):
        assert said in " ".join(done.stdout.split("\n  ")), said
    assert max(wide.width(line) for line in done.stdout.splitlines()[:-1]) <= 80


def test_a_page_is_written_and_its_path_is_the_last_line(ready: Terminal) -> None:
    post = dropped(ready, ready.store())
    page = Path(ready.run("show", post.id, "--as", "sky").stdout.splitlines()[-1])
    assert page.parent.name == f"shown-{post.id}-sky"
    assert "Nothing was posted" in page.read_text(encoding="utf-8")
    assert '<span class="tag">#イラスト</span>' in page.read_text(encoding="utf-8")


def test_programs_get_the_same_as_json(ready: Terminal) -> None:
    post = dropped(ready, ready.store())
    (told,) = ready.json("show", post.id, "--as", "bluesky")
    (sent,) = told["posts"]
    assert (told["account"], told["network"], told["replies"]) == ("sky", "bluesky", "mentioned")
    assert (sent["length"], sent["limit"], sent["bytes"]) == (40, 300, 63)
    assert {"kind": "tag", "text": "#イラスト"} in sent["facets"]
    assert [p["alt"] for p in sent["pictures"]] == ["赤い狐が月を見ている", ""]
    assert Path(told["page"]).is_file()


def test_mastodon_counts_in_its_own_way(ready: Terminal) -> None:
    """The warning counts, the server in a mention does not, and the other copy is linked."""
    store = ready.store()
    post = dropped(ready, store)
    (told,) = ready.json("show", post.id, "--as", "fedi")
    assert told["posts"][0]["length"] == len("狐 @ken") + len("流血")
    assert told["cw"] == "流血"
    (sky, _) = store.deliveries.of_post(post.id)
    store.attempts.finish(sky.id, Receipt("at://1", "https://bsky.app/p/1", NOW), NOW)
    (told,) = ready.json("show", post.id, "--as", "fedi")
    assert told["posts"][0]["text"].endswith("\n\nhttps://bsky.app/p/1")


def test_it_works_before_the_pictures_are_protected(ready: Terminal) -> None:
    """The words are known; the page waits for the pictures."""
    post = dropped(ready, ready.store(), protected=False)
    told = ready.run("show", post.id, "--as", "bluesky").stdout
    assert "│ 月の下の狐" in told
    assert "alt text: 赤い狐が月を見ている" in told
    assert "No page: its pictures are not protected yet" in told


def test_it_works_after_posting_too(ready: Terminal) -> None:
    store = ready.store()
    post = dropped(ready, store)
    (sky, _) = store.deliveries.of_post(post.id)
    store.attempts.finish(sky.id, Receipt("at://1", "https://bsky.app/p/1", NOW), NOW)
    (told,) = ready.json("show", post.id, "--as", "bluesky")
    assert (told["state"], told["url"]) == ("posted", "https://bsky.app/p/1")
    assert "This was posted" in Path(told["page"]).read_text(encoding="utf-8")


def test_a_page_was_never_posted(ready: Terminal) -> None:
    """A dry run has a receipt too, and a preview account has nothing else."""
    store = ready.store()
    looks = CONFIG.replace("[recipes]", '[accounts.look]\nnetwork = "preview"\n\n[recipes]')
    ready.configure(looks)
    deliveries = (
        NewDelivery("sky", SKY, "now", "b", dry_run=True),
        NewDelivery("look", SKY, "now", "b"),
    )
    post = store.posts.create(new_post("a", deliveries=deliveries), NOW)
    for each in store.deliveries.of_post(post.id):
        store.attempts.finish(each.id, Receipt("file:///a", "file:///a", NOW), NOW)
        (told,) = ready.json("show", post.id, "--as", each.account)
        assert told["url"] is None


def test_what_the_network_would_not_take_is_told(ready: Terminal) -> None:
    post = dropped(ready, ready.store(), replace(SKY, text="あ" * 320))
    told = ready.run("show", post.id, "--as", "bluesky").stdout
    assert "Not taken so: the text has 326 characters" in told


def test_a_thread_is_told_post_by_post(ready: Terminal) -> None:
    text = "あ" * 253 + "。" + "い" * 60
    post = dropped(ready, ready.store(), replace(SKY, text=text, thread=True))
    told = ready.run("show", post.id, "--as", "bluesky").stdout
    assert "post 1 of 2, 254 of 300 characters" in told
    assert "post 2 of 2, " in told


def test_a_network_that_it_does_not_go_to_shows_what_it_would_get(ready: Terminal) -> None:
    store = ready.store()
    new = new_post("a", deliveries=(NewDelivery("sky", SKY, "now", "b"),))
    post = store.posts.create(new, NOW)
    (told,) = ready.json("show", post.id, "--as", "mastodon")
    assert (told["network"], told["posts"][0]["limit"]) == ("mastodon", 500)
    assert "replies" in "".join(told["objections"])


def test_a_place_that_it_does_not_go_to_is_refused_with_those_it_does(ready: Terminal) -> None:
    post = dropped(ready, ready.store())
    done = ready.run("show", post.id, "--as", "skye")
    assert done.exit_code == 1
    assert "can be shown as: sky, fedi, bluesky, mastodon" in done.stderr
