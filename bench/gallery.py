"""Every look of every step on real art, to be looked at: numbers do not show elegance.

`python -m bench.gallery [--into docs/gallery] [--cell 210] [--cloak] [--only watermark ...]`
draws one contact sheet for each step: a row for each look that `settings.steps` knows, so that
a new strength is shown without a change here, and beside each whole picture a part of it as it is
posted. `--cloak` adds the cloak's strengths, which take minutes each. README.md beside the sheets,
and README.ja.md, say what each look cost and how like the original it is; with `--only` the rest
of them stays.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from pydantic import BaseModel

from bench.gallery_words import GROUNDS, HEAD, TABLE, in_japanese
from postguard.app.suggesting import SIDES
from postguard.cloak.runner import LocalEngine
from postguard.imaging import Picture, flatten, open_picture, to_image
from postguard.imaging.visibility import ssimulacra2
from postguard.model import Artist, CloakKit, Json
from postguard.protect.steps import Scene
from postguard.protect.steps.downscale import fitting, shrink
from postguard.protect.steps.registry import STEPS
from postguard.settings import steps

ROOT = Path(__file__).resolve().parents[1]
ART = ROOT.parent / "shared" / "art"
WEIGHTS = ROOT.parent / "shared" / "weights"
SIDE = 1600  # long side of the pictures, as they are often posted
FEED = 600  # pixels that a feed shows a picture wide
CLOAK_SIDE = 800  # a whole picture would take many minutes on a CPU
ROOM = 1_900_000  # bytes of all sheets together
MARK = "© {year} {name}"
PAPER = (230, 235, 240)
# What varies in each step's sheet, and what it has in all its rows.
VARIED: Mapping[str, tuple[str, ...]] = {
    "watermark": ("strength",),
    "notice": ("place", "langs"),
    "noise": ("look", "strength"),
    "hidden": (),
    "cloak": ("strength",),
}
FIXED: Mapping[str, dict[str, Json]] = {"watermark": {"text": MARK}, "cloak": {"mode": "style"}}


@dataclass(slots=True)
class Look:
    """One row of a sheet: a step with its options, and what was measured of it."""

    step: str
    label: str
    options: dict[str, Json]
    side: int = SIDE
    seconds: list[float] = field(default_factory=list)
    likeness: list[float] = field(default_factory=list)
    changed: list[float] = field(default_factory=list)


def looks(*, cloak: bool) -> Iterator[Look]:
    """Yield every look that the recipes' schema knows, step by step."""
    yield from (
        Look("downscale", f"{name}, {side} px", {"long_side": side})
        for name, side in SIDES.items()
    )
    for step, names in VARIED.items():
        if step in STEPS and (cloak or step != "cloak"):
            yield from _varied(step, names)


def _varied(step: str, names: Sequence[str]) -> Iterator[Look]:
    model, fixed = _options(step), FIXED.get(step, {})
    values = [[(name, value) for value in _values(model, name)] for name in names]
    side = CLOAK_SIDE if step == "cloak" else SIDE
    for chosen in product(*(each for each in values if each)):
        label = ", ".join(_said(value) for _, value in chosen) or "default"
        yield Look(step, label, {**fixed, **dict(chosen)}, side)
    for preset in _values(model, "preset"):
        yield Look(step, f"preset {preset}", {"preset": preset}, side)


def _options(step: str) -> type[BaseModel]:
    """Return the class of a step's settings."""
    union, *_ = get_args(steps.AnyStep)
    return next(
        m for m in get_args(union) if get_args(m.model_fields["step"].annotation) == (step,)
    )


def _values(model: type[BaseModel], name: str) -> list[Any]:
    """Return the words that a setting may be; of a list of words, each alone and all of them."""
    if name not in model.model_fields:
        return []
    kind = model.model_fields[name].annotation
    words = [word for part in (kind, *get_args(kind)) for word in get_args(part)]
    known = [word for word in dict.fromkeys(words) if isinstance(word, str)]
    many = "tuple" in str(kind)
    return [[*known], *([word] for word in known)] if many else known


def _said(value: object) -> str:
    return "+".join(value) if isinstance(value, list) else str(value)


def art() -> Iterator[tuple[str, Picture]]:
    """Yield the shared pictures."""
    for path in sorted(p for p in ART.iterdir() if p.suffix in {".png", ".jpg"}):
        yield path.stem, flatten(open_picture(path.read_bytes(), max_megapixels=200))


