"""Published encoders are loaded from diffusers' folders and read what diffusers reads in them."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from postguard.cloak import published
from postguard.cloak.architectures import UnknownWeights
from postguard.cloak.catalogue import CONFIG, WEIGHTS
from tests.unit.cloak import published_folders, tiny

OLD_NAMES = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
MAKERS = {"tiny": published_folders.tiny, "kl": published_folders.kl}

FEWER = {
    published_folders.tiny: {
        "encoder_block_out_channels": (8, 8, 8),
        "num_encoder_blocks": (1, 1, 1),
    },
    published_folders.kl: {
        "down_block_types": ("DownEncoderBlock2D",) * 3,
        "up_block_types": ("UpDecoderBlock2D",) * 3,
        "block_out_channels": (8, 8, 16),
    },
}


def load(folder):
    return published.load(folder, tiny.plain_cpu())


def rewrite(folder, change):
    path = folder / WEIGHTS
    save_file(change(load_file(path)), path, metadata={"format": "pt"})


def configure(folder, **changes):
    path = folder / CONFIG
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def of_diffusers(net, x):
    """(B,3,H,W) in [0,1] -> the latents that diffusers' pipelines hand on."""
    with torch.no_grad():
        coded = net.encode(x * 2 - 1)
        latents = coded.latents if hasattr(coded, "latents") else coded.latent_dist.mean
    return (latents - (net.config.shift_factor or 0)) * net.config.scaling_factor


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("change", [{}, {"scaling_factor": 0.36, "shift_factor": 0.12}])
def test_the_latents_are_those_of_diffusers(tmp_path, make, change):
    net = make(tmp_path / "a", **change)
    x = torch.rand(2, 3, 64, 96)
    assert torch.allclose(load(tmp_path / "a")(x), of_diffusers(net, x), atol=1e-5)


def test_sixteen_latents_without_quant_conv_as_in_flux_are_read(tmp_path):
    net = published_folders.kl(tmp_path / "a", latent_channels=16, use_quant_conv=False)
    x = torch.rand(1, 3, 32, 32)
    assert torch.allclose(load(tmp_path / "a")(x), of_diffusers(net, x), atol=1e-5)


def test_latents_scaled_by_their_own_means_and_deviations_are_read(tmp_path):
    change = {"latents_mean": (1.0, 2.0, 3.0, 4.0), "latents_std": (0.5, 1.0, 2.0, 4.0)}
    net = published_folders.kl(tmp_path / "a", **change)
    x = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        plain = net.encode(x * 2 - 1).latent_dist.mean
    mean, std = (torch.tensor(v).view(1, 4, 1, 1) for v in change.values())
    wanted = (plain - mean) * net.config.scaling_factor / std
    assert torch.allclose(load(tmp_path / "a")(x), wanted, atol=1e-5)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_half_precision_files_compute_in_float32(tmp_path, make):
    make(tmp_path / "a")
    rewrite(tmp_path / "a", lambda w: {k: v.half() for k, v in w.items()})
    encoder = load(tmp_path / "a")
    assert all(p.dtype == torch.float32 for p in encoder.stages.parameters())
    assert encoder(torch.rand(1, 3, 16, 16)).dtype == torch.float32


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_each_stage_but_the_last_ends_before_a_halving(tmp_path, make):
    make(tmp_path / "a")
    latents, features = load(tmp_path / "a").features(torch.rand(1, 3, 64, 96))
    assert [f.shape[-1] for f in features] == [96, 48, 24]
    assert latents.shape == (1, 4, 8, 12)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_the_stride_follows_the_number_of_stages(tmp_path, make):
    make(tmp_path / "a", **FEWER[make])
    encoder = load(tmp_path / "a")
    assert encoder.stride == 4
    assert encoder(torch.rand(1, 3, 33, 7)).shape == (1, 4, 9, 2)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_it_is_frozen_and_lets_gradients_through_to_the_picture(tmp_path, make):
    make(tmp_path / "a")
    encoder = load(tmp_path / "a")
    x = torch.rand(1, 3, 16, 16, requires_grad=True)
    encoder(x).square().sum().backward()
    assert x.grad is not None
    assert x.grad.abs().max() > 0
    assert not any(p.requires_grad for p in encoder.stages.parameters())
    assert not any(m.training for m in encoder.stages.modules())


