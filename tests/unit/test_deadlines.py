from __future__ import annotations

import time

from hypothesis import Phase, given, settings
from hypothesis import strategies as st


@settings(max_examples=1, phases=[Phase.generate])
@given(st.none())
def test_a_busy_machine_fails_no_property_test(nothing: None) -> None:
    """Longer than hypothesis would wait by itself."""
    assert nothing is None
    until = time.perf_counter() + 0.25
    while time.perf_counter() < until:
        pass
