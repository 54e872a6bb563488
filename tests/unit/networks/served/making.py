"""Protects a picture as a post, and serves a changed copy of it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from postguard.model import Artist, ArtworkOrder, Json, Limits, ProtectOrder, Rendition
from postguard.networks.served.surviving import Job, Sent, Survival, measure
from postguard.ports import CloakEngine
from postguard.protect import pipeline
from tests.servers.static import StaticHost

LIMITS = Limits("bluesky-2000000", 300, 2000, 4, 2_000_000)
Recipe = tuple[dict[str, Json], ...]
RECIPE: Recipe = (
    {"step": "downscale", "long_side": 800},
    {"step": "watermark", "text": "© 山田花子"},
    {"step": "notice"},
)
Change = Callable[[Image.Image], Image.Image]


def protect(
    path: Path,
    into: Path,
    limits: Limits = LIMITS,
    recipe: Recipe = RECIPE,
    engine: CloakEngine | None = None,
) -> Rendition:
    """Run a recipe on one file, for a post."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    order = ProtectOrder(
        artworks=(ArtworkOrder(0, path, digest, "狐", "5e" * 32),),
        recipe_name="default",
        recipe=recipe,
        limits=(limits,),
        into=into,
        artist=Artist("山田花子", "© 2026 山田花子", langs=("ja", "en")),
        post=7,
    )
    (rendition,) = pipeline.run(order, engine, 2026, lambda _: None)
    return rendition


class Drawing:
    """An engine that draws along the art's own lines, as a cloak does, and softens them a little.

    `strength`: mean change, in levels.
    """

    def __init__(self, strength: float = 4.0) -> None:
        self._strength = strength

    def available(self) -> str | None:
        return None

    def cloak(
        self, job: Mapping[str, Json], source: Path, target: Path, on_step: Callable[[float], None]
    ) -> Mapping[str, Json]:
        with Image.open(source) as image:
            art = image.convert("L")
        fine = np.asarray(art, float) - np.asarray(art.filter(ImageFilter.GaussianBlur(3)), float)
        noise = np.random.default_rng(1).normal(size=fine.shape)
        drawn = noise + 0.4 * noise * np.abs(fine) - 0.4 * fine
        drawn *= self._strength / max(drawn.std(), 1e-9)
        with Image.open(source) as image:
            changed = np.asarray(image.convert("RGB"), float) + drawn.clip(-20, 20)[..., None]
        Image.fromarray(changed.round().clip(0, 255).astype(np.uint8)).save(target)
        return {"device": "none"}

    def measure(
        self,
        asked: Mapping[str, Json],
        before: Path,
        after: Path,
        on_step: Callable[[float], None],
    ) -> Mapping[str, Json]:
        looks = {"r": 0.5, "signs": 0.0, "shuffled": 0.0}
        return {"gains": {"immunise": {"bluesky": looks, "mastodon": looks}}}


def coded(image: Image.Image, kind: str = "WEBP", quality: int = 80) -> bytes:
    """A picture as a server encodes it."""
    out = io.BytesIO()
    image.convert("RGB").save(out, kind, quality=quality)
    return out.getvalue()


def survives(host: StaticHost, what: Sent, change: Change, kind: str = "WEBP") -> Survival:
    """What is left when the server serves a changed copy of what was sent."""
    with Image.open(what.path) as image:
        data = coded(change(image), kind)
    url = host.says(data, Content_Type=f"image/{kind.lower()}")
    (found,) = measure(Job((replace(what, url=url),), 200))
    return found
