"""What travels to another machine: every byte that a job reads, and no path of this one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from postguard.cloak.job import Job, Measurement
from postguard.cluster import parcel
from postguard.errors import Unusable
from postguard.model import Artist, ArtworkOrder, CloakKit, Limits, ProtectOrder, Rendition

LIMITS = Limits("file", text=0, alt=0, images=1, image_bytes=1_000_000)


def written(path: Path, text: str = "bytes") -> Path:
    """A file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def job(home: Path) -> Job:
    """A job that reads all that a job can read."""
    written(home / "anchors" / "cat" / "1.png", "a cat")
    return Job(
        modes=("style", "poison"),
        ceiling=24,
        floor=65.0,
        seed="ab" * 32,
        artist_seed="cd" * 32,
        time_limit=60.0,
        models=home / "models",
        source=written(home / "in.png", "the picture"),
        target=home / "out.png",
        concept_tables=(written(home / "a.toml", "first"), written(home / "b.toml", "second")),
        anchors=home / "anchors",
        memory=written(home / "style.json", "charcoal"),
        targets=home / "targets",
    )


def order(home: Path) -> ProtectOrder:
    """An order with one picture."""
    art = written(home / "fox.png", "fox")
    return ProtectOrder(
        artworks=(ArtworkOrder(0, art, "00" * 32, "a fox", "ab" * 32),),
        recipe_name="default",
        recipe=({"step": "notice"},),
        limits=(LIMITS,),
        into=home / "into",
        artist=Artist("花子", "©"),
        models_dir=home / "models",
        kit=CloakKit(memory=home / "style.json"),
        identity=home / "secrets",
    )


def test_a_job_arrives_whole_and_names_no_folder_of_the_sender(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    sent = parcel.of_cloak(job(here))
    assert str(here) not in json.dumps(sent["job"])
    got = parcel.cloak_in(sent, there, tmp_path / "their-models")
    assert got.source.read_text() == "the picture"
    assert [t.read_text() for t in got.concept_tables] == ["first", "second"]
    assert got.anchors is not None
    assert (got.anchors / "cat" / "1.png").read_text() == "a cat"
    assert got.memory is not None
    assert got.memory.read_text() == "charcoal"
    assert (got.modes, got.seed, got.floor) == (("style", "poison"), "ab" * 32, 65.0)
    assert got.models == tmp_path / "their-models"


def test_what_was_made_comes_back_to_where_the_job_wants_it(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    asked = job(here)
    got = parcel.cloak_in(parcel.of_cloak(asked), there, tmp_path)
    got.target.write_text("cloaked")
    assert got.targets is not None
    assert got.memory is not None
    (got.targets / "style.png").write_text("target")
    got.memory.write_text("oil")
    parcel.take_cloak(parcel.made_in(there), asked)
    assert asked.target.read_text() == "cloaked"
    assert (here / "targets" / "style.png").read_text() == "target"
    assert (here / "style.json").read_text() == "oil"


def test_a_measurement_travels_with_its_pictures_and_targets(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    written(here / "targets" / "style.png", "target")
    before, after = written(here / "b", "without"), written(here / "a", "with")
    asked = Measurement(before, after, here / "targets", here, figure=here / "figure.png")
    got = parcel.measurement_in(parcel.of_measurement(asked), there, tmp_path)
    assert (got.before.read_text(), got.after.read_text()) == ("without", "with")
    assert (got.targets / "style.png").read_text() == "target"
    assert got.figure is not None
    got.figure.write_text("drawn")
    parcel.take_measurement(parcel.made_in(there), asked)
    assert (here / "figure.png").read_text() == "drawn"


def test_an_order_travels_without_the_artists_certificate(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    sent = parcel.of_order(order(here), 2026)
    assert str(here) not in json.dumps(sent["job"])
    got = parcel.order_in(sent, there, tmp_path / "models")
    assert got.artworks[0].path.read_text() == "fox"
    assert got.identity is None
    assert sent["year"] == 2026


def test_a_logo_travels_with_its_recipe(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    logo = written(here / "logo.png", "logo")
    with_logo = replace(order(here), recipe=({"step": "watermark", "logo": str(logo)},))
    sent = parcel.of_order(with_logo, 2026)
    assert str(here) not in json.dumps(sent["job"])
    got = parcel.order_in(sent, there, tmp_path)
    assert Path(str(got.recipe[0]["logo"])).read_text() == "logo"


def test_a_recipe_that_signs_stays_where_the_key_is(tmp_path: Path) -> None:
    signing = replace(order(tmp_path), recipe=({"step": "credentials"},))
    with pytest.raises(Unusable, match="stays on this machine"):
        parcel.of_order(signing, 2026)


def test_a_rendition_is_taken_only_as_it_was_made(tmp_path: Path) -> None:
    asked, data = order(tmp_path), b"protected"
    digest = hashlib.sha256(data).hexdigest()
    made = Rendition(0, "file", Path("1-file.jpg"), digest, "image/jpeg", 1, 1, len(data), {})
    (taken,) = parcel.take_renditions({"into/1-file.jpg": data}, [made], asked)
    assert taken.path.read_bytes() == data
    with pytest.raises(Unusable, match="not what was made"):
        parcel.take_renditions({"into/1-file.jpg": b"another"}, [made], asked)


@pytest.mark.parametrize("name", ["../up", "/etc/passwd", "a/../../up", "."])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises(Unusable, match="outside"):
        parcel.unpack({"fine": b"1", name: b"2"}, inside)
    assert list(inside.iterdir()) == []
