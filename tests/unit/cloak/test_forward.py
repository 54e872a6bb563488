"""An encoder reads the same in numpy alone as in torch, at any size, in bounded memory."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from postguard.cloak import architectures, forward
from postguard.cloak.architectures import UnknownWeights
from postguard.cloak.encoders import load_encoder
from tests.unit.cloak import tiny

FAMILIES = {
    "taesd": architectures._taesd,
    "taesana": architectures._taesana,
    "surrogate": architectures._surrogate,
}
SIZES = [(1, 1), (7, 40), (64, 96), (45, 131)]


WIDTHS = {"few": 8, "tiled": 32}  # channels: few are convolved pixel by pixel, more in tiles


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("width", sorted(WIDTHS))
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_latents_in_numpy_are_those_of_torch(tmp_path, family, width, size):
    made = FAMILIES[family](WIDTHS[width], 4)
    path = tiny.save(tmp_path / f"{family}.safetensors", made, seed=3)
    x = np.random.default_rng(0).random((2, 3, *size), dtype=np.float32)
    expected = load_encoder(path, tiny.plain_cpu()).read(x)
    found = forward.load(path).read(x)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1e-5 * max(np.abs(expected).max(), 1)


def test_a_large_picture_takes_memory_for_its_planes_and_no_more(tmp_path):
    """A layer's input, its output and one band; all that a 3x3 layer sees would be nine times."""
    path = tiny.save(tmp_path / "a.safetensors", architectures._surrogate(64))
    encoder = forward.load(path)
    x = np.zeros((1, 3, 512, 512), np.float32)
    finest = 256 * 256 * 48 * 4  # bytes of the planes at half the size
    tracemalloc.start()
    encoder.read(x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * finest


def test_a_network_that_numpy_is_not_taught_is_refused_in_words(tmp_path):
    path = tiny.save(tmp_path / "a.safetensors", architectures._taef2(8, 4))
    with pytest.raises(UnknownWeights, match="without PyTorch"):
        forward.load(path).read(np.zeros((1, 3, 16, 16), np.float32))


def test_a_damaged_file_is_named(tmp_path):
    path = tiny.save(tmp_path / "vae.safetensors", architectures._surrogate(8))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnknownWeights, match=r"vae\.safetensors"):
        forward.load(path)


def test_the_shipped_encoder_reads_without_torch():
    code = (
        "import sys, numpy; from postguard.cloak import forward, measuring; "
        "z = forward.surrogate().read(numpy.zeros((1, 3, 64, 64), numpy.float32)); "
        "print(z.shape, numpy.isfinite(z).all(), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(1, 64, 8, 8) True False"
