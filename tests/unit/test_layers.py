"""Which of the seven measures protect a picture, and what is called the next to add."""

from __future__ import annotations

import pytest

from postguard.model import Quotes, Replies, Visibility
from postguard.model.layers import Door, Layers, closed, uses, uses_of_all
from postguard.model.measures import MEASURES, Direction, Fear, Left, given_by, left_of
from postguard.settings.recipes import ORDER

NO_TORCH = "the cloak needs PyTorch; install it with: pip install 'postguard[cloak]'"
SHUT = {"sky": Door("bluesky", ("quotes limited",)), "fedi": Door("mastodon", ("unlisted",))}


def layers(*steps: str, fear: Fear = Fear.BOTH, cloak: str | None = None) -> Layers:
    given = [{"step": step} for step in steps]
    return Layers(uses(given, ("bluesky", "mastodon")), SHUT, fear, cloak)


def test_the_table_is_the_talks() -> None:
    signs = {n: m.training.sign + m.image_to_image.sign for n, m in MEASURES.items()}
    assert signs == {1: "◎△", 2: "◎✕", 3: "△○", 4: "△◎", 5: "○◎", 6: "○○", 7: "○△"}


@pytest.mark.parametrize("step", [name for name in ORDER if name not in {"cloak", "encode"}])
def test_every_step_of_a_recipe_gives_one_measure(step: str) -> None:
    assert len(given_by({"step": step})) == 1


@pytest.mark.parametrize(
    ("step", "measures"),
    [
        ({"mode": "style"}, (1,)),
        ({"mode": "immunise"}, (3,)),
        ({"mode": ["style", "poison"]}, (1, 2)),
        ({"modes": ["poison"], "mode": "style"}, (2,)),
        ({"mode": "instant"}, (1, 3)),
        ({"modes": ["instant"], "asked": ["poison"], "mode": "poison"}, (1, 3)),
        ({"mode": "of a later version"}, ()),
        ({}, ()),
    ],
)
def test_a_cloak_gives_the_measures_of_its_modes(step: dict, measures: tuple[int, ...]) -> None:
    assert given_by({"step": "cloak", **step}) == measures


@pytest.mark.parametrize("step", ["encode", "of a later version", ""])
def test_a_step_that_is_no_measure_gives_none(step: str) -> None:
    assert given_by({"step": step}) == ()


@pytest.mark.parametrize("mining", ["allowed", "unspecified", "DMI-ALLOWED", "DMI-UNSPECIFIED"])
def test_tags_that_forbid_nothing_are_no_statement(mining: str) -> None:
    assert given_by({"step": "tags", "mining": mining}) == ()
    assert given_by({"step": "tags", "mining": "ai-training"}) == (5,)


@pytest.mark.parametrize(("carried", "measures"), [(True, (4,)), (False, ())])
def test_a_hidden_mark_counts_where_the_picture_carries_it(
    carried: bool, measures: tuple[int, ...]
) -> None:
    assert given_by({"step": "hidden", "carried": carried}) == measures


@pytest.mark.parametrize(("legible", "measures"), [(True, (4,)), (False, ())])
def test_a_watermark_counts_where_it_can_be_read(legible: bool, measures: tuple[int, ...]) -> None:
    assert given_by({"step": "watermark", "legible": legible}) == measures
    assert given_by({"step": "watermark", "text": "©"}) == (4,)


def test_of_several_pictures_only_what_protects_each_of_them_counts() -> None:
    """The flat one carries no hidden mark; who copies it meets none."""
    busy = [{"step": "notice"}, {"step": "hidden", "carried": True}]
    flat = [{"step": "notice"}, {"step": "hidden", "carried": False}]
    assert [use.step for use in uses_of_all([busy, flat], ["bluesky"])] == ["notice"]
    assert [use.step for use in uses_of_all([busy, busy], ["bluesky"])] == ["hidden", "notice"]
    assert uses_of_all([], ["bluesky"]) == ()


