"""Every style is the same picture by another hand: any size, by seed, and far for an encoder."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Generator
from torch.nn import functional

from postguard.cloak.encoders import load_encoders
from postguard.cloak.styles import STYLES
from postguard.cloak.styles.colours import lightness
from postguard.cloak.styles.texture import blur, noise, unit
from postguard.cloak.tensors import to_tensor
from tests.unit.cloak import tiny

X = to_tensor(tiny.art(96, 128))
every_style = pytest.mark.parametrize("style", STYLES.values(), ids=list(STYLES))


@pytest.fixture(scope="module")
def real_encoders():
    return load_encoders(tiny.REAL, tiny.plain_cpu())


def drawn(style, x=X, seed=1):
    return style(x, Generator().manual_seed(seed))


@every_style
@pytest.mark.parametrize("size", [(1, 1), (1, 90), (70, 2), (33, 65)])
def test_any_size_keeps_its_shape_and_range(style, size):
    y = drawn(style, to_tensor(tiny.art(*size)))
    assert y.shape == (1, 3, *size)
    assert y.dtype == torch.float32
    assert 0 <= float(y.min()) <= float(y.max()) <= 1


@every_style
def test_the_seed_decides_every_stroke(style):
    one, same, other = (drawn(style, seed=s) for s in (5, 5, 6))
    assert torch.equal(one, same)
    assert float((one - other).abs().mean()) > 0.02


@every_style
def test_the_picture_given_is_left_as_it_is(style):
    x = X.clone()
    drawn(style, x)
    assert torch.equal(x, X)


@every_style
def test_a_style_is_farther_from_the_picture_than_strong_noise_for_every_encoder(tmp_path, style):
    y = drawn(style)
    signs = torch.randn(X.shape, generator=Generator().manual_seed(0)).sign()
    for encoder in tiny.encoders(tmp_path):
        latents, noisy = encoder(X), encoder((X + 8 / 255 * signs).clamp(0, 1))
        assert (encoder(y) - latents).norm() > 1.5 * (noisy - latents).norm()


@every_style
@pytest.mark.parametrize("art", ["flying-konqui.png", "pastel-hills.jpg"])
@pytest.mark.skipif(not tiny.REAL.is_dir(), reason="../shared/weights is not here")
def test_real_encoders_see_another_picture_even_of_flat_and_soft_art(real_encoders, style, art):
    with Image.open(tiny.ART / art) as image:
        x = to_tensor(np.asarray(image.convert("RGB").resize((192, 120))))
    for encoder in real_encoders:
        latents = encoder(x)
        assert (encoder(drawn(style, x)) - latents).norm() > 0.5 * latents.norm()


@every_style
@pytest.mark.parametrize("gray", [0.02, 0.5, 0.98])
def test_even_flat_colour_gets_strokes(style, gray):
    g = lightness(drawn(style, torch.full((1, 3, 96, 128), gray)))
    assert float((g - blur(g, 4)).std()) > 0.015


@every_style
def test_light_and_dark_parts_stay_where_they_are(style):
    y, x = (torch.linspace(-1, 1, n) for n in (96, 128))
    disc = ((x[None] ** 2 + y[:, None] ** 2) < 0.3).float()
    light = to_tensor(tiny.art(96, 128)) * 0.2 + 0.15 + 0.6 * disc
    seen = lightness(drawn(style, light))[0, 0]
    assert float(seen[disc == 1].mean() - seen[disc == 0].mean()) > 0.1


def test_no_two_styles_draw_alike():
    pictures = [drawn(style) for style in STYLES.values()]
    for i, one in enumerate(pictures):
        for other in pictures[:i]:
            assert float((one - other).abs().mean()) > 0.05


@pytest.mark.parametrize("size", [(320, 512), (640, 1024), (1280, 2048)])
def test_strokes_grow_with_the_picture(size):
    assert unit(torch.empty(1, 3, *size)) == pytest.approx(size[1] / 1024)


@pytest.mark.parametrize("period", [3.0, 12.0, 40.0])
def test_grain_has_its_period_and_deviation(period):
    """It is like itself within a tenth of the period, and like nothing a period away."""
    grain = noise(torch.empty(1, 3, 240, 240), period, Generator().manual_seed(0))
    near, far = (grain[..., n:] * grain[..., : 240 - n] for n in (1 + round(period / 10), 60))
    assert float(grain.std()) == pytest.approx(1, abs=0.15)
    assert float(near.mean()) > 0.3
    assert abs(float(far.mean())) < 0.25


def test_a_blur_keeps_flat_colour_and_the_mean_of_a_dot():
    flat = torch.full((1, 2, 9, 7), 0.3)
    assert torch.allclose(blur(flat, 3.0), flat, atol=1e-6)
    dot = functional.pad(torch.ones(1, 1, 1, 1), (20,) * 4)
    assert float(blur(dot, 3.0).sum()) == pytest.approx(1, abs=1e-5)