def test_attention_under_its_old_names_is_read(tmp_path):
    """stabilityai/sd-vae-ft-mse was saved when diffusers called it query, key and value."""
    net = published_folders.kl(tmp_path / "a")
    rewrite(tmp_path / "a", lambda w: {_old(k): v for k, v in w.items()})
    assert any("query" in k for k in load_file(tmp_path / "a" / WEIGHTS))
    x = torch.rand(1, 3, 32, 32)
    assert torch.allclose(load(tmp_path / "a")(x), of_diffusers(net, x), atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "stored", "shown"),
    [
        ("kl", "encoder.conv_in.bias", "encoder.conv_in.bias"),
        ("tiny", "encoder.layers.0.bias", "0.bias"),
    ],
)
def test_a_tensor_of_another_shape_is_refused_with_its_name(tmp_path, kind, stored, shown):
    MAKERS[kind](tmp_path / "a")
    rewrite(tmp_path / "a", lambda w: w | {stored: torch.zeros(9)})
    with pytest.raises(UnknownWeights, match=re.escape(f"as {shown}, are not")):
        load(tmp_path / "a")


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_missing_tensor_is_refused(tmp_path, make):
    make(tmp_path / "a")
    rewrite(tmp_path / "a", lambda w: {k: v for k, v in w.items() if "conv" not in k})
    with pytest.raises(UnknownWeights, match="does not fit"):
        load(tmp_path / "a")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"_class_name": "AutoencoderDC"}, "AutoencoderDC"),
        ({"in_channels": 4}, "4 channels"),
        ({"latent_channels": "many"}, "makes no sense"),
        ({"latent_channels": 10**9}, "no network has"),
        ({"num_encoder_blocks": [1]}, "does not fit"),
        ({"act_fn": "gelu"}, "relu"),
        ({"encoder_block_out_channels": [8] * 9, "num_encoder_blocks": [1] * 9}, "9 stages"),
    ],
)
def test_a_config_that_postguard_cannot_use_is_told_in_words(tmp_path, change, said):
    published_folders.tiny(tmp_path / "a")
    configure(tmp_path / "a", **change)
    with pytest.raises(UnknownWeights, match=said):
        load(tmp_path / "a")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"_class_name": 3}'])
def test_any_other_config_is_unknown_weights_and_nothing_worse(tmp_path, text):
    published_folders.tiny(tmp_path / "a")
    (tmp_path / "a" / CONFIG).write_text(text)
    with pytest.raises(UnknownWeights, match=r"^a"):
        load(tmp_path / "a")


def test_a_kl_config_that_diffusers_refuses_is_told_in_words(tmp_path):
    published_folders.kl(tmp_path / "a")
    configure(tmp_path / "a", norm_num_groups=7)
    with pytest.raises(UnknownWeights, match="cannot build"):
        load(tmp_path / "a")


def test_a_truncated_file_is_a_clear_error(tmp_path):
    published_folders.tiny(tmp_path / "a")
    path = tmp_path / "a" / WEIGHTS
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnknownWeights, match="damaged"):
        load(tmp_path / "a")


def test_a_pickle_beside_it_is_never_opened(tmp_path):
    published_folders.tiny(tmp_path / "a")
    (tmp_path / "a" / WEIGHTS).rename(tmp_path / "a" / "diffusion_pytorch_model.bin")
    with pytest.raises(UnknownWeights, match="cannot be read"):
        load(tmp_path / "a")


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_the_known_answer_is_the_networks_own(tmp_path, make):
    make(tmp_path / "a")
    make(tmp_path / "same")
    make(tmp_path / "other", seed=1)
    answers = {name: published.check(tmp_path / name) for name in ("a", "same", "other")}
    assert len(answers["a"]) == 8
    assert answers["a"] == answers["same"] != answers["other"]
    assert all(float(f"{v:.3g}") == v for v in answers["a"])


def test_an_encoder_that_answers_with_no_numbers_is_refused(tmp_path):
    published_folders.tiny(tmp_path / "a")
    rewrite(tmp_path / "a", lambda w: {k: v * float("nan") for k, v in w.items()})
    with pytest.raises(UnknownWeights, match="does not answer"):
        published.check(tmp_path / "a")


def test_a_tiny_encoder_needs_no_diffusers(tmp_path):
    """Importing it takes 5 s, and a cold start of the cloak has less than 8."""
    published_folders.tiny(tmp_path / "a")
    code = (
        "import sys, pathlib; from postguard.cloak import published; "
        f"published.check(pathlib.Path({str(tmp_path / 'a')!r})); "
        "print('diffusers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def _old(name):
    for new, old in OLD_NAMES.items():
        name = name.replace(f".{new}.", f".{old}.")
    return name
