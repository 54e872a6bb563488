"""A cloak that another machine is to draw, where that machine is there, asleep or broken."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from postguard.cloak.child import GRACE_SECONDS, OutOfReach
from postguard.cloak.elsewhere import Away, FarEngine
from postguard.cloak.job import Measurement, Order, Why
from postguard.errors import StepFailed, Unfinished, Waiting
from postguard.model import Elsewhere, Json

JOB: dict[str, Json] = {"modes": ["style"], "fallback": "instant"}
WHOLE: dict[str, Json] = {
    **JOB,
    "ceiling": 20,
    "floor": 65.0,
    "seed": "1e" * 32,
    "artist_seed": "2e" * 32,
    "time_limit": 60.0,
}
NOBODY = OutOfReach("absent", "no machine of the cluster is on")


@dataclass
class Engine:
    """A machine: what it says of a job, or what goes wrong with it."""

    name: str
    wrong: Exception | None = None
    jobs: list[Mapping[str, Json]] = field(default_factory=list)

    def available(self) -> str | None:
        return None

    def close(self) -> None:
        pass

    def cloak(self, job, source, target, on_step) -> Mapping[str, Json]:
        self.jobs.append(job)
        if self.wrong:
            raise self.wrong
        return {"device": self.name, "rung": "all"}

    def measure(self, asked, before, after, on_step) -> Mapping[str, Json]:
        if self.wrong:
            raise self.wrong
        return {"measured by": self.name}


def cloaked(
    far: Engine,
    here: Engine,
    *,
    waits: bool = False,
    last: bool = False,
    place: str = "local",
    **job: Json,
):
    """What comes of a job."""
    there = Elsewhere("tls://nas:8786", Path("keys"), fallback=place, waits=waits, last=last)
    away = Away(there, far, here)
    return away.cloak({**JOB, **job}, Path("in"), Path("out"), lambda _: None)


def test_another_machine_draws_it_where_one_is_there() -> None:
    here = Engine("here")
    record = cloaked(Engine("far"), here, waits=True)
    assert record == {"device": "far", "rung": "all", "where": "cluster"}
    assert here.jobs == []


def test_it_waits_for_a_machine_that_is_off_as_long_as_it_may() -> None:
    here = Engine("here")
    with pytest.raises(Waiting, match="no machine of the cluster"):
        cloaked(Engine("far", NOBODY), here, waits=True)
    assert here.jobs == []


def test_then_it_is_drawn_here_and_the_record_says_why() -> None:
    record = cloaked(Engine("far", NOBODY), Engine("here"))
    assert record["device"] == "here"
    assert record["fallback"] == [{"rung": "elsewhere", "why": "absent"}]
    assert "where" not in record


def test_or_lighter_where_the_artist_says_so() -> None:
    here = Engine("here")
    record = cloaked(Engine("far", NOBODY), here, place="instant")
    assert here.jobs[0]["modes"] == ["instant"]
    assert (record["modes"], record["asked"]) == (["instant"], ["style"])


@pytest.mark.parametrize("least", ["none", "surrogate"])
def test_it_is_no_lighter_than_the_recipe_allows(least: str) -> None:
    """The step would refuse it, after all that work, as another cloak than asked."""
    here = Engine("here")
    record = cloaked(Engine("far", NOBODY), here, place="instant", fallback=least)
    assert here.jobs[0]["modes"] == ["style"]
    assert "modes" not in record


def test_a_machine_that_breaks_over_it_is_not_waited_for() -> None:
    record = cloaked(Engine("far", OutOfReach("memory", "full")), Engine("here"), waits=True)
    assert record["device"] == "here"
    assert record["fallback"] == [{"rung": "elsewhere", "why": "memory"}]


@pytest.mark.parametrize("why", ["ended", "late"])
def test_what_may_go_well_another_time_is_waited_for(why: Why) -> None:
    here, far = Engine("here"), Engine("far", OutOfReach(why, "its process ended"))
    with pytest.raises(Unfinished, match="its process ended"):
        cloaked(far, here, waits=True)
    assert here.jobs == []
    assert cloaked(far, here)["fallback"] == [{"rung": "elsewhere", "why": why}]


@pytest.mark.parametrize("why", ["ended", "late"])
def test_what_is_begun_in_vain_too_often_is_drawn_here_or_held_as_the_artist_says(
    why: Why,
) -> None:
    here, far = Engine("here"), Engine("far", OutOfReach(why, "its process ended"))
    with pytest.raises(StepFailed, match="its process ended"):
        cloaked(far, here, waits=True, last=True, place="wait")
    assert here.jobs == []
    record = cloaked(far, here, waits=True, last=True)
    assert record["fallback"] == [{"rung": "elsewhere", "why": why}]


def test_who_is_not_there_is_waited_for_however_often_somebody_failed() -> None:
    with pytest.raises(Waiting, match="it waits"):
        cloaked(Engine("far", NOBODY), Engine("here"), waits=True, last=True, place="wait")


def test_what_is_wrong_with_the_recipe_is_wrong_here_too() -> None:
    here = Engine("here")
    with pytest.raises(StepFailed, match="no such concept"):
        cloaked(Engine("far", StepFailed("cloak", "no such concept")), here)
    assert here.jobs == []


def test_an_instant_cloak_is_drawn_here_at_once() -> None:
    far = Engine("far", NOBODY)
    assert cloaked(far, Engine("here"), waits=True, modes=["instant"])["device"] == "here"
    assert far.jobs == []


def measured(tmp_path: Path, far: Engine, *, waits: bool) -> Mapping[str, Json]:
    """Who measured a cloak that the optimiser drew."""
    (tmp_path / "style.png").touch()
    away = Away(Elsewhere("tls://nas:8786", Path("keys"), waits=waits), far, Engine("here"))
    return away.measure({"targets": str(tmp_path)}, Path("b"), Path("a"), lambda _: None)


def test_it_is_measured_where_somebody_is(tmp_path: Path) -> None:
    assert measured(tmp_path, Engine("far"), waits=True) == {"measured by": "far"}
    assert measured(tmp_path, Engine("far", NOBODY), waits=False) == {"measured by": "here"}


def test_a_cloak_whose_machine_fell_asleep_is_not_judged_by_less_while_it_may_wait(
    tmp_path: Path,
) -> None:
    with pytest.raises(Waiting, match="no machine of the cluster"):
        measured(tmp_path, Engine("far", NOBODY), waits=True)


class Client(FarEngine):
    """The way to a cluster through a client that does as the test says."""

    does = ""

    def command(self) -> list[str]:
        """Return what starts it: it takes the job first."""
        taken = 'import sys, time; sys.stdin.readline(); print(\'{"kind": "taken"}\', flush=True)'
        return [sys.executable, "-c", f"{taken}; {self.does}"]


STEP = """print('{"kind": "step", "fraction": 0.5}', flush=True)"""


@pytest.mark.parametrize("does", ["sys.exit(3)", "time.sleep(3600)", f"{STEP}; sys.exit(3)"])
def test_a_client_that_ends_or_falls_silent_means_that_nobody_was_there(does: str) -> None:
    """It is no word about the picture, which may be cloaked another time."""
    assert last_word(does) == ("failed", "absent")


def test_a_picture_that_was_begun_there_and_goes_on_beyond_all_limits_is_late() -> None:
    assert last_word(f"{STEP}; time.sleep(3600)", seconds=5.0) == ("failed", "late")


def last_word(does: str, seconds: float = 1.0) -> tuple[str, Why | None]:
    engine = Client(Elsewhere("tls://nas:8786", Path("keys")), patience=1.0 - GRACE_SECONDS)
    engine.does = does
    order = Order(measure=Measurement(*map(Path, ("b", "a", "t", "m"))))
    try:
        answer = engine.answer(order, seconds, lambda _: None)
    finally:
        engine.close()
    return answer.kind, answer.why


COPY = """
import json, pathlib, sys
order = json.loads(sys.stdin.readline())["cloak"]
source, target = pathlib.Path(order["source"]), pathlib.Path(order["target"])
data = source.read_bytes()
target.write_bytes(data)
print(json.dumps({"kind": "taken"}), flush=True)
record = {"png": data.startswith(b"\\x89PNG"), "sent": source.name}
print(json.dumps({"kind": "done", "record": record}), flush=True)
sys.stdin.readline()
"""


class Copier(FarEngine):
    """A cluster that returns what it gets."""

    def command(self) -> list[str]:
        return [sys.executable, "-c", COPY]


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_picture_travels_packed_and_comes_back_as_it_was_handed_over(
    tmp_path: Path, mode: str
) -> None:
    source, target = tmp_path / "in.tif", tmp_path / "out.tif"
    pixels = np.random.default_rng(0).integers(1, 256, (9, 13, len(mode)), dtype=np.uint8)
    Image.fromarray(pixels).save(source)
    engine = Copier(Elsewhere("tls://nas:8786", Path("keys")))
    try:
        record = engine.cloak(WHOLE, source, target, lambda _: None)
    finally:
        engine.close()
    assert record == {"png": True, "sent": "in.png"}
    with Image.open(target) as back:
        assert back.format == "TIFF"
        assert np.array_equal(np.asarray(back), pixels)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.tif", "out.tif"]


class Gone(FarEngine):
    """A cluster whose client ends at once."""

    def command(self) -> list[str]:
        return [sys.executable, "-c", "import sys; sys.exit(3)"]


def test_a_trip_that_fails_leaves_the_picture_as_it_was_handed_over(tmp_path: Path) -> None:
    source, target = tmp_path / "in.tif", tmp_path / "out.tif"
    Image.fromarray(np.zeros((9, 13, 3), np.uint8)).save(source)
    engine = Gone(Elsewhere("tls://nas:8786", Path("keys")))
    with pytest.raises(OutOfReach):
        engine.cloak(WHOLE, source, target, lambda _: None)
    engine.close()
    assert [path.name for path in tmp_path.iterdir()] == ["in.tif"]
