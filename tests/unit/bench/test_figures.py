"""The page of figures tells of each bench when it was run: most are kept from another day."""

from __future__ import annotations

from datetime import UTC, datetime

from bench.__main__ import TABLE, in_order, kept, page, section

OLD = "## Start-up\n\n`python -m bench.startup`, on 2026-11-23\n\n| figure |\n"


def test_a_bench_that_is_kept_keeps_its_day_and_one_that_is_run_tells_todays():
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    sections = {**dict(kept(f"# Benchmarks\n\n{OLD}")), "queue": section("queue", "| figure |")}
    head, *found = page(list(sections.values())).split("## ")
    assert [f"## {part.strip()}\n" for part in found[:1]] == [OLD]
    assert f"`python -m bench.queue`, on {today}" in found[1]
    assert today not in head


def test_what_is_written_by_hand_stays_on_the_page_behind_the_benches():
    by_hand = "## How a cloak is measured\n\nAs `python -m bench.startup` does not.\n"
    sections = dict(kept(f"# Benchmarks\n\n{by_hand}\n{OLD}"))
    assert in_order(sections) == [OLD, by_hand]


def test_no_section_of_the_page_is_lost_when_it_is_written_anew():
    text = TABLE.read_text(encoding="utf-8")
    again = page(in_order(dict(kept(text))))
    assert sorted(again.split("\n## ")[1:]) == sorted(
        f"{p.rstrip()}\n" for p in text.split("\n## ")[1:]
    )
