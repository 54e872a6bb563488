"""Does a machine read the notice as people see it? python -m bench.ocr [--json] [--files NAME ...]

Each picture, as posted at 1600 px, gets the notice in each language, at an edge and as a footer,
and goes the way of each platform: Bluesky's WebP inside 1000 and inside 2000 pixels, Mastodon's
JPEG 90. It is then shown 600 px wide, and tesseract reads what stands where the record says that
the notice is. Tesseract wants letters of 30 px and more, so what it is given is that part of the
600 px view, without the empty ends of a strip, enlarged three times: nothing is seen that is not
there at 600 px.

Shown are the characters that were read otherwise, of those written, spaces aside. Most of them are
the I of "AI", which is read as an l: in a sans face the two are one shape.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from postguard.imaging import Picture, flatten, open_picture, to_image
from postguard.model import Artist
from postguard.protect.steps import Scene
from postguard.protect.steps.downscale import fitting, shrink
from postguard.protect.steps.notice import Notice
from postguard.settings import steps

ART = Path(__file__).resolve().parents[2] / "shared" / "art"
POSTED, SHOWN = 1600, 600  # px: long side as posted, width as a feed shows it
ENLARGED = 3
_INK = 80  # of 255: how far letters are from their ground
_RIM = 2  # px of the 600: at the plate's rim the art shines in
_BESIDE = 12  # px of the 600: the ground that is left beside them
MOST = 0.15  # of the characters may be read otherwise
LANGS: Mapping[str, tuple[str, ...]] = {"ja": ("ja",), "en": ("en",), "both": ("ja", "en")}
_MODELS = {"ja": "jpn", "en": "eng"}
# name -> (longest side, Pillow's encoder, quality)
PLATFORMS: Mapping[str, tuple[int, str, int]] = {
    "bluesky": (1000, "WEBP", 80),
    "bluesky-full": (2000, "WEBP", 80),
    "mastodon": (65_500, "JPEG", 90),
}

Box = tuple[int, int, int, int]  # left, top, right, bottom


@dataclass(frozen=True)
class Reading:
    """What was read of one notice: `wrong` characters of `written`, and what was made of them."""

    picture: str
    langs: str
    place: str
    platform: str
    cap_at_600: float
    contrast: float
    written: int
    wrong: int
    read: str

    @property
    def share(self) -> float:
        return self.wrong / self.written


def readings(
    name: str,
    picture: Picture,
    place: str,
    langs: str,
    platforms: Sequence[str] = tuple(PLATFORMS),
) -> Iterator[Reading]:
    """Yield what is read of one picture's notice behind each platform."""
    marked, record = noticed(picture, place, LANGS[langs])
    for platform in platforms:
        found = "".join(read(shown(marked, record, platform), LANGS[langs]).split())
        written = "".join(str(record["text"]).split())
        yield Reading(
            name,
            langs,
            place,
            platform,
            record["cap_at_600"],
            record["contrast"],
            len(written),
            distance(found, written),
            found,
        )


def noticed(picture: Picture, place: str, langs: tuple[str, ...]) -> tuple[Picture, Any]:
    """Return the picture with its notice, and the record of it."""
    options = steps.Notice(step="notice", place=place, langs=langs)
    artist = Artist("", "")
    scene = Scene(artist, "", "", bytes(32), 2026, Path(), None, lambda _: None)
    return Notice(options).apply(picture, scene)


def shown(marked: Picture, record: Mapping[str, Any], platform: str) -> Image.Image:
    """Return the notice as it is seen in the 600 px view behind a platform, enlarged."""
    side, kind, quality = PLATFORMS[platform]
    image = to_image(flatten(marked))
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    coded = io.BytesIO()
    image.save(coded, kind, quality=quality)
    with Image.open(coded) as served:
        height = max(1, round(served.height * SHOWN / served.width))
        view = served.convert("RGB").resize((SHOWN, height), Image.Resampling.LANCZOS)
    part = _letters(view.crop(_box(record, marked, view.width / marked.width)))
    size = part.width * ENLARGED, part.height * ENLARGED
    return part.resize(size, Image.Resampling.BICUBIC)


