"""The cloak step hands over pixels and takes back only what kept its word."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from postguard.errors import StepFailed
from postguard.imaging import Picture
from postguard.model import Artist, Json
from postguard.protect.steps import Scene
from postguard.protect.steps.cloak import CEILINGS, Cloak
from postguard.settings import steps

SEED = bytes(range(32))
OPTIONS = steps.Cloak(step="cloak", strength="low")


class Engine:
    """A CloakEngine that changes pixels by a rule of the test."""

    def __init__(self, rule: Callable[[np.ndarray], np.ndarray | None]) -> None:
        self._rule = rule
        self.jobs: list[Mapping[str, Json]] = []

    def available(self) -> str | None:
        return None

    def cloak(self, job, source: Path, target: Path, on_step) -> Mapping[str, Json]:
        self.jobs.append(job)
        with Image.open(source) as image:
            result = self._rule(np.asarray(image.convert("RGB")))
        on_step(1.0)
        if result is not None:
            Image.fromarray(result).save(target)
        return {"device": "CPU", "encoders": ["one"]}


class Missing(Engine):
    def available(self) -> str | None:
        return "there are no encoders; fetch some"


@pytest.fixture
def scene(tmp_path) -> Scene:
    return Scene(
        artist=Artist("Hanako", "© Hanako"),
        alt="",
        description="",
        seed=SEED,
        year=2026,
        work=tmp_path,
        engine=Engine(lambda p: p + 3),
        on_fraction=lambda _: None,
    )


def picture(*, alpha: bool = False, gray: bool = False) -> Picture:
    rng = np.random.default_rng(0)
    pixels = rng.integers(20, 200, (30, 40, 3), dtype=np.uint8)
    if gray:
        pixels[...] = pixels[..., :1]
    if not alpha:
        return Picture(pixels, None, gray)
    shown = np.full((30, 40), 255, np.uint8)
    shown[:10] = 0
    pixels[:10] = 0
    return Picture(pixels, shown, gray)


def test_the_cloaked_pixels_and_the_measured_record_come_back(scene):
    before = picture()
    after, record = Cloak(OPTIONS).apply(before, scene)
    assert np.array_equal(after.pixels, before.pixels + 3)
    assert (record["modes"], record["strength"], record["device"]) == (["immunise"], "low", "CPU")
    assert "no lock" in str(record["words"])
    assert [path.name for path in scene.work.iterdir()] == ["targets"]


def test_the_alpha_is_the_pictures_own(scene):
    before = picture(alpha=True)
    spare = Engine(lambda p: np.where(p.any(axis=2, keepdims=True), p + 2, p).astype(np.uint8))
    after, _ = Cloak(OPTIONS).apply(before, dataclasses.replace(scene, engine=spare))
    assert np.array_equal(after.alpha, before.alpha)
    assert after.pixels[:10].max() == 0


@pytest.mark.parametrize("mode", ["immunise", "instant"])
@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("alpha", [False, True])
def test_every_pixel_is_handed_over_as_it_is(scene, mode, gray, alpha):
    """Without compressing, which takes longer than to draw an instant cloak."""
    before, names = picture(alpha=alpha, gray=gray), []

    class Copier(Engine):
        def cloak(self, job, source, target, on_step):
            names.append(source.suffix)
            target.write_bytes(source.read_bytes())
            return {"device": "none"}

    step = Cloak(steps.Cloak(step="cloak", mode=mode))
    after, _ = step.apply(before, dataclasses.replace(scene, engine=Copier(lambda p: p)))
    assert np.array_equal(after.pixels, before.pixels)
    assert names == [".tif"]


def test_the_engine_gets_a_seed_of_its_own_and_the_record_gets_none(scene):
    _, record = Cloak(OPTIONS).apply(picture(), scene)
    other = dataclasses.replace(scene, seed=b"x" * 32)
    Cloak(OPTIONS).apply(picture(), other)
    first, second = (job["seed"] for job in scene.engine.jobs)
    assert first != second
    assert len(str(first)) == 64
    assert SEED.hex() not in str(first)
    assert str(first) not in json.dumps(record)


def test_the_strengths_are_ceilings_that_rise(scene):
    for strength in ("low", "medium", "high"):
        Cloak(steps.Cloak(step="cloak", strength=strength)).apply(picture(), scene)
    ceilings = [job["ceiling"] for job in scene.engine.jobs]
    assert ceilings == sorted(set(ceilings)) == list(CEILINGS.values())


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (lambda p: p + np.uint8(CEILINGS["low"] + 1), "more than its limit"),
        (lambda p: p[:-1], "size"),
        (lambda p: p + np.array([1, 0, 0], np.uint8), "colour into a gray"),
        (lambda _: None, "no picture"),
    ],
)
def test_an_engine_that_breaks_its_word_fails_the_step(scene, rule, words):
    with pytest.raises(StepFailed, match=words):
        Cloak(OPTIONS).apply(picture(gray=True), dataclasses.replace(scene, engine=Engine(rule)))


def test_drawing_where_nothing_is_seen_fails_the_step(scene):
    with pytest.raises(StepFailed, match="nothing is to be seen"):
        Cloak(OPTIONS).apply(picture(alpha=True), scene)


@pytest.mark.parametrize("engine", [None, Missing(lambda p: p)])
def test_without_an_engine_the_step_fails_and_never_skips(scene, engine):
    with pytest.raises(StepFailed, match=r"recipe|fetch some"):
        Cloak(OPTIONS).apply(picture(), dataclasses.replace(scene, engine=engine))


def looks(left, noise=-0.01):
    return {"r": left, "signs": noise, "shuffled": noise - 0.01}


GAINS = {
    "instant": {"bluesky": looks(0.04), "mastodon": looks(0.01)},
    "style": {"bluesky": looks(0.02), "mastodon": looks(0.30)},
    "immunise": {"bluesky": looks(0.06), "mastodon": looks(0.40)},
    "poison": {"bluesky": looks(0.10, noise=0.11), "mastodon": looks(0.40)},
}


def gains(*modes):
    return {"gains": {mode: GAINS[mode] for mode in modes}}


@pytest.mark.parametrize(
    ("mode", "fit", "left"),
    [
        ("immunise", "bluesky-1000", 0.06),
        ("style", "mastodon-9", 0.30),
        ("immunise", "file", 0.06),
    ],
)
def test_each_post_is_judged_behind_its_own_platform_and_a_file_behind_the_worse(mode, fit, left):
    step = Cloak(steps.Cloak(step="cloak", mode=mode))
    assert step.judge(gains(mode), fit) == {mode: left}


def test_a_cloak_that_is_too_weak_holds_the_post_with_the_figure():
    step = Cloak(steps.Cloak(step="cloak", mode="style"))
    with pytest.raises(StepFailed, match=r"style gained 0\.020.*at least 0\.040 is asked"):
        step.judge(gains("style"), "bluesky-1000")


@pytest.mark.parametrize(("least", "passes"), [(0.0, True), (0.02, True), (0.03, False)])
def test_the_recipe_says_how_weak_is_too_weak(least, passes):
    step = Cloak(steps.Cloak(step="cloak", mode="style", min_gain=least))
    if passes:
        assert step.judge(gains("style"), "bluesky-1000") == {"style": 0.02}
    else:
        with pytest.raises(StepFailed):
            step.judge(gains("style"), "bluesky-1000")


@pytest.mark.parametrize(
    "worse",
    [looks(math.nan), looks(0.40, noise=math.nan), looks(0.40) | {"shuffled": math.nan}],
)
@pytest.mark.parametrize("platforms", [("bluesky", "mastodon"), ("mastodon", "bluesky")])
def test_what_was_measured_as_no_number_holds_the_post(worse, platforms):
    found = dict(zip(platforms, (looks(0.45), worse), strict=True))
    step = Cloak(steps.Cloak(step="cloak", mode="style"))
    with pytest.raises(StepFailed, match="nan"):
        step.judge({"gains": {"style": found}}, "file")


def test_modes_that_share_a_visibility_share_the_least_gain_too():
    both = steps.Cloak(step="cloak", mode=("poison", "style", "poison"))
    assert both.modes == ("poison", "style")
    assert both.least("style") == steps.LEAST_GAINS["style"] / 2


def test_a_cloak_that_is_no_better_than_noise_holds_the_post():
    step = Cloak(steps.Cloak(step="cloak", mode="poison"))
    with pytest.raises(StepFailed, match=r"mere noise of the same size 0\.110"):
        step.judge(gains("poison"), "bluesky-1000")
    assert step.judge(gains("poison"), "mastodon-9") == {"poison": 0.40}


@pytest.mark.parametrize(
    ("found", "advice"),
    [
        (looks(0.10, noise=0.11), "write min_gain = 0 in the cloak step"),
        (looks(0.02, noise=0.03), "write min_gain = 0 in the cloak step"),
        (looks(math.nan), "write min_gain = 0 in the cloak step"),
        (looks(0.02, noise=0.01), r"write a smaller min_gain \(0: none\) in the cloak step"),
    ],
    ids=["noise", "weak-as-noise", "no-number", "weak"],
)
def test_the_advice_to_post_it_so_lets_it_pass(found, advice):
    """A smaller min_gain never helps what noise does as well: only none does."""
    step = Cloak(steps.Cloak(step="cloak", mode="style"))
    with pytest.raises(StepFailed, match=advice):
        step.judge({"gains": {"style": {"bluesky": found}}}, "bluesky-1")


def test_a_cloak_that_fell_back_is_judged_by_its_own_least_gain():
    step = Cloak(steps.Cloak(step="cloak", mode=("style", "poison")))
    assert step.judge(gains("instant"), "bluesky-1000") == {"instant": 0.04}
    with pytest.raises(StepFailed, match=r"instant gained 0\.010.*at least 0\.020 is asked"):
        step.judge(gains("instant"), "mastodon-9")


def test_a_least_gain_that_the_artist_wrote_holds_for_what_is_lighter_too():
    step = Cloak(steps.Cloak(step="cloak", mode="style", min_gain=0.1))
    with pytest.raises(StepFailed, match=r"at least 0\.100 is asked"):
        step.judge(gains("instant"), "bluesky-1000")


@pytest.mark.parametrize(
    ("fallback", "drawn"), [("none", ["instant"]), ("instant", ["poison"]), ("instant", [])]
)
def test_another_cloak_than_the_recipe_allows_fails_the_step(scene, fallback, drawn):
    class Other(Engine):
        def cloak(self, job, source, target, on_step):
            return {**super().cloak(job, source, target, on_step), "modes": drawn}

    step = Cloak(steps.Cloak(step="cloak", mode="style", fallback=fallback))
    with pytest.raises(StepFailed, match="another cloak"):
        step.apply(picture(), dataclasses.replace(scene, engine=Other(lambda p: p + 3)))
    with pytest.raises(StepFailed, match="another cloak"):
        step.judge(gains(*drawn), "bluesky-1000")


def test_what_the_instant_cloak_drew_instead_is_what_the_record_says(scene):
    class Poor(Engine):
        def cloak(self, job, source, target, on_step):
            done = super().cloak(job, source, target, on_step)
            return {**done, "modes": ["instant"], "asked": job["modes"]}

    step = Cloak(steps.Cloak(step="cloak", mode="style"))
    poor = dataclasses.replace(scene, engine=Poor(lambda p: p + 3))
    _, record = step.apply(picture(), poor)
    assert (record["modes"], record["asked"]) == (["instant"], ["style"])


def test_instant_shares_its_visibility_with_no_other_mode():
    with pytest.raises(ValueError, match="alone"):
        steps.Cloak(step="cloak", mode=("instant", "style"))


def test_noise_refuses_an_instant_cloak_that_our_own_encoder_alone_has_read():
    step = Cloak(steps.Cloak(step="cloak", mode="instant"))
    noisy = {"gains": {"instant": {"bluesky": looks(0.10, noise=0.11)}}, "encoders": ["surrogate"]}
    with pytest.raises(StepFailed, match="mere noise"):
        step.judge(noisy, "bluesky-1")


def test_a_least_gain_of_nothing_lets_everything_pass():
    step = Cloak(steps.Cloak(step="cloak", mode="style", min_gain=0.0))
    weak = {"gains": {"style": {"bluesky": looks(-0.02)}}}
    assert step.judge(weak, "bluesky-1") == {"style": -0.02}


def test_an_engine_that_tells_its_seed_fails_the_step(scene):
    class Teller(Engine):
        def cloak(self, job, source, target, on_step):
            return {**super().cloak(job, source, target, on_step), "seed": job["seed"]}

    teller = dataclasses.replace(scene, engine=Teller(lambda p: p + 3))
    with pytest.raises(StepFailed, match="secret seed"):
        Cloak(OPTIONS).apply(picture(), teller)
