"""Every step together, on every kind and shape of picture: a whole file within its limits comes
out, or a sentence says which step cannot do it."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from postguard.errors import StepFailed
from postguard.imaging import open_picture
from postguard.model import Artist, ArtworkOrder, Json, Limits, ProtectOrder, Rendition
from postguard.protect import pipeline

RECIPE: tuple[dict[str, Json], ...] = (
    {"step": "downscale", "long_side": 400},
    {"step": "watermark", "text": "© 山田花子"},
    {"step": "notice"},
    {"step": "noise", "look": "canvas"},
    {"step": "tags"},
)
ROOM = 60_000
LIMITS = (Limits("bluesky", 300, 2000, 4, ROOM), Limits("tiny", 300, 2000, 4, 30_000, side=320))


def protected(image: Image.Image, kind: str, folder: Path) -> tuple[Rendition, ...]:
    file = folder / "art"
    image.save(file, kind)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    order = ProtectOrder(
        artworks=(ArtworkOrder(0, file, digest, "狐", "5e" * 32),),
        recipe_name="default",
        recipe=RECIPE,
        limits=LIMITS,
        into=folder / "made",
        artist=Artist("山田花子", "© 2026 山田花子", langs=("ja", "en")),
    )
    return pipeline.run(order, None, 2026, lambda _: None)


def check(made: tuple[Rendition, ...]) -> None:
    assert len(made) == len(LIMITS)
    for rendition, limits in zip(made, LIMITS, strict=True):
        data = rendition.path.read_bytes()
        assert len(data) <= limits.image_bytes
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            assert image.size == (rendition.width, rendition.height)
            assert max(image.size) <= (limits.side or 400)
        assert b"DMI-PROHIBITED-AIMLTRAINING" in data


def art(width: int, height: int, mode: str, seed: int = 0) -> Image.Image:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
    image = Image.fromarray(values)
    return image if mode == "RGBA" else image.convert(mode)


KINDS = [
    ("RGB", "PNG"),
    ("RGBA", "PNG"),
    ("LA", "PNG"),
    ("L", "PNG"),
    ("1", "PNG"),
    ("P", "GIF"),
    ("RGB", "JPEG"),
    ("CMYK", "JPEG"),
    ("CMYK", "TIFF"),
    ("RGBA", "WEBP"),
]


@pytest.mark.parametrize(("mode", "kind"), KINDS)
@given(width=st.integers(320, 640), height=st.integers(320, 640), seed=st.integers(0, 99))
@settings(max_examples=3, deadline=None)
def test_every_kind_comes_out_whole_and_within_its_limits(mode, kind, width, height, seed):
    with TemporaryDirectory() as folder:
        check(protected(art(width, height, mode, seed), kind, Path(folder)))


@pytest.mark.parametrize(
    "size", [(1, 1), (2, 3), (16, 16), (12_000, 40), (40, 12_000), (3_000, 1), (1, 3_000)]
)
def test_extreme_shapes_come_out_whole_or_a_step_says_why_not(size, tmp_path):
    try:
        made = protected(art(*size, "RGB"), "PNG", tmp_path)
    except StepFailed as failed:
        made = ()
        reason, step = failed.reason, failed.step
    if made:
        check(made)
    else:
        assert step in {"watermark", "notice"}
        assert "broke" not in reason
        assert not list((tmp_path / "made").iterdir())


@pytest.mark.parametrize("mode", ["L", "1", "LA"])
def test_what_has_no_colour_gets_none(mode, tmp_path):
    """Manga in black and white stays so: colour noise in it would be seen at once."""
    for rendition in protected(art(300, 200, mode), "PNG", tmp_path):
        found = open_picture(rendition.path.read_bytes(), max_megapixels=1)
        assert found.gray
