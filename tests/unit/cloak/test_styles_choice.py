"""The style is far from the artist's own, the same for all their works, and nobody's guess."""

from __future__ import annotations

import json

import pytest
import torch

from postguard.cloak.styles import STYLES
from postguard.cloak.styles.choice import choose, signature, style_of
from postguard.cloak.styles.memory import MOST_WORKS, Memory, read, remember
from postguard.cloak.tensors import to_tensor
from tests.unit.cloak import tiny

X = to_tensor(tiny.art(48, 64))
OTHER = to_tensor(tiny.art(64, 40, seed=4))
SECRETS = [bytes([n]) * 32 for n in range(40)]


@pytest.fixture
def encoders(tmp_path):
    return tiny.encoders(tmp_path / "models")


@pytest.fixture
def memory(tmp_path):
    return tmp_path / "style.json"


def at(*distances):
    """Signatures at these distances from the origin."""
    return {f"style{i}": torch.tensor([float(d), 0.0]) for i, d in enumerate(distances)}


def test_only_the_farther_half_of_the_styles_is_chosen_and_each_of_it_by_some_secret():
    own = [torch.tensor([0.0, 1.0]), torch.tensor([0.0, -1.0])]
    chosen = {choose(own, at(5, 1, 4, 2, 3, 6), secret) for secret in SECRETS}
    assert chosen == {"style0", "style2", "style5"}


def test_the_same_secret_chooses_the_same_in_any_order():
    own, styles = [torch.zeros(2)], at(1, 2, 3, 4, 5)
    backwards = dict(reversed(styles.items()))
    assert [choose(own, styles, s) for s in SECRETS] == [
        choose(own, backwards, s) for s in SECRETS
    ]


def test_a_signature_counts_every_encoder_alike_and_tells_pictures_apart(encoders):
    one, other = signature(encoders, X), signature(encoders, OTHER)
    alone = [signature([e], X) for e in encoders]
    assert torch.allclose(one, torch.cat(alone))
    assert all(float(part.norm()) == pytest.approx(1, abs=1e-5) for part in alone)
    assert one.shape == other.shape
    assert float((one - other).norm()) > 10 * float((one - signature(encoders, X)).norm())


@pytest.mark.parametrize("size", [(1, 1), (3, 700), (600, 500)])
def test_a_work_of_any_size_has_a_signature(encoders, size):
    found = signature(encoders, to_tensor(tiny.art(*size)))
    assert found.dim() == 1
    assert bool(found.isfinite().all())


def test_the_first_work_decides_and_later_works_keep_to_it(encoders, memory):
    first = style_of(X, encoders, SECRETS[0], memory)
    kept = memory.read_bytes()
    assert first in STYLES
    assert [style_of(OTHER, encoders, s, memory) for s in SECRETS[:3]] == [first] * 3
    assert memory.read_bytes() == kept


def test_without_a_memory_the_same_work_still_gets_the_same_style(encoders):
    found = {style_of(X, encoders, SECRETS[1], None) for _ in range(2)}
    assert len(found) == 1


def test_a_style_that_is_no_more_is_chosen_anew_from_all_works(encoders, memory):
    before = signature(encoders, OTHER).tolist()
    remember(memory, "fresco", [before])
    chosen = style_of(X, encoders, SECRETS[0], memory)
    known = read(memory)
    assert chosen == known.style in STYLES
    assert [len(w) for w in known.works] == [len(before)] * 2
    assert known.works[1] == pytest.approx(signature(encoders, X).tolist(), abs=1e-5)


def test_works_seen_by_other_encoders_do_not_count(encoders, memory):
    remember(memory, None, [[0.5, 0.5]])
    assert style_of(X, encoders, SECRETS[0], memory) in STYLES
    assert len(read(memory).works) == 1


def test_the_memory_holds_the_last_works_as_plain_json(memory):
    remember(memory, "oil", [[n + 0.123456789] for n in range(MOST_WORKS + 3)])
    found = json.loads(memory.read_text())
    assert found["style"] == "oil"
    assert found["works"] == [[n + 0.12346] for n in range(3, MOST_WORKS + 3)]
    assert read(memory) == Memory("oil", tuple((n + 0.12346,) for n in range(3, MOST_WORKS + 3)))


@pytest.mark.parametrize(
    "damage",
    [b"", b'{"style": "oi', b"[]", b'{"style": 3}', b'{"works": [["a"]]}', b"\xff\x00", b"null"],
)
def test_a_damaged_memory_is_as_if_there_were_none(encoders, memory, damage):
    memory.write_bytes(damage)
    assert read(memory) == Memory()
    assert style_of(X, encoders, SECRETS[2], memory) == read(memory).style


def test_a_missing_memory_is_empty(memory):
    assert read(memory) == Memory()
