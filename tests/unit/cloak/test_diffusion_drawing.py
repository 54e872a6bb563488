"""What Stable Diffusion draws for us is what diffusers' own pipelines draw, at any size."""

from __future__ import annotations

import pytest
import torch
from torch import Generator

from postguard.cloak.architectures import UnknownWeights
from postguard.cloak.diffusion.drawing import anchor, compare, restyle
from postguard.cloak.diffusion.pipeline import Pipeline, load
from postguard.cloak.tensors import to_tensor
from tests.unit.cloak import tiny, tiny_diffusion

X = to_tensor(tiny.art(48, 72))


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory) -> Pipeline:
    pytest.importorskip("transformers", reason="transformers (extra sd) is not installed")
    folder = tmp_path_factory.mktemp("models") / "tiny"
    return load(tiny_diffusion.save(folder), tiny.plain_cpu())


def test_a_restyled_picture_is_what_diffusers_makes_of_the_folder(pipeline):
    from diffusers import StableDiffusionImg2ImgPipeline

    theirs = by_diffusers(StableDiffusionImg2ImgPipeline, pipeline)
    expected = theirs(
        prompt="an oil painting",
        image=pipeline.encode(X),
        strength=0.5,
        num_inference_steps=6,
        generator=seeded(1),
        output_type="pt",
    ).images
    found = restyle(pipeline, X, "an oil painting", seeded(1), steps=6)
    assert torch.allclose(found, expected, atol=1e-5)


def test_an_anchor_is_what_diffusers_draws_of_the_concept(pipeline):
    from diffusers import StableDiffusionPipeline

    theirs = by_diffusers(StableDiffusionPipeline, pipeline)
    asked = {"num_inference_steps": 4, "generator": seeded(2), "output_type": "pt"}
    expected = theirs(prompt="A photo of a fox", height=64, width=64, **asked).images
    found = anchor(pipeline, "fox", (64, 64), seeded(2), steps=4)
    assert torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (64, 64), (33, 65), (3, 150), (200, 40)])
def test_any_size_is_drawn_in_its_size_and_range(pipeline, size):
    for drawn in (
        restyle(pipeline, torch.rand(1, 3, *size), "a sketch", seeded(0), steps=2),
        anchor(pipeline, "fox", size, seeded(0), steps=2),
    ):
        assert drawn.shape == (1, 3, *size)
        assert drawn.isfinite().all()
        assert 0 <= float(drawn.min()) <= float(drawn.max()) <= 1
        assert not drawn.requires_grad


def test_the_seed_and_the_prompt_decide_the_drawing_and_the_loaded_parts_stay_as_they_were(
    pipeline,
):
    one, same, seed, prompt = (
        restyle(pipeline, X, words, seeded(s), steps=4)
        for words, s in (("a fox", 1), ("a fox", 1), ("a fox", 2), ("an owl in snow", 1))
    )
    assert torch.equal(one, same)
    assert not torch.allclose(one, seed, atol=1e-3)
    assert not torch.equal(one, prompt)
    assert pipeline.scheduler.num_inference_steps is None


def test_before_and_after_are_drawn_from_the_same_noise(pipeline):
    same = compare(pipeline, X, X, "a fox", seed=5)
    assert torch.equal(*same)
    before, after = compare(pipeline, X, 1 - X, "a fox", seed=5)
    assert torch.equal(before, same[0])
    assert torch.equal(after, restyle(pipeline, 1 - X, "a fox", seeded(5)))
    assert not torch.equal(before, after)


def test_nothing_is_printed_while_it_draws(pipeline, capfd):
    compare(pipeline, X, X, "a fox", seed=5)
    anchor(pipeline, "fox", (64, 64), seeded(0), steps=2)
    assert capfd.readouterr() == ("", "")


def test_without_a_text_encoder_nothing_is_drawn_and_the_reason_is_said(tmp_path):
    mute = load(tiny_diffusion.save(tmp_path / "mute", words=False), tiny.plain_cpu())
    with pytest.raises(UnknownWeights, match="mute reads no prompts"):
        restyle(mute, X, "a fox", seeded(0))
    with pytest.raises(UnknownWeights, match="mute reads no prompts"):
        anchor(mute, "fox", (64, 64), seeded(0))


def by_diffusers(kind, pipeline):
    """Load the folder by diffusers alone; with our sampler, for the folder names another."""
    theirs = kind.from_pretrained(
        pipeline.folder,
        scheduler=type(pipeline.scheduler).from_config(pipeline.scheduler.config),
        safety_checker=None,
        requires_safety_checker=False,
        local_files_only=True,
    )
    theirs.set_progress_bar_config(disable=True)
    return theirs


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)
