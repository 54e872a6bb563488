"""A machine that cannot do what is asked takes a lighter cloak instead of none, and tells it."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from postguard.cloak import unaided
from postguard.cloak.child import OutOfReach
from postguard.cloak.instant.engine import InstantEngine
from postguard.cloak.ladder import USEFUL_STEPS, Ladder, rungs
from postguard.cloak.runner import LocalEngine
from postguard.errors import StepFailed
from postguard.model import Json
from tests.unit.cloak import tiny

JOB: dict[str, Json] = {
    "modes": ["style"],
    "ceiling": 24,
    "floor": 65.0,
    "seed": "5eed" * 16,
    "artist_seed": "a77e" * 16,
    "time_limit": 60.0,
    "fallback": "instant",
}


@dataclass
class Machine:
    """An optimiser on a machine that can do only so much: what fails, by whether it is alone."""

    fails: Mapping[bool, Exception]
    encoders: list[str] = field(default_factory=lambda: ["taesd"])
    jobs: list[Mapping[str, Json]] = field(default_factory=list)

    def others(self) -> list[str]:
        return self.encoders

    def available(self) -> str | None:
        return None

    def close(self) -> None:
        pass

    def cloak(self, job, source, target, on_step) -> Mapping[str, Json]:
        self.jobs.append(job)
        targets = Path(str(job["targets"]))
        Image.fromarray(tiny.art(32, 32)).save(targets / "style.png")
        if error := self.fails.get(bool(job["alone"])):
            raise error
        Image.fromarray(tiny.art(96, 128) + np.uint8(1)).save(target)
        return {"encoders": ["surrogate"]}

    def measure(self, asked, before, after, on_step) -> Mapping[str, Json]:
        if error := self.fails.get(False):
            raise error
        return {"encoders": [*self.encoders, "surrogate"]}


@pytest.fixture
def job(tmp_path) -> dict[str, Json]:
    (tmp_path / "targets").mkdir()
    Image.fromarray(tiny.art(96, 128)).save(tmp_path / "in.png")
    return JOB | {"targets": str(tmp_path / "targets")}


def climb(machine, job, folder: Path) -> Mapping[str, Json]:
    ladder = Ladder(machine, InstantEngine(unaided.measure))
    return ladder.cloak(job, folder / "in.png", folder / "out.png", lambda _: None)


def memory() -> OutOfReach:
    return OutOfReach("memory", "memory ran out")


@pytest.mark.parametrize(
    ("modes", "fallback", "others", "expected"),
    [
        (["style"], "instant", True, ("all", "surrogate", "instant")),
        (["style"], "instant", False, ("surrogate", "instant")),
        (["style", "poison"], "surrogate", True, ("all", "surrogate")),
        (["style"], "surrogate", False, ("surrogate",)),
        (["style"], "none", True, ("all",)),
        (["instant"], "none", True, ("instant",)),
    ],
)
def test_a_recipe_says_how_far_down_its_cloak_may_go(modes, fallback, others, expected):
    assert rungs({"modes": modes, "fallback": fallback}, others=others) == expected


def test_what_the_machine_can_do_is_done_and_no_fallback_is_told(job, tmp_path):
    record = climb(Machine({}), job, tmp_path)
    assert record["rung"] == "all"
    assert "fallback" not in record
    assert "modes" not in record


def test_memory_that_is_short_is_met_with_our_own_encoder_alone(job, tmp_path):
    machine = Machine({False: memory()})
    record = climb(machine, job, tmp_path)
    assert record["rung"] == "surrogate"
    assert record["fallback"] == [{"rung": "all", "why": "memory"}]
    assert record["asked"] == ["style"]
    assert [path.name for path in (tmp_path / "targets").iterdir()] == ["style.png"]


def test_where_nothing_heavier_works_it_is_the_instant_cloak_with_its_own_target(job, tmp_path):
    machine = Machine({False: OutOfReach("late", "too late"), True: OutOfReach("slow", "slow")})
    record = climb(machine, job, tmp_path)
    assert (record["rung"], record["modes"], record["asked"]) == (
        "instant",
        ["instant"],
        ["style"],
    )
    assert record["fallback"] == [
        {"rung": "all", "why": "late"},
        {"rung": "surrogate", "why": "slow"},
    ]
    assert [path.name for path in (tmp_path / "targets").iterdir()] == ["instant.png"]
    assert (tmp_path / "out.png").is_file()


def test_only_the_last_way_may_take_fewer_steps_than_are_worth_it(job, tmp_path):
    machine = Machine({False: memory()})
    climb(machine, job | {"fallback": "surrogate"}, tmp_path)
    assert [j["least_steps"] for j in machine.jobs] == [USEFUL_STEPS, 0]


@pytest.mark.parametrize("fallback", ["none", "surrogate"])
def test_a_recipe_that_allows_nothing_lighter_fails_with_the_reason(job, tmp_path, fallback):
    machine = Machine({False: memory(), True: memory()})
    with pytest.raises(OutOfReach, match="memory ran out"):
        climb(machine, job | {"fallback": fallback}, tmp_path)
    assert not (tmp_path / "out.png").exists()


def test_a_recipe_that_asks_for_something_wrong_is_not_answered_with_less(job, tmp_path):
    machine = Machine({False: StepFailed("cloak", "concepts.toml has no such concept")})
    with pytest.raises(StepFailed, match=r"concepts\.toml"):
        climb(machine, job, tmp_path)
    assert len(machine.jobs) == 1


def without_torch(monkeypatch) -> None:
    """Stand for a machine without torch: the import system, not our code."""
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "torch" else find(name)
    )


def test_without_torch_a_style_becomes_instant_and_is_measured_in_numpy(
    job, tmp_path, monkeypatch
):
    without_torch(monkeypatch)
    ladder = Ladder(LocalEngine(tiny.models(tmp_path / "m")), InstantEngine(unaided.measure))
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    record = ladder.cloak(job, source, target, lambda _: None)
    assert {step["why"] for step in record["fallback"]} == {"torch"}
    fractions: list[float] = []
    found = ladder.measure({"targets": job["targets"]}, source, target, fractions.append)
    assert found["encoders"] == ["surrogate"]
    assert set(found["ratios"]["instant"]) == {"png", "jpeg75", "half", "bluesky", "mastodon"}
    assert set(found["gains"]["instant"]["mastodon"]) == {"r", "signs", "shuffled"}
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1


def test_only_what_is_asked_for_is_measured_and_its_figures_are_the_same(job, tmp_path):
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    engine = InstantEngine(unaided.measure)
    engine.cloak({**job, "modes": ["instant"]}, source, target, lambda _: None)
    asked = {"targets": job["targets"]}
    all_, one, brief = (
        engine.measure({**asked, **more}, source, target, lambda _: None)
        for more in ({}, {"platforms": ["mastodon"]}, {"brief": True})
    )
    assert one["ratios"] == {"instant": {"mastodon": all_["ratios"]["instant"]["mastodon"]}}
    assert one["gains"] == {"instant": {"mastodon": all_["gains"]["instant"]["mastodon"]}}
    assert one["ssimulacra2"] == all_["ssimulacra2"]
    assert brief["gains"] == all_["gains"]  # the controls too: noise may refuse
    assert "ssimulacra2" not in brief


def test_an_instant_cloak_is_measured_on_the_other_encoders_where_there_are_some(job, tmp_path):
    (tmp_path / "targets" / "instant.png").write_bytes((tmp_path / "in.png").read_bytes())
    files = (tmp_path / "in.png", tmp_path / "in.png")
    asked = {"targets": job["targets"]}
    for encoders in (["taesd"], []):
        ladder = Ladder(Machine({}, encoders), InstantEngine(unaided.measure))
        found = ladder.measure(asked, *files, lambda _: None)
        assert found["encoders"] == [*encoders, "surrogate"]


def test_a_measurement_that_torch_cannot_do_is_done_in_numpy_but_no_image_to_image(job, tmp_path):
    (tmp_path / "targets" / "style.png").write_bytes((tmp_path / "in.png").read_bytes())
    files = (tmp_path / "in.png", tmp_path / "in.png")
    ladder = Ladder(Machine({False: memory()}), InstantEngine(unaided.measure))
    found = ladder.measure({"targets": job["targets"]}, *files, lambda _: None)
    assert found["encoders"] == ["surrogate"]
    drawn = {"targets": job["targets"], "figure": str(tmp_path / "x.png")}
    assert ladder.measure(drawn, *files, lambda _: None)["figure"] == drawn["figure"]
    with Image.open(drawn["figure"]) as page:
        assert page.width > 900
    with pytest.raises(OutOfReach):
        ladder.measure(drawn | {"prompt": "a fox"}, *files, lambda _: None)


def test_files_that_cannot_be_compared_fail_without_torch_too(job, tmp_path):
    Image.fromarray(tiny.art(32, 32)).save(tmp_path / "small.png")
    with pytest.raises(StepFailed, match="no target"):
        unaided.measure(
            {"targets": job["targets"]}, tmp_path / "in.png", tmp_path / "in.png", lambda _: None
        )
    Image.fromarray(tiny.art(32, 32)).save(tmp_path / "targets" / "instant.png")
    with pytest.raises(StepFailed, match="only files of one size"):
        unaided.measure(
            {"targets": job["targets"]},
            tmp_path / "in.png",
            tmp_path / "small.png",
            lambda _: None,
        )
