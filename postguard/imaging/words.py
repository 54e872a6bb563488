"""Reads what the artist wrote into the picture file: a description and an alt text.

What cameras and programs write by themselves (`OLYMPUS DIGITAL CAMERA`, a generator's prompt) is
no description; `said_by_nobody` knows it.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from typing import NamedTuple, TypeVar
from xml.etree import ElementTree as ET

from PIL import ExifTags, Image, IptcImagePlugin, PngImagePlugin

from postguard.imaging.charsets import decoded, exif_comment, iim_text, tidy

T = TypeVar("T")

_XMP_LIMIT = 8 << 20
_DC = "{http://purl.org/dc/elements/1.1/}description"
_ALT = "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}AltTextAccessibility"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_CHARSET, _CAPTION = (1, 90), (2, 120)
_IMAGE_DESCRIPTION, _USER_COMMENT = 0x010E, 0x9286
_PROMPT_KEYS = {"parameters", "prompt", "workflow", "invokeai_metadata", "sd-metadata", "Dream"}

# Compared in lower case. Each was met in files whose owner had written nothing.
_DEFAULTS = {
    *("olympus digital camera", "sony dsc", "samsung camera pictures", "digital camera"),
    *("minolta digital camera", "konica minolta digital camera", "kodak digital still camera"),
    *("exif_jpeg_picture", "jpeg image", "lead technologies inc. v1.01", "my beautiful picture"),
    *("asp images", "dcf 1.0", "dav", "hdr", "hdrpl", "cof", "sdr", "edf", "mde", "untitled"),
    *("image", "picture", "photo", "camera", "screenshot", "default", "vsco", "binary comment"),
    *("user comments", "無題", "名称未設定", "スクリーンショット"),
}
_PROGRAMS = (
    r"gimp|krita|clip ?studio|photoshop|adobe|procreate|medibang|ibis ?paint|paint ?tool ?sai|sai|"
    r"firealpaca|paint\.net|inkscape|affinity|corel|imagemagick|vsco|snapseed|canva|picsart|"
    r"lightroom|matplotlib|blender|aseprite|openai|dall|midjourney|stable diffusion|novelai|vips"
)
_BY_PROGRAMS = re.compile(
    r"(created|made|drawn|edited|generated|processed|exported|saved|painted) "
    rf"(with|by|in|using|on) (the )?({_PROGRAMS})\b[^.!?。]{{0,40}}\.?"
    r"|<?(digimax|kenox|camedia)\b.{0,40}"
    r"|(img|dsc[nf]?|pxl|scan|image|screenshot)[ _-]?\d[\d_-]*(\.\w{3,4})?",
    re.IGNORECASE,
)
_PROMPT = re.compile(
    r"\bSteps: \d+, .*\bSampler: |^Negative prompt:|\bJob ID: [0-9a-f-]{36}|\s--(ar|niji|v) \d",
    re.MULTILINE,
)


class Embedded(NamedTuple):
    """Words found in a file; empty where there are none."""

    description: str = ""
    alt: str = ""


def embedded(image: Image.Image) -> Embedded:
    """Return the artist's words from XMP, IPTC, EXIF and PNG text, in this order of trust."""
    xmp = _quietly(_from_xmp, image) or Embedded()
    sources = (_from_iim, _from_exif, _from_comment, _from_png)
    found = [xmp.description, *(_quietly(source, image) or "" for source in sources)]
    usable = (text for text in map(tidy, found) if text and not said_by_nobody(text))
    alt = tidy(xmp.alt)
    return Embedded(next(usable, ""), "" if said_by_nobody(alt) else alt)


def said_by_nobody(text: str) -> bool:
    """Return whether a camera, a program or a generator wrote this by itself."""
    plain = " ".join(text.casefold().split()).strip(" .")
    return (
        plain in _DEFAULTS
        or _BY_PROGRAMS.fullmatch(plain) is not None
        or _PROMPT.search(text) is not None
        or _is_json(text)
    )


def _is_json(text: str) -> bool:
    """Workflows of generators and settings of programs are JSON objects; no sentence is."""
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def _quietly(source: Callable[[Image.Image], T], image: Image.Image) -> T | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return source(image)
        except Exception:  # noqa: BLE001  # a broken metadata block is no fault of the picture
            return None


class _NoDoctype(ET.TreeBuilder):
    """Stops at a document type: XMP has none, and entities are how XML bombs are built."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError("XMP with a document type")


def _from_xmp(image: Image.Image) -> Embedded:
    packet = image.info.get("xmp") or b""
    data = packet.encode() if isinstance(packet, str) else bytes(packet)
    if not data or len(data) > _XMP_LIMIT:
        return Embedded()
    parser = ET.XMLParser(target=_NoDoctype())  # noqa: S314  # _NoDoctype refuses entities
    parser.feed(data.strip(b"\0 \r\n\t") if b"\0" not in data.strip(b"\0") else data)
    root = parser.close()
    return Embedded(_language_choice(root, _DC), _language_choice(root, _ALT))


def _language_choice(root: ET.Element, name: str) -> str:
    """Return a LangAlt property: the x-default item, else the first that says anything."""
    for holder in root.iter(f"{_RDF}Description"):
        if attribute := holder.get(name):
            return attribute
    for element in root.iter(name):
        items = {i.get(_LANG, ""): i.text or "" for i in reversed([*element.iter(f"{_RDF}li")])}
        texts = [items.get("x-default", ""), *reversed(items.values()), element.text or ""]
        if text := next((t for t in texts if t.strip()), ""):
            return text
    return ""


def _from_iim(image: Image.Image) -> str:
    fields = IptcImagePlugin.getiptcinfo(image) or {}  # type: ignore[arg-type]
    caption, charset = fields.get(_CAPTION), fields.get(_CHARSET)
    first = caption[0] if isinstance(caption, list) else caption
    named = charset[0] if isinstance(charset, list) else charset
    return iim_text(first, named) if first else ""


def _from_exif(image: Image.Image) -> str:
    return _unspoilt(image.getexif().get(_IMAGE_DESCRIPTION, ""))


def _from_comment(image: Image.Image) -> str:
    exif = image.getexif()
    comment = exif.get_ifd(ExifTags.IFD.Exif).get(_USER_COMMENT, b"")
    if isinstance(comment, str):
        return _unspoilt(comment)
    return exif_comment(bytes(comment), big_endian=exif.endian == ">")


def _from_png(image: Image.Image) -> str:
    text = image.info.get("Description", "")
    by_generator = _PROMPT_KEYS & image.info.keys() or image.info.get("Software") == "NovelAI"
    if by_generator or not isinstance(text, str):
        return ""
    return text if isinstance(text, PngImagePlugin.iTXt) else _unspoilt(text)


def _unspoilt(text: object) -> str:
    """Return text that Pillow has read as Latin-1 in the charset that it was written in."""
    if isinstance(text, bytes):
        return decoded(text)
    try:
        return decoded(str(text).encode("latin-1"))
    except UnicodeEncodeError:
        return str(text)
