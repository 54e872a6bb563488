"""Text as ink: finds fonts that hold every character, measures and draws; never a box.

The bundled font is asked first, then fontconfig; characters that no font has are an error that
names them. Sizes are font sizes (em) in pixels. Pillow shapes each run of one font by itself.
"""

from __future__ import annotations

import subprocess
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from postguard.errors import StepFailed
from postguard.language import _

BUNDLED = Path(__file__).with_name("fonts") / "PostguardSans-Bold.otf"
LEADING = 1.42  # from baseline to baseline, in em: room between lines of kanji
_NONCHARACTER = "\U0010fffe"  # never assigned: every font draws its "missing" sign for it
_PROBE = 24  # em at which glyphs are compared with that sign

Ink = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class FontFile:
    """One face: a file, and its index where the file holds several."""

    path: str
    index: int = 0


Finder = Callable[[str], Sequence[FontFile]]


@dataclass(frozen=True, slots=True)
class Block:
    """Drawn lines: `fill` and `outline`, (H, W) coverage in [0, 255]; the outline includes the
    letters. `top` and `bottom`: y of the first line's cap tops and of the last baseline."""

    fill: Ink
    outline: Ink
    top: float
    bottom: float


def installed_fonts(characters: str) -> list[FontFile]:
    """Ask fontconfig for scalable faces that hold all of `characters`, the most fitting first.

    Upright sans faces near bold come first. Empty where fontconfig is missing or has none.
    """
    wanted = " ".join(f"{ord(c):x}" for c in sorted(set(characters)))
    form = "%{slant}|%{weight}|%{index}|%{file}|%{family}\n"
    command = ["fc-list", "--format", form, f":outline=true:variable=false:charset={wanted}"]
    try:
        answer = subprocess.run(command, capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.SubprocessError):
        return []
    rows = [r.split("|") for r in answer.stdout.decode(errors="replace").splitlines()]
    return [FontFile(r[3], int(r[2])) for r in sorted(rows, key=_liking)]


def _liking(row: Sequence[str]) -> tuple[object, ...]:
    """Order fontconfig's answers: upright, sans, not of one width, near bold (200), by name."""
    slant, weight, index, path, family = row
    bold = abs(float(weight) - 200) if weight.replace(".", "").isdigit() else 200
    return slant != "0", "Sans" not in family, "Mono" in family, bold, path, int(index)


