"""The blocks that go around the pixels, and how each file format wraps them.

`containers` writes them and `privacy` looks for exactly them, so both take their bytes from here.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from PIL import ImageCms

EXIF_HEAD = b"Exif\0\0"  # JPEG only: PNG and WebP hold the bare TIFF stream
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
ICC_HEAD = b"ICC_PROFILE\0\x01\x01"  # the first of one part
ITXT_XMP_HEAD = b"XML:com.adobe.xmp\0\0\0\0\0"  # not compressed, no language, no translation

_ICC_DATE = slice(24, 36)
_NEW_YEAR_2000 = bytes.fromhex("07d0 0001 0001 0000 0000 0000")


@dataclass(frozen=True, slots=True)
class Packets:
    """The metadata of a rendition; an empty block is not written.

    Attributes:
        xmp: a whole XMP packet, at most 65,502 bytes.
        exif: a TIFF stream (without JPEG's `Exif` prefix).
        iim: the payload of a JPEG APP13 segment; other formats have no place for it.
        manifest: a signed C2PA manifest store (JUMBF), as the signer returned it; a file is
            written without it, signed afterwards, and audited with it.
    """

    xmp: bytes = b""
    exif: bytes = b""
    iim: bytes = b""
    manifest: bytes = b""

    def size(self) -> int:
        """Return how many bytes the blocks hold."""
        return len(self.xmp) + len(self.exif) + len(self.iim)


@functools.cache
def srgb_profile() -> bytes:
    """Return a small sRGB profile (about 590 bytes), the same bytes at any time of the day.

    Little CMS writes the moment of creation into it; nobody needs to know that of a picture.
    """
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    made[_ICC_DATE] = _NEW_YEAR_2000
    return bytes(made)
