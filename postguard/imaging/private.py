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

_XMP: Mapping[str, str] = {
    "where it was made (GPS)": r"exif:GPS|GPSLatitude",
    "the serial number of a device": r"(aux|exifEX):(Lens|Body)?SerialNumber",
    "the history of its file": r"(xmpMM|photoshop):(History|DocumentAncestors)|DerivedFrom",
    "a generator's prompt": r"AIPromptInformation|parameters:Prompt",
}
_TAGS: Mapping[int, str] = {
    0xA420: "a number of its own (ImageUniqueID)",
    0xA430: "the name of the camera's owner",
    0xA431: "the serial number of a device",
    0xA435: "the serial number of a device",
    0x927C: "notes of the camera's maker",
    0x9003: "when it was made",
}
_FIRST_TAGS: Mapping[int, str] = {
    0x010F: "the maker of the camera or scanner",
    0x0110: "the model of the camera or scanner",
    0x013C: "the name of the computer",
}
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
                found = dict.fromkeys((*_from_exif(image), *_from_xmp(image), *_from_text(image)))
                return Told(tuple(found), *image.size)
        except Exception:  # noqa: BLE001  # decoders raise anything on damaged bytes
            return None


def _from_exif(image: Image.Image) -> Iterator[str]:
    exif = image.getexif()
    if exif.get_ifd(ExifTags.IFD.GPSInfo):
        yield "where it was made (GPS)"
    yield from _named(exif, _FIRST_TAGS)
    yield from _named(exif.get_ifd(ExifTags.IFD.Exif), _TAGS)
    if exif.get_ifd(ExifTags.IFD.IFD1):
        yield "a small copy of an earlier state (thumbnail)"


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
        yield "a generator's prompt"
