"""Work on an upload as Mastodon does: decode it, shrink it, save it without its metadata."""

import io
from dataclasses import dataclass

from PIL import Image, ImageOps

from tests.servers.mastodon.flavours import Limits
from tests.servers.mastodon.wire import RefusedError, invalid

ORIGINAL_PIXELS = 8_294_400  # 3840x2160
SMALL_PIXELS = 230_400  # 640x360
QUALITY = 90
# What browsers may not show becomes JPEG; all else keeps its format.
SAVED_AS = {"JPEG": "JPEG", "PNG": "PNG", "GIF": "GIF", "WEBP": "WEBP", "AVIF": "JPEG"}
EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "GIF": "gif", "WEBP": "webp"}


@dataclass(frozen=True)
class Served:
    """The two files that are served of one upload."""

    mime_type: str
    extension: str
    data: bytes
    small: bytes
    sizes: dict[str, tuple[int, int]]


def work_on(data: bytes, limits: Limits) -> Served:
    """Make the served files of an upload.

    Raises:
        RefusedError: the file is too large, of no supported type, or cannot be decoded.
    """
    if len(data) > limits.image_size_limit:
        megabytes = limits.image_size_limit // (1024 * 1024)
        raise invalid(f"File file size must be less than {megabytes} MB")
    picture = _opened(data, limits)
    try:
        upright = ImageOps.exif_transpose(picture)
    except (OSError, SyntaxError, ValueError) as exc:
        raise RefusedError(500, "Error processing thumbnail for uploaded media") from exc
    saved_as = SAVED_AS[picture.format or ""]
    whole, small = within(upright, ORIGINAL_PIXELS), within(upright, SMALL_PIXELS)
    return Served(
        Image.MIME[saved_as],
        EXTENSIONS[saved_as],
        without_metadata(whole, saved_as),
        without_metadata(small, saved_as),
        {"original": whole.size, "small": small.size},
    )


def _opened(data: bytes, limits: Limits) -> Image.Image:
    """The picture, its pixels not yet read: its type and size are looked at first."""
    try:
        picture = Image.open(io.BytesIO(data), formats=list(SAVED_AS))
    except (OSError, SyntaxError) as exc:
        raise invalid("File content type is invalid, File is invalid") from exc
    if Image.MIME[picture.format or ""] not in limits.supported_mime_types:
        raise invalid("File content type is invalid, File is invalid")
    if picture.width * picture.height > limits.image_matrix_limit:
        raise RefusedError(422, f"{picture.width}x{picture.height} images are not supported")
    return picture


def within(picture: Image.Image, pixels: int) -> Image.Image:
    """The picture, shrunk to a number of pixels where it has more."""
    width, height = picture.size
    if width * height <= pixels:
        return picture
    ratio = (pixels / (width * height)) ** 0.5
    size = max(1, int(width * ratio)), max(1, int(height * ratio))
    usable = picture.convert("RGBA") if picture.mode == "P" else picture
    return usable.resize(size, Image.Resampling.LANCZOS)


def without_metadata(picture: Image.Image, saved_as: str) -> bytes:
    """Encode afresh; of all metadata only the colour profile is kept."""
    profile = picture.info.get("icc_profile")
    options: dict[str, object] = {"icc_profile": profile} if profile else {}
    if saved_as == "JPEG":
        options |= {"quality": QUALITY, "progressive": True}
        if picture.mode not in ("L", "RGB", "CMYK"):
            picture = picture.convert("RGB")
    elif saved_as == "WEBP":
        options |= {"quality": QUALITY}
    bare = picture.copy()
    bare.info = {}
    out = io.BytesIO()
    bare.save(out, saved_as, **options)
    return out.getvalue()
