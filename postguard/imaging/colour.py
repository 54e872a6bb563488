"""Makes a decoded image 8-bit sRGB with the colours that the artist saw."""

from __future__ import annotations

import functools
import io

import numpy as np
from PIL import Image, ImageChops, ImageCms, ImageFilter

from postguard.errors import BadPicture
from postguard.imaging.picture import strips
from postguard.language import _, marked

_DEEP_GRAY = {"I;16", "I;16L", "I;16B", "I;16N"}
_WITH_ALPHA = {"LA", "PA", "RGBA", "RGBa", "La"}
_UNUSABLE = {
    "I": marked("whole numbers of 32 bits"),
    "F": marked("floating-point numbers of 32 bits"),
}
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0  # TIFF's tag, and its value for inverted gray

# sRGB of the eight overprints of cyan, magenta and yellow in coated offset, as painting programs
# show them. A Color3DLUT's first index runs fastest: cyan, then magenta, then yellow.
_OVERPRINTS = [
    *((255, 255, 255), (0, 174, 239), (236, 0, 140), (46, 49, 146)),
    *((255, 242, 0), (0, 166, 81), (237, 28, 36), (54, 54, 57)),
]


def refuse_unusable(mode: str) -> None:
    """Raise BadPicture for pixel kinds that have no agreed way to look."""
    if mode in _UNUSABLE:
        raise BadPicture(
            _(
                "its pixels are {kind}, which no program shows the same way; export it with "
                "8 or 16 bits per channel"
            ).format(kind=_(_UNUSABLE[mode]))
        )


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return a loaded image as mode L, LA, RGB or RGBA in sRGB. May change `image` in place.

    Raises:
        BadPicture: pixels of 32-bit numbers.
    """
    refuse_unusable(image.mode)
    source = _profile(profile)
    if image.mode == "CMYK":
        return _from_cmyk(image, source)
    if image.mode == "LAB":
        return _convert(image, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    plain = _eight_bit(image)
    return _managed(plain, source, profile) if source and profile else plain


def _eight_bit(image: Image.Image) -> Image.Image:
    """Return the image as L, LA, RGB or RGBA without touching its colours."""
    if image.mode in _DEEP_GRAY:
        return _from_deep_gray(image)
    see_through = image.mode in _WITH_ALPHA or "transparency" in image.info
    if image.mode in {"1", "L", "LA", "La"}:
        wanted = "LA" if see_through else "L"
    else:
        wanted = "RGBA" if see_through else "RGB"
    return image if image.mode == wanted else image.convert(wanted)


def _from_deep_gray(image: Image.Image) -> Image.Image:
    """Scale 16-bit gray by 255/65535, rounded; Pillow's own conversion would clip it to white."""
    width, height = image.size
    key = image.info.get("transparency")
    values = np.empty((height, width), np.uint8)
    alpha = np.empty((height, width), np.uint8)
    inverted = getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    for rows in strips(width, height):
        deep = np.asarray(image.crop((0, rows.start, width, rows.stop))).astype(np.uint32)
        values[rows] = (deep * 255 + 32_767) // 65_535
        alpha[rows] = np.where(deep == key, 0, 255) if isinstance(key, int) else 255
    gray = Image.fromarray(255 - values if inverted else values)
    if isinstance(key, int):
        gray.putalpha(Image.fromarray(alpha))
    return gray


def _from_cmyk(image: Image.Image, source: ImageCms.ImageCmsProfile | None) -> Image.Image:
    if source and _space(source) == "CMYK":
        return _convert(image, source)
    printed = Image.new("RGB", image.size)
    for rows in strips(*image.size):
        part = image.crop((0, rows.start, image.width, rows.stop))
        printed.paste(_offset_print(part), (0, rows.start))
    return printed


def _offset_print(inks: Image.Image) -> Image.Image:
    """Return CMYK without a profile as it looks printed in offset.

    Neugebauer's equations over the sRGB values of the overprints, whose curve stands in for the
    growth of the dots; black ink darkens to black, as with black point compensation.
    """
    cyan, magenta, yellow, black = inks.split()
    table = [value / 255 for overprint in _OVERPRINTS for value in overprint]
    colours = Image.merge("RGB", (cyan, magenta, yellow)).filter(ImageFilter.Color3DLUT(2, table))
    paper = ImageChops.invert(black)
    return ImageChops.multiply(colours, Image.merge("RGB", (paper, paper, paper)))


def _profile(data: bytes | None) -> ImageCms.ImageCmsProfile | None:
    """Return the embedded profile; a broken one counts as none, as in every viewer."""
    if not data:
        return None
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(data))
    except (OSError, ImageCms.PyCMSError):
        return None


def _space(profile: ImageCms.ImageCmsProfile) -> str:
    return str(profile.profile.xcolor_space).strip()


def _managed(image: Image.Image, source: ImageCms.ImageCmsProfile, profile: bytes) -> Image.Image:
    """Apply an RGB or GRAY profile; one of another kind does not belong to these pixels."""
    space = _space(source)
    if image.mode in {"L", "LA"} and space in {"GRAY", "RGB"}:
        return _gray_managed(image, source, space)
    if image.mode in {"RGB", "RGBA"} and space == "RGB":
        return image if _is_srgb(profile) else _convert(image, source)
    return image


def _gray_managed(image: Image.Image, source: ImageCms.ImageCmsProfile, space: str) -> Image.Image:
    """Send the 256 grays through the profile once and use them as a curve."""
    ramp = Image.frombytes("L", (256, 1), bytes(range(256)))
    shown = ramp if space == "GRAY" else ramp.convert("RGB")
    converted = _convert(shown, source, exact=True)
    curve = list(converted.getchannel("G").tobytes())
    untouched = list(range(256))
    return image.point(curve + untouched if image.mode == "LA" else curve)


@functools.lru_cache(maxsize=4)
def _is_srgb(profile: bytes) -> bool:
    """Return whether the profile changes no colour of a 9x9x9 grid by more than 1/255.

    Most art says sRGB in one of many profiles; seeing that saves a second on a large canvas. The
    files that postguard itself makes of it all say so in the same.
    """
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
    shown = np.asarray(_convert(Image.fromarray(grid), source))
    return bool(np.abs(shown.astype(np.int16) - grid).max() <= 1)


def _convert(
    image: Image.Image, source: ImageCms.ImageCmsProfile, *, exact: bool = False
) -> Image.Image:
    """Convert to RGB (or RGBA, alpha kept) by the profile, as a viewer does.

    Perceptual intent as the profile's maker meant it; matrix profiles have only one intent, so
    there the black point is kept too. `exact` is slow, and right where the quick way is coarse:
    in the shadows of steep curves.
    """
    flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
    if exact:
        flags |= ImageCms.Flags.NOOPTIMIZE
    wanted = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            image.mode,
            wanted,
            renderingIntent=ImageCms.Intent.PERCEPTUAL,
            flags=flags,
        )
    except ImageCms.PyCMSError as exc:
        raise BadPicture(
            _(
                "its colour profile cannot be used, so its colours would come out wrong; export "
                "it as sRGB"
            )
        ) from exc
    if image.mode == wanted:
        ImageCms.applyTransform(image, transform, inPlace=True)
        return image
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None  # it is None only when asked to work in place
    return converted
