"""Decides what may be opened as a picture, and decodes it whole or says why not."""

from __future__ import annotations

import hashlib
import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageFile, PngImagePlugin, UnidentifiedImageError

from postguard.errors import BadPicture
from postguard.imaging import colour, words
from postguard.imaging.picture import Picture, from_image
from postguard.language import _
from postguard.model import Inspection

# What painting programs export. Never a format that is a program to be run (EPS, PDF, SVG, WMF).
# A camera's MPO is a JPEG to Pillow and opens with it.
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "AVIF", "GIF")
MAX_SIDE = 65_535  # what JPEG can hold, and more than any painting program's canvas
_TEXT_LIMIT = 32 << 20  # Photoshop's document history can be megabytes of XMP
_SPARE_BYTES = 64 << 20  # a file's room for metadata and layers besides its pixels
_BYTES_PER_PIXEL = 8  # 16-bit RGBA, not compressed

_ORIENTATION, _SUBFILE, _SMALL_COPY = 0x0112, 254, 1
_FIRST_ON_ITS_SIDE = 5  # of EXIF's eight orientations, the last four swap width and height
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Pillow's complaints about metadata: it is not kept, so it is no reason to refuse the picture.
_HARMLESS = "Metadata Warning|Tag |Possibly corrupt EXIF|Corrupt EXIF|Invalid APNG|Image appears"

# Pillow's limits and Python's warnings are globals. Two threads that put them back crosswise would
# leave the one's for good: a worker of a cluster has several.
_globals = threading.Lock()


def open_picture(data: bytes, *, max_megapixels: float) -> Picture:
    """Decode a whole picture file upright, as 8-bit sRGB.

    Raises:
        BadPicture: not a picture of a known format, damaged, animated, too large, or of pixels
            that have no agreed way to look.
    """
    with _decoded(data, max_megapixels) as image:
        upright = _turn(image)
        return from_image(colour.to_srgb(upright, image.info.get("icc_profile")))


def inspect(path: Path, max_megapixels: float) -> Inspection:
    """Read a file once, decode all of it, and return its digest, size and embedded words.

    Raises:
        BadPicture: see `open_picture`; also a file that cannot be read.
    """
    data = read(path, max_megapixels)
    with _decoded(data, max_megapixels) as image:
        width, height = image.size
        if orientation(image) >= _FIRST_ON_ITS_SIDE:
            width, height = height, width
        found = words.embedded(image)
        return Inspection(
            sha256=hashlib.sha256(data).hexdigest(),
            kind=str(image.format),
            width=width,
            height=height,
            description=found.description,
            alt=found.alt,
        )


def read(path: Path, max_megapixels: float) -> bytes:
    """Return a picture file's bytes. Raises BadPicture when missing or larger than any picture."""
    most = int(max_megapixels * 1e6) * _BYTES_PER_PIXEL + _SPARE_BYTES
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as exc:
        raise BadPicture(
            _("{name} cannot be read: {strerror}").format(
                name=path.name, strerror=exc.strerror or exc
            )
        ) from exc
    if len(data) > most:
        raise BadPicture(
            _(
                "{name} is larger than {most:,.0f} MB, more than any picture of "
                "{max_megapixels:g} megapixels needs; export it smaller"
            ).format(name=path.name, most=most / 1e6, max_megapixels=max_megapixels)
        )
    return data


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 where there is none or none that can be read."""
    with _globals, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = image.getexif().get(_ORIENTATION, 1)
        except Exception:  # noqa: BLE001  # broken EXIF says nothing about the pixels
            return 1
    return value if value in _UPRIGHT else 1


@contextmanager
def _decoded(data: bytes, max_megapixels: float) -> Iterator[Image.Image]:
    """Yield the loaded image; every way in which decoding can fail becomes BadPicture."""
    with _own_limits():
        try:
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            _check_size(image, max_megapixels)
            _check_still(image)
            colour.refuse_unusable(image.mode)
            _scale_key(image)
            image.load()
        except BadPicture:
            raise
        except UnidentifiedImageError as exc:
            raise BadPicture(
                _(
                    "this is not a picture that postguard opens; export it as PNG, JPEG, WebP, "
                    "TIFF, AVIF or a still GIF"
                )
            ) from exc
        except MemoryError as exc:
            raise BadPicture(_("this picture needs more memory than there is")) from exc
        except Exception as exc:  # decoders raise anything on damaged bytes
            raise BadPicture(
                _(
                    "this file is damaged or not finished ({why}); export it again in its place"
                ).format(why=_plain(exc))
            ) from exc
    with image:
        yield image


@contextmanager
def _own_limits() -> Iterator[None]:
    """Lift Pillow's own limits while `_decoded` keeps ours, and put them back for everybody else.

    Any warning about pixels is an error here.
    """
    with _globals, warnings.catch_warnings():
        pixels, text = Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK
        Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = None, _TEXT_LIMIT
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=_HARMLESS)
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = pixels, text


def _check_size(image: Image.Image, max_megapixels: float) -> None:
    """Refuse by what the header says, before a single pixel is decoded."""
    width, height = image.size
    megapixels = width * height / 1e6
    if megapixels > max_megapixels:
        raise BadPicture(
            _(
                "{width} × {height} is {megapixels:,.1f} megapixels and the limit is "
                "{max_megapixels:g}; export it smaller, or raise intake.max_megapixels in the "
                "config"
            ).format(
                width=width, height=height, megapixels=megapixels, max_megapixels=max_megapixels
            )
        )
    if max(width, height) > MAX_SIDE or min(width, height) < 1:
        raise BadPicture(
            _(
                "{width} × {height} is no size for a picture; export it with sides of 1 to "
                "{max_side:,} pixels"
            ).format(width=width, height=height, max_side=MAX_SIDE)
        )


def _check_still(image: Image.Image) -> None:
    """Refuse animations and books; a camera's second frame or a small copy is no reason to."""
    if image.format == "MPO" or not getattr(image, "is_animated", False):
        return
    if image.format != "TIFF":
        raise BadPicture(_("this is an animation, and postguard protects stills only; export one"))
    for page in range(1, getattr(image, "n_frames", 1)):
        image.seek(page)
        if not getattr(image, "tag_v2", {}).get(_SUBFILE, 0) & _SMALL_COPY:
            raise BadPicture(_("this TIFF has several pages; export each page as its own file"))
    image.seek(0)


def _scale_key(image: ImageFile.ImageFile) -> None:
    """Bring a PNG's transparent gray to the 0-255 of the pixels: Pillow widens 2- and 4-bit gray
    while decoding, and leaves the key as it stands in the file."""
    rawmode = image.tile[0].args if image.tile else None
    widened = {"L;2": 85, "L;4": 17}.get(str(rawmode))
    if widened and isinstance(image.info.get("transparency"), int):
        image.info["transparency"] *= widened


def _turn(image: Image.Image) -> Image.Image:
    method = _UPRIGHT.get(orientation(image))
    return image if method is None else image.transpose(method)


def _plain(exc: BaseException) -> str:
    text = " ".join(str(exc).split())[:120]
    return text or type(exc).__name__
