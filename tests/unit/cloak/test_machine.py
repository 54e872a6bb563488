"""What a machine can cloak with is found by looking at it; torch is not loaded for that."""

from __future__ import annotations

import importlib.util
import platform
from importlib.machinery import ModuleSpec

import pytest

from postguard.cloak.machine import Machine, Power, look

MADE_FOR = {
    "cuda": "cuda: Optional[str] = '13.0'\nhip: Optional[str] = None\n",
    "hip": "cuda: Optional[str] = None\nhip: Optional[str] = '6.4.43482'\n",
    "cpu": "cuda: Optional[str] = None\nhip: Optional[str] = None\n",
    "old": "cuda = '11.8'\n",
}


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Stand for a machine: the import system and `platform` say what it has, not our own code."""
    monkeypatch.setattr(platform, "system", lambda: "Linux")

    def install(made_for: str | None) -> None:
        spec = None
        if made_for is not None:
            (tmp_path / "torch").mkdir()
            (tmp_path / "torch" / "version.py").write_text(MADE_FOR[made_for])
            spec = ModuleSpec("torch", None, origin=str(tmp_path / "torch" / "__init__.py"))
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)

    return install


def nvidia(root):
    card = root / "proc" / "driver" / "nvidia" / "gpus" / "0000:01:00.0"
    card.mkdir(parents=True)
    (card / "information").write_text("Model: \t\t NVIDIA GeForce RTX 3060\nIRQ: 5\n")


def amd(root):
    (root / "dev").mkdir()
    (root / "dev" / "kfd").touch()


def no_card(_):
    pass


@pytest.mark.parametrize(
    ("card", "made_for", "expected"),
    [
        (no_card, None, Machine(Power.NO_TORCH)),
        (no_card, "cpu", Machine(Power.CPU)),
        (no_card, "cuda", Machine(Power.CPU)),
        (nvidia, None, Machine(Power.NO_TORCH, "NVIDIA GeForce RTX 3060")),
        (nvidia, "cuda", Machine(Power.GPU, "NVIDIA GeForce RTX 3060")),
        (nvidia, "old", Machine(Power.GPU, "NVIDIA GeForce RTX 3060")),
        (nvidia, "cpu", Machine(Power.CPU, "NVIDIA GeForce RTX 3060", idle=True)),
        (nvidia, "hip", Machine(Power.CPU, "NVIDIA GeForce RTX 3060", idle=True)),
        (amd, "hip", Machine(Power.GPU, "AMD GPU")),
    ],
)
def test_a_gpu_counts_where_the_torch_that_is_installed_was_made_for_it(
    tmp_path, install, card, made_for, expected
):
    card(tmp_path)
    install(made_for)
    assert look(tmp_path) == expected


def test_apples_own_chips_need_no_torch_of_their_own(tmp_path, install, monkeypatch):
    install("cpu")
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert look(tmp_path) == Machine(Power.GPU, "Apple GPU")
