"""Writes pixels and packets as one JPEG, PNG, WebP or AVIF file; the one place with save options.

Every file is made of a new image, so nothing of a source can come along: no comment, no text, no
thumbnail, no second picture.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator

from PIL import Image, ImageFile, features
from PIL.PngImagePlugin import PngInfo

from postguard.protect.packets import EXIF_HEAD, Packets, srgb_profile

JPEG, PNG, WEBP, AVIF = "image/jpeg", "image/png", "image/webp", "image/avif"
LONGEST_SIDE = {JPEG: 65_500, PNG: 1 << 24, WEBP: 16_383, AVIF: 65_536}
# 4:2:0 throws away a third of a cloak; lossy WebP knows nothing else.
HALF_COLOUR = "4:2:0"
CHROMA = {JPEG: "4:4:4", WEBP: HALF_COLOUR, AVIF: "4:4:4"}

_APP13 = b"\xff\xed"
_PNG_LEVEL = 3  # level 6 takes three times as long for a tenth less
_LEVEL_3_SHARE = 0.93  # of what level 1 takes
_STRIPS, _STRIP_HEIGHT = 8, 16
_WEBP_METHOD = 4
_LOSSLESS_EFFORT = 20  # of 100: as small within some per cent, in a third of the time
_AVIF_SPEED = 8  # of 10: speed 6 takes three times as long for a tenth less


def jpeg(
    image: Image.Image,
    quality: int,
    packets: Packets,
    *,
    progressive: bool,
    half_colour: bool = False,
) -> bytes:
    """Return a JPEG 4:4:4, or 4:2:0 with `half_colour`, of an `RGB` or `L` image, with Huffman
    tables of its own."""
    file = io.BytesIO()
    with _room_for(image):
        image.save(
            file,
            "JPEG",
            quality=quality,
            subsampling=HALF_COLOUR if half_colour else CHROMA[JPEG],
            progressive=progressive,
            optimize=True,
            comment=b"",
            exif=EXIF_HEAD + packets.exif if packets.exif else b"",
            xmp=packets.xmp,
            extra=_app13(packets.iim),
            icc_profile=_profile(image),
        )
    return file.getvalue()


def png(image: Image.Image, packets: Packets, *, level: int = _PNG_LEVEL) -> bytes:
    """Return a PNG of an `RGB`, `RGBA`, `L` or `LA` image; there is no place for the IIM."""
    texts = PngInfo()
    if packets.xmp:
        texts.add_itxt("XML:com.adobe.xmp", packets.xmp.decode())
    file = io.BytesIO()
    image.save(
        file,
        "PNG",
        compress_level=level,
        pnginfo=texts,
        exif=packets.exif,
        icc_profile=_profile(image),
    )
    return file.getvalue()


def png_estimate(image: Image.Image) -> int:
    """Return about how many bytes a PNG would take, from strips spread over the picture."""
    return round(_estimate(image, lambda part: png(part, Packets(), level=1)) * _LEVEL_3_SHARE)


def webp_lossless_estimate(image: Image.Image) -> int:
    """Return about how many bytes a lossless WebP would take."""
    return round(_estimate(image, lambda part: webp_lossless(part, Packets())))


def _estimate(image: Image.Image, write: Callable[[Image.Image], bytes]) -> float:
    sample = image
    if image.height > 2 * _STRIPS * _STRIP_HEIGHT:
        sample = Image.new(image.mode, (image.width, _STRIPS * _STRIP_HEIGHT))
        for i in range(_STRIPS):
            top = round((image.height - _STRIP_HEIGHT) * (i + 0.5) / _STRIPS)
            strip = image.crop((0, top, image.width, top + _STRIP_HEIGHT))
            sample.paste(strip, (0, i * _STRIP_HEIGHT))
    return len(write(sample)) * image.height / sample.height


def webp(image: Image.Image, quality: int, packets: Packets) -> bytes:
    """Return a lossy WebP of an `RGB`, `RGBA`, `L` or `LA` image; no place for the IIM."""
    return _webp(image, packets, quality=quality, method=_WEBP_METHOD)


def webp_lossless(image: Image.Image, packets: Packets) -> bytes:
    """Return a WebP that holds every pixel as it is."""
    return _webp(image, packets, lossless=True, quality=_LOSSLESS_EFFORT, method=_WEBP_METHOD)


def avif(image: Image.Image, quality: int, packets: Packets) -> bytes:
    """Return an AVIF 4:4:4 of an `RGB`, `RGBA`, `L` or `LA` image; no place for the IIM."""
    return _saved(
        _coloured(image),
        "AVIF",
        quality=quality,
        subsampling=CHROMA[AVIF],
        speed=_AVIF_SPEED,
        exif=packets.exif,
        xmp=packets.xmp,
        icc_profile=srgb_profile(),
    )


def has_avif() -> bool:
    """Return whether this PC's Pillow writes AVIF."""
    return bool(features.check("avif"))


def _webp(image: Image.Image, packets: Packets, **how: object) -> bytes:
    return _saved(
        _coloured(image),
        "WEBP",
        exif=packets.exif,
        xmp=packets.xmp,
        icc_profile=srgb_profile(),
        **how,
    )


def _coloured(image: Image.Image) -> Image.Image:
    return image.convert("RGBA" if "A" in image.mode else "RGB")


def _saved(image: Image.Image, kind: str, **how: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def _profile(image: Image.Image) -> bytes:
    """The profile describes three channels; in a gray file it would be a fault."""
    return srgb_profile() if image.mode.startswith("RGB") else b""


def _app13(iim: bytes) -> bytes:
    return _APP13 + (len(iim) + 2).to_bytes(2, "big") + iim if iim else b""


@contextlib.contextmanager
def _room_for(image: Image.Image) -> Iterator[None]:
    """Let Pillow's buffer hold a whole progressive JPEG, which it guesses at one byte a pixel:
    noise in 4:4:4 takes more, and libjpeg then fails with "Suspension not allowed here"."""
    before = ImageFile.MAXBLOCK
    ImageFile.MAXBLOCK = max(before, 4 * image.width * image.height)
    try:
        yield
    finally:
        ImageFile.MAXBLOCK = before
