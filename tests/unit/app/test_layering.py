"""What protects a recipe's pictures, joined from its steps and its accounts."""

from __future__ import annotations

import importlib.util
import re

import pytest

from postguard.app import layering
from postguard.app.installation import Installation
from postguard.model.measures import STATED, STYLE


def signed(mining: str) -> str:
    """A recipe whose tags say something of AI, and whose files are signed."""
    return (
        f'[{{ step = "downscale", long_side = 800 }}, {{ step = "tags", mining = "{mining}" }}, '
        '{ step = "credentials" }]'
    )


@pytest.mark.parametrize(
    ("mining", "stated"), [("all-but-search", True), ("allowed", False), ("unspecified", False)]
)
def test_a_signature_states_no_more_than_the_tags_that_it_repeats(
    installation: Installation, mining: str, *, stated: bool
) -> None:
    text = installation.path.read_text().replace('[{ step = "notice" }]', signed(mining))
    installation.path.write_text(text)
    installation.reload()
    uses = layering.of_recipe(installation, "default").uses
    assert (STATED in {use.measure for use in uses}) is stated


def test_without_torch_a_style_counts_as_what_it_falls_back_to(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The patch stands for a machine without torch: the import system, not our code."""
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "torch" else find(name)
    )
    for fallback, weak in (("instant", True), ("none", False)):
        step = f'[{{ step = "cloak", mode = "style", fallback = "{fallback}" }}]'
        text = installation.path.read_text()
        installation.path.write_text(re.sub(r"(?m)^default = .*$", f"default = {step}", text))
        installation.reload()
        (use, *_) = layering.of_recipe(installation, "default").uses
        assert (use.measure, use.weakest) == (STYLE, weak)
