"""Tables of an experiment in mimicry, and what they show, null or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

BEFORE, CLEAN, SIGNS, CLOAKED = "before it saw the works", "clean", "random signs", "cloaked"
SURE = 2.0  # times the deviation of the seeds


@dataclass(frozen=True, slots=True)
class Case:
    """What came of learning from one set of works.

    Attributes:
        runs: for each seed, the distance of what was made by each measure.
        shown: the same of the works themselves through the autoencoder; empty where none were.
    """

    runs: Sequence[Sequence[float]]
    shown: Sequence[float] = ()

    def over(self, other: Case, measure: int) -> np.ndarray:
        """Return (seeds,): how much further this is from the style than the other."""
        pairs = zip(self.runs, other.runs, strict=True)
        return np.array([one[measure] - two[measure] for one, two in pairs])


def table(cases: Mapping[str, Case], measures: Sequence[str]) -> str:
    """Return the mean over the seeds, their deviation, and in brackets the works themselves."""
    lines = [
        f"| learnt from | {' | '.join(measures)} |",
        "|---|" + "---|" * len(measures),
    ]
    for name, case in cases.items():
        runs = np.array(case.runs)
        cells = [f"{m:.2f} ± {d:.2f}" for m, d in zip(runs.mean(0), _deviation(runs), strict=True)]
        if case.shown:
            cells = [f"{c} ({s:.2f})" for c, s in zip(cells, case.shown, strict=True)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", "in brackets: the works themselves, through the autoencoder"])


def verdicts(cases: Mapping[str, Case], measures: Sequence[str]) -> str:
    """Return one line for each measure and question; the first measure is the one that counts."""
    lines = []
    for question, far, near in _questions(cases):
        lines.append(f"\n{question} ({far}, against {near})")
        for i, measure in enumerate(measures):
            lines.append(f"- {measure}: {_verdict(cases[far].over(cases[near], i))}")
    return "\n".join(lines)


def _questions(cases: Mapping[str, Case]) -> list[tuple[str, str, str]]:
    """Return each question with the case that should be further from the style, and the nearer."""
    purified = [name for name in cases if name.startswith(f"{CLOAKED}, ")]
    return [
        ("Did it learn the style at all?", BEFORE, CLEAN),
        ("Do random signs keep it further from the style?", SIGNS, CLEAN),
        ("Does the cloak?", CLOAKED, CLEAN),
        ("Does the cloak more than random signs?", CLOAKED, SIGNS),
        *(("Does the cloak still, once purified?", name, CLEAN) for name in purified),
    ]


def _verdict(gaps: np.ndarray) -> str:
    mean, deviation = float(gaps.mean()), float(_deviation(gaps))
    figures = f"{mean:+.2f} ± {deviation:.2f} over {len(gaps)} seeds"
    if len(gaps) < 3:
        return f"{figures}: too few seeds to say"
    if abs(mean) <= SURE * deviation:
        return f"{figures}: within the spread, no effect shown"
    return f"{figures}: {'yes' if mean > 0 else 'no, the other way round'}"


def _deviation(values: np.ndarray) -> np.ndarray:
    return values.std(0, ddof=1) if len(values) > 1 else np.zeros(values.shape[1:])