def grounds() -> Iterator[tuple[str, Picture]]:
    """Yield the grounds that marks vanish on most easily."""
    shape = (800, 1200, 3)
    for name, value in (("white", 255), ("black", 0), ("middle", 128)):
        yield name, Picture(np.full(shape, value, np.uint8), gray=True)
    yield "noise", Picture(np.random.default_rng(1).integers(0, 256, shape, np.uint8))
    y, x = np.mgrid[:800, :1200]
    inside = np.hypot((x - 600) / 420, (y - 400) / 320) < 1
    alpha = np.where(inside, 255, 0).astype(np.uint8)
    colour = np.where(inside[..., None], np.array([240, 150, 170], np.uint8), np.uint8(0))
    yield "sticker", Picture(colour, alpha)


def shown(
    look: Look, name: str, picture: Picture, engine: LocalEngine, cell: int
) -> Iterator[Image.Image]:
    """Yield a picture after a step, whole and a part; keep in `look` what was measured."""
    whole = look.step == "downscale"
    before = picture if whole else _sized(picture, look.side)
    step = STEPS[look.step](_options(look.step)(step=look.step, **look.options))
    with TemporaryDirectory() as work:
        began = time.process_time()
        after, record = step.apply(before, scene(name, Path(work), engine))
        look.seconds.append(time.process_time() - began)
    if not whole:
        _compare(look, before, after)
    print(f"{look.step:10} {look.label:24} {name:15} {look.seconds[-1]:6.2f} s  {record}")
    yield from _cells(to_image(flatten(after, PAPER)), cell, record.get("at"))


