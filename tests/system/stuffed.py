"""Pictures stuffed with what must not leave the PC, as cameras and painting programs leave it."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from tests.unit.imaging.making import ADOBE_GAMMA, ADOBE_RGB, matrix_profile
from tests.unit.protect.blocks import chunk, riff, riff_chunks, segment

SERIAL, HISTORY, PROMPT = "SERIAL-4711", "HISTORY-OF-EDITS", "A1111-PROMPT"
PATH, OWNER, TAIL = "C:/Users/hanako", "OWNER-7", "BEHIND-THE-END"
NAME, HOME = "山田本名", "自宅"  # in Japanese, and in the name of the file
SECRETS = (SERIAL, HISTORY, PROMPT, PATH, OWNER, TAIL, NAME, HOME)
FILE_NAME = f"{NAME}-{HOME}"

SIZE = (128, 96)
HIDDEN = (1, 254, 3, 0)  # a sketch that the artist believes erased
HIDDEN_AT = (slice(20, 60), slice(20, 60))

_GPS = {1: "N", 2: (35.0, 41.0, 22.2), 3: "E", 4: (139.0, 41.0, 30.1)}
_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    'xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#" '
    'xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="35,41.37N" '
    f'xmp:CreatorTool="{HISTORY}" xmpMM:DocumentID="{SERIAL}"><xmpMM:History><rdf:Seq>'
    f'<rdf:li stEvt:action="saved" stEvt:changed="{PATH}/下書き.clip" '
    f'stEvt:softwareAgent="{NAME}"/></rdf:Seq></xmpMM:History>'
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
).encode()


def art(mode: str = "RGB") -> Image.Image:
    """Noise, with the hidden sketch where there is alpha."""
    pixels = np.random.default_rng(5).integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8)
    if mode == "RGB":
        return Image.fromarray(pixels)
    with_alpha = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    with_alpha[HIDDEN_AT] = HIDDEN
    return Image.fromarray(with_alpha)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """Return the image as a file of Pillow's format `kind`."""
    file = io.BytesIO()
    image.save(file, kind, **options)  # type: ignore[arg-type]
    return file.getvalue()


def _exif() -> bytes:
    """EXIF with a place, a serial number, names, and a small copy of an earlier state."""
    made = Image.Exif()
    made[0x010F], made[0x0110], made[0x0131], made[0x013C] = "Wacom", SERIAL, HISTORY, OWNER
    made[0x9C9D] = NAME.encode("utf-16-le")  # XPAuthor, as Windows writes it
    made.get_ifd(0x8769).update(
        {0x9003: "2012:04:03 02:01:00", 0xA430: OWNER, 0xA431: SERIAL, 0x927C: SERIAL.encode()}
    )
    made.get_ifd(0x8825).update(_GPS)
    return _with_thumbnail(made.tobytes())


def _with_thumbnail(block: bytes) -> bytes:
    """Add IFD1 with a JPEG to a TIFF stream of Pillow's (EXIF 2.32, 4.5.3)."""
    head, tiff = block[:6], block[6:]
    order = "<" if tiff[:2] == b"II" else ">"
    small = saved(art().resize((32, 24)), "JPEG", comment=TAIL.encode())
    count = struct.unpack(f"{order}H", tiff[8:10])[0]
    link = 10 + 12 * count
    entries = [(0x0103, 3, 1, 6), (0x0201, 4, 1, 0), (0x0202, 4, 1, len(small))]
    at = len(tiff) + len(tiff) % 2
    behind = at + 2 + 12 * len(entries) + 4
    entries[1] = (0x0201, 4, 1, behind)
    ifd = struct.pack(f"{order}H", len(entries))
    for tag, kind, number, value in entries:
        layout = f"{order}HHIHxx" if kind == 3 else f"{order}HHII"
        ifd += struct.pack(layout, tag, kind, number, value)
    linked = tiff[:link] + struct.pack(f"{order}I", at) + tiff[link + 4 :]
    return head + linked.ljust(at, b"\0") + ifd + bytes(4) + small


def _photoshop() -> bytes:
    """Image resources: IPTC, a thumbnail of an earlier state, a history log and a web address."""
    small = saved(art().resize((32, 24)), "JPEG", comment=TAIL.encode())
    resources = {
        0x0404: b"\x1c\x02\x28\x00" + bytes([len(SERIAL)]) + SERIAL.encode(),
        0x040C: struct.pack(">IIIIIIHH", 1, 32, 24, 96, 2304, len(small), 24, 1) + small,
        0x040B: PATH.encode(),
        0x0435: HISTORY.encode("utf-16-be"),
    }
    return b"".join(
        b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + data + b"\0" * (len(data) % 2)
        for number, data in resources.items()
    )


