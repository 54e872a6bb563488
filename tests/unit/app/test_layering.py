"""What protects a recipe's pictures, joined from its steps and its accounts."""

from __future__ import annotations

import pytest

from postguard.app import layering
from postguard.app.installation import Installation
from postguard.model.measures import STATED


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
