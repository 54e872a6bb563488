"""Makes picture files by code: the kinds that Pillow cannot write, and colour profiles."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Values = NDArray[Any]

ADOBE_RGB = np.array(
    [[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]]
)
SRGB = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
)
ADOBE_GAMMA = 563 / 256


def art(width: int, height: int, seed: int = 1) -> Values:
    """(H, W, 3) uint8 with every kind of colour, saturated ones among them."""
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    values[: (height + 1) // 2] = values[: (height + 1) // 2] // 128 * 255
    return values


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return the image as a file of Pillow's format `kind`."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(values: Values, depth: int, colour: int, extra: bytes = b"") -> bytes:
    """Return a PNG of any bit depth and colour type (PNG specification, 11.2.2).

    `extra` are whole chunks to stand before the pixels.
    """
    height, width = values.shape[:2]
    rows = values.reshape(height, -1).astype(">u2" if depth == 16 else "u1")
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(data))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def chunk(name: bytes, data: bytes) -> bytes:
    """Return one PNG chunk."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def tiff16(values: Values, *, photometric: int | None = None) -> bytes:
    """Return an uncompressed little-endian TIFF of 16 bits per sample, gray or RGB."""
    height, width = values.shape[:2]
    samples = values.shape[2] if values.ndim == 3 else 1
    data = values.astype("<u2").tobytes()
    default = 2 if samples == 3 else 1
    bits = 16 if samples == 1 else 8 + len(data) + 2 + 9 * 12 + 4
    fields = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, samples, bits),
        (259, 3, 1, 1),
        (262, 3, 1, default if photometric is None else photometric),
        (273, 4, 1, 8),
        (277, 3, 1, samples),
        (278, 4, 1, height),
        (279, 4, 1, len(data)),
    ]
    folder = struct.pack("<H", 9) + b"".join(struct.pack("<HHII", *f) for f in fields) + b"\0" * 4
    head = b"II*\0" + struct.pack("<I", 8 + len(data))
    return head + data + folder + struct.pack("<HHH", 16, 16, 16)


def ycck(inks: Image.Image) -> bytes:
    """Return a CMYK image as the YCCK JPEG that Photoshop writes.

    Pillow writes CMYK only, so it is given the planes as libjpeg is to store them, and the colour
    transform in the Adobe marker is set afterwards.
    """
    *cmy, black = inks.split()
    planes = [*Image.merge("RGB", cmy).convert("YCbCr").split()]
    inverted = [plane.point([255 - v for v in range(256)]) for plane in planes]
    data = bytearray(saved(Image.merge("CMYK", [*inverted, black]), "JPEG", quality=100))
    at = data.index(b"Adobe")
    data[at + 11] = 2
    return bytes(data)


def matrix_profile(primaries: Values, gamma: float) -> bytes:
    """Return an ICC v2 display profile of three primaries (D50 XYZ in columns) and one gamma."""
    curve = b"curv" + bytes(4) + struct.pack(">IHxx", 1, round(gamma * 256))
    columns = [_xyz(primaries[:, i]) for i in range(3)]
    tags = dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True))
    tags |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def gray_profile(gamma: float) -> bytes:
    """Return an ICC v2 gray profile of one gamma."""
    curve = b"curv" + bytes(4) + struct.pack(">IHxx", 1, round(gamma * 256))
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": curve})


def cmyk_profile(lab: Values) -> bytes:
    """Return an ICC v2 print profile whose 16 solid overprints look like `lab` ((16, 3), the first
    ink changing slowest), mixtures in between."""
    ramp = bytes(range(256))
    scaled = np.stack([lab[:, 0] * 2.55, lab[:, 1] + 128, lab[:, 2] + 128], axis=1)
    table = np.rint(scaled).astype(np.uint8).tobytes()
    one = struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + one + ramp * 4 + table + ramp * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": lut})


def _xyz(values: Values) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(v * 65536) for v in values))


def _profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    name = b"by code\0"
    described = b"desc" + bytes(4) + struct.pack(">I", len(name)) + name + bytes(12 + 67)
    white = _xyz(np.array([0.9642, 1.0, 0.8249]))
    tags = {b"desc": described, b"wtpt": white, b"cprt": b"text" + bytes(4) + b"none\0", **tags}
    at, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for tag, data in tags.items():
        padded = data + bytes(-len(data) % 4)
        table += tag + struct.pack(">II", at + len(body), len(data))
        body += padded
    head = bytearray(128)
    head[0:4] = struct.pack(">I", at + len(body))
    head[8:12] = bytes.fromhex("02400000")
    head[12:24] = kind + space + connection
    head[36:40] = b"acsp"
    head[68:80] = struct.pack(">3i", 63190, 65536, 54061)
    return bytes(head) + struct.pack(">I", len(tags)) + table + body


def srgb_of_linear(linear: Values) -> Values:
    """Encode linear light in [0, 1] as sRGB values in [0, 255] (IEC 61966-2-1)."""
    linear = np.clip(linear, 0, 1)
    curved = 1.055 * linear ** (1 / 2.4) - 0.055
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, curved)


def srgb_of_lab(lab: Values) -> Values:
    """Convert D50 CIELAB to sRGB values in [0, 255] by the CIE's formulas."""
    fy = (lab[:, 0] + 16) / 116
    f = np.stack([fy + lab[:, 1] / 500, fy, fy - lab[:, 2] / 200], axis=1)
    ratio = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    xyz = ratio * np.array([0.9642, 1.0, 0.8249])
    return srgb_of_linear(xyz @ np.linalg.inv(SRGB).T)
