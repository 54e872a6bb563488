"""What the optimiser looks through: differentiable stand-ins for what platforms do."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from postguard.cloak.pixels import scale_inside, scale_to_area, scaled
from postguard.cloak.platforms import BLUESKY_QUALITY, BLUESKY_SIDES, Codec
from postguard.cloak.resizing import resized
from postguard.cloak.tensors import to_pixels, to_tensor

_ROUGH_SHARE = 0.25  # of the steps
_NEARLY = 1.03  # sizes this near share their latents
_LEAST_HALVED = 256  # px: at half of less, an encoder sees a few cells only


@dataclass(frozen=True, slots=True)
class View:
    """A differentiable look at the picture: resized to `size`, then through `codec`."""

    size: tuple[int, int]
    codec: Codec | None = None

    def __call__(self, x: Tensor) -> Tensor:
        """(1,3,H,W) -> (1,3,*size), both in [0,1]."""
        y = resized(x, self.size)
        return with_loss(self.codec, y) if self.codec else y


def with_loss(codec: Codec, x: Tensor) -> Tensor:
    """(1,3,H,W) in [0,1] with the codec's loss; the gradient passes unchanged."""
    with torch.no_grad():
        loss = to_tensor(codec(to_pixels(x))).to(x.device) - x
    return x + loss


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
        coded = Codec("WEBP", BLUESKY_QUALITY, effort=2)  # enough to tell which is the better
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
