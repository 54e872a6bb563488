"""What `measure` found, as tables and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from postguard.cli import wide
from postguard.cli.listing import terminal_width
from postguard.language import _, marked
from postguard.model import names
from postguard.networks import plain_words

_CHAINS = {
    "png": marked("as it is"),
    "jpeg75": marked("JPEG at 75"),
    "half": marked("half size"),
    "bluesky": "Bluesky",
    "bluesky-full": marked("Bluesky, large"),
    "mastodon": "Mastodon",
}
_HEADS = (marked("seen"), marked("by"), "R", marked("signs"), marked("shuffled"))
_MOST = (14, 24, 8, 8, 8)
_HOW_TO_READ = marked(
    "R is what is left of the way to the target: 1 = nothing moved, 0 = there. Beside it two "
    "controls, changes of the same size with random signs and in shuffled places: a cloak that "
    "works has an R lower than both. {found}"
)
_SAME = marked("Both files show the same picture: there is no cloak between them.")
_OTHER_PICTURE = 15.0  # dB; the strongest cloak changes less by ten
_OTHER = marked(
    "These look like two different pictures, or like two cuts of one: then the figures say "
    "nothing of a cloak. Compare a file with the same one without its cloak, as "
    "`postguard protect --save-before` writes it."
)
_AWAY = -0.01  # less is chance
_SWAPPED = marked(
    "That is away from where it should go. Is the first file the one without the cloak, and the "
    "second the one with it?"
)


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield a table for each mode, how visible the cloak is, and what it means."""
    for mode, ratios in found["ratios"].items():
        yield click.style(names.of_mode(mode), bold=True)
        yield from _table(ratios)
        yield ""
    yield from _wrapped(_(_HOW_TO_READ).format(found=lower_than_both(found["ratios"])))
    yield ""
    yield from _wrapped(_visible(found))
    if not found["largest_change"]:
        yield from _wrapped(_(_SAME))
    if found["psnr"] is not None and found["psnr"] < _OTHER_PICTURE:
        yield from _wrapped(_(_OTHER))
        return
    for mode, gains in found["gains"].items():
        yield from _wrapped(plain_words.verdict(mode, gains, found["encoders"]))
        if min(gain["r"] for gain in gains.values()) < _AWAY:
            yield from _wrapped(_(_SWAPPED))


def lower_than_both(ratios: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Return in how many rows of all tables a cloak's R is lower than both of its controls.

    Args:
        ratios: mode -> chain -> encoder -> `r`, and those of the controls `signs`, `shuffled`.
    """
    rows = [
        looks["r"] < min(looks["signs"], looks["shuffled"])
        for chains in ratios.values()
        for encoders in chains.values()
        for looks in encoders.values()
    ]
    if all(rows):
        return _("Here that is so in every row.")
    if not any(rows):
        return _("Here that is so in no row.")
    return _("Here that is so in {lower} of {rows} rows.").format(lower=sum(rows), rows=len(rows))


def _table(ratios: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [tuple(map(_, _HEADS))]
    for chain, encoders in ratios.items():
        for i, (encoder, looks) in enumerate(encoders.items()):
            numbers = (f"{looks[which]:.3f}" for which in ("r", "signs", "shuffled"))
            rows.append((_(_CHAINS.get(chain, chain)) if i == 0 else "", encoder, *numbers))
    columns = wide.widths(rows, _MOST)
    for row in rows:
        yield f"  {wide.row(row, columns)}".rstrip()


def _visible(found: Mapping[str, Any]) -> str:
    psnr = _("PSNR {psnr} dB").format(psnr=found["psnr"]) if found["psnr"] is not None else ""
    most = _("a pixel changes by at most {largest_change} in 255").format(
        largest_change=found["largest_change"]
    )
    flat = (
        _("{flat_mean} on average").format(flat_mean=found["flat_mean"])
        if found["flat_mean"] is not None
        else ""
    )
    said = [plain_words.visibility(found), flat, most, psnr]
    return _("; ").join(part for part in said if part) + _(".")


def _wrapped(text: str) -> list[str]:
    return wide.wrapped(text, terminal_width())
