"""Stable Diffusion is loaded from a folder alone, frozen; what is missing is said in words."""

from __future__ import annotations

import json
import re
import shutil
import socket
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from postguard.cloak.architectures import UnknownWeights
from postguard.cloak.device import Device
from postguard.cloak.diffusion import prompts
from postguard.cloak.diffusion.folders import check, find, name_of
from postguard.cloak.diffusion.pipeline import load
from postguard.cloak.diffusion.prompts import EXTRA
from postguard.system import extras
from tests.unit.cloak import tiny, tiny_diffusion

WORDS = find_spec(EXTRA) is not None
needs_words = pytest.mark.skipif(not WORDS, reason="transformers (extra sd) is not installed")


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    return tiny_diffusion.save(tmp_path_factory.mktemp("models") / "tiny", words=WORDS)


@pytest.fixture
def own(saved, tmp_path) -> Path:
    """A copy that a test may spoil."""
    return shutil.copytree(saved, tmp_path / "own")


def test_a_pipeline_is_found_given_directly_in_the_models_folder_and_in_a_hub_cache(tmp_path):
    cache = tmp_path / "models--artist--small-sd" / "snapshots" / "0a1b2c"
    tiny_diffusion.save_index(cache, "StableDiffusionPipeline")
    assert find(tmp_path) == find(cache) == cache
    assert name_of(cache) == "artist/small-sd"
    plain = tmp_path / "a folder"
    tiny_diffusion.save_index(plain, "StableDiffusionPipeline")
    assert find(tmp_path) == plain
    assert name_of(plain) == "a folder"


def test_other_pipelines_and_odd_files_are_passed_over(tmp_path):
    tiny_diffusion.save_index(tmp_path / "a", "StableDiffusionXLPipeline")
    (tmp_path / "taesd_encoder.safetensors").write_bytes(b"")
    for name, text in (("b", "no json"), ("c", "[]")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model_index.json").write_text(text)
    assert find(tmp_path) is None
    assert find(tmp_path / "nowhere") is None


def test_each_other_folder_is_refused_with_its_name_and_the_reason(tmp_path):
    with pytest.raises(UnknownWeights, match=f"{tmp_path} is no diffusers pipeline"):
        check(tmp_path)
    tiny_diffusion.save_index(tmp_path, "FluxPipeline")
    with pytest.raises(UnknownWeights, match=f"{tmp_path} holds a FluxPipeline"):
        check(tmp_path)
    tiny_diffusion.save_index(tmp_path, "StableDiffusionPipeline")
    with pytest.raises(
        UnknownWeights, match=r"lacks unet/config\.json, vae/config\.json, .*unet/"
    ):
        check(tmp_path)


def test_weights_that_can_run_programs_are_not_read_and_the_message_says_so(own):
    weights = own / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(UnknownWeights, match=r"lacks unet/diff.*\.safetensors; its \.bin files"):
        load(own, tiny.plain_cpu())


def test_the_parts_are_frozen_and_float32_where_bfloat16_gains_nothing(saved):
    pipeline = load(saved, tiny.plain_cpu())
    for part in (pipeline.unet, pipeline.vae):
        assert not part.training
        assert all(not p.requires_grad and p.dtype == torch.float32 for p in part.parameters())


def test_only_the_unet_is_halved_where_bfloat16_gains(saved):
    pipeline = load(saved, Device(torch.device("cpu"), "CPU", bf16=True))
    assert pipeline.unet.dtype == torch.bfloat16
    assert pipeline.vae.dtype == torch.float32


def test_nothing_is_asked_of_the_network(saved, monkeypatch):
    asked: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, *to: asked.append(to))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *to, **_: asked.append(to) or [])
    load(saved, tiny.plain_cpu())
    assert asked == []


def test_half_precision_files_are_taken_where_there_are_no_others(own):
    for part in ("unet", "vae"):
        plain = own / part / "diffusion_pytorch_model.safetensors"
        half = {k: v.half() for k, v in load_file(plain).items()}
        save_file(half, plain.with_suffix(".fp16.safetensors"), {"format": "pt"})
        plain.unlink()
    pipeline = load(own, tiny.plain_cpu())
    assert pipeline.unet.dtype == pipeline.vae.dtype == torch.float32


def test_a_damaged_file_is_a_clear_error(own):
    path = own / "vae" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnknownWeights, match=r"own/vae cannot be loaded"):
        load(own, tiny.plain_cpu())


