"""What a step did is told in plain words, from its record alone."""

from __future__ import annotations

import pytest

from postguard.networks.step_words import of_step

CLOAK = {"step": "cloak", "modes": ["style"], "strength": "medium", "ceiling": 30}


def test_a_cloak_that_is_what_was_asked_for_tells_no_fallback() -> None:
    assert of_step(CLOAK | {"rung": "all"}) == (
        "mode style, strength medium: at most 30 in 255 of change in any pixel before it is saved"
    )


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (["torch", "torch"], "PyTorch is not installed"),
        (["memory", "slow"], "memory ran out, its time limit leaves room for too few steps"),
        (["ended", "broken"], "ended unexpectedly, it broke on this picture"),
        (["late"], "it did not finish in time"),
        (["of a later version"], "it could not be done"),
    ],
)
def test_an_instant_cloak_in_place_of_another_says_why_and_that_it_is_weak(
    why: list[str], words: str
) -> None:
    left = [{"rung": "all", "why": each} for each in why]
    told = of_step(
        CLOAK | {"modes": ["instant"], "asked": ["style"], "rung": "instant", "fallback": left}
    )
    assert "the weakest form of a cloak" in told
    assert "in place of style, which this PC could not draw: " in told
    assert told.count(words) == 1


def test_our_own_encoder_alone_is_told_too() -> None:
    left = [{"rung": "all", "why": "memory"}]
    told = of_step(CLOAK | {"rung": "surrogate", "fallback": left})
    assert told.endswith("on postguard's own encoder alone: memory ran out")
    assert "weakest" not in told
