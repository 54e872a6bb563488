"""An independent reader, exiftool, reads back every tag that we write and finds no fault in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from postguard.model import Artist
from postguard.protect import containers, credentials, identity
from postguard.protect.metadata.statement import clean, cut
from postguard.protect.packets import Packets
from postguard.protect.privacy import audit
from postguard.protect.steps import Scene
from postguard.protect.steps.tags import Tags
from postguard.settings import steps

NEWER = os.environ.get("POSTGUARD_TEST_EXIFTOOL")
TOOLS = ["exiftool", *([NEWER] if NEWER else [])]
needs_exiftool = pytest.mark.skipif(
    shutil.which("exiftool") is None,
    reason="exiftool is not installed (apt install libimage-exiftool-perl)",
)
pytestmark = needs_exiftool

SUFFIX = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/avif": ".avif"}
MIMES = list(SUFFIX)
LONG = "髙い塔と鷗 <&>、雪の上を歩く赤い狐"

EXPECTED = {
    "XMP-dc:Creator": "山田花子",
    "XMP-dc:Rights": "© 2026 山田花子",
    "XMP-dc:Description": LONG,
    "XMP-dc:Subject": ["noai", "noimageai"],
    "XMP-xmpRights:Marked": True,
    "XMP-xmpRights:WebStatement": "https://hanako.example/rights",
    "XMP-plus:LicensorName": "山田花子",
    "XMP-plus:LicensorURL": "https://hanako.example/rights",
    "XMP-photoshop:Credit": "𠮟られた狐",
    "XMP-iptcCore:AltTextAccessibility": "雪の上の赤い狐🦊",
    "XMP-iptcCore:ExtDescrAccessibility": LONG,
    "XMP-iptcExt:DigitalSourceType": (
        "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation"
    ),
    "IFD0:Artist": "山田花子",
    "IFD0:Copyright": "© 2026 山田花子",
    "IFD0:ImageDescription": LONG,
}
EXPECTED_IIM = {
    "IPTC:CodedCharacterSet": "\x1b%G",
    "IPTC:By-line": "山田花子",
    "IPTC:SpecialInstructions": "NO AI TRAINING, NO AI USE／AI学習・AI利用禁止・無断転載禁止",
    "IPTC:CopyrightNotice": "© 2026 山田花子",
    "IPTC:Caption-Abstract": LONG,
    "IPTC:Keywords": ["noai", "noimageai"],
    "IPTC:Credit": "𠮟られた狐",
}


POLICY = '{"@type": "Set", "prohibition": []}'
LINK = "https://hanako.example/policy?a=1&b=2"
MINING: dict[str, tuple[str, dict[str, str]]] = {
    "ai-training": ("DMI-PROHIBITED-AIMLTRAINING", {}),
    "generative-ai-training": ("DMI-PROHIBITED-GENAIMLTRAINING", {}),
    "all-but-search": ("DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING", {}),
    "all": ("DMI-PROHIBITED", {}),
    "see-constraints": ("DMI-PROHIBITED-SEECONSTRAINT", {"constraints": "要相談 <&>"}),
    "see-linked-rights": ("DMI-PROHIBITED-SEELINKEDRIGHTSEXPR", {"policy": LINK}),
    "see-embedded-rights": ("DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR", {"policy": POLICY}),
    "unspecified": ("DMI-UNSPECIFIED", {}),
    "allowed": ("DMI-ALLOWED", {}),
}
Found = dict[str, dict[str, object]]  # what one call of exiftool says, by name of file


def packets(**said: str) -> Packets:
    artist = Artist("山田花子", "© 2026 山田花子", "https://hanako.example/rights", ("ja",))
    options = steps.Tags.model_validate({"step": "tags", "credit": "𠮟られた狐", **said})
    return Tags(options).packets(scene(artist, "雪の上の赤い狐🦊", LONG))


def scene(artist: Artist, alt: str, description: str = "") -> Scene:
    return Scene(
        artist=artist,
        alt=alt,
        description=description,
        seed=bytes(32),
        year=2026,
        work=Path(),
        engine=None,
        on_fraction=lambda fraction: None,
    )


def written(mime: str, made: Packets, *, mode: str = "RGB") -> bytes:
    """A small file as our encoder writes it, and as the audit lets it out."""
    pixels = np.random.default_rng(5).integers(0, 256, (24, 40, 3), np.uint8)
    image = Image.fromarray(pixels).convert(mode)
    if mime == "image/jpeg":
        data = containers.jpeg(image, 80, made, progressive=True)
    else:
        write = {"png": containers.png, "webp": containers.webp, "avif": containers.avif}[mime[6:]]
        data = write(image, made) if mime == "image/png" else write(image, 80, made)
    audit(data, mime, made)
    return data


def exiftool(tool: str, *args: str | Path) -> Found:
    """Read files in one call: every tag with its place, not put into words, and all faults."""
    done = subprocess.run(
        [
            tool,
            "-charset",
            "utf8",
            "-q",
            "-json",
            "-a",
            "-G1",
            "-n",
            "-validate",
            "-all",
            *map(str, args),
        ],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert not done.stderr, done.stderr.decode()
    return {Path(entry["SourceFile"]).name: entry for entry in json.loads(done.stdout)}


@pytest.fixture(scope="module", params=TOOLS)
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What each exiftool reads of a file of every format, of gray and transparent ones, and of a
    JPEG for each term of PLUS."""
    folder = tmp_path_factory.mktemp("tagged")
    for mime, suffix in SUFFIX.items():
        (folder / f"picture{suffix}").write_bytes(written(mime, packets()))
        (folder / f"gray{suffix}").write_bytes(written(mime, packets(), mode="L"))
        if mime != "image/jpeg":
            (folder / f"cut-out{suffix}").write_bytes(written(mime, packets(), mode="RGBA"))
    for mining, (_, more) in MINING.items():
        data = written("image/jpeg", packets(mining=mining, **more))
        (folder / f"{mining}.jpg").write_bytes(data)
    return exiftool(request.param, *sorted(folder.iterdir()))


