"""`check` and `init` say what a PC cloaks with, and what would make it stronger."""

from __future__ import annotations

import pytest

from postguard import language
from postguard.app.able import able
from postguard.cloak.machine import Machine, Power
from postguard.settings.steps import Cloak
from postguard.system import extras
from tests.unit.cloak import tiny

CARD = "NVIDIA GeForce RTX 3060"
STYLE, INSTANT = Cloak(step="cloak", mode="style"), Cloak(step="cloak", mode="instant")
STRICT = Cloak(step="cloak", mode="style", fallback="none")
NO_TORCH, CPU, GPU = Machine(Power.NO_TORCH), Machine(Power.CPU), Machine(Power.GPU, CARD)


@pytest.mark.parametrize(
    ("cloaks", "machine", "words"),
    [
        ([STYLE], GPU, f"drawn on {CARD}, against surrogate. Encoders of the models"),
        ([STYLE], CPU, "drawn on the CPU, against surrogate"),
        ([STYLE], Machine(Power.CPU, CARD, idle=True), f"Your {CARD} lies idle"),
        ([STYLE], NO_TORCH, "so pictures get the instant cloak, the weakest. Install PyTorch"),
        ([INSTANT], NO_TORCH, "the instant cloak, the weakest. Install PyTorch"),
        ([INSTANT], Machine(Power.NO_TORCH, CARD), f"your {CARD} would draw in seconds:\n"),
        ([INSTANT], GPU, f'This PC can draw stronger ones on {CARD}: mode = "style"'),
        ([], CPU, "not used. This PC can draw stronger ones on the CPU"),
    ],
)
def test_it_says_what_is_drawn_and_what_would_improve(tmp_path, cloaks, machine, words):
    found = able(tmp_path, cloaks, machine)
    assert found.ok
    assert words in found.said


def test_a_recipe_that_wants_torch_or_nothing_is_told_before_its_posts_are_held(tmp_path):
    found = able(tmp_path, [INSTANT, STRICT], NO_TORCH)
    assert not found.ok
    assert "its posts will be held" in found.said
    assert found.fix == extras.install("cloak")


@pytest.mark.parametrize("machine", [NO_TORCH, Machine(Power.NO_TORCH, CARD)])
def test_the_command_stands_last_so_that_it_can_be_copied(tmp_path, machine):
    """A full stop behind it would be pasted with it, and name an extra that is not there."""
    assert able(tmp_path, [INSTANT], machine).said.endswith(f":\n{extras.install('cloak')}")


@pytest.mark.parametrize("machine", [NO_TORCH, CPU])
def test_japanese_sentences_end_as_in_japanese(tmp_path, monkeypatch, machine):
    monkeypatch.setenv("LANGUAGE", "")
    language.choose("ja")
    try:
        said = able(tmp_path, [INSTANT], machine).said
    finally:
        language.choose("en")
    assert "。" in said
    assert ". " not in said


def test_encoders_that_were_fetched_are_named_and_none_is_advised(tmp_path):
    tiny.models(tmp_path)
    found = able(tmp_path, [STYLE], CPU)
    assert found.said == "drawn on the CPU, against taef2, taesana"


def test_a_strange_file_among_the_models_is_told_where_a_recipe_needs_them(tmp_path):
    (tmp_path / "vae.safetensors").write_bytes(b"not weights")
    found = able(tmp_path, [STYLE], CPU)
    assert not found.ok
    assert "vae.safetensors" in found.fix
    assert able(tmp_path, [INSTANT], NO_TORCH).ok
    assert able(tmp_path, [INSTANT], CPU).said == "the instant cloak, the weakest"
    assert able(tmp_path, [], CPU).said == "not used"


def test_a_strange_file_beside_encoders_holds_an_instant_cloak_too(tmp_path):
    """The encoders measure it, and with that file they are not loaded."""
    tiny.models(tmp_path)
    (tmp_path / "vae.safetensors").write_bytes(b"not weights")
    found = able(tmp_path, [INSTANT], CPU)
    assert not found.ok
    assert "its posts will be held" in found.said
    assert able(tmp_path, [], CPU).ok
