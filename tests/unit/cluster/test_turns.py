"""One alone, or many together."""

from __future__ import annotations

import asyncio

from postguard.cluster.turns import Turns


async def beside(turns: Turns, here: set[str], name: str, *, alone: bool) -> set[str]:
    """Work for a moment; return who was there meanwhile."""
    async with turns.alone() if alone else turns.together():
        here.add(name)
        for _ in range(3):
            await asyncio.sleep(0)
        seen = set(here)
        here.remove(name)
    return seen


async def everyone(*alone: str) -> dict[str, set[str]]:
    """Let a, b, c and d begin at once."""
    turns, here = Turns(), set[str]()
    jobs = {n: beside(turns, here, n, alone=n in alone) for n in "abcd"}
    return dict(zip(jobs, await asyncio.gather(*jobs.values()), strict=True))


def test_all_work_together_while_nobody_asks_to_be_alone() -> None:
    seen = asyncio.run(everyone())
    assert any(len(there) == 4 for there in seen.values())


def test_whoever_asks_to_be_alone_is() -> None:
    seen = asyncio.run(everyone("b", "c"))
    assert (seen["b"], seen["c"]) == ({"b"}, {"c"})
    assert not seen["a"] & {"b", "c"}
    assert not seen["d"] & {"b", "c"}


def test_one_that_gives_up_asking_keeps_nobody_from_work() -> None:
    async def given_up() -> set[str]:
        turns, here = Turns(), set[str]()
        async with turns.together():
            asking = asyncio.create_task(beside(turns, here, "b", alone=True))
            await asyncio.sleep(0)
            asking.cancel()
            await asyncio.wait({asking})
            return await asyncio.wait_for(beside(turns, here, "a", alone=False), 5)

    assert asyncio.run(given_up()) == {"a"}