@pytest.mark.parametrize("mime", MIMES)
def test_exiftool_reads_every_tag_back_japanese_included(mime: str, found: Found) -> None:
    said = found[f"picture{SUFFIX[mime]}"]
    expected = EXPECTED | (EXPECTED_IIM if mime == "image/jpeg" else {})
    assert {name: said.get(name) for name in expected} == expected
    assert str(said["XMP-plus:DataMining"]).endswith("DMI-PROHIBITED-AIMLTRAINING")
    for name in ("XMP-plus:OtherConstraints", "XMP-xmpRights:UsageTerms"):
        assert said[name] == said[f"{name}-ja"]
        assert "AI" in str(said[f"{name}-en"])


def test_exiftool_finds_no_fault_in_our_files(found: Found) -> None:
    assert len(found) == 4 + 4 + 3 + len(MINING)
    assert faults(found) == {}


@pytest.mark.parametrize("tool", TOOLS)
def test_exiftool_finds_no_fault_in_our_signed_files(tool: str, tmp_path: Path) -> None:
    pytest.importorskip("c2pa", reason="the extra c2pa is not installed")
    signer = identity.read(identity.make("山田花子", datetime(2026, 1, 1, tzinfo=UTC)))
    for mime, suffix in SUFFIX.items():
        data, _ = credentials.sign(written(mime, packets()), mime, signer)
        (tmp_path / f"signed{suffix}").write_bytes(data)
    found = exiftool(tool, *tmp_path.iterdir())
    assert len(found) == len(SUFFIX)
    assert faults(found) == {}


def faults(found: Found) -> Found:
    """Return the files in which exiftool finds a fault, and what it says of them."""
    counted_none = {"0", " "}  # errors, warnings, minor warnings
    return {
        name: said
        for name, said in found.items()
        if set(str(said["ExifTool:Validate"])) - counted_none
        or any("Warning" in tag or "Error" in tag for tag in said)
    }


@pytest.mark.parametrize("mining", MINING)
def test_exiftool_reads_each_term_of_plus(mining: str, found: Found) -> None:
    said = found[f"{mining}.jpg"]
    term, more = MINING[mining]
    # As exiftool knew the property since 12.67, and as a URI before that.
    known = {term, f"http://ns.useplus.org/ldf/vocab/{term}"}
    assert said["XMP-plus:DataMining"] in known
    if "constraints" in more:
        assert said["XMP-plus:OtherConstraints"] == more["constraints"]
    if "policy" in more:
        kind = "Linked" if more["policy"] == LINK else "Embedded"
        assert said[f"XMP-iptcExt:{kind}EncodedRightsExpr"] == more["policy"]
    forbids = mining not in {"unspecified", "allowed"}
    assert ("XMP-xmpRights:UsageTerms" in said) == forbids


# Lone surrogates and controls included. The letter before it keeps exiftool's JSON from taking
# "1e5" for a number and "false" for a boolean.
any_text = st.text(st.characters(), max_size=40).map(lambda text: f"狐{text}")


@settings(max_examples=2, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.lists(st.tuples(any_text, any_text, any_text), min_size=16, max_size=16))
def test_exiftool_reads_back_any_text(
    tmp_path_factory: pytest.TempPathFactory, all_said: Sequence[tuple[str, str, str]]
) -> None:
    """In each format in turn; many files at once, since starting it takes the time."""
    folder = tmp_path_factory.mktemp("any")
    names = {}
    for number, said in enumerate(all_said):
        mime = MIMES[number % len(MIMES)]
        name, alt, description = said
        artist = Artist(name, "", langs=("en",))
        made = Tags(steps.Tags(step="tags")).packets(scene(artist, alt, description))
        path = folder / f"{number}{SUFFIX[mime]}"
        path.write_bytes(written(mime, made))
        names[path.name] = said
    found = exiftool(TOOLS[-1], *folder.iterdir())
    for file, (name, alt, description) in names.items():
        read = found[file]
        assert read["XMP-dc:Creator"] == clean(name)
        assert read["XMP-iptcCore:AltTextAccessibility"] == clean(alt)
        assert read["XMP-dc:Description"] == clean(description)
        assert read["IFD0:Artist"] == clean(name)
        assert read["IFD0:ImageDescription"] == clean(description)
        if file.endswith(".jpg"):
            assert read["IPTC:By-line"] == cut(clean(name), 32)
            assert read["IPTC:Caption-Abstract"] == clean(description)