def test_a_missing_tensor_is_an_error_and_never_random_weights(own):
    path = own / "unet" / "diffusion_pytorch_model.safetensors"
    weights = load_file(path)
    del weights["conv_in.weight"]
    save_file(weights, path, {"format": "pt"})
    with pytest.raises(UnknownWeights, match=r"own/unet.*conv_in\.weight"):
        load(own, tiny.plain_cpu())


def test_a_model_for_inpainting_and_a_guess_of_another_kind_are_refused(own):
    _change(own / "scheduler" / "scheduler_config.json", prediction_type="flow_prediction")
    with pytest.raises(UnknownWeights, match="own predicts flow_prediction"):
        load(own, tiny.plain_cpu())
    _change(own / "unet" / "config.json", in_channels=9)
    path = own / "unet" / "diffusion_pytorch_model.safetensors"
    weights = load_file(path)
    weights["conv_in.weight"] = torch.zeros(8, 9, 3, 3)
    save_file(weights, path, {"format": "pt"})
    with pytest.raises(UnknownWeights, match="own is made for inpainting"):
        load(own, tiny.plain_cpu())


def test_without_a_text_encoder_zeros_stand_in_and_the_record_says_so(tmp_path):
    folder = tiny_diffusion.save(tmp_path / "mute", words=False)
    pipeline = load(folder, tiny.plain_cpu())
    assert pipeline.blank.shape[-1] == pipeline.unet.config.cross_attention_dim
    assert not pipeline.blank.any()
    assert pipeline.record()["pipeline"] == "mute"
    assert pipeline.record()["prompt"].startswith("zeros, for ")
    assert str(tmp_path) not in json.dumps(pipeline.record())
    with pytest.raises(UnknownWeights, match="mute reads no prompts: "):
        pipeline.embed("a fox")


def test_what_reads_prompts_is_installed_as_postguard_was_and_no_record_names_a_place(
    saved, monkeypatch
):
    """The package index may know another `postguard` than the one whose source lies here."""
    monkeypatch.setattr(prompts, "find_spec", lambda _name: None)  # as without transformers
    pipeline = load(saved, tiny.plain_cpu())
    said = f"transformers is not installed; install it with: {extras.install('sd')}"
    with pytest.raises(UnknownWeights, match=re.escape(said)):
        pipeline.embed("a fox")
    assert pipeline.record()["prompt"] == "zeros, for transformers is not installed"


@needs_words
def test_prompts_are_read_to_their_77th_token_and_differ(saved):
    pipeline = load(saved, tiny.plain_cpu())
    fox, owl, long = (pipeline.embed(p) for p in ("a fox", "an owl", "fox " * 100))
    assert fox.shape == owl.shape == long.shape == (1, 77, 8)
    assert not torch.allclose(fox, owl)
    assert torch.equal(pipeline.embed(""), pipeline.blank)
    assert pipeline.record()["prompt"] == "empty"


@needs_words
def test_a_damaged_text_encoder_is_an_error_and_not_mistaken_for_a_missing_one(own):
    path = own / "text_encoder" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnknownWeights, match="own/text_encoder cannot be loaded"):
        load(own, tiny.plain_cpu())


@pytest.mark.parametrize(("height", "width"), [(1, 1), (64, 64), (33, 65), (3, 200)])
def test_any_size_is_encoded_and_comes_back_in_its_size_and_range(saved, height, width):
    pipeline = load(saved, tiny.plain_cpu())
    x = torch.rand(1, 3, height, width)
    z = pipeline.encode(x)
    assert z.shape == (1, 4, -(-height // 8), -(-width // 8))
    shown = pipeline.decode(z, (height, width))
    assert shown.shape == x.shape
    assert 0 <= float(shown.min()) <= float(shown.max()) <= 1


def _change(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_broken_one_is_done_without_unless_the_recipe_insists(tmp_path, caplog):
    from postguard.cloak.__main__ import usable

    tiny_diffusion.save_index(tmp_path / "half", "StableDiffusionPipeline")
    assert usable(tmp_path / "half", tiny.plain_cpu(), insists=False) is None
    assert "Stable Diffusion is not used: " in caplog.text
    with pytest.raises(UnknownWeights, match="lacks"):
        usable(tmp_path / "half", tiny.plain_cpu(), insists=True)
