"""A campaign: many posts on their way to two accounts of each network while everything fails that
can. `python -m tests.faults.campaign --posts 2000 --seed 1` ends with one line and the reasons.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import root
from tests.faults.clock import CampaignClock, ServersClock
from tests.faults.drops import FEDIS, SKIES, Drop, drops
from tests.faults.engine import Engine, engine_before
from tests.faults.plan import Plan
from tests.faults.reckoning import (
    Ledger,
    Reckoning,
    Seen,
    count_uploads,
    reckon,
    seen_on_mastodon,
    seen_on_pds,
)
from tests.servers.mastodon import MastodonServer, start_mastodon
from tests.servers.pds import Account, PdsServer, start_pds
from tests.system import rig
from tests.system.rig import Home

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([*root.PRELOADED])
SCOPES = "profile read:statuses write:statuses write:media"
# The cheapest recipe that still changes the picture; its parts are proved elsewhere.
RECIPE = rig.recipe(steps='  { step = "downscale", long_side = 64 },\n  { step = "tags" },\n')
# Never too late: what a late post becomes is a rule of its own, and hours pass here at once.
SCHEDULE = (
    '[schedule]\ngrace = "1s"\nif_later = "post"\n\n[intake]\nsettle = "1s"\nwords_wait = "2s"\n'
)


@dataclass
class Stage:
    """The servers, an engine before each, and the artist's home."""

    pds: PdsServer
    fedi: MastodonServer
    skies: dict[str, Account]
    tokens: dict[str, str]
    engines: dict[str, Engine]
    home: Home
    clock: CampaignClock
    plan: Plan
    happened: Counter[str] = field(default_factory=Counter)

    @property
    def ledger(self) -> Ledger:
        """What the artist's own rows say."""
        return Ledger(self.home.store, self.home.outbox)

    def run(self, dropped: list[Drop]) -> Reckoning:
        """Drop everything, live until all is at rest, and reckon."""
        self.live(0)
        for drop in dropped:
            drop.put_into(self.home.outbox)
        self.live(len(dropped))
        return self.reckoned(dropped)

    def live(self, dropped: int) -> None:
        """Run the child through all its lives. Raises AssertionError where one broke."""
        folder = self.home.folder
        child = FORKS.Process(target=root.lives, args=(folder, self.home.environment, dropped))
        child.start()
        child.join()
        code = child.exitcode
        child.close()
        assert code == 0, (folder / "root.log").read_text()[-4000:]

    def reckoned(self, dropped: list[Drop]) -> Reckoning:
        """Let in what is still under way, and compare."""
        for engine in self.engines.values():
            engine.settle()
        found = reckon(dropped, self.ledger, self.seen())
        uploads = [("the stand-in", media.uploaded) for media in self.fedi.media]
        count_uploads(found, uploads, self.ledger)
        return found

    def seen(self) -> dict[str, list[Seen]]:
        """What each account shows."""
        skies = {name: seen_on_pds(self.pds, self.skies[name].did) for name in self.skies}
        return skies | {name: seen_on_mastodon(self.fedi, name) for name in self.tokens}

    def faults(self) -> Counter[str]:
        """All that happened, by kind."""
        told: Counter[str] = Counter(root.read_fate(self.home.folder)["happened"])
        for engine in self.engines.values():
            told += engine.happened
        return told

    def unreached(self) -> list[str]:
        """The checkpoints at which the power never went."""
        left = root.read_fate(self.home.folder)["left"] or {}
        return [name for name, kills in left.items() if kills == self.plan.kills]


@contextmanager
def stage(folder: Path, pds: PdsServer, plan: Plan) -> Iterator[Stage]:
    """Set the stage for as long as the block lasts, before a PDS on this folder's clock."""
    clock = CampaignClock(folder / "clock.json")
    with (
        start_mastodon() as fedi,
        engine_before(pds.url, "pds", plan, clock) as before_pds,
        engine_before(fedi.url, "fedi", plan, clock) as before_fedi,
        rig.home_in(folder) as home,
    ):
        fedi.state.clock = ServersClock(clock)  # type: ignore[assignment]
        skies = {name: pds.new_account(f"{name}.test") for name in SKIES}
        for name in FEDIS:
            fedi.add_account(name)
        tokens = {name: fedi.token_for(name, SCOPES) for name in FEDIS}
        engines = {"pds": before_pds, "fedi": before_fedi}
        root.plan_file(folder, plan)
        made = Stage(pds, fedi, skies, tokens, engines, home, clock, plan)
        _configure(made)
        yield made


def _configure(made: Stage) -> None:
    made.home.configure(
        "".join(
            rig.sky(name, account.handle, made.engines["pds"].url)
            for name, account in made.skies.items()
        )
        + "".join(
            rig.fedi(name, made.engines["fedi"].url, f'visibility = "{audience}"')
            for name, audience in zip(FEDIS, ("public", "unlisted"), strict=True)
        ),
        rest=SCHEDULE,
        recipes=RECIPE,
    )
    made.home.knows(**{name: each.app_password for name, each in made.skies.items()})
    made.home.knows(**made.tokens)


def tell(made: Stage, found: Reckoning, say: Callable[[str], object]) -> None:
    """Say what happened, each held post with its reason, each difference; the counts come last."""
    faults = made.faults()
    say("faults: " + ", ".join(f"{kind} {number}" for kind, number in faults.most_common()))
    if unreached := made.unreached():
        say(f"the power never went {', '.join(unreached)}")
    for line in (*found.reasons, *found.differences):
        say(line)
    say(found.line(faults.total()))


def main() -> int:
    """Run one campaign; 1 when it found anything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    plan = Plan(asked.seed, asked.posts, kills=max(1, asked.posts // 200))
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    with (
        start_pds(folder / "pds", clock=folder / "clock.json") as pds,
        stage(folder, pds, plan) as made,
    ):
        found = made.run(drops(plan.seed, plan.posts))
        tell(made, found, print)
    if found.clean:
        shutil.rmtree(folder)
    else:
        sys.stderr.write(f"kept to be looked at: {folder}\n")
    return int(not found.clean)


if __name__ == "__main__":
    sys.exit(main())
