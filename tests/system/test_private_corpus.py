"""Nothing of a stuffed picture but its picture comes out of the pipeline, in any format."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from postguard.imaging.private import told_by
from postguard.model import Artist, ArtworkOrder, Limits, ProtectOrder, Rendition
from postguard.protect import pipeline
from postguard.system import wire
from tests.system.stuffed import (
    FILE_NAME,
    HIDDEN,
    HIDDEN_AT,
    OWNER,
    SECRETS,
    SOURCES,
    TOLD,
    art,
    forms,
    saved,
    written,
)
from tests.unit.protect.blocks import chunks

MIMES = ("image/jpeg", "image/png", "image/webp", "image/avif")
LIMITS = Limits("net", 300, 2000, 4, 1_000_000, mimes=MIMES)
CLEAN = "clean.png"
WITH_ALPHA = ("prompted.png", "layers.webp", "photoshop.tif")
STUFFED = [(source, mime) for source in SOURCES for mime in MIMES]
SEED = "5e" * 32


@dataclass(frozen=True)
class Made:
    """The sources as they were dropped, and what the pipeline made of each, by MIME type."""

    sources: dict[str, Path]
    renditions: dict[tuple[str, str], Rendition]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The whole corpus and a clean picture through the pipeline, once."""
    folder = tmp_path_factory.mktemp("花子")
    sources = {source: written(folder, source) for source in SOURCES}
    sources[CLEAN] = folder / CLEAN
    sources[CLEAN].write_bytes(saved(art("RGBA"), "PNG"))
    renditions = {}
    for number, (source, path) in enumerate(sources.items()):
        for mime in MIMES:
            made = protected(path, mime, folder / f"made-{number}-{mime[6:]}")
            assert made.mime == mime
            renditions[source, mime] = made
    return Made(sources, renditions)


def protected(path: Path, mime: str, into: Path) -> Rendition:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    order = ProtectOrder(
        artworks=(ArtworkOrder(0, path, digest, "狐", SEED),),
        recipe_name="default",
        recipe=(
            {"step": "downscale", "long_side": 120},
            {"step": "tags"},
            {"step": "encode", "format": mime[6:]},
        ),
        limits=(LIMITS,),
        into=into,
        artist=Artist("狐野", "© 2026 狐野"),
        max_megapixels=1,
    )
    (rendition,) = pipeline.run(order, None, 2026, lambda _: None)
    return rendition


@pytest.fixture(scope="module")
def found(made: Made) -> dict[Path, dict[str, object]]:
    """Every tag that exiftool finds in every rendition, unknown ones and inner files included."""
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed (apt install libimage-exiftool-perl)")
    paths = [str(rendition.path) for rendition in made.renditions.values()]
    done = subprocess.run(
        ["exiftool", "-charset", "utf8", "-json", "-a", "-u", "-ee3", "-G1", *paths],
        capture_output=True,
        check=True,
        timeout=60,
    )
    return {Path(entry["SourceFile"]): entry for entry in json.loads(done.stdout)}


def names(tags: dict[str, object]) -> set[str]:
    """The tags' names, but for what the file system says and what tells of alpha."""
    outside = ("SourceFile", "System:", "ExifTool:", "Composite:")
    return {name for name in tags if not name.startswith(outside) and "Alpha" not in name}


def unpacked(data: bytes, mime: str) -> Iterator[bytes]:
    """The file, and what a search of its bytes would not see: packed chunks."""
    yield data
    if mime == "image/png":
        for kind, body in chunks(data):
            if kind in {b"iCCP", b"zTXt"}:
                yield zlib.decompress(body[body.index(b"\0") + 2 :])


@pytest.mark.parametrize("source", SOURCES)
def test_the_sources_do_hold_what_must_not_leave(source: str, made: Made) -> None:
    """Else the tests below would prove nothing."""
    data = made.sources[source].read_bytes()
    for secret in TOLD[source]:
        assert any(form in data for form in forms(secret)), secret
    told = told_by(data)
    assert told is not None
    if source in {"camera.jpg", "prompted.png", "layers.webp", "phone.avif"}:
        assert "where it was made (GPS)" in told.private
        assert "a small copy of an earlier state (thumbnail)" in told.private
    if source in WITH_ALPHA:
        pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
        assert (pixels[HIDDEN_AT] == HIDDEN).all()
    if source == "profiled.png":
        profile = Image.open(io.BytesIO(data)).info["icc_profile"]
        assert OWNER.encode() in profile
    if source == "stereo.jpg":
        assert data.count(b"\xff\xd8\xff") == 2


@pytest.mark.parametrize(("source", "mime"), STUFFED)
def test_a_search_finds_nothing_of_it_in_the_file(source: str, mime: str, made: Made) -> None:
    data = made.renditions[source, mime].path.read_bytes()
    for part in unpacked(data, mime):
        for secret in SECRETS:
            assert not any(form in part for form in forms(secret)), secret
    assert not re.search(rb"Wacom|GPS|History|JFXX|MPF\0|8BIM\x04\x0c|FPXR|tIME|prVw|SECR", data)
    assert data.count(b"\xff\xd8\xff") == (mime == "image/jpeg")  # no second picture


@pytest.mark.parametrize(("source", "mime"), STUFFED)
def test_exiftool_finds_only_what_it_finds_in_a_clean_picture(
    source: str, mime: str, made: Made, found: dict[Path, dict[str, object]]
) -> None:
    here = found[made.renditions[source, mime].path]
    clean = found[made.renditions[CLEAN, mime].path]
    assert names(here) <= names(clean)
    assert not any(secret in str(here.values()) for secret in SECRETS[:-2])


@pytest.mark.parametrize(("source", "mime"), STUFFED)
def test_our_own_look_at_a_posted_file_finds_nothing_private(
    source: str, mime: str, made: Made
) -> None:
    told = told_by(made.renditions[source, mime].path.read_bytes())
    assert told is not None
    assert told.private == ()


@pytest.mark.parametrize(("source", "mime"), STUFFED)
def test_the_name_and_the_record_of_a_rendition_tell_nothing(
    source: str, mime: str, made: Made
) -> None:
    rendition = made.renditions[source, mime]
    assert re.fullmatch(r"1-net\.(jpg|png|webp|avif)", rendition.path.name)
    record = wire.dump(rendition.record)
    assert FILE_NAME not in record
    assert not any(secret in record for secret in SECRETS)


@pytest.mark.parametrize("source", WITH_ALPHA)
@pytest.mark.parametrize("mime", MIMES)
def test_the_sketch_hidden_under_alpha_zero_is_gone(source: str, mime: str, made: Made) -> None:
    image = Image.open(made.renditions[source, mime].path).convert("RGB")
    inside = np.asarray(image.resize((128, 96)))[26:54, 26:54]
    assert np.ptp(inside.astype(int).mean(axis=(0, 1))) < 3  # gray of some kind, never green
