"""What platforms do to a finished picture; needs no torch. `transforms` has the stand-ins that
the optimiser looks through."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from postguard.cloak.pixels import Pixels, scale_inside, scale_to_area, scaled, shrunk

MASTODON_PIXELS = 8_294_400  # Mastodon docs: larger uploads are shrunk to 3840x2160's area
BLUESKY_SIDES = (1000, 2000)  # atproto packages/bsky/src/image/uri.ts
BLUESKY_QUALITY = 80  # sharp's default for WebP; the CDN's own setting is not public
_SIDES = {"WEBP": 16_383, "JPEG": 65_500}  # the formats, or their libraries, hold no more


@dataclass(frozen=True, slots=True)
class Codec:
    """A lossy encoder: Pillow's `JPEG` or `WEBP`, with its quality; `chroma`: of a JPEG; `effort`:
    of a WebP, 0 to 6."""

    kind: str
    quality: int
    chroma: str = "4:2:0"
    effort: int = 4

    def __call__(self, pixels: Pixels) -> Pixels:
        """(H,W,3) uint8 through the codec and back; kept where the format cannot hold it."""
        if max(pixels.shape) > _SIDES[self.kind]:
            return pixels
        buffer = io.BytesIO()
        jpeg, webp = {"subsampling": self.chroma}, {"method": self.effort}
        options = jpeg if self.kind == "JPEG" else webp
        Image.fromarray(pixels).save(buffer, self.kind, quality=self.quality, **options)
        with Image.open(buffer, formats=[self.kind]) as image:
            return np.asarray(image.convert("RGB"))


@dataclass(frozen=True, slots=True)
class Chain:
    """What is done to a posted file: shrunk by `scale`, then through `codec`."""

    name: str
    scale: float = 1.0
    codec: Codec | None = None

    def __call__(self, pixels: Pixels) -> Pixels:
        """(H,W,3) uint8 -> the picture as served."""
        size = pixels.shape[0], pixels.shape[1]
        served = shrunk(pixels, scaled(size, self.scale))
        return self.codec(served) if self.codec else served


def chains(size: tuple[int, int]) -> list[Chain]:
    """Return what a picture of (height, width) is measured behind, platforms last."""
    webp = Codec("WEBP", BLUESKY_QUALITY)
    small, large = (scale_inside(size, side) for side in BLUESKY_SIDES)
    platforms = [Chain("bluesky", small, webp)]
    if large > small:
        platforms.append(Chain("bluesky-full", large, webp))
    platforms.append(Chain("mastodon", scale_to_area(size, MASTODON_PIXELS), Codec("JPEG", 90)))
    return [Chain("png"), Chain("jpeg75", codec=Codec("JPEG", 75)), Chain("half", 0.5), *platforms]
