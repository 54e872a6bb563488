"""The surrogate that is shipped is the one that docs/models.md describes, and works as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from postguard.cloak.architectures import SURROGATE, identify
from postguard.cloak.encoders import OWN, surrogate
from postguard.system.files import sha256_of
from tests.unit.cloak import tiny

CARD = Path(__file__).parents[3] / "docs" / "models.md"
needs_art = pytest.mark.skipif(not tiny.REAL.is_dir(), reason="../shared/weights is not here")


def test_the_file_is_the_one_that_the_model_card_names():
    told = re.search(r"`surrogate\.safetensors`.*?`([0-9a-f]{64})`", CARD.read_text("utf-8"), re.S)
    assert told is not None
    assert sha256_of(OWN) == told[1]


def test_the_file_is_small_and_known_by_its_tensors():
    assert OWN.stat().st_size <= 3_000_000
    assert identify(OWN).family == SURROGATE


@pytest.mark.parametrize(("height", "width"), [(1, 1), (32, 64), (70, 33)])
def test_both_heads_answer_on_one_grid_at_any_size(height, width):
    encoder = surrogate(tiny.plain_cpu())
    latents = encoder(torch.rand(1, 3, height, width))
    rows, columns = (4 * -(-n // 32) for n in (height, width))
    assert latents.shape == (1, 64, rows, columns)
    sana = latents[:, 32:]
    assert torch.equal(sana, sana[..., ::4, ::4].repeat_interleave(4, -1).repeat_interleave(4, -2))


def test_it_is_one_more_frozen_encoder_with_stages_for_the_styles():
    encoder = surrogate(tiny.plain_cpu())
    assert encoder.name == SURROGATE
    assert not any(p.requires_grad for p in encoder.stages.parameters())
    _, features = encoder.features(torch.rand(1, 3, 64, 64))
    assert [f.shape[1:] for f in features] == [(48, 32, 32), (64, 16, 16)]
