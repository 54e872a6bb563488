"""An independent reader, exiftool, finds every tag that we write and nothing of the source."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from postguard.imaging import open_picture
from postguard.model import Artist, Limits
from postguard.protect.encode import Encoded, encode
from postguard.protect.packets import Packets
from postguard.protect.privacy import audit
from postguard.protect.steps import Scene
from postguard.protect.steps.tags import Tags
from postguard.settings import recipes

pytestmark = pytest.mark.skipif(
    shutil.which("exiftool") is None,
    reason="exiftool is not installed (apt install libimage-exiftool-perl)",
)

SUFFIX = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}
MIMES = list(SUFFIX)
SECRETS = (
    "SERIAL-4711",
    "HISTORY-OF-EDITS",
    "A1111-PROMPT",
    "C:/Users/hanako",
    "BEHIND-THE-END",
)

# What `exiftool -validate` says of our files, with the reason why we leave it so.
MINOR_WARNINGS = {
    # They repeat the frame header, and the tags are made before the size is known.
    "Missing required JPEG ExifIFD tag 0xa002 ExifImageWidth",
    "Missing required JPEG ExifIFD tag 0xa003 ExifImageHeight",
}

EXPECTED = {
    "XMP-plus:DataMining": "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING",
    "XMP-dc:Creator": "山田花子",
    "XMP-dc:Rights": "© 2026 山田花子",
    "XMP-dc:Description": "髙い塔と鷗 <&>",
    "XMP-dc:Subject": ["noai", "noimageai"],
    "XMP-xmpRights:Marked": True,
    "XMP-xmpRights:WebStatement": "https://hanako.example/rights",
    "XMP-photoshop:Credit": "𠮟られた狐",
    "XMP-iptcCore:AltTextAccessibility": "雪の上の赤い狐🦊",
    "XMP-iptcExt:DigitalSourceType": (
        "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation"
    ),
    "IFD0:Artist": "山田花子",
    "IFD0:Copyright": "© 2026 山田花子",
    "IFD0:ImageDescription": "髙い塔と鷗 <&>",
}
EXPECTED_IIM = {
    "IPTC:CodedCharacterSet": "\x1b%G",
    "IPTC:By-line": "山田花子",
    "IPTC:CopyrightNotice": "© 2026 山田花子",
    "IPTC:Caption-Abstract": "髙い塔と鷗 <&>",
    "IPTC:Keywords": ["noai", "noimageai"],
    "IPTC:Credit": "𠮟られた狐",
}


def packets() -> Packets:
    scene = Scene(
        artist=Artist("山田花子", "© 2026 山田花子", "https://hanako.example/rights", ("ja",)),
        alt="雪の上の赤い狐🦊",
        description="髙い塔と鷗 <&>",
        seed=bytes(32),
        year=2026,
        work=Path(),
        engine=None,
        on_fraction=lambda fraction: None,
    )
    return Tags(recipes.Tags(step="tags", credit="𠮟られた狐")).packets(scene)


def exiftool(*args: str | Path) -> str:
    done = subprocess.run(
        ["exiftool", "-charset", "utf8", *map(str, args)],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert not done.stderr, done.stderr.decode()
    return done.stdout.decode()


def tags(path: Path) -> dict[str, object]:
    """Every tag with its place, but for what the file system says."""
    found = json.loads(exiftool("-json", "-a", "-G1", "-n", path))[0]
    outside = ("SourceFile", "System:", "ExifTool:", "File:", "Composite:")
    return {name: value for name, value in found.items() if not name.startswith(outside)}


def rendition(source: bytes, mime: str, folder: Path) -> tuple[Path, Encoded]:
    """What the pipeline does with a file, without the steps on its pixels."""
    picture = open_picture(source, max_megapixels=10)
    limits = Limits("t", 300, 2_000, 4, 1_000_000, mimes=(mime,))
    made = encode(picture, limits, packets())
    audit(made.data, made.mime, packets())
    path = folder / f"rendition{SUFFIX[mime]}"
    path.write_bytes(made.data)
    return path, made


def art(mode: str = "RGB") -> Image.Image:
    pixels = np.random.default_rng(5).integers(0, 256, (96, 128, 3), np.uint8)
    return Image.fromarray(pixels).convert(mode)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)  # type: ignore[arg-type]
    return file.getvalue()


def stuff(path: Path) -> None:
    """Let exiftool write what cameras and painting programs leave behind."""
    thumbnail = path.with_name("thumbnail.jpg")
    thumbnail.write_bytes(saved(art().resize((64, 48)), "JPEG"))
    history = (
        "{Action=saved,InstanceID=xmp.iid:HISTORY-OF-EDITS,SoftwareAgent=CLIP STUDIO PAINT},"
        "{Action=saved,Changed=C:/Users/hanako}"
    )
    exiftool(
        "-q", "-q", "-overwrite_original",
        "-GPSLatitude=35.6895", "-GPSLatitudeRef=N", "-GPSLongitude=139.69", "-GPSLongitudeRef=E",
        "-Make=Wacom", "-SerialNumber=SERIAL-4711", "-OwnerName=SERIAL-4711",
        f"-ThumbnailImage<={thumbnail}",
        f"-XMP-xmpMM:History={history}", "-XMP-xmpMM:DocumentID=HISTORY-OF-EDITS",
        "-XMP-xmp:CreatorTool=HISTORY-OF-EDITS", "-XMP-photoshop:DocumentAncestors=SERIAL-4711",
        "-XMP-dc:Source=C:/Users/hanako/sketch.clip",
        "-Software=HISTORY-OF-EDITS", "-DateTimeOriginal=2026:11:22 03:04:05",
        path,
    )  # fmt: skip


def stuffed_jpeg(folder: Path) -> bytes:
    path = folder / "source.jpg"
    path.write_bytes(saved(art(), "JPEG", quality=95, comment=b"HISTORY-OF-EDITS"))
    stuff(path)
    exiftool(
        "-q", "-q", "-overwrite_original", "-IPTC:SpecialInstructions=SERIAL-4711",
        "-IPTC:OriginatingProgram=HISTORY-OF-EDITS", "-Photoshop:URL=http://C:/Users/hanako", path,
    )  # fmt: skip
    return path.read_bytes() + b"BEHIND-THE-END" * 100


def stuffed_png(folder: Path) -> bytes:
    path = folder / "source.png"
    texts = PngInfo()
    texts.add_text("parameters", "A1111-PROMPT, Steps: 20, Sampler: Euler a")
    texts.add_text("prompt", '{"3": {"inputs": {"text": "A1111-PROMPT"}}}', zip=True)
    texts.add_itxt("workflow", "A1111-PROMPT")
    path.write_bytes(saved(with_hidden_sketch(), "PNG", pnginfo=texts))
    stuff(path)
    return path.read_bytes() + b"BEHIND-THE-END" * 100


def stuffed_mpo(folder: Path) -> bytes:
    second = Image.new("RGB", (128, 96), (255, 0, 0))
    return saved(art(), "MPO", save_all=True, append_images=[second], comment=b"SERIAL-4711")


def stuffed_webp(folder: Path) -> bytes:
    path = folder / "source.webp"
    path.write_bytes(saved(with_hidden_sketch(), "WEBP", lossless=True, exact=True))
    stuff(path)
    return path.read_bytes()


def with_hidden_sketch() -> Image.Image:
    """A sketch that the artist believes erased: its colour is still there under alpha 0."""
    pixels = np.asarray(art("RGBA")).copy()
    pixels[20:60, 20:60] = (1, 254, 3, 0)
    return Image.fromarray(pixels)


STUFFED = {f.__name__: f for f in (stuffed_jpeg, stuffed_png, stuffed_mpo, stuffed_webp)}


@pytest.mark.parametrize("mime", MIMES)
def test_exiftool_reads_every_tag_back_japanese_included(mime: str, tmp_path: Path) -> None:
    path, _ = rendition(saved(art(), "PNG"), mime, tmp_path)
    found = tags(path)
    expected = EXPECTED | (EXPECTED_IIM if mime == "image/jpeg" else {})
    assert {name: found.get(name) for name in expected} == expected
    for name in ("XMP-plus:OtherConstraints", "XMP-xmpRights:UsageTerms"):
        assert found[name] == found[f"{name}-ja"]
        assert "AI" in str(found[f"{name}-en"])


@pytest.mark.parametrize("mime", MIMES)
def test_exiftool_finds_no_fault_in_our_files(mime: str, tmp_path: Path) -> None:
    path, _ = rendition(saved(art(), "PNG"), mime, tmp_path)
    said = exiftool("-validate", "-warning", "-error", "-a", path)
    warnings = set(re.findall(r"^(?:Warning|Error) +: (?:\[minor\] )?(.*)$", said, re.MULTILINE))
    assert "Validate" in said
    assert warnings <= MINOR_WARNINGS


@pytest.mark.parametrize("mime", MIMES)
@pytest.mark.parametrize("source", STUFFED)
def test_nothing_of_a_stuffed_source_is_left(source: str, mime: str, tmp_path: Path) -> None:
    data = STUFFED[source](tmp_path)
    path, made = rendition(data, mime, tmp_path)
    (tmp_path / "clean").mkdir()
    clean, _ = rendition(saved(art(), "PNG"), mime, tmp_path / "clean")
    assert {name for name in tags(path) if "Alpha" not in name} <= set(tags(clean))
    for secret in SECRETS:
        assert secret.encode() not in made.data
    assert not re.search(rb"Wacom|GPS|History|JFXX|MPF\0|8BIM\x04\x0c", made.data)
    assert made.data.count(b"\xff\xd8\xff") == (mime == "image/jpeg")  # no second picture


@pytest.mark.parametrize("source", STUFFED)
def test_the_stuffed_sources_do_hold_what_must_not_leave(source: str, tmp_path: Path) -> None:
    """Else the test above would prove nothing."""
    data = STUFFED[source](tmp_path)
    path = tmp_path / "stuffed"
    path.write_bytes(data)
    found = " ".join(tags(path)) + str(tags(path))
    if source == "stuffed_mpo":
        assert data.count(b"\xff\xd8\xff") == 2
        return
    for name in ("GPSLatitude", "SERIAL-4711", "HISTORY-OF-EDITS", "C:/Users/hanako"):
        assert name in found
    assert ("A1111-PROMPT" in found) == (source == "stuffed_png")
    assert (b"BEHIND-THE-END" in data) == (source != "stuffed_webp")
    assert "ThumbnailImage" in found


@pytest.mark.parametrize("source", ["stuffed_png", "stuffed_webp"])
@pytest.mark.parametrize("mime", MIMES)
def test_the_sketch_hidden_under_alpha_zero_is_gone(
    source: str, mime: str, tmp_path: Path
) -> None:
    data = STUFFED[source](tmp_path)
    before = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
    assert (before[40, 40] == (1, 254, 3, 0)).all()
    _, made = rendition(data, mime, tmp_path)
    after = np.asarray(Image.open(io.BytesIO(made.data)).convert("RGB"))[24:56, 24:56]
    colours = after.astype(int).mean(axis=(0, 1))
    assert np.ptp(colours) < 3  # black, or white where alpha was flattened; never green
