"""What a picture file tells of its maker beside the picture: places, times, devices, drafts."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from PIL import ExifTags, Image

from postguard.imaging.opening import FORMATS
from postguard.language import _, marked

_THUMBNAIL = marked("a small copy of an earlier state (thumbnail)")
_PROMPT = marked("a generator's prompt")

_XMP: Mapping[str, str] = {
    marked("where it was made (GPS)"): r"exif:GPS|GPSLatitude",
    marked("the serial number of a device"): r"(aux|exifEX):(Lens|Body)?SerialNumber",
    marked(
        "the history of its file"
    ): r"(xmpMM|photoshop):(History|DocumentAncestors)|DerivedFrom",
    _PROMPT: r"AIPromptInformation|parameters:Prompt",
    marked("the folders of a PC"): r"[A-Za-z]:[\\/]+Users[\\/]|file:///",
}
_TAGS: Mapping[int, str] = {
    0xA420: marked("a number of its own (ImageUniqueID)"),
    0xA430: marked("the name of the camera's owner"),
    0xA431: marked("the serial number of a device"),
    0xA435: marked("the serial number of a device"),
    0x927C: marked("notes of the camera's maker"),
    0x9003: marked("when it was made"),
}
_FIRST_TAGS: Mapping[int, str] = {
    0x010F: marked("the maker of the camera or scanner"),
    0x0110: marked("the model of the camera or scanner"),
    0x013C: marked("the name of the computer"),
}
_USER_COMMENT, _PHOTOSHOP_THUMBNAIL = 0x9286, 0x040C
# How generators sign what they write into a JPEG's or WebP's comment, in whatever encoding.
_STEPS = re.compile(rb"S\0?t\0?e\0?p\0?s\0?:")
_PROMPTS = {"parameters", "prompt", "workflow", "invokeai_metadata", "sd-metadata", "Dream"}


@dataclass(frozen=True, slots=True)
class Told:
    """What a file tells beside its picture, in words, and how large the picture is."""

    private: tuple[str, ...]
    width: int
    height: int


def told_by(data: bytes) -> Told | None:
    """Return what a picture file tells; None where it cannot be opened. Decodes no pixel.

    A maker's name, a copyright line and what the file forbids to machines are meant to be read,
    so they are not private.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                readers = (_from_exif, _from_xmp, _from_text, _from_blocks)
                found = dict.fromkeys(words for read in readers for words in read(image))
                return Told(tuple(found), *image.size)
        except Exception:  # noqa: BLE001  # decoders raise anything on damaged bytes
            return None


def _from_exif(image: Image.Image) -> Iterator[str]:
    exif = image.getexif()
    if exif.get_ifd(ExifTags.IFD.GPSInfo):
        yield _("where it was made (GPS)")
    yield from _named(exif, _FIRST_TAGS)
    details = exif.get_ifd(ExifTags.IFD.Exif)
    yield from _named(details, _TAGS)
    if _STEPS.search(_as_bytes(details.get(_USER_COMMENT, b""))):
        yield _PROMPT
    if exif.get_ifd(ExifTags.IFD.IFD1):
        yield _THUMBNAIL


def _named(tags: Mapping[Any, Any], private: Mapping[int, str]) -> Iterator[str]:
    for tag, words in private.items():
        if tags.get(tag):
            yield words


def _from_xmp(image: Image.Image) -> Iterator[str]:
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or ""
    text = packet.decode("utf-8", "replace") if isinstance(packet, bytes) else str(packet)
    for words, pattern in _XMP.items():
        if re.search(pattern, text):
            yield words


def _from_text(image: Image.Image) -> Iterator[str]:
    if _PROMPTS & image.info.keys():
        yield _PROMPT
    if image.info.get("comment"):
        yield _("a comment")


def _from_blocks(image: Image.Image) -> Iterator[str]:
    if image.format == "MPO":
        yield _("a second picture")
    resources = image.info.get("photoshop")
    if isinstance(resources, Mapping) and _PHOTOSHOP_THUMBNAIL in resources:
        yield _THUMBNAIL


def _as_bytes(value: object) -> bytes:
    """EXIF's comment as it lies in the file, or as Pillow made text of it."""
    return value if isinstance(value, bytes) else str(value).encode()
