"""`protect` and `measure` with the real child and tiny encoders: anyone can check a cloak."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from postguard.cli import cli
from postguard.worker import engine
from tests.unit.cloak import tiny

CONFIG = """\
outbox   = "{home}/outbox"
timezone = "Asia/Tokyo"

[accounts.page]
network = "preview"

[recipes]
default = [ {{ step = "cloak", mode = "immunise", min_gain = 0.0 }}, {{ step = "tags" }} ]
both    = [ {{ step = "cloak", mode = ["poison", "immunise"], min_gain = 0.0 }} ]
strict  = [ {{ step = "cloak", mode = "immunise", min_gain = 0.99 }} ]
"""
CHAINS = {"png", "jpeg75", "half", "bluesky", "mastodon"}


@dataclass(frozen=True)
class Desk:
    """An artist's home with a picture, and tiny encoders where postguard looks for them."""

    home: Path

    @property
    def models(self) -> Path:
        return self.home / ".local" / "share" / "postguard" / "models"

    def at(self, name: str) -> str:
        return str(self.home / name)

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(cli, words, catch_exceptions=False)

    def json(self, *words: str) -> Any:
        done = self.run(*words, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk where `fox.png` was protected once, with all that it is checked with."""
    desk = Desk(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "POSTGUARD_CONFIG"):
            patch.delenv(name, raising=False)
        for name in ("POSTGUARD_MODELS", "POSTGUARD_OUTBOX"):
            patch.delenv(name, raising=False)
        patch.setenv("HOME", str(desk.home))
        patch.setenv("COLUMNS", "80")
        config = desk.home / ".config" / "postguard" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(CONFIG.format(home=desk.home), encoding="utf-8")
        desk.models.mkdir(parents=True)
        tiny.models(desk.models)
        Image.fromarray(tiny.art(160, 200)).save(desk.at("fox.png"))
        saving = ("--save-target", desk.at("t.png"), "--save-before", desk.at("before.png"))
        words = (*saving, "--record", desk.at("r.json"))
        desk.json("protect", desk.at("fox.png"), "-o", desk.at("out.png"), *words)
        yield desk
        engine(desk.models).close()


def written(desk: Desk, stem: str) -> str:
    """Return the file of this name, whatever its ending became."""
    (found,) = (p for p in desk.home.glob(f"{stem}.*") if p.suffix in {".png", ".jpg"})
    return str(found)


def test_a_record_and_what_lies_beside_it_are_all_that_a_check_needs(desk: Desk) -> None:
    record = json.loads((desk.home / "r.json").read_text(encoding="utf-8"))
    assert record["targets"] == {"immunise": "t.png"}
    assert desk.at(record["before"]) == written(desk, "before")
    assert "seed" not in json.dumps(record)
    words = ("measure", written(desk, "before"), written(desk, "out"))
    found = desk.json(*words, "--record", desk.at("r.json"))
    assert found["encoders"] == ["taef2", "taesana"]
    assert set(found["ratios"]["immunise"]) == CHAINS
    stored = record["record"]["measured"]
    assert {k: stored[k] for k in found} == found


def test_the_table_holds_every_encoder_behind_every_chain(desk: Desk) -> None:
    done = desk.run(
        "measure", written(desk, "before"), written(desk, "out"), "--target", desk.at("t.png")
    )
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    rows = [line for line in lines if line.rstrip().count(" 0.") + line.count(" 1.") >= 3]
    assert len(rows) == 2 * len(CHAINS)
    assert lines[0] == "target"
    assert "SSIMULACRA2" in done.stdout
    assert "of the way to where target" in " ".join(done.stdout.split())
    assert max(map(len, lines)) <= 80


def test_the_same_file_twice_has_nothing_left(desk: Desk) -> None:
    before = written(desk, "before")
    found = desk.json("measure", before, before, "--target", f"style={desk.at('t.png')}")
    assert found["gains"]["style"]["mastodon"] == {"r": 0.0, "signs": 0.0, "shuffled": 0.0}
    assert found["psnr"] is None
    assert found["largest_change"] == 0


def test_a_sheet_is_drawn_where_it_was_asked_for(desk: Desk) -> None:
    sheet = desk.at("sheet.png")
    words = (written(desk, "before"), written(desk, "out"), "--target", desk.at("t.png"))
    done = desk.run("measure", *words, "--sheet", sheet)
    assert done.stdout.splitlines()[-1] == sheet
    with Image.open(sheet) as image:
        assert image.width > 800


def test_several_modes_have_a_target_each(desk: Desk) -> None:
    """A file that was not named is not written over, and that is said before any work."""
    saving = ("--save-target", desk.at("both.png"), "--record", desk.at("both.json"))
    words = ("protect", desk.at("fox.png"), "-o", desk.at("two.png"), "--recipe", "both", *saving)
    desk.json(*words)
    targets = json.loads((desk.home / "both.json").read_text(encoding="utf-8"))["targets"]
    assert targets == {"poison": "both-poison.png", "immunise": "both-immunise.png"}
    one, other = (np.asarray(Image.open(desk.at(name))) for name in targets.values())
    assert not np.array_equal(one, other)
    again = desk.run(*words)
    assert again.exit_code == 1
    assert "is there already" in again.stderr


def test_a_cloak_that_is_too_weak_writes_nothing(desk: Desk) -> None:
    saving = ("--save-target", desk.at("weak.png"), "--record", desk.at("weak.json"))
    words = ("-o", desk.at("weak-out.png"), "--recipe", "strict", *saving)
    done = desk.run("protect", desk.at("fox.png"), *words)
    assert done.exit_code == 1
    assert list(desk.home.glob("weak*")) == []


def test_what_was_measured_is_said_after_the_cloak(desk: Desk) -> None:
    done = desk.run("protect", desk.at("fox.png"), "-o", desk.at("said.png"))
    heads = [line.split()[0] for line in done.stdout.splitlines() if line[:3].strip()]
    said = " ".join(done.stdout.split())
    assert heads, done.stdout
    assert "Measured immunise: behind" in said
    assert "it is no lock" in said
    assert said.index("Cloak") < said.index("Measured") < said.index("Tags")


@pytest.mark.parametrize("what", ["size", "bytes"])
def test_files_that_cannot_be_compared_are_told(desk: Desk, what: str) -> None:
    other = Path(desk.at(f"other-{what}.png"))
    if what == "size":
        Image.new("RGB", (50, 40)).save(other)
    else:
        other.write_bytes(b"no picture")
    done = desk.run("measure", written(desk, "before"), str(other), "--target", desk.at("t.png"))
    assert done.exit_code == 1
    assert done.stderr.startswith("postguard: ")
    assert ("only files of one size compare" in done.stderr) is (what == "size")
    assert other.name in done.stderr


def test_image_to_image_without_its_weights_says_what_to_get(desk: Desk) -> None:
    sheet = desk.home / "i2i.png"
    words = (written(desk, "before"), written(desk, "out"), "--target", desk.at("t.png"))
    done = desk.run("measure", *words, "--sheet", str(sheet), "--i2i", "a fox")
    assert done.exit_code == 1
    assert "Stable Diffusion" in done.stderr
    assert not sheet.exists()
