"""Measures what of a picture's protection is in the file that a network serves.

A process of its own: `python -m postguard.networks.served.surviving` reads one job as JSON,
fetches the pictures and prints what is left, so the daemon carries neither Pillow nor what a
server sends.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from postguard.errors import BadPicture, Refused, Retryable
from postguard.language import _
from postguard.model import Rendition
from postguard.networks import child
from postguard.networks.served import copies
from postguard.system import wire

if TYPE_CHECKING:
    from postguard.imaging import Picture
    from postguard.networks.served.comparing import Left, Pair

_SECONDS = 300  # for one post
_KINDS = (
    (0, b"\x89PNG", "PNG"),
    (0, b"\xff\xd8", "JPEG"),
    (8, b"WEBP", "WebP"),
    (4, b"ftypavif", "AVIF"),
    (0, b"GIF8", "GIF"),
)

Box = tuple[int, int, int, int]  # left, top, width, height


@dataclass(frozen=True, slots=True)
class Sent:
    """One picture that was sent, and where it is served.

    Attributes:
        original: the artist's file, where it is still there: a watermark is seen beside it.
        notice: where the notice stands in the file that was sent.
        watermark: mean change of the pixels that the watermark marked, in 1/255; None: none.
        strip: the notice stands in a strip below the art.
        change: what the cloak changed, as it was kept; None: no cloak, or none was kept.
        kept: share of it that the encoding left in this file.
    """

    url: str
    path: Path
    original: Path | None = None
    notice: Box | None = None
    watermark: float | None = None
    strip: bool = False
    change: Path | None = None
    kept: float = 1.0


@dataclass(frozen=True, slots=True)
class Job:
    """The pictures of one post, in order."""

    pictures: tuple[Sent, ...]
    max_megapixels: float


@dataclass(frozen=True, slots=True)
class Survival:
    """What is left of one picture where it is served.

    Attributes:
        kind: the file's format, e.g. `WebP`; empty: it could not be looked at.
        same: byte for byte the file that was sent.
        likeness: SSIMULACRA2 beside what was sent, both in the smaller size of the two.
        notice, watermark: share of its contrast that is left, about 1 where nothing was lost;
            None: there is none, or it cannot be measured.
        cloak: share of the strength of its change that is left; None as above.
        chance: the share that seems to be left of a change that never was in the picture.
        problem: why it could not be looked at, in words.
        again: it may be there later.
    """

    kind: str = ""
    width: int = 0
    height: int = 0
    size: int = 0
    same: bool = False
    likeness: float | None = None
    notice: float | None = None
    watermark: float | None = None
    cloak: float | None = None
    chance: float | None = None
    problem: str = ""
    again: bool = False


def sent(url: str, rendition: Rendition, original: Path | None) -> Sent:
    """Return what to measure of a rendition, as its record tells where the marks are."""
    steps = rendition.record.get("steps")
    found = {s.get("step"): s for s in steps if isinstance(s, dict)} if _is_list(steps) else {}
    contrast = found.get("watermark", {}).get("contrast")
    change = found.get("cloak", {}).get("change")
    measured = rendition.record.get("measured")
    kept = measured.get("kept") if isinstance(measured, dict) else None
    return Sent(
        url,
        rendition.path,
        original,
        notice=_place(rendition, found.get("notice", {})),
        watermark=float(contrast) if isinstance(contrast, int | float) else None,
        strip=found.get("notice", {}).get("place") == "footer",
        change=rendition.path.parent / change if isinstance(change, str) else None,
        kept=float(kept) if isinstance(kept, int | float) else 1.0,
    )


def measured(job: Job) -> tuple[Survival, ...]:
    """Fetch and measure in a child process. Raises Retryable when it was cut off."""
    module, doing = "postguard.networks.served.surviving", _("measuring the pictures")
    ended = child.run(module, job, _SECONDS, doing)
    if ended.returncode != 0:
        raise Retryable(
            _("{doing} was cut off (code {returncode})").format(
                doing=doing, returncode=ended.returncode
            )
        )
    return wire.load(tuple[Survival, ...], ended.stdout)


def measure(job: Job, timeout: float = copies.TIMEOUT) -> tuple[Survival, ...]:
    """Fetch and measure in this process; a picture that cannot be had says why."""
    return tuple(_one(picture, job.max_megapixels, timeout) for picture in job.pictures)


def _one(picture: Sent, max_megapixels: float, timeout: float) -> Survival:
    from postguard import imaging
    from postguard.networks.served import comparing

    if not picture.path.is_file():
        return Survival(
            problem=_("the file that was sent is not there to compare with"), again=True
        )
    try:
        data = copies.fetch(picture.url, timeout=timeout)
        ours = imaging.read(picture.path, max_megapixels)
        found = imaging.open_picture(data, max_megapixels=max_megapixels)
        before = imaging.open_picture(ours, max_megapixels=max_megapixels)
    except Retryable as exc:
        return Survival(problem=str(exc), again=True)
    except (Refused, BadPicture) as exc:
        return Survival(problem=str(exc))
    pair = comparing.Pair.of(before, found)
    left = _cloak(pair, picture, max_megapixels)
    return Survival(
        kind=_kind(data),
        width=found.width,
        height=found.height,
        size=len(data),
        same=data == ours,
        likeness=pair.likeness(),
        notice=pair.kept_within(picture.notice) if picture.notice else None,
        watermark=_watermark(pair, picture, max_megapixels),
        cloak=left.share if left else None,
        chance=left.chance if left else None,
    )


def _watermark(pair: Pair, picture: Sent, max_megapixels: float) -> float | None:
    """Return what is left of the watermark; without the original nobody can tell it from the
    art."""
    if picture.watermark is None:
        return None
    original = _opened(picture.original, max_megapixels)
    if original is None:
        return None
    box, strip = picture.notice, picture.strip
    return pair.kept_beside(original, picture.watermark, box, strip=strip)


def _cloak(pair: Pair, picture: Sent, max_megapixels: float) -> Left | None:
    """Return what is left of the cloak; nobody knows where what it changed was not kept."""
    change = _opened(picture.change, max_megapixels)
    return None if change is None else pair.kept_of_change(change, picture.kept)


def _opened(path: Path | None, max_megapixels: float) -> Picture | None:
    """Return a file of this PC that the comparison needs; None: there is none that can be read."""
    from postguard import imaging

    if path is None:
        return None
    try:
        return imaging.open_picture(
            imaging.read(path, max_megapixels), max_megapixels=max_megapixels
        )
    except BadPicture:
        return None


def _place(rendition: Rendition, notice: Mapping[str, Any]) -> Box | None:
    """Return where the notice stands in the finished file: the step may have turned the picture to
    write it, and the encoder may have shrunk it afterwards."""
    at, encode = notice.get("at"), rendition.record.get("encode")
    if not _is_list(at) or len(at) != len(("left", "top", "width", "height")):
        return None
    left, top, width, height = at
    whole = (encode if isinstance(encode, dict) else {}).get("scaled_from")
    was = whole if _is_list(whole) else [rendition.width, rendition.height]
    if notice.get("turned"):
        left, top, width, height = was[0] - top - height, left, height, width
    x, y = rendition.width / was[0], rendition.height / was[1]
    return round(left * x), round(top * y), round(width * x), round(height * y)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _kind(data: bytes) -> str:
    return next((name for at, sign, name in _KINDS if data[at:].startswith(sign)), "")


def main() -> int:
    """Measure the job on standard input; not for ever, where whoever asked is gone and a server
    sends byte by byte."""
    signal.alarm(_SECONDS)
    sys.stdout.write(wire.dump(measure(wire.load(Job, sys.stdin.read()))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
