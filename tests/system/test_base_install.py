"""The base install: no torch, no fetched weights, no network but the artist's own. It protects."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.servers.mastodon import MastodonServer, start_mastodon
from tests.system import rig
from tests.system.blind import without_torch
from tests.system.rig import Home, home_in

# What an artist may have written for another PC: here it becomes the instant cloak.
STEPS = """\
  { step = "downscale", long_side = 320 },
  { step = "cloak", mode = "style" },
  { step = "tags" },
"""
ANY_GAIN = STEPS.replace('"style"', '"style", min_gain = 0.0')
RECIPES = rig.recipe(steps=STEPS) + rig.recipe("loose", ANY_GAIN)


@pytest.fixture(scope="module")
def server() -> Iterator[MastodonServer]:
    with start_mastodon() as server:
        server.add_account("hanako")
        yield server


@pytest.fixture(scope="module")
def home(server: MastodonServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("base")
    with home_in(folder) as home:
        home.environment |= without_torch(folder / "blind")
        home.configure(rig.fedi("fedi", server.url), recipes=RECIPES)
        token = server.token_for("hanako", "profile read:statuses write:statuses write:media")
        home.run("login", "fedi", "--secret-stdin", stdin=token + "\n")
        yield home


def test_torch_is_hidden_from_whatever_is_started_here(home: Home) -> None:
    code = "import importlib.util as u; print(u.find_spec('torch'), u.find_spec('numpy') is None)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], env=home.environment, capture_output=True, check=True
    )
    assert done.stdout.decode().split() == ["None", "False"]


def test_init_writes_the_instant_cloak_and_check_says_what_would_improve(
    home: Home, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    told = home.run(
        "--config", config, "init", "--yes", "--name", "花", "--outbox", tmp_path / "o"
    )
    assert 'mode = "instant"' in config.read_text(encoding="utf-8")
    assert "[cloak]'" in " ".join(told.split())
    checked = " ".join(home.run("--config", config, "check", "--offline").split())
    assert "the instant cloak, the weakest" in checked
    assert "instant cloak, weakest form △ △" in checked


def test_a_protected_file_comes_with_the_target_of_the_cloak_that_was_drawn(
    home: Home, tmp_path: Path
) -> None:
    """And with it the figures can be checked, in numpy as they were made."""
    (tmp_path / "fox.png").write_bytes(rig.png(7, (200, 150)))
    at = {name: tmp_path / f"{name}.png" for name in ("fox", "out", "goal", "before")}
    saving = ("--save-target", at["goal"], "--save-before", at["before"])
    saving += ("--record", tmp_path / "r.json")
    home.run("protect", at["fox"], "-o", at["out"], "--recipe", "loose", *saving)
    record = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert record["targets"] == {"instant": "goal.png"}
    files = [next(tmp_path.glob(f"{name}.[jp]*g")) for name in ("before", "out")]
    asked = ("measure", *map(str, files), "--record", str(tmp_path / "r.json"))
    found = home.json(*asked)
    assert found["gains"] == record["record"]["measured"]["gains"]
    sheet = ("--sheet", tmp_path / "sheet.png")
    home.run(*asked, *sheet)
    with Image.open(sheet[1]) as page:
        assert page.width > 900
    told = " ".join(home.run(*asked, *sheet, "--i2i", "a fox", code=1).split())
    assert "Leave it out: the figures and the sheet need none" in told
    assert "[sd]'" in told


def test_a_first_post_is_cloaked_measured_and_sent(home: Home, server: MastodonServer) -> None:
    words = 'text = "狐"\nalt = "赤い狐"\nat = "now"\n'
    home.start()
    home.drop("fox.png", rig.png(7, (720, 540)), words)
    post = home.posted("fox.png")
    assert home.stop() == 0
    assert len(server.statuses) == 1
    (rendition,) = home.renditions(post, "fedi")
    steps = {str(step["step"]): step for step in rendition.record["steps"]}
    cloak, measured = steps["cloak"], rendition.record["measured"]
    assert (cloak["modes"], cloak["asked"]) == (["instant"], ["style"])
    assert cloak["fallback"] == [{"rung": "surrogate", "why": "torch"}]
    assert measured["encoders"] == ["surrogate"]
    assert measured["behind"]["instant"] >= 0.02
    told = " ".join(home.run("show", str(post.id)).split())
    assert "in place of style, which this PC could not draw: PyTorch is not installed" in told
    assert "Measured instant: behind Mastodon" in told
    assert "instant cloak, weakest form" in told
