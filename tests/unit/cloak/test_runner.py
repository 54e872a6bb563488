"""The parent says what is missing in words, and never loads torch to find out."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from postguard.cloak.architectures import _taef2_decoder
from postguard.cloak.runner import LocalEngine
from postguard.errors import StepFailed
from postguard.system import extras
from tests.unit.cloak import tiny

JOB = {
    "modes": ["immunise"],
    "ceiling": 4,
    "floor": 80.0,
    "seed": "00" * 32,
    "artist_seed": "00" * 32,
    "time_limit": 60.0,
}


def test_with_torch_and_encoders_it_is_available(tmp_path):
    assert LocalEngine(tiny.models(tmp_path)).available() is None


def test_without_torch_it_names_the_command_that_installs_it(tmp_path, monkeypatch):
    """The one patch here stands for a machine without torch: the import system, not our code."""
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "torch" else find(name)
    )
    reason = LocalEngine(tiny.models(tmp_path)).available()
    assert reason is not None
    assert extras.install("cloak") in reason


def test_no_encoder_has_to_be_fetched_for_our_own_is_there(tmp_path):
    for folder in (tmp_path, tmp_path / "missing", None):
        assert LocalEngine(folder).available() is None
    tiny.save(tmp_path / "a.safetensors", _taef2_decoder(8, 4))
    assert LocalEngine(tmp_path).available() is None


def test_a_strange_file_among_the_models_is_named(tmp_path):
    (tiny.models(tmp_path) / "vae.safetensors").write_bytes(b"not weights")
    assert "vae.safetensors" in str(LocalEngine(tmp_path).available())


def test_what_cannot_be_used_fails_the_step_before_anything_starts(tmp_path):
    (tmp_path / "vae.safetensors").write_bytes(b"not weights")
    with pytest.raises(StepFailed, match=r"vae\.safetensors"):
        LocalEngine(tmp_path).cloak(JOB, tmp_path / "a", tmp_path / "b", lambda _: None)


@pytest.mark.parametrize("change", [{"modes": ["bewitch"]}, {"ceiling": "much"}])
def test_a_job_that_makes_no_sense_is_refused_in_words(tmp_path, change):
    engine = LocalEngine(tiny.models(tmp_path))
    with pytest.raises(StepFailed, match="something unknown"):
        engine.cloak(JOB | change, tmp_path / "a", tmp_path / "b", lambda _: None)


def test_the_parent_loads_neither_torch_nor_numpy_nor_pillow(tmp_path):
    tiny.models(tmp_path)
    code = (
        "import sys, pathlib; from postguard.cloak.runner import LocalEngine; "
        f"assert LocalEngine(pathlib.Path({str(tmp_path)!r})).available() is None; "
        "print([m for m in ('torch', 'numpy', 'PIL', 'diffusers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