def _cells(picture: Image.Image, cell: int, at: Json = None) -> Iterator[Image.Image]:
    """Yield the whole picture and a part of it, both at most `cell` wide.

    The part is of the middle, pixel for pixel; where `at` says what was drawn (left, top, width,
    height), it is of that, as large as where the picture is shown `FEED` pixels wide.
    """
    tall = cell * 3 // 4
    whole = picture.copy()
    whole.thumbnail((cell, tall), Image.Resampling.LANCZOS)
    yield whole
    drawn = isinstance(at, list)
    x, y, wide, high = at if drawn else (0, 0, *picture.size)
    scale = max(1.0, picture.width / FEED) if drawn else 1.0
    size = min(picture.width, round(cell * scale)), min(picture.height, round(tall * scale))
    left = min(max(0, x + (wide - size[0]) // 2), picture.width - size[0])
    top = min(max(0, y + (high - size[1]) // 2), picture.height - size[1])
    part = picture.crop((left, top, left + size[0], top + size[1]))
    part.thumbnail((cell, tall), Image.Resampling.LANCZOS)
    yield part


def scene(name: str, work: Path, engine: LocalEngine) -> Scene:
    """Return a scene whose seed is the picture's name."""
    artist = Artist("山田花子", "© 2026 山田花子", langs=("ja", "en"))
    seed = name.encode().ljust(32, b".")
    kit = CloakKit(artist_seed=seed.hex())
    return Scene(artist, "", "", seed, 2026, work, engine, lambda _: None, kit=kit, post=12)


def _sized(picture: Picture, side: int) -> Picture:
    size = fitting((picture.width, picture.height), side, None)
    return picture if size == (picture.width, picture.height) else shrink(picture, *size)


def _compare(look: Look, before: Picture, after: Picture) -> None:
    """Compare the middle 512 px; a strip that was added below is not in them."""
    y, x = (max(0, (s - 512) // 2) for s in (before.height, before.width))
    high, wide = min(512, before.height), min(512, before.width)
    one, two = (p.pixels[y : y + high, x : x + wide] for p in (before, after))
    if one.shape == two.shape:
        look.likeness.append(ssimulacra2(one, two))
        look.changed.append(float(np.abs(two.astype(float) - one).mean()))


def sheet(rows: Mapping[str, Sequence[Image.Image]], cell: int) -> Image.Image:
    """Return the rows with their labels: of each picture the whole and a part."""
    tall, left = cell * 3 // 4, cell * 3 // 4
    wide = max(len(cells) for cells in rows.values())
    canvas = Image.new("RGB", (left + wide * (cell + 4), len(rows) * (tall + 6)), "white")
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(max(12, cell // 13))
    for row, (label, cells) in enumerate(rows.items()):
        y = row * (tall + 6)
        pen.text((4, y + 4), label.replace(", ", "\n"), fill="black", font=font)
        for column, picture in enumerate(cells):
            canvas.paste(picture, (left + column * (cell + 4), y))
    return canvas


def save(canvas: Image.Image, path: Path, room: int) -> None:
    """Write a sheet in at most `room` bytes."""
    for quality in range(90, 20, -5):
        file = io.BytesIO()
        canvas.save(file, "JPEG", quality=quality, progressive=True, optimize=True)
        if len(file.getvalue()) <= room:
            break
    path.write_bytes(file.getvalue())


def section(name: str, rows: Sequence[Look]) -> str:
    """Return one sheet's part of the page, with what was measured of its rows."""
    parts = [f"## {name.capitalize()}\n", f"![{name}]({name}.jpg)\n", TABLE, "|---|---|---|---|"]
    for row in rows:
        means = _mean(row.likeness, 1), _mean(row.changed, 2), _mean(row.seconds, 2)
        parts.append(f"| {row.label} | {' | '.join(means)} |")
    return "\n".join(parts) + "\n"


def page(before: str, drawn: Sequence[str]) -> str:
    """Return README.md: the sections that were drawn now, and of the page before what was not."""
    known = {part.splitlines()[0]: f"## {part}" for part in before.split("\n## ")[1:]}
    now = {part.splitlines()[0].removeprefix("## "): part for part in drawn}
    found = known | now
    titles = [name.capitalize() for name in ("downscale", *VARIED, "grounds")]
    parts = [found[title].strip("\n") for title in titles if title in found]
    return "\n\n".join([HEAD.format(side=SIDE).strip("\n"), *parts]) + "\n"


def _mean(values: Sequence[float], digits: int) -> str:
    return f"{np.mean(values):.{digits}f}" if values else "–"


def main() -> None:
    """Draw the sheets and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "gallery")
    parser.add_argument("--cell", type=int, default=210, help="width of a picture on the sheet")
    parser.add_argument("--cloak", action="store_true", help="also the cloak's strengths; slow")
    parser.add_argument("--only", nargs="*", help="steps to draw; else all")
    asked = parser.parse_args()
    if not ART.is_dir():
        sys.exit(f"no art to draw on in {ART}")
    asked.into.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[Look]] = {}
    for look in looks(cloak=asked.cloak):
        if not asked.only or look.step in asked.only:
            found.setdefault(look.step, []).append(look)
    room = ROOM // (len(VARIED) + 2)  # of the downscale's and the grounds' sheets too
    sections = []
    with LocalEngine(WEIGHTS) as engine:
        pictures = list(art())
        for name, rows in found.items():
            drawn = _drawn(rows, pictures, engine, asked.cell)
            save(sheet(drawn, asked.cell), asked.into / f"{name}.jpg", room)
            sections.append(section(name, rows))
        if not asked.only or "grounds" in asked.only:
            drawn = _on_grounds(engine, asked.cell)
            save(sheet(drawn, asked.cell), asked.into / "grounds.jpg", room)
            sections.append(f"## Grounds\n\n{GROUNDS}\n\n![grounds](grounds.jpg)\n")
    readme = asked.into / "README.md"
    before = readme.read_text(encoding="utf-8") if readme.is_file() else ""
    now = page(before, sections)
    readme.write_text(now, encoding="utf-8")
    readme.with_suffix(".ja.md").write_text(in_japanese(now, SIDE), encoding="utf-8")


def _drawn(
    rows: Sequence[Look], pictures: Sequence[tuple[str, Picture]], engine: LocalEngine, cell: int
) -> dict[str, list[Image.Image]]:
    """Return what each look makes of the pictures, below the pictures as they were."""
    found = {"before": [c for _, p in pictures for c in _before(p, rows[0].side, cell)]}
    for row in rows:
        found[row.label] = [c for n, p in pictures for c in shown(row, n, p, engine, cell)]
    return found


def _before(picture: Picture, side: int, cell: int) -> Iterator[Image.Image]:
    return _cells(to_image(_sized(picture, side)), cell)


def _on_grounds(engine: LocalEngine, cell: int) -> dict[str, list[Image.Image]]:
    return {
        f"{row.step}, {row.label}": [
            c for n, p in grounds() for c in shown(row, n, p, engine, cell)
        ]
        for row in looks(cloak=False)
        if row.step in {"watermark", "notice"}
    }


if __name__ == "__main__":
    main()
