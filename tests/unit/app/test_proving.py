"""A copy seen elsewhere leads to its post, by likeness alone, and a stranger's picture to none."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from bench.drawn import drawn
from postguard.app.installation import Installation, open_installation
from postguard.app.proving import Sought, prove
from postguard.errors import BadPicture, Unusable
from postguard.model import (
    NewArtwork,
    NewDelivery,
    NewPost,
    Place,
    Post,
    PostState,
    Receipt,
    Words,
)
from postguard.protect.workshop import InProcessWorkshop
from postguard.system import files
from postguard.system.folders import RENDITIONS, folder_of

CONFIG = """
outbox = "{outbox}"
[artist]
name = "山田花子"
[accounts.sky]
network = "preview"
[recipes]
default = [
  {{ step = "downscale", long_side = 600 }}, {{ step = "watermark", text = "© 花子" }},
]
marked = [ {{ step = "hidden" }} ]
"""


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Six pictures in five posts, protected by the real pipeline; the second post has two."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        for name in ("CONFIG", "STATE", "DATA", "CACHE"):
            patch.setenv(f"XDG_{name}_HOME", str(home / name))
        (home / "config.toml").write_text(CONFIG.format(outbox=home / "outbox"))
        opened = open_installation(home / "config.toml")
        for post, seeds in enumerate(([1], [2, 3], [4], [5], [6]), start=1):
            protect(opened, post, seeds)
        yield opened
        opened.store.db.close()


def protect(
    installation: Installation, number: int, seeds: list[int], recipe: str = "default"
) -> None:
    posts, now = installation.store.posts, installation.clock.now()
    folder = installation.outbox / "queued" / f"{number}-狐"
    (folder / RENDITIONS).mkdir(parents=True)
    artworks = []
    for seed in seeds:
        file = folder / f"{seed}.png"
        (textured(seed) if recipe == "marked" else drawn(seed, 0.5)).save(file)
        artworks.append(NewArtwork(files.sha256_of(file), file.name, file.name, 1, 1))
    delivery = NewDelivery("sky", Words(text="狐"), "now", "any")
    post = posts.create(NewPost("狐", recipe, tuple(artworks), (), (delivery,)), now)
    posts.placed(post.id, Place.QUEUED)
    posts.move_to(post.id, PostState.TAKEN, now)
    order = installation.order_of(posts.get(post.id))
    made = InProcessWorkshop(installation.clock).protect(order, lambda _: None)
    installation.store.renditions.protected(post.id, made, now)


def textured(seed: int) -> Image.Image:
    """Strokes of two sizes, which can hide a mark."""
    white = Image.frombytes("L", (640, 480), np.random.default_rng(seed).bytes(640 * 480))
    fine, coarse = (white.filter(ImageFilter.GaussianBlur(radius)) for radius in (1.5, 6))
    fine, coarse = (ImageOps.autocontrast(layer) for layer in (fine, coarse))
    return Image.blend(fine, coarse, 0.5).convert("RGB")


def posted(installation: Installation, post: int, position: int = 0) -> Image.Image:
    """What anybody can save from the network."""
    folder = folder_of(installation.outbox, installation.store.posts.get(post)) / RENDITIONS
    made = installation.store.renditions.of_post(post, folder)[position]
    with Image.open(made.path) as image:
        return image.convert("RGB")


def seen(tmp_path: Path, image: Image.Image, quality: int = 60) -> Path:
    path = tmp_path / "写し.jpg"
    image.save(path, "JPEG", quality=quality)
    return path


def sought(installation: Installation, path: Path, sheet: Path | None = None) -> Sought:
    return prove(installation, path, sheet, lambda _: None)


def found(installation: Installation, path: Path) -> Post:
    proof = sought(installation, path).proof
    assert proof is not None
    return proof.post


def test_a_whole_copy_saved_anew_at_another_size_leads_to_its_picture(
    ledger: Installation, tmp_path: Path
) -> None:
    copy = posted(ledger, 2, position=1)
    copy.thumbnail((333, 333))
    result = sought(ledger, seen(tmp_path, copy))
    assert result.compared == 6
    assert result.proof is not None
    assert (result.proof.post.id, result.proof.artwork.name) == (2, "3.png")
    assert result.proof.original == ledger.outbox / "queued" / "2-狐" / "3.png"
    assert result.proof.there
    assert result.proof.place.whole
    assert result.proof.place.sure
    assert not result.proof.place.mirrored


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("post", [1, 3])
def test_a_crop_of_two_fifths_leads_to_its_post_and_its_place(
    ledger: Installation, tmp_path: Path, post: int, mirrored: bool
) -> None:
    whole = posted(ledger, post)
    width, height = whole.size
    box = (round(0.25 * width), round(0.1 * height), round(0.9 * width), round(0.72 * height))
    copy = whole.crop(box)
    copy = ImageOps.mirror(copy) if mirrored else copy
    proof = sought(ledger, seen(tmp_path, copy)).proof
    assert proof is not None
    assert proof.post.id == post
    assert proof.place.mirrored == mirrored
    assert not proof.place.whole
    place = proof.place
    box_found = (place.left, place.top, place.left + place.width, place.top + place.height)
    assert box_found == pytest.approx((0.25, 0.1, 0.9, 0.72), abs=0.03)


@pytest.mark.parametrize("whose", ["original", "posted"])
def test_the_very_bytes_are_known_whatever_was_drawn_over_them(
    ledger: Installation, whose: str
) -> None:
    post = ledger.store.posts.get(2)
    folder = folder_of(ledger.outbox, post)
    finished = ledger.store.renditions.of_post(2, folder / RENDITIONS)
    path = folder / "3.png" if whose == "original" else finished[1].path
    proof = sought(ledger, path).proof
    assert proof is not None
    assert (proof.post.id, proof.artwork.name) == (2, "3.png")
    assert proof.place.sure
    assert proof.place.whole


@pytest.mark.parametrize("seed", [101, 102])
def test_a_strangers_picture_leads_nowhere(
    ledger: Installation, tmp_path: Path, seed: int
) -> None:
    assert sought(ledger, seen(tmp_path, drawn(seed, 0.5))).proof is None


@pytest.mark.parametrize("colour", [0, 255])
def test_a_blank_picture_leads_nowhere(ledger: Installation, tmp_path: Path, colour: int) -> None:
    blank = Image.new("RGB", (300, 200), (colour, colour, colour))
    assert sought(ledger, seen(tmp_path, blank)).proof is None


def test_a_post_protected_before_there_were_fingerprints_is_found_and_keeps_one(
    ledger: Installation, tmp_path: Path
) -> None:
    ledger.store.likenesses.keep(3, {})
    assert ledger.store.likenesses.without() == [3]
    assert found(ledger, seen(tmp_path, posted(ledger, 3))).id == 3
    assert ledger.store.likenesses.without() == []


def test_what_went_out_is_told_and_a_lost_file_does_not_hide_the_post(
    ledger: Installation, tmp_path: Path
) -> None:
    copy = seen(tmp_path, posted(ledger, 5))
    now = ledger.clock.now()
    (delivery,) = ledger.store.deliveries.of_post(5)
    ledger.store.attempts.finish(delivery.id, Receipt("at://5", "https://b/5", now), now)
    moved = ledger.outbox / "queued" / "5-狐"
    moved.rename(tmp_path / "elsewhere")
    proof = sought(ledger, copy).proof
    assert proof is not None
    assert proof.post.id == 5
    assert proof.posted is None
    assert not proof.there
    assert proof.receipts["sky"].url == "https://b/5"


def test_the_sheet_shows_the_copy_what_was_posted_and_the_original(
    ledger: Installation, tmp_path: Path
) -> None:
    whole = posted(ledger, 4)
    copy = whole.crop((0, 0, round(0.7 * whole.width), round(0.7 * whole.height)))
    sheet = tmp_path / "sheet.png"
    sought(ledger, seen(tmp_path, copy, quality=90), sheet)
    with Image.open(io.BytesIO(sheet.read_bytes())) as image:
        page = image.convert("RGB")
    assert page.width > 2.5 * copy.width
    colours = page.getcolors(page.width * page.height)
    assert colours is not None
    assert {colour: count for count, colour in colours}.get((255, 210, 0), 0) > 1_000


def test_the_sheet_is_written_over_nothing_that_it_shows(
    ledger: Installation, tmp_path: Path
) -> None:
    """The copy is evidence, and may be all that is left of it."""
    copy = seen(tmp_path, posted(ledger, 4))
    proof = sought(ledger, copy).proof
    assert proof is not None
    assert proof.posted is not None
    for path in (copy, proof.original, proof.posted):
        before = path.read_bytes()
        with pytest.raises(Unusable, match="name another file"):
            sought(ledger, copy, path)
        assert path.read_bytes() == before


def test_what_is_no_picture_and_a_folder_that_is_not_there_are_told(
    ledger: Installation, tmp_path: Path
) -> None:
    text = tmp_path / "a.txt"
    text.write_text("no picture")
    with pytest.raises(BadPicture, match=r"a\.txt: this is not a picture"):
        sought(ledger, text)
    with pytest.raises(Unusable, match="is not there"):
        sought(ledger, text, tmp_path / "no" / "sheet.png")


def test_the_hidden_mark_of_a_crop_names_the_post(
    installation: Installation, tmp_path: Path
) -> None:
    """It is the installation's own key that reads it, at the place where the copy was found."""
    installation.path.write_text(CONFIG.format(outbox=installation.outbox))
    installation.reload()
    protect(installation, 1, [1], recipe="marked")
    protect(installation, 2, [2], recipe="marked")
    whole = posted(installation, 2)
    copy = ImageOps.mirror(whole.crop((60, 30, 520, 420)))
    result = sought(installation, seen(tmp_path, copy, quality=80))
    assert result.proof is not None
    assert result.proof.post.id == 2
    assert result.hidden == 2
