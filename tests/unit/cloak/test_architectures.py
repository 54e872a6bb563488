"""Which network a weights file holds is told by its tensors, never by its name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postguard.cloak.architectures import (
    UnknownWeights,
    _taef2_decoder,
    identify,
    shapes_of,
    weight_files,
)
from tests.unit.cloak import tiny


@pytest.mark.parametrize("family", tiny.FAMILIES)
@pytest.mark.parametrize(("width", "latent"), [(8, 4), (16, 16), (64, 32)])
def test_each_family_is_known_by_its_tensors_at_any_width(tmp_path, family, width, latent):
    expected = tiny.FAMILIES[family](width, latent)
    path = tmp_path / "a misleading name taesana.safetensors"
    _write_header(path, shapes_of(expected.layers))
    assert identify(path) == expected


def test_a_decoder_is_known_and_is_no_encoder(tmp_path):
    path = tmp_path / "x.safetensors"
    _write_header(path, shapes_of(_taef2_decoder(8, 4).layers))
    assert not identify(path).encoder


@pytest.mark.parametrize(
    "change",
    [
        {"0.bias": (9,)},
        {"7.weight": (8, 8, 1, 1)},
        {"extra.weight": (1,)},
        {"0.weight": (8, 4, 3, 3)},
    ],
)
def test_one_strange_tensor_makes_the_file_unknown_and_the_error_names_it(tmp_path, change):
    path = tmp_path / "odd.safetensors"
    _write_header(path, shapes_of(tiny.FAMILIES["taef2"](8, 4).layers) | change)
    with pytest.raises(UnknownWeights, match=r"odd\.safetensors"):
        identify(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200))
def test_any_other_bytes_are_unknown_weights_and_nothing_worse(tmp_path, data):
    path = tmp_path / "noise.safetensors"
    path.write_bytes(data)
    with pytest.raises(UnknownWeights, match=r"noise\.safetensors"):
        identify(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    header=st.dictionaries(
        st.sampled_from(["0.weight", "1.weight", "19.weight", "x", "__metadata__"]),
        st.none() | st.integers() | st.fixed_dictionaries({"shape": st.lists(st.integers())}),
    )
)
def test_a_header_with_any_shapes_is_unknown_weights_and_nothing_worse(tmp_path, header):
    path = tmp_path / "noise.safetensors"
    data = json.dumps(header).encode()
    path.write_bytes(len(data).to_bytes(8, "little") + data)
    with pytest.raises(UnknownWeights, match=r"noise\.safetensors"):
        identify(path)


def test_a_missing_folder_has_no_weights(tmp_path):
    assert weight_files(tmp_path / "none") == []


@pytest.mark.skipif(not tiny.REAL.is_dir(), reason="../shared/weights is not here")
def test_the_published_files_are_known():
    found = {p.stem: identify(p) for p in weight_files(tiny.REAL)}
    assert {k: (a.family, a.encoder, a.stride) for k, a in found.items()} == {
        "taef2_encoder": ("taef2", True, 8),
        "taef2_decoder": ("taef2", False, 8),
        "taesana_encoder": ("taesana", True, 32),
    }


def _write_header(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    data = json.dumps({k: {"dtype": "F16", "shape": v} for k, v in shapes.items()}).encode()
    path.write_bytes(len(data).to_bytes(8, "little") + data)
