from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from postguard.app.archive.report import bars, middle, page, summary_of
from postguard.store.archive import Entry, Made

FIGURES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50)


@given(FIGURES)
def test_every_value_lies_in_one_bar(values: list[float]) -> None:
    found, low, high = bars(values)
    assert sum(found) == len(values)
    assert low == min(values)
    assert high >= max(values) - 1e-6 * max(1.0, abs(high))


@given(FIGURES)
def test_half_of_the_values_lie_on_each_side_of_the_middle(values: list[float]) -> None:
    here = middle(values)
    assert sum(v <= here for v in values) * 2 >= len(values)
    assert sum(v >= here for v in values) * 2 >= len(values)


def test_the_page_tells_strength_visibility_and_failures() -> None:
    entries = [
        Entry("a.png", Made("a.jpg", "", 2.0, 91.5, 0.2)),
        Entry("<b>.png", Made("", ""), "it is <no> picture"),
    ]
    shown = page(summary_of(entries), "style")
    assert "1 picture, recipe style" in shown
    assert "least 91.5" in shown
    assert "least 0.2" in shown
    assert "&lt;b&gt;.png" in shown
    assert "it is &lt;no&gt; picture" in shown
    assert "<no>" not in shown


def test_an_archive_without_a_cloak_has_no_plot_of_its_strength() -> None:
    shown = page(summary_of([Entry("a.png", Made("a.jpg", "", 2.0, 91.5))]), "marks")
    assert "cloak" not in shown
    assert "Nothing failed" in shown
