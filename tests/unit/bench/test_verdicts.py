"""An experiment says what it shows, and that it shows nothing where it shows nothing."""

from __future__ import annotations

import pytest

from bench.verdicts import BEFORE, CLEAN, CLOAKED, SIGNS, Case, table, verdicts


def _cases(clean: list[float], cloaked: list[float]) -> dict[str, Case]:
    runs = {BEFORE: clean, CLEAN: clean, SIGNS: clean, CLOAKED: cloaked}
    return {name: Case([[value] for value in values]) for name, values in runs.items()}


def _said(clean: list[float], cloaked: list[float]) -> str:
    text = verdicts(_cases(clean, cloaked), ["colours"])
    return text.split("Does the cloak? ")[1].splitlines()[1]


@pytest.mark.parametrize(
    ("cloaked", "said"),
    [
        ([11.0, 12.0, 16.0], "+4.00 ± 2.65 over 3 seeds: within the spread, no effect shown"),
        ([13.0, 13.0, 14.0], "+4.33 ± 0.58 over 3 seeds: yes"),
        ([8.0, 7.0, 8.0], "-1.33 ± 0.58 over 3 seeds: no, the other way round"),
        ([9.0, 9.0, 9.0], "+0.00 ± 0.00 over 3 seeds: within the spread, no effect shown"),
    ],
)
def test_an_effect_is_shown_only_beyond_the_spread_of_the_seeds(cloaked, said):
    assert _said([9.0, 9.0, 9.0], cloaked) == f"- colours: {said}"


def test_differences_are_taken_seed_by_seed():
    assert _said([1.0, 50.0, 9.0], [2.0, 51.0, 10.0]).endswith("+1.00 ± 0.00 over 3 seeds: yes")


def test_two_seeds_are_too_few_to_say():
    assert _said([9.0, 9.0], [13.0, 13.0]).endswith("too few seeds to say")


def test_the_purified_works_have_a_question_of_their_own():
    cases = _cases([9.0] * 3, [13.0] * 3) | {f"{CLOAKED}, then x": Case([[9.0]] * 3)}
    assert f"once purified? ({CLOAKED}, then x, against {CLEAN})" in verdicts(cases, ["colours"])


def test_the_table_shows_mean_and_deviation_and_the_works_themselves():
    text = table({CLEAN: Case([[1.0], [2.0], [3.0]], [4.0])}, ["colours"])
    assert f"| {CLEAN} | 2.00 ± 1.00 (4.00) |" in text
