"""What a watermark repeats: a text or a logo as ink, at any size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PIL import Image, ImageChops, ImageFilter

from postguard.errors import BadPicture, StepFailed
from postguard.imaging import Picture, open_picture, to_image
from postguard.language import _
from postguard.protect.lettering import LEADING, Lettering, clean

_STROKE = 0.04  # reach of a text's outline, in em
_LEAST_STROKE = 0.8  # pixels: thinner would not show
_GLOW = 0.03  # reach of a logo's outline, as a share of its height
_MARGIN = 0.12  # around a logo, for its outline and its sway
_LOGO_MEGAPIXELS = 50
_LOGO_HEIGHT = 1024  # pixels: more detail than any mark shows


@dataclass(frozen=True, slots=True)
class Mark:
    """One upright mark.

    Attributes:
        body: the mark itself: L, the coverage of a text; or RGBA, a logo in its colours.
        ring: L, coverage of the outline around it; None: no outline.
        unit: what lengths are measured by (em, or a logo's height), in pixels.
    """

    body: Image.Image
    ring: Image.Image | None
    unit: float


class Maker(Protocol):
    """Draws one mark at any size. `least`: the smallest legible size in pixels."""

    least: float

    def shape(self) -> tuple[float, float]:
        """Return (width, height) of the mark at size 1."""
        ...

    def draw(self, size: float, *, outline: bool) -> Mark:
        """Return the mark at `size` pixels."""
        ...


class TextMark:
    """Lines of text; its size is the font size (em)."""

    least = 12.0  # kanji cannot be read any smaller

    def __init__(self, text: str, lettering: Lettering, step: str) -> None:
        cleaned = clean(text)
        if not cleaned:
            raise StepFailed(step, _('the text is empty: write it as text = "© your name"'))
        self._lines = cleaned.split("\n")
        self._face = lettering.typeface(cleaned, step)

    def shape(self) -> tuple[float, float]:
        width = max(self._face.width(line, 100) for line in self._lines) / 100
        return width, 1 + (len(self._lines) - 1) * LEADING

    def draw(self, size: float, *, outline: bool) -> Mark:
        stroke = max(_LEAST_STROKE, _STROKE * size) if outline else 0.0
        block = self._face.draw(self._lines, size, stroke=stroke)
        fill, whole = Image.fromarray(block.fill), Image.fromarray(block.outline)
        return Mark(fill, ImageChops.subtract(whole, fill) if outline else None, size)


class LogoMark:
    """A picture with transparency; its size is its height."""

    least = 16.0

    def __init__(self, path: Path, step: str) -> None:
        self._image = _logo(path, step)

    def shape(self) -> tuple[float, float]:
        return self._image.width / self._image.height, 1.0

    def draw(self, size: float, *, outline: bool) -> Mark:
        margin = max(2, round(_MARGIN * size))
        inner = max(1, round(size * self.shape()[0])), max(1, round(size))
        image = Image.new("RGBa", (inner[0] + 2 * margin, inner[1] + 2 * margin))
        image.paste(
            self._image.convert("RGBa").resize(inner, Image.Resampling.LANCZOS), (margin,) * 2
        )
        image = image.convert("RGBA")
        return Mark(image, _glow(image.getchannel("A"), size) if outline else None, size)


def _glow(fill: Image.Image, size: float) -> Image.Image:
    """Return a soft rim around `fill`."""
    spread = fill.filter(ImageFilter.GaussianBlur(max(_LEAST_STROKE, _GLOW * size)))
    return ImageChops.subtract(spread.point([min(255, 3 * v) for v in range(256)]), fill)


def _logo(path: Path, step: str) -> Image.Image:
    try:
        picture = open_picture(path.read_bytes(), max_megapixels=_LOGO_MEGAPIXELS)
    except OSError as exc:
        raise StepFailed(step, _unreadable(path)) from exc
    except BadPicture as exc:
        raise StepFailed(
            step, _("the logo {path} cannot be used: {exc}").format(path=path, exc=exc)
        ) from exc
    return _trimmed(picture, path, step)


def _unreadable(path: Path) -> str:
    what = (
        _("cannot be read: check its permissions")
        if path.exists()
        else _("is not there: check logo =")
    )
    return _("the logo {path} {what}").format(path=path, what=what)


def _trimmed(picture: Picture, path: Path, step: str) -> Image.Image:
    if picture.alpha is None:
        raise StepFailed(
            step,
            _(
                "the logo {path} has no transparency, so it would cover the art with its whole "
                "rectangle: export it as a PNG with a transparent background"
            ).format(path=path),
        )
    image = to_image(picture)
    box = image.getchannel("A").getbbox()
    if box is None:
        raise StepFailed(
            step, _("the logo {path} is transparent everywhere: export it again").format(path=path)
        )
    image = image.crop(box)
    image.thumbnail((image.width, _LOGO_HEIGHT), Image.Resampling.LANCZOS)
    return image
