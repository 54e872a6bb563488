"""The page of figures tells of each bench when it was run: most are kept from another day."""

from __future__ import annotations

from datetime import UTC, datetime

from bench.__main__ import kept, page, section

OLD = "## Start-up\n\n`python -m bench.startup`, on 2026-11-23\n\n| figure |\n"


def test_a_bench_that_is_kept_keeps_its_day_and_one_that_is_run_tells_todays():
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    sections = {**dict(kept(f"# Benchmarks\n\n{OLD}")), "queue": section("queue", "| figure |")}
    head, *found = page(list(sections.values())).split("## ")
    assert [f"## {part.strip()}\n" for part in found[:1]] == [OLD]
    assert f"`python -m bench.queue`, on {today}" in found[1]
    assert today not in head