@pytest.mark.parametrize("step", ["tags", "credentials"])
def test_metadata_stays_on_bluesky_in_the_file_alone_and_on_mastodon_not_at_all(step: str) -> None:
    assert left_of(step, "bluesky") is Left.FILE
    assert left_of(step, "mastodon") is Left.NOTHING
    assert left_of("notice", "mastodon") is Left.WHOLE


def test_all_three_directions_leave_no_gap() -> None:
    assert layers("downscale", "notice").gaps() == {}


def test_a_statement_that_one_network_takes_out_is_a_gap_there() -> None:
    gaps = layers("noise", "tags").gaps()
    assert gaps == {Direction.STATEMENT: ("mastodon",)}
    assert layers("noise", "tags").used == {3, 7}


def test_each_account_that_is_open_is_a_gap() -> None:
    doors = {**SHUT, "other": Door("bluesky")}
    assert Layers((), doors).gaps()[Direction.ACCESS] == ("other",)
    assert 7 not in Layers((), doors).used


@pytest.mark.parametrize(
    ("fear", "has", "next_one"),
    [
        (Fear.TRAINING, (), "hides your style"),
        (Fear.IMAGE_TO_IMAGE, (), "a sentence that people can read"),
        (Fear.IMAGE_TO_IMAGE, ("notice",), "your name over the picture"),
        (Fear.BOTH, ("notice", "watermark", "noise"), "fewer pixels"),
    ],
)
def test_the_measure_that_does_most_against_the_fear_is_the_next(
    fear: Fear, has: tuple[str, ...], next_one: str
) -> None:
    assert next_one in layers(*has, fear=fear).advice()


def test_a_cloak_that_this_pc_cannot_run_is_named_with_how_to_get_it() -> None:
    said = layers(fear=Fear.TRAINING, cloak=NO_TORCH).advice()
    assert "a sentence that people can read" in said
    assert said.endswith(f"More would come of a style cloak, but {NO_TORCH}.")


def test_poison_is_not_advised_against_what_it_does_nothing_for() -> None:
    given = [{"step": "cloak", "mode": ["style", "immunise"]}]
    rest = [{"step": s} for s in ("downscale", "watermark", "notice")]
    whole = Layers(uses([*given, *rest], ("bluesky",)), SHUT, Fear.IMAGE_TO_IMAGE)
    assert "none is complete protection" in whole.advice()


def test_what_is_asked_of_a_post_and_what_the_audit_found_well_closes_its_door() -> None:
    assert closed(Visibility.PUBLIC, Replies.EVERYONE, Quotes.EVERYONE) == ()
    said = closed(Visibility.UNLISTED, Replies.FOLLOWERS, Quotes.NOBODY, ["bsky.ai.pref", "x.y"])
    assert said == (
        "not in public timelines",
        "replies limited",
        "quotes limited",
        "AI use refused for the account",
    )


INSTANT = {"step": "cloak", "mode": "instant"}


def test_the_instant_cloak_counts_in_the_weakest_form_and_a_strong_one_is_still_advised() -> None:
    steps = [INSTANT, *({"step": s} for s in ("downscale", "watermark", "notice", "noise"))]
    found = Layers(uses(steps, ("bluesky",)), SHUT, Fear.TRAINING)
    assert {use.measure for use in found.uses if use.weakest} == {1, 3}
    assert 1 in found.used
    assert 'mode = "style"' in found.advice()
    without_torch = Layers(found.uses, SHUT, Fear.TRAINING, NO_TORCH)
    assert "pip install" in without_torch.advice()


def test_the_weakest_form_of_a_measure_does_little_at_the_most() -> None:
    signs = {n: MEASURES[n].weakest.training.sign for n in (1, 3)}
    signs |= {-n: MEASURES[n].weakest.image_to_image.sign for n in (1, 3)}
    assert signs == {1: "△", 3: "△", -1: "△", -3: "△"}


def test_a_set_is_as_weakly_cloaked_as_its_weakest_picture() -> None:
    style = {"step": "cloak", "modes": ["style"]}
    for pictures in ([[style], [INSTANT]], [[INSTANT], [style]]):
        (use,) = uses_of_all(pictures, ["bluesky"])
        assert (use.measure, use.weakest) == (1, True)