def _letters(plate: Image.Image) -> Image.Image:
    """Return a plate without the empty ground left and right: in some lines of Japanese in the
    middle of a strip, tesseract finds nothing at all."""
    gray = plate.convert("L")
    ground = gray.getpixel((plate.width // 2, 1))
    assert isinstance(ground, int)
    ink = gray.point([255 * (abs(value - ground) > _INK) for value in range(256)]).getbbox()
    if ink is None:
        return plate
    left, right = max(0, ink[0] - _BESIDE), min(plate.width, ink[2] + _BESIDE)
    return plate.crop((left, 0, right, plate.height))


def _box(record: Mapping[str, Any], marked: Picture, scale: float) -> Box:
    """Return where the plate is in the view; it may have been written with the picture turned."""
    left, top, width, height = record["at"]
    if record["turned"]:
        left, top, width, height = marked.width - top - height, left, height, width
    near, far = (left, top), (left + width, top + height)
    inner = [round(v * scale) + _RIM for v in near] + [round(v * scale) - _RIM for v in far]
    return inner[0], inner[1], inner[2], inner[3]


def read(image: Image.Image, langs: Sequence[str]) -> str:
    """Return what tesseract reads, taking the picture for one block of text."""
    png = io.BytesIO()
    image.save(png, "PNG")
    model = "+".join(_MODELS[lang] for lang in langs)
    command = ["tesseract", "-", "-", "-l", model, "--psm", "6"]
    done = subprocess.run(command, input=png.getvalue(), capture_output=True, check=True)
    return done.stdout.decode()


def distance(one: str, other: str) -> int:
    """Return the edit distance (Levenshtein) of two texts."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        before, row = row, [i]
        for j, b in enumerate(other, start=1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b)))
    return row[-1]


def posted(path: Path) -> Picture:
    """Return an art file as it is posted."""
    picture = open_picture(path.read_bytes(), max_megapixels=200)
    return shrink(picture, *fitting((picture.width, picture.height), POSTED, None))


def main() -> int:
    """Print the table, or JSON; return 1 where a notice is not read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", nargs="*", metavar="NAME")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if not ART.is_dir():
        sys.exit(f"no art to measure with in {ART}")
    paths = [ART / name for name in asked.files] if asked.files else sorted(ART.glob("*.*g"))
    found = [
        reading
        for path in paths
        for picture in [posted(path)]
        for place in ("auto", "footer")
        for langs in LANGS
        for reading in readings(path.name, picture, place, langs)
    ]
    print(_as_json(found) if asked.json else _as_table(found))
    return int(any(reading.share > MOST for reading in found))


def _as_json(found: Sequence[Reading]) -> str:
    worst = {langs: max(r.share for r in found if r.langs == langs) for langs in LANGS}
    return json.dumps({"worst": worst, "readings": [asdict(r) for r in found]}, ensure_ascii=False)


def _as_table(found: Sequence[Reading]) -> str:
    """Return one row for each picture, place and wording, with a column for each platform."""
    cells: dict[tuple[str, ...], list[Reading]] = {}
    for r in found:
        cells.setdefault((r.picture, r.place, r.langs), []).append(r)
    heads = ("picture", "place", "langs", "cap at 600", "contrast", *PLATFORMS)
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for key, row in cells.items():
        read_so = [f"{r.wrong} of {r.written}" for r in row]
        lines.append(
            "| "
            + " | ".join([*key, f"{row[0].cap_at_600}", f"{row[0].contrast}", *read_so])
            + " |"
        )
    for langs in LANGS:
        worst = max(r.share for r in found if r.langs == langs)
        lines.append(f"\n{langs}: at worst {worst:.1%} read otherwise (asked: at most {MOST:.0%})")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
