"""How busy the GPUs are, as their drivers tell."""

from __future__ import annotations

import pytest

from postguard.system.gpu import Gpu, gpus, read_nvidia


def test_what_nvidia_smi_says_is_read():
    said = "NVIDIA GeForce RTX 4070, 93, 6000, 12000\nNVIDIA T4, 0, 3, 15360\n"
    assert read_nvidia(said) == [Gpu("NVIDIA GeForce RTX 4070", 93, 50), Gpu("NVIDIA T4", 0, 0)]


@pytest.mark.parametrize("odd", ["", "No devices were found\n", "T400, [N/A], 1, 2\n", "a,b\n"])
def test_what_says_no_number_is_no_gpu(odd):
    assert read_nvidia(odd) == []


def test_a_program_that_fails_costs_nothing(tmp_path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'T4, 5, 1, 2'; exit 9\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus(tmp_path) == []


def test_the_kernels_file_of_an_amd_card_is_read(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    for card, said in (("card0", "71\n"), ("card1", "?\n")):
        file = tmp_path / card / "device" / "gpu_busy_percent"
        file.parent.mkdir(parents=True)
        file.write_text(said)
    assert gpus(tmp_path) == [Gpu("AMD card0", 71)]
