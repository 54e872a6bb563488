"""Each denoiser term follows its formula, protects when descended, and holds one graph at most."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from types import SimpleNamespace
from typing import get_args

import pytest
import torch
from torch import Generator, Tensor, nn

from postguard.cloak.diffusion.denoiser import Term, as_loss, denoiser_loss, latent_gradient
from postguard.cloak.diffusion.pipeline import Pipeline, load
from postguard.cloak.diffusion.prompts import EXTRA
from postguard.cloak.tensors import to_tensor
from tests.unit.cloak import tiny, tiny_diffusion

TERMS = get_args(Term)
X = to_tensor(tiny.art(64, 80))


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory) -> Pipeline:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    words = find_spec(EXTRA) is not None
    return load(tiny_diffusion.save(folder, words=words), tiny.plain_cpu())


@pytest.fixture(scope="module")
def aim(pipeline) -> Tensor:
    return pipeline.encode(1 - X)


@pytest.mark.parametrize("term", TERMS)
def test_a_gradient_is_finite_of_the_latents_shape_and_decided_by_the_seed(pipeline, aim, term):
    z = pipeline.encode(X)
    one, same, other = (latent_gradient(term, z, pipeline, seeded(s), aim) for s in (3, 3, 4))
    assert one.shape == z.shape
    assert one.isfinite().all()
    assert float(one.norm()) > 0
    assert not one.requires_grad
    assert torch.equal(one, same)
    assert not torch.allclose(one, other)


@pytest.mark.parametrize("term", TERMS)
def test_the_networks_get_no_gradient(pipeline, aim, term):
    x = X.clone().requires_grad_(True)
    denoiser_loss(term, x, pipeline, seeded(0), aim).backward()
    assert float(x.grad.norm()) > 0
    for part in (pipeline.unet, pipeline.vae):
        assert all(p.grad is None for p in part.parameters())


@pytest.mark.parametrize("term", TERMS)
def test_the_loss_carries_the_latents_gradient_to_the_pixels(pipeline, aim, term):
    x = X.clone().requires_grad_(True)
    loss = denoiser_loss(term, x, pipeline, seeded(7), aim)
    (found,) = torch.autograd.grad(loss, x)
    z = pipeline.encode(x)
    towards = latent_gradient(term, z.detach(), pipeline, seeded(7), aim)
    (expected,) = torch.autograd.grad(z, x, towards / towards.norm() / z.detach().norm())
    assert torch.allclose(found, expected, rtol=1e-4, atol=1e-8)
    assert -1 <= float(loss.detach()) <= 1


def test_terms_of_any_size_weigh_the_same():
    z, gradient = torch.randn(1, 4, 6, 6), torch.randn(1, 4, 6, 6)
    assert torch.allclose(as_loss(z, gradient), as_loss(z, 1000 * gradient))
    assert float(as_loss(z, 0 * gradient)) == 0


@pytest.mark.parametrize(
    ("term", "first", "last"),
    [("sds", 0, 1000), ("ace", 600, 1000), ("diffusionguard", 500, 900)],
)
def test_each_term_draws_its_own_times(pipeline, aim, term, first, last):
    times: list[int] = []
    hook = pipeline.unet.register_forward_pre_hook(lambda _, inputs: times.append(inputs[1]))
    generator, z = seeded(0), pipeline.encode(X)
    for _ in range(60):
        latent_gradient(term, z, pipeline, generator, aim)
    hook.remove()
    assert first <= min(times) < first + 0.1 * (last - first)
    assert last - 0.1 * (last - first) < max(times) < last


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_sds_has_nothing_to_say_to_a_denoiser_that_finds_all_noise(pipeline, aim, prediction):
    z = pipeline.encode(X)
    scheduler = type(pipeline.scheduler).from_config(
        pipeline.scheduler.config, prediction_type=prediction
    )
    knowing = replace(pipeline, unet=Knowing(z, scheduler.alphas_cumprod, prediction))
    knowing = replace(knowing, scheduler=scheduler)
    for seed in range(4):
        gradient = latent_gradient("sds", z, knowing, seeded(seed), aim)
        assert float(gradient.abs().max()) < 1e-3
        wrong = latent_gradient("sds", z + 1, knowing, seeded(seed), aim)
        assert float(wrong.abs().max()) > 0.03


def test_descending_ace_brings_the_predictions_to_the_target(pipeline, aim):
    def missed(z: Tensor) -> Tensor:
        return torch.stack([(guess - aim).pow(2).mean() for guess in predicted(pipeline, z)])

    start = pipeline.encode(X)
    moved = descended("ace", start, pipeline, aim)
    assert float(missed(moved).mean()) < 0.9 * float(missed(start).mean())


def test_descending_diffusionguard_makes_the_predictions_large(pipeline, aim):
    def size(z: Tensor) -> Tensor:
        return torch.stack([guess.norm() for guess in predicted(pipeline, z)])

    start = pipeline.encode(X)
    moved = descended("diffusionguard", start, pipeline, aim)
    assert (size(moved) > size(start)).all()


@pytest.mark.parametrize("term", ["ace", "diffusionguard"])
def test_the_graph_of_the_vae_is_not_built_before_that_of_the_unet_is_gone(pipeline, aim, term):
    kept, seen = Kept(), Seen()
    with kept.counting(), seen.on(pipeline, lambda: kept.alive):
        denoiser_loss(term, X.clone().requires_grad_(True), pipeline, seeded(0), aim).backward()
    assert seen.before_unet == [X.numel()]  # the picture alone
    assert seen.after_unet[0] > 4 * X.numel()
    assert len(seen.before_vae) == 2
    assert max(seen.before_vae) < 2 * X.numel()


def test_sds_keeps_nothing_of_the_unet_and_encodes_once(pipeline, aim):
    kept, seen = Kept(), Seen()
    with kept.counting(), seen.on(pipeline, lambda: kept.alive):
        denoiser_loss("sds", X.clone().requires_grad_(True), pipeline, seeded(0), aim).backward()
    assert seen.before_unet == seen.after_unet
    assert len(seen.before_vae) == 1


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def descended(term: Term, z: Tensor, pipeline: Pipeline, aim: Tensor) -> Tensor:
    generator = seeded(1)
    for _ in range(30):
        gradient = latent_gradient(term, z, pipeline, generator, aim)
        z = z - 0.2 * gradient / gradient.square().mean().sqrt()
    return z


def predicted(pipeline: Pipeline, z: Tensor) -> list[Tensor]:
    """What the UNet sees in the latents at fixed late times, by the formula in the papers."""
    generator = seeded(99)
    guesses = []
    for t in (620, 700, 780, 860):
        a = pipeline.scheduler.alphas_cumprod[t]
        noisy = a.sqrt() * z + (1 - a).sqrt() * torch.randn(z.shape, generator=generator)
        with torch.no_grad():
            guesses.append(pipeline.unet(noisy, t, encoder_hidden_states=pipeline.blank).sample)
    return guesses


class Knowing(nn.Module):
    """A denoiser that was told the latents: its predictions are right, in each way to say them."""

    dtype = torch.float32

    def __init__(self, z: Tensor, kept: Tensor, prediction: str) -> None:
        super().__init__()
        self.z, self.kept, self.prediction = z, kept, prediction

    def forward(self, noisy: Tensor, t: int, encoder_hidden_states: Tensor) -> SimpleNamespace:
        del encoder_hidden_states
        signal, share = self.kept[t].sqrt(), (1 - self.kept[t]).sqrt()
        noise = (noisy - signal * self.z) / share
        said = {
            "epsilon": noise,
            "v_prediction": signal * noise - share * self.z,
            "sample": self.z,
        }
        return SimpleNamespace(sample=said[self.prediction])


@dataclass
class Kept:
    """Counts the numbers that autograd holds for a backward pass at this moment."""

    alive: int = 0

    def counting(self) -> torch.autograd.graph.saved_tensors_hooks:
        gc.collect()
        return torch.autograd.graph.saved_tensors_hooks(self.pack, lambda held: held.tensor)

    def pack(self, tensor: Tensor) -> Held:
        self.alive += tensor.numel()
        return Held(tensor, self)


@dataclass
class Held:
    tensor: Tensor
    kept: Kept

    def __del__(self) -> None:
        self.kept.alive -= self.tensor.numel()


@dataclass
class Seen:
    """What a gauge showed when the networks began and ended."""

    before_unet: list[int] = field(default_factory=list)
    after_unet: list[int] = field(default_factory=list)
    before_vae: list[int] = field(default_factory=list)
    hooks: list[torch.utils.hooks.RemovableHandle] = field(default_factory=list)

    def on(self, pipeline: Pipeline, gauge: Callable[[], int]) -> Seen:
        unet, vae = pipeline.unet, pipeline.vae.encoder
        self.hooks = [
            unet.register_forward_pre_hook(lambda *_: self.before_unet.append(gauge())),
            unet.register_forward_hook(lambda *_: self.after_unet.append(gauge())),
            vae.register_forward_pre_hook(lambda *_: self.before_vae.append(gauge())),
        ]
        return self

    def __enter__(self) -> Seen:
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self.hooks:
            hook.remove()
