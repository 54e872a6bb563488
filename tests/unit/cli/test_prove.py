"""`prove` tells an artist, and a program, which post a copy is of; it ends with 1 for none."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from bench.drawn import drawn
from postguard.app.installation import open_installation
from postguard.model import NewArtwork, NewDelivery, NewPost, Place, PostState, Receipt, Words
from postguard.protect.workshop import InProcessWorkshop
from postguard.system import files
from postguard.system.folders import RENDITIONS
from tests.making import NOW
from tests.unit.cli.conftest import PREVIEW, Terminal

MARKED = PREVIEW.replace(
    '{{ step = "tags" }} ]\nplain', '{{ step = "watermark", text = "© 花子" }} ]\nplain'
).replace("long_side = 64", "long_side = 480")


@pytest.fixture
def copy(terminal: Terminal):
    """A smaller copy of what post 1 sent, saved anew."""
    terminal.configure(MARKED)
    installation = open_installation(terminal.config)
    posts, now = installation.store.posts, installation.clock.now()
    folder = terminal.outbox / "posted" / "1-狐"
    (folder / RENDITIONS).mkdir(parents=True)
    drawn(1, 0.5).save(folder / "狐.png")
    artwork = NewArtwork(files.sha256_of(folder / "狐.png"), "狐.png", "狐.png")
    delivery = NewDelivery("sky", Words(text="狐"), "now", "any")
    post = posts.create(NewPost("狐", "default", (artwork,), (), (delivery,)), now)
    posts.placed(post.id, Place.POSTED)
    posts.move_to(post.id, PostState.TAKEN, now)
    order = installation.order_of(posts.get(post.id))
    made = InProcessWorkshop(installation.clock).protect(order, lambda _: None)
    installation.store.renditions.protected(post.id, made, now)
    receipt = Receipt("at://1", "https://bsky.example/1", now)
    (waiting,) = installation.store.deliveries.of_post(post.id)
    installation.store.attempts.finish(waiting.id, receipt, now)
    installation.store.db.close()
    path = terminal.home / "copy.jpg"
    with Image.open(made[0].path) as sent:
        small = sent.convert("RGB")
    small.thumbnail((400, 400))
    small.save(path, "JPEG", quality=70)
    return path


def test_it_tells_original_time_address_and_mark(terminal, copy):
    done = terminal.run("prove", copy)
    assert done.exit_code == 0, done.output
    said = " ".join(done.stdout.split())
    assert "copy.jpg was taken from post 1: 狐" in said
    assert "the whole picture" in said
    assert "certain" in said
    assert "posted/1-狐/狐.png" in said.replace(" ", "")
    assert "by sky: https://bsky.example/1" in said
    assert "watermark: “© 花子”" in said


def test_a_dry_run_is_no_evidence_that_a_picture_was_posted(terminal, copy):
    store = terminal.store()
    (drawn_for,) = store.deliveries.of_post(1)
    store.attempts.finish(drawn_for.id, Receipt("file:///1", "file:///1/index.html", NOW), NOW)
    said = " ".join(terminal.run("prove", copy).stdout.split())
    assert "not posted 2026-11-23 21:00:00 JST drawn for sky: file:///1/index.html" in said
    assert "by sky" not in said
    assert terminal.json("prove", copy)["posted"][0]["dry_run"]


def test_programs_get_all_of_it(terminal, copy):
    told = terminal.json("prove", copy, "--sheet", terminal.home / "sheet.png")
    original = terminal.outbox / "posted" / "1-狐" / "狐.png"
    assert told["found"]
    assert (told["post"], told["original"]) == (1, str(original))
    assert told["sha256"] == files.sha256_of(original)
    assert told["posted"][0]["url"] == "https://bsky.example/1"
    assert told["box"] == pytest.approx([0, 0, 1, 1], abs=0.02)
    assert "seed" not in json.dumps(told)
    assert (terminal.home / "sheet.png").read_bytes().startswith(b"\x89PNG")


def test_a_strangers_picture_ends_with_1_and_says_what_that_means(terminal, copy):
    drawn(50, 0.3).save(copy, "JPEG")
    done = terminal.run("prove", copy)
    assert done.exit_code == 1
    assert "copy.jpg was found in none of the 1 pictures" in done.stdout
    said = " ".join(done.stdout.split())
    assert "Files that `postguard protect` wrote are no posts, so they were not looked at" in said
    asked = terminal.run("prove", copy, "--json")
    assert asked.exit_code == 1
    told = {"found": False, "compared": 1, "not_compared": 0, "hidden_mark": None}
    assert json.loads(asked.stdout) == told
