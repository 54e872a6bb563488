"""What an archive came to, as a page that opens anywhere: how many, how strong, what failed."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from postguard.language import _, ngettext, spoken
from postguard.store.archive import Entry

_BARS, _WIDTH, _HEIGHT = 20, 560, 120


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of all pictures that were made, and what failed: (name, reason)."""

    seconds: tuple[float, ...]
    scores: tuple[float, ...]
    gains: tuple[float, ...]
    failed: tuple[tuple[str, str], ...]


def summary_of(entries: Iterable[Entry]) -> Summary:
    """Return the figures of a ledger's rows."""
    made, failed = [], []
    for entry in entries:
        if entry.reason:
            failed.append((entry.name, entry.reason))
        else:
            made.append(entry.made)
    return Summary(
        seconds=tuple(m.seconds for m in made),
        scores=tuple(m.ssimulacra2 for m in made if m.ssimulacra2 is not None),
        gains=tuple(m.gain for m in made if m.gain is not None),
        failed=tuple(failed),
    )


def page(summary: Summary, recipe: str) -> str:
    """Return the report as one HTML file that asks for nothing from anywhere."""
    made = len(summary.seconds)
    title = ngettext("{n} picture, recipe {recipe}", "{n} pictures, recipe {recipe}", made)
    parts = [
        f"<h1>{html.escape(title.format(n=made, recipe=recipe))}</h1>",
        _figure(_("Seconds for one picture"), summary.seconds),
        _figure(_("Likeness of the file to its protected picture (SSIMULACRA2)"), summary.scores),
        _figure(_("What the cloak gained, behind the worse platform"), summary.gains),
        _failures(summary.failed),
    ]
    body = "\n".join(parts)
    return _PAGE.format(lang=spoken(), title=html.escape(recipe), body=body)


def bars(values: Sequence[float], count: int = _BARS) -> tuple[list[int], float, float]:
    """Return how many values lie in each of `count` equal parts, and where the first begins and
    the last ends. There is at least one value."""
    low, high = min(values), max(values)
    step = (high - low) / count or 1.0
    found = [0] * count
    for value in values:
        found[min(math.floor((value - low) / step), count - 1)] += 1
    return found, low, low + step * count


def middle(values: Sequence[float]) -> float:
    """Return the median."""
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def _figure(title: str, values: Sequence[float]) -> str:
    if not values:
        return ""
    found, low, high = bars(values)
    width, most = _WIDTH / len(found), max(found)
    drawn = "".join(
        f'<rect x="{i * width:.1f}" y="{_HEIGHT - n / most * _HEIGHT:.1f}" '
        f'width="{width - 1:.1f}" height="{n / most * _HEIGHT:.1f}"><title>{n}</title></rect>'
        for i, n in enumerate(found)
    )
    told = _("least {least:.3g}, middle {middle:.3g}, most {most:.3g}")
    said = told.format(least=min(values), middle=middle(values), most=max(values))
    return (
        f"<figure><figcaption>{title}: {said}</figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT + 20}" role="img" aria-label="{title}: {said}">'
        f'{drawn}<text x="0" y="{_HEIGHT + 16}">{low:.3g}</text>'
        f'<text x="{_WIDTH}" y="{_HEIGHT + 16}" text-anchor="end">{high:.3g}</text></svg></figure>'
    )


def _failures(failed: Sequence[tuple[str, str]]) -> str:
    if not failed:
        return f"<p>{_('Nothing failed.')}</p>"
    escaped: Callable[[str], str] = html.escape
    rows = "".join(f"<tr><td>{escaped(n)}</td><td>{escaped(why)}</td></tr>" for n, why in failed)
    head = _("{n} not made").format(n=len(failed))
    said = _("The originals are where they were. The next run tries these again.")
    return f"<h2>{head}</h2><p>{said}</p><table>{rows}</table>"


_PAGE = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto }}
body {{ padding: 0 1rem }}
rect {{ fill: #3b6ea5 }} text {{ font-size: 13px; fill: currentColor }}
figure {{ margin: 1.5rem 0 }}
td, th {{ text-align: left; vertical-align: top; padding: .2rem 1rem .2rem 0 }}
:root {{ color-scheme: light dark }}
</style></head><body>
{body}
</body></html>
"""