def camera_jpeg() -> bytes:
    """A photograph of a drawing: EXIF, XMP, Photoshop's blocks, a comment, bytes behind it."""
    made = saved(art(), "JPEG", quality=95, comment=HISTORY.encode(), exif=_exif(), xmp=_XMP)
    resources = segment(0xED, b"Photoshop 3.0\0" + _photoshop())
    more = segment(0xE2, b"FPXR\0" + NAME.encode("utf-16-le")) + segment(0xEC, b"Ducky" + b"x")
    return made[:2] + resources + more + made[2:] + TAIL.encode() * 100


def stereo_mpo() -> bytes:
    """Two pictures in one file; the second is nobody's business."""
    second = Image.new("RGB", SIZE, (255, 0, 0))
    exif = Image.Exif()
    exif[0x0110] = SERIAL
    return saved(art(), "MPO", save_all=True, append_images=[second], exif=exif)


def prompted_png() -> bytes:
    """Texts of generators, a time, a chunk of Fireworks, a hidden sketch, bytes behind it."""
    texts = PngInfo()
    texts.add_text("parameters", f"{PROMPT}, Steps: 20, Sampler: Euler a")
    texts.add_text("prompt", f'{{"3": {{"inputs": {{"text": "{PROMPT}"}}}}}}', zip=True)
    texts.add_itxt("workflow", NAME)
    texts.add_itxt("XML:com.adobe.xmp", _XMP.decode())
    made = saved(art("RGBA"), "PNG", pnginfo=texts, exif=_exif()[6:])
    blocks = chunk(b"tIME", bytes([7, 220, 4, 3, 2, 1, 0])) + chunk(b"prVw", PATH.encode())
    return made[:33] + blocks + made[33:] + TAIL.encode() * 100


def webp() -> bytes:
    """EXIF, XMP, a chunk of nobody's, and a hidden sketch."""
    made = saved(art("RGBA"), "WEBP", lossless=True, exact=True, exif=_exif(), xmp=_XMP)
    return riff(*riff_chunks(made), (b"SECR", OWNER.encode()))


def photoshop_tiff() -> bytes:
    """A TIFF of Photoshop's: its layers' names, its resources, XMP, and a hidden sketch."""
    tags = ImageFileDirectory_v2()
    tags[700], tags.tagtype[700] = _XMP, 1
    tags[34377], tags.tagtype[34377] = _photoshop(), 1
    layers = b"Adobe Photoshop Document Data Block\0" + NAME.encode("utf-16-be")
    tags[37724], tags.tagtype[37724] = layers, 7
    tags[269], tags[305], tags[315], tags[316] = PATH, HISTORY, OWNER, SERIAL
    return saved(art("RGBA"), "TIFF", tiffinfo=tags)


def profiled_png() -> bytes:
    """A colour profile that a calibration device made, with its owner's name."""
    profile = matrix_profile(ADOBE_RGB, ADOBE_GAMMA).replace(b"by code", OWNER.encode())
    return saved(art(), "PNG", icc_profile=profile)


def gif() -> bytes:
    """A comment, and XMP in an application block."""
    made = saved(art().quantize(64), "GIF", comment=HISTORY.encode())
    xmp = b"\x21\xff\x0bXMP DataXMP" + _XMP + b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    return made[:-1] + xmp + b"\x3b" + TAIL.encode()


def avif() -> bytes:
    """EXIF, XMP and a free box."""
    made = saved(art("RGBA"), "AVIF", exif=_exif(), xmp=_XMP, speed=10, quality=90)
    hidden = zlib.compress(PATH.encode()) + PATH.encode()
    return made + struct.pack(">I", 8 + len(hidden)) + b"free" + hidden


SOURCES: dict[str, Callable[[], bytes]] = {
    "camera.jpg": camera_jpeg,
    "stereo.jpg": stereo_mpo,
    "prompted.png": prompted_png,
    "layers.webp": webp,
    "photoshop.tif": photoshop_tiff,
    "profiled.png": profiled_png,
    "comment.gif": gif,
    "phone.avif": avif,
}
# What each tells, as far as a plain search finds it; PNG packs its profile.
TOLD = {
    "camera.jpg": (SERIAL, HISTORY, PATH, OWNER, TAIL, NAME),
    "stereo.jpg": (SERIAL,),
    "prompted.png": (PROMPT, NAME, PATH, TAIL, SERIAL, HISTORY),
    "layers.webp": (SERIAL, HISTORY, PATH, OWNER, NAME),
    "photoshop.tif": (SERIAL, HISTORY, PATH, OWNER, NAME),
    "profiled.png": (),
    "comment.gif": (HISTORY, PATH, NAME, TAIL),
    "phone.avif": (SERIAL, HISTORY, PATH, OWNER, NAME),
}


def forms(secret: str) -> list[bytes]:
    """How a text can lie in a file that is not packed."""
    return [secret.encode(), secret.encode("utf-16-le"), secret.encode("utf-16-be")]


def written(folder: Path, source: str) -> Path:
    """Write a source of the corpus under a name that tells of its maker, too."""
    path = folder / f"{FILE_NAME}-{source}"
    path.write_bytes(SOURCES[source]())
    return path