@lru_cache(maxsize=64)
def _font(face: FontFile, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(face.path, size, index=face.index)


@lru_cache(maxsize=4096)
def _has(face: FontFile, character: str) -> bool:
    """Return whether the face draws `character` by a glyph of its own.

    A missing glyph is drawn as the font's "missing" sign or as nothing at all.
    """
    try:
        font = ImageFont.truetype(
            face.path, _PROBE, face.index, layout_engine=ImageFont.Layout.BASIC
        )
        drawn = bytes(font.getmask(character))
        return any(drawn) and drawn != bytes(font.getmask(_NONCHARACTER))
    except OSError:  # a damaged font, or one of bitmaps in other sizes
        return False


def _invisible(character: str) -> bool:
    """Return whether a character needs no glyph: spaces, joiners, variation selectors."""
    return unicodedata.category(character) in {"Zs", "Cf"} or "\ufe00" <= character <= "\ufe0f"


def clean(text: str) -> str:
    """Return `text` composed (NFC), with plain line ends and without control characters."""
    lines = unicodedata.normalize("NFC", text).replace("\t", " ").splitlines()
    kept = ("".join(c for c in line if unicodedata.category(c) != "Cc") for line in lines)
    return "\n".join(line.strip() for line in kept).strip("\n")


class Typeface:
    """Fonts that together hold every character of one text.

    Args:
        faces: for each visible character, the face that draws it.
        main: the face whose metrics set cap height and lines.
    """

    def __init__(self, faces: dict[str, FontFile], main: FontFile) -> None:
        self._faces = faces
        self._main = main

    @cached_property
    def cap(self) -> float:
        """Height of a capital H, in em."""
        top = _font(self._main, 1000).getbbox("H", anchor="ls")[1]
        return -top / 1000

    def width(self, line: str, size: float) -> float:
        """Return the advance of one line in pixels."""
        return sum(_font(face, size).getlength(run) for face, run in self._runs(line))

    def draw(self, lines: Sequence[str], size: float, *, stroke: float = 0.0) -> Block:
        """Draw lines one below the other, each centred, cut to what may hold ink.

        `stroke`: reach of the outline beyond the letters, in pixels.
        """
        margin = int(np.ceil(stroke + 0.3 * size))  # room for accents, descenders and overhang
        widths = [self.width(line, size) for line in lines]
        wide = int(np.ceil(max(widths))) + 2 * margin
        top = margin + 0.1 * size
        base = top + self.cap * size
        last = base + (len(lines) - 1) * LEADING * size
        tall = int(np.ceil(last + 0.1 * size)) + margin
        starts = [((wide - w) / 2, base + i * LEADING * size) for i, w in enumerate(widths)]
        fill, outline = (
            self._ink((wide, tall), lines, starts, size, reach) for reach in (0.0, stroke)
        )
        return Block(fill, outline, top, last)

    def _ink(
        self,
        canvas: tuple[int, int],
        lines: Sequence[str],
        starts: Sequence[tuple[float, float]],
        size: float,
        stroke: float,
    ) -> Ink:
        image = Image.new("L", canvas)
        pen = ImageDraw.Draw(image)
        for line, (x, y) in zip(lines, starts, strict=True):
            at = x
            for face, run in self._runs(line):
                font = _font(face, size)
                pen.text((at, y), run, fill=255, font=font, anchor="ls", stroke_width=stroke)
                at += font.getlength(run)
        return np.asarray(image)

    def _runs(self, line: str) -> list[tuple[FontFile, str]]:
        """Split a line where the face changes; what needs no glyph stays with what it follows.

        A character that was not in the text the fonts were chosen for is a KeyError: our fault.
        """
        chosen, face = [], self._main
        for character in line:
            if not _invisible(character):
                face = self._faces[character]
            chosen.append((face, character))
        groups = groupby(chosen, key=lambda pair: pair[0])
        return [(face, "".join(c for _, c in pairs)) for face, pairs in groups]


class Lettering:
    """Chooses typefaces.

    Args:
        find: answers which installed faces hold all the given characters; None: fontconfig.
    """

    def __init__(self, find: Finder | None = None) -> None:
        self._find = find or cache(installed_fonts)

    def typeface(self, text: str, step: str) -> Typeface:
        """Return fonts for `text`; one face for all of it where there is one.

        Raises:
            StepFailed: of `step`; no font holds some of the characters, which are named, or none
                of them can be seen.
        """
        needed = "".join(dict.fromkeys(c for c in text if c != "\n" and not _invisible(c)))
        if not needed:
            raise StepFailed(step, _("its text has no character that can be seen: write another"))
        bundled = FontFile(str(BUNDLED))
        lacking = "".join(c for c in needed if not _has(bundled, c))
        if not lacking:
            return Typeface(dict.fromkeys(needed, bundled), bundled)
        if whole := self._face(needed):
            return Typeface(dict.fromkeys(needed, whole), whole)
        return Typeface(self._mixed(needed, lacking, bundled, step), bundled)

    def _face(self, characters: str) -> FontFile | None:
        faces = (f for f in self._find(characters) if all(_has(f, c) for c in characters))
        return next(faces, None)

    def _mixed(
        self, needed: str, lacking: str, bundled: FontFile, step: str
    ) -> dict[str, FontFile]:
        together = self._face(lacking)
        faces = {c: together or self._face(c) for c in lacking}
        if missing := [c for c, face in faces.items() if face is None]:
            raise StepFailed(step, _missing(missing))
        return dict.fromkeys(needed, bundled) | {c: f for c, f in faces.items() if f}


def _missing(characters: Sequence[str]) -> str:
    named = ", ".join(f"{c} (U+{ord(c):04X})" for c in characters[:8])
    more = ", …" if len(characters) > 8 else ""  # noqa: PLR2004  # the sentence stays readable
    return _(
        "no font on this PC can draw {named}{more}, and boxes in their place would protect "
        "nothing. Install a font that has them (sudo apt install fonts-noto-cjk for Chinese, "
        "Japanese and Korean, fonts-noto-core for other scripts) or leave them out of the text"
    ).format(named=named, more=more)
