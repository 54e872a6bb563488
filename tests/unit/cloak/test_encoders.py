"""Encoders are loaded frozen, in float32, and read pictures of any size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from postguard.cloak.architectures import UnknownWeights, _taef2_decoder, identify
from postguard.cloak.encoders import build, ensemble, load_encoders, surrogate
from postguard.cloak.tensors import to_tensor
from tests.unit.cloak import tiny


@pytest.mark.parametrize(
    ("others", "names"),
    [
        ([], ["surrogate"]),
        (["taesd"], ["taesd", "surrogate"]),
        (["taef2", "taesd"], ["taef2", "taesd", "surrogate"]),
        (["taef2", "taesana"], ["taef2", "taesana"]),
    ],
)
def test_our_own_encoder_is_one_of_the_ensemble_unless_both_that_it_copies_are(
    tmp_path, others, names
):
    for name in others:
        tiny.save(tmp_path / f"{name}_encoder.safetensors", tiny.FAMILIES[name](8, 4))
    assert sorted(e.name for e in ensemble(tmp_path, tiny.plain_cpu())) == sorted(names)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (8, 8), (33, 65), (3, 700)])
def test_any_size_gives_a_latent_for_every_started_stride(tmp_path, height, width):
    for encoder in tiny.encoders(tmp_path):
        latents = encoder(torch.rand(1, 3, height, width))
        grid = -(-height // encoder.stride), -(-width // encoder.stride)
        assert latents.shape == (1, tiny.LATENT, *grid)
        assert latents.dtype == torch.float32


def test_the_weights_are_frozen_and_float32(tmp_path):
    for encoder in tiny.encoders(tmp_path):
        assert all(
            not p.requires_grad and p.dtype == torch.float32 for p in encoder.stages.parameters()
        )


def test_the_stages_are_the_whole_network_cut_before_each_halving(tmp_path):
    for encoder in tiny.encoders(tmp_path):
        path = tmp_path / f"{encoder.name}_encoder.safetensors"
        net = build(identify(path)).eval()
        net.load_state_dict({k: v.float() for k, v in load_file(path).items()})
        x = torch.rand(1, 3, 64, 96)
        latents, features = encoder.features(x)
        assert torch.allclose(latents, net(x), atol=1e-5)
        widths = [f.shape[-1] for f in features]
        assert widths == sorted(widths, reverse=True)
        assert len(set(widths)) == len(widths) > 2


def test_a_decoder_beside_the_encoders_is_passed_over(tmp_path):
    tiny.save(tmp_path / "a_decoder.safetensors", _taef2_decoder(8, 4))
    assert [e.name for e in tiny.encoders(tmp_path)] == ["taef2", "taesana"]


def test_a_folder_with_a_decoder_alone_has_no_encoder(tmp_path):
    tiny.save(tmp_path / "a_decoder.safetensors", _taef2_decoder(8, 4))
    with pytest.raises(UnknownWeights, match="no encoder"):
        load_encoders(tmp_path, tiny.plain_cpu())


def test_a_truncated_file_is_a_clear_error(tmp_path):
    path = tiny.save(tmp_path / "x_encoder.safetensors", tiny.FAMILIES["taesd"](8, 4))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnknownWeights, match=r"x_encoder\.safetensors is damaged"):
        load_encoders(tmp_path, tiny.plain_cpu())


@pytest.mark.skipif(not tiny.REAL.is_dir(), reason="../shared/weights is not here")
def test_the_real_encoder_and_decoder_give_the_picture_back():
    """Only a network built exactly as it was trained can do that."""
    flux = next(e for e in load_encoders(tiny.REAL, tiny.plain_cpu()) if e.name == "taef2")
    path = tiny.REAL / "taef2_decoder.safetensors"
    decoder = build(identify(path)).eval()
    decoder.load_state_dict({k: v.float() for k, v in load_file(path).items()})
    with Image.open(tiny.ART / "safe-landing.jpg") as image:
        x = to_tensor(np.asarray(image.convert("RGB").resize((405, 720)))[300:428, 100:228])
    with torch.no_grad():
        error = (decoder(flux(x)).clamp(0, 1) - x).pow(2).mean()
    assert -10 * torch.log10(error) > 24


def test_bfloat16_reads_nearly_the_same_and_still_sees_a_change_of_one_step():
    """Its first layer is computed in full: the input has no more bits than bfloat16 itself."""
    device = replace(tiny.plain_cpu(), bf16=True)
    encoder = surrogate(device)
    x = to_tensor(tiny.art(64, 96))
    full, fast = encoder(x), encoder(x, fast=True)
    assert float((full - fast).norm() / full.norm()) < 0.03
    changed = encoder((x + 1 / 255).clamp(0, 1), fast=True)
    assert float((changed - fast).norm()) > 0
