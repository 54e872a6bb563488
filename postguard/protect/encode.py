"""Makes the file that leaves: the best quality that fits a network's limits, tags inside.

Where the recipe leaves the choice, PNG stays where it is small (flat art) or carries
transparency, and fits; everything else becomes JPEG 4:4:4 by a search over its quality, and
smaller pixels below the quality floor. The best is what comes nearest to the protected picture by
SSIMULACRA2; of what is as near (`weighing`), what keeps most of a cloak. A format that the recipe
names is taken where the network takes it; where it does not, the choice is as if nothing had been
named, and the record says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np

from postguard.errors import StepFailed
from postguard.imaging import Picture
from postguard.language import _
from postguard.model import Limits
from postguard.protect import containers
from postguard.protect.containers import AVIF, JPEG, PNG, WEBP
from postguard.protect.job import Encoded, Job
from postguard.protect.packets import Packets
from postguard.protect.steps.downscale import shrink
from postguard.protect.trials import image_of, searched, smaller_png
from postguard.protect.weighing import writer

AUTO = "auto"
_MIMES = {"jpeg": JPEG, "png": PNG, "webp": WEBP, "avif": AVIF}
_NAMES = {JPEG: "JPEG", PNG: "PNG", WEBP: "WebP", AVIF: "AVIF"}
_WORTH_PNG = 3 / 8  # bytes a pixel: flat art takes one to two bits, painted art nine and more
_ALWAYS_PNG = 16_000  # bytes: nothing is gained by giving up quality for so few
_OPAQUE = 250  # of 255: the least alpha that is taken as opaque, since it lets 2 % through


def encode(
    picture: Picture, limits: Limits, packets: Packets, kind: str = AUTO, *, reserved: int = 0
) -> Encoded:
    """Return the picture as one file within `limits`, with `packets` in it.

    Args:
        kind: the recipe's `format`.
        reserved: bytes to keep free for what comes into the file afterwards.

    Raises:
        StepFailed: no file of a kind that the network takes can be that small.
    """
    job = Job(_simplest(picture), limits, packets, reserved)
    job.check_room()
    if kind == AUTO:
        return _chosen(job)
    if (made := _asked(job, _MIMES[kind])) is not None:
        return made
    refused = job.why
    made = _chosen(job)
    whys = dict.fromkeys((refused, str(made.record["why"])))
    return replace(made, record=made.record | {"why": "; ".join(whys)})


def alike(picture: Picture, encoded: Encoded) -> bytes:
    """Return another picture of the same shape as the encoder wrote `encoded`: the same kind,
    size and quality, for comparison; without tags."""
    sized = _simplest(picture)
    if (sized.width, sized.height) != (encoded.width, encoded.height):
        sized = shrink(sized, encoded.width, encoded.height)
    image, mime = image_of(sized, encoded.mime), encoded.mime
    if encoded.record["quality"] is not None:
        write = writer(image, mime, Packets(), lean=encoded.lean)
        return write(cast("int", encoded.record["quality"]))
    lossless = containers.png if mime == PNG else containers.webp_lossless
    return lossless(image, Packets())


def _simplest(picture: Picture) -> Picture:
    """Drop an alpha channel that hides nothing; clear the colour where it hides all.

    Painting programs leave single pixels at 253 or so; for these nobody wants a PNG of 14 MB.
    """
    if picture.alpha is None:
        return picture
    if int(picture.alpha.min()) >= _OPAQUE:
        return replace(picture, alpha=None)
    shown = (picture.alpha > 0)[..., np.newaxis]
    return replace(picture, pixels=picture.pixels * shown)


def _chosen(job: Job) -> Encoded:
    """Return what suits the picture, of what the network takes."""
    if job.takes(PNG) and (kept := _as_png(job, only_if_worth=True)):
        return kept
    for mime in (JPEG, WEBP):
        if job.takes(mime):
            return searched(job, mime)
    if job.takes(PNG):
        return smaller_png(job)
    raise StepFailed(
        "encode",
        _(
            "the network takes none of JPEG, PNG and WebP, only {mimes}; leave this account out "
            "of the post."
        ).format(mimes=", ".join(job.limits.mimes) or _("none")),
    )


def _asked(job: Job, mime: str) -> Encoded | None:
    """Return the file of the kind that the recipe names; None, and why, where it cannot be."""
    if not job.takes(mime):
        job.why = _("the network takes no {kind}").format(kind=_NAMES[mime])
        return None
    if mime == AVIF and not containers.has_avif():
        raise StepFailed(
            "encode",
            _(
                "this PC's Pillow writes no AVIF; install it anew from PyPI (`pip install --force-"
                'reinstall pillow`), or set format = "auto"'
            ),
        )
    if mime == PNG:
        return _as_png(job, only_if_worth=False)
    job.why = _("the recipe asks for it")
    if mime == WEBP and (kept := _as_lossless_webp(job)):
        return kept
    return searched(job, mime)


def _as_png(job: Job, *, only_if_worth: bool) -> Encoded | None:
    """Return the PNG where it is worth it and fits; painted art pays for a few strips only."""
    sized = job.sized(PNG)
    image = image_of(sized, PNG)
    estimate = containers.png_estimate(image) + job.packets.size()
    flat = image.width * image.height * _WORTH_PNG + _ALWAYS_PNG + job.packets.size()
    worth = sized.alpha is not None or not only_if_worth or estimate <= flat
    if estimate > job.room or not worth:
        job.why = _("as PNG it would take about {estimate:,.0f} kB").format(
            estimate=estimate / 1000
        )
        return None
    if not job.offer(containers.png(image, job.packets)):
        job.why = _("as PNG it would take more bytes than the network takes")
        return None
    job.why = _why_png(sized, asked=not only_if_worth)
    return job.done(PNG, sized, None)


def _why_png(sized: Picture, *, asked: bool) -> str:
    if asked:
        return _("the recipe asks for it")
    return _("transparent") if sized.alpha is not None else _("flat art: small without any loss")


def _as_lossless_webp(job: Job) -> Encoded | None:
    """Return a WebP without loss where it fits: the lossy one keeps a quarter of the colour."""
    sized = job.sized(WEBP)
    image = image_of(sized, WEBP)
    if containers.webp_lossless_estimate(image) + job.packets.size() > job.room:
        return None
    if not job.offer(containers.webp_lossless(image, job.packets)):
        return None
    return job.done(WEBP, sized, None)
