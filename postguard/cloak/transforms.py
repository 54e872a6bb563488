"""What platforms do to a picture on its way to a model's eye.

`Chain`s work on finished 8-bit pixels and are used to measure; `View`s are their differentiable
stand-ins, which the optimiser looks through.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from postguard.cloak.tensors import (
    Pixels,
    resized,
    scale_inside,
    scale_to_area,
    scaled,
    shrunk,
    to_pixels,
    to_tensor,
)

MASTODON_PIXELS = 8_294_400  # Mastodon docs: larger uploads are shrunk to 3840x2160's area
BLUESKY_SIDES = (1000, 2000)  # atproto packages/bsky/src/image/uri.ts
_ROUGH_SHARE = 0.35  # of the steps
_NEARLY = 1.03  # sizes this near share their latents
_LEAST_HALVED = 256  # px: at half of less, an encoder sees a few cells only
_SIDES = {"WEBP": 16_383, "JPEG": 65_500}  # the formats, or their libraries, hold no more
BLUESKY_QUALITY = 80  # sharp's default for WebP; the CDN's own setting is not public


@dataclass(frozen=True, slots=True)
class Codec:
    """A lossy encoder: Pillow's `JPEG` or `WEBP`, with its quality; `chroma`: of a JPEG."""

    kind: str
    quality: int
    chroma: str = "4:2:0"

    def __call__(self, pixels: Pixels) -> Pixels:
        """(H,W,3) uint8 through the codec and back; kept where the format cannot hold it."""
        if max(pixels.shape) > _SIDES[self.kind]:
            return pixels
        buffer = io.BytesIO()
        options = {"subsampling": self.chroma} if self.kind == "JPEG" else {}
        Image.fromarray(pixels).save(buffer, self.kind, quality=self.quality, **options)
        with Image.open(buffer, formats=[self.kind]) as image:
            return np.asarray(image.convert("RGB"))

    def with_loss(self, x: Tensor) -> Tensor:
        """(1,3,H,W) in [0,1] with the codec's loss; the gradient passes unchanged."""
        with torch.no_grad():
            loss = to_tensor(self(to_pixels(x))).to(x.device) - x
        return x + loss


@dataclass(frozen=True, slots=True)
class View:
    """A differentiable look at the picture: resized to `size`, then through `codec`."""

    size: tuple[int, int]
    codec: Codec | None = None

    def __call__(self, x: Tensor) -> Tensor:
        """(1,3,H,W) -> (1,3,*size), both in [0,1]."""
        y = resized(x, self.size)
        return self.codec.with_loss(y) if self.codec else y


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


@dataclass(frozen=True, slots=True)
class Looks:
    """What the optimiser looks through: roughly first, which is cheap and makes the change robust
    against further shrinking; then in turn as the feed serves the picture and as a model reads
    the whole file. What is drawn for one size alone is half lost at another a tenth larger."""

    rough: View
    served: View
    whole: View

    def at(self, done: int, planned: int) -> View:
        """Return the view for the step after `done` of `planned`."""
        if done < _ROUGH_SHARE * planned:
            return self.rough
        return (self.served, self.whole)[done % 2]

    def checks(self) -> list[View]:
        """Return the fixed set on which iterates are compared by their worst case."""
        coded = Codec("WEBP", BLUESKY_QUALITY)
        return [View(self.served.size, coded), self.whole]


def looks(size: tuple[int, int], most_pixels: float) -> Looks:
    """Return how the optimiser sees a picture of (height, width), in at most `most_pixels`.

    Sizes, and no codecs: at equal SSIMULACRA2 every codec in the loop (straight-through, filtered
    by what survives it, or a soft staircase) left less behind that very codec than none, for its
    noise in the gradient buys coarse patterns, which are dear. What a codec drops is foreseen
    instead (`coding`). Few sizes: each costs two passes for the target's and the clean picture's
    latents.
    """
    fed = scaled(size, scale_inside(size, BLUESKY_SIDES[0]))
    served = scaled(fed, scale_to_area(fed, most_pixels))
    whole = scaled(size, scale_to_area(size, most_pixels))
    if max(whole) < _NEARLY * max(served):
        whole = served
    rough = scaled(served, 0.5) if min(served) >= _LEAST_HALVED else served
    return Looks(View(rough), View(served), View(whole))
