"""Steps, modes and strengths are called by their names in the artist's language, wherever a person
reads of them; the config's own words stay in the config."""

from __future__ import annotations

import re
import typing
from datetime import UTC, datetime

import pytest

from postguard import language
from postguard.cli import happening, measured, progress, underway
from postguard.errors import StepFailed
from postguard.model import Place, Post, PostState, Progress, names
from postguard.networks import plain_words, step_words
from postguard.protect.steps import cloak
from postguard.settings import recipes, steps
from postguard.store import Event
from postguard.system import folders

WORDS = {*names._STEPS, *names._MODES, *names._STRENGTHS}
CLOAK = {
    "step": "cloak",
    "modes": ["style", "poison"],
    "strength": "medium",
    "ceiling": 24,
    "rung": "instant",
    "fallback": [{"why": "torch"}],
    "asked": ["immunise"],
}
GAINS = {"bluesky": {"r": 0.4, "signs": 0.1, "shuffled": 0.0}}


def literals(kind: object) -> set[str]:
    """Every word that a setting may be."""
    if typing.get_origin(kind) is typing.Literal:
        return {str(each) for each in typing.get_args(kind)}
    return {word for inner in typing.get_args(kind) for word in literals(inner)}


def test_every_word_of_the_config_has_a_name():
    assert {*recipes.ORDER} <= {*names._STEPS}
    for model in steps.StepOptions.__subclasses__():
        for key in {"mode", "strength"} & model.model_fields.keys():
            assert literals(model.model_fields[key].annotation) <= WORDS


def test_english_says_them_as_the_config_writes_them():
    assert [names.of_step(name) for name in recipes.ORDER] == list(recipes.ORDER)
    assert all(names.of_mode(name) == name for name in names._MODES)
    assert all(names.of_strength(name) == name for name in names._STRENGTHS)


@pytest.fixture
def japanese():
    language.choose("ja")


def said() -> dict[str, str]:
    """What a person reads of them, by where."""
    at = datetime(2026, 11, 25, tzinfo=UTC)
    post = Post(1, "狐", "1-狐", Place.HELD, PostState.HELD, "default", (), (), at, "")
    found = {"ratios": {"style": {}}, "gains": {}, "encoders": [], "psnr": 30, "largest_change": 9}
    return {
        "record": step_words.of_step(CLOAK),
        "watermark": step_words.of_step({"step": "watermark", "text": "花", "strength": "subtle"}),
        "noise": step_words.of_step({"step": "noise", "look": "grain", "strength": "low"}),
        "verdict": plain_words.verdict("immunise", GAINS, ["taesd"]),
        "bar": underway.doing("watermark"),
        "history": happening.event(Event(at, "step", "cloak 狐.png"), None),
        "held": happening.event(Event(at, "held", "cloak: 弱すぎます"), None),
        "reason": folders.told(post, "cloak: 弱すぎます"),
        "measured": next(iter(measured.lines(found | {"flat_mean": None}))),
    }


@pytest.mark.usefixtures("japanese")
def test_in_japanese_no_word_of_the_config_is_left():
    for where, text in said().items():
        assert not re.findall(rf"\b({'|'.join(WORDS)})\b", text), (where, text)


@pytest.mark.usefixtures("japanese")
def test_why_a_cloak_is_too_weak_names_its_mode_in_japanese():
    for looks in ({"r": 0.1, "signs": 0, "shuffled": 0}, {"r": 0.6, "signs": 0.7, "shuffled": 0}):
        with pytest.raises(StepFailed) as refused:
            cloak._refuse_weak("style", looks, 0.5)
        assert "画風" in refused.value.reason
        assert "style" not in refused.value.reason


@pytest.mark.usefixtures("japanese")
def test_the_bar_of_a_command_is_in_japanese(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress.steps(quiet=False) as show:
        show(Progress(0, "cloak", done=False, fraction=0.4, seconds_left=48.0))
    assert "クローク" in capsys.readouterr().err


def test_what_only_looks_like_a_step_is_left_alone():
    assert names.told("sky: the text is too long") == "sky: the text is too long"
    assert names.told("a cloak: too weak") == "a cloak: too weak"
