"""A recipe as a form: nothing that the config says is lost, and nothing is made up."""

from __future__ import annotations

import typing

import pytest

from postguard.settings import steps
from postguard.settings.lines import dotted
from postguard.settings.recipes import ORDER
from postguard.web.recipe_form import Fault, faults, form, steps_of
from postguard.web.recipe_parts import LIST, ON, PARTS, Kind

MODELS = {
    m.model_fields["step"].annotation.__args__[0]: m for m in steps.StepOptions.__subclasses__()
}
# What stands in the config alone: few will ever touch it.
BESIDE = {
    "downscale": {"megapixels", "networks"},
    "watermark": {"logo", "spacing"},
    "cloak": {"min_gain", "diffusion", "term", "time_limit"},
    "tags": {"policy"},
}


def sent(steps: list[dict[str, object]]) -> dict[str, str]:
    """What a browser sends of the form as it was shown."""
    said = {}
    for each in form(steps):
        if each.used:
            said[each.part.name] = ON
        for field in each.fields:
            if field.setting.kind is not Kind.SWITCH or field.value:
                said[field.name] = field.value
    return said


def literals(kind: object) -> set[str]:
    """Every word that a setting may be."""
    if typing.get_origin(kind) is typing.Literal:
        return {str(each) for each in typing.get_args(kind)}
    return {word for inner in typing.get_args(kind) for word in literals(inner)}


@pytest.mark.parametrize("name", ORDER)
def test_the_form_knows_every_setting_of_a_step_or_leaves_it_to_the_config(name: str):
    fields = MODELS[name].model_fields.keys() - {"step"}
    assert {s.key for s in PARTS[name].settings} | BESIDE.get(name, set()) == fields


@pytest.mark.parametrize("name", ORDER)
def test_each_choice_has_every_word_and_begins_with_what_is_usual(name: str):
    for setting in PARTS[name].settings:
        field = MODELS[name].model_fields[setting.key]
        words = {w for value, _ in setting.options for w in value.split(LIST)} - {""}
        assert words == literals(field.annotation) or not setting.options
        usual = list(field.default) if isinstance(field.default, tuple) else field.default
        assert setting.usual == usual


def test_a_form_that_is_sent_as_it_was_shown_changes_nothing():
    steps = [
        {"step": "downscale", "networks": {"bluesky": 900}},
        {"step": "watermark", "text": "© 花", "angle": 28.0, "opacity": 0.1234567},
        {"step": "notice", "text": "", "langs": ["en"]},
        {"step": "cloak", "mode": ["style", "poison"], "min_gain": 0.1},
        {"step": "tags", "mining": "all"},
    ]
    assert steps_of(sent(steps), steps) == steps


def test_what_is_changed_taken_out_and_added_is_all_that_is_new():
    old = [{"step": "downscale", "long_side": 1600}, {"step": "noise"}, {"step": "tags"}]
    said = sent(old) | {"downscale.long_side": "800", "encode": ON, "encode.format": "webp"}
    del said["noise"]
    assert steps_of(said, old) == [
        {"step": "downscale", "long_side": 800},
        {"step": "tags"},
        {"step": "encode", "format": "webp"},
    ]


def test_steps_come_in_the_one_order_that_works_however_they_are_sent():
    said = {"tags": ON, "cloak": ON, "downscale": ON, "downscale.long_side": "64"}
    names = [str(step["step"]) for step in steps_of(said, [])]
    assert names == ["downscale", "cloak", "tags"]


def test_what_is_no_number_goes_on_for_the_config_to_refuse():
    said = {"downscale": ON, "downscale.long_side": "twelve"}
    assert steps_of(said, [])[0]["long_side"] == "twelve"


@pytest.mark.parametrize("name", ["default", "展示"])
def test_a_fault_is_told_with_the_names_that_stand_on_the_page(name: str):
    steps = [{"step": "downscale", "long_side": "abc"}]
    said = "/home/花/a.toml:25: " + dotted(("recipes", name)) + "[0].long_side: must be a number"
    (fault,) = faults(said, name, steps)
    assert fault.whole == "Fewer pixels: Longest side, in pixels: must be a number"
    assert (fault.field, fault.words) == (
        "downscale.long_side",
        "Longest side, in pixels: must be a number",
    )
    for other in (faults(said, "other", steps), faults(said, name, [])):
        assert other == (Fault("", "", said),)


def test_each_fault_is_told_at_its_own_field_and_what_has_none_as_it_is():
    steps = [{"step": "downscale", "long_side": 6}, {"step": "watermark", "spacing": 9}]
    said = (
        "a.toml:3: recipes.default[0].long_side: must be at least 64\n"
        "a.toml:4: recipes.default[1].spacing: must be at most 5\n"
        "a.toml:9: outbox: is missing"
    )
    found = faults(said, "default", steps)
    assert [fault.field for fault in found] == ["downscale.long_side", "", ""]
    assert found[1].whole == "Your mark over the picture: spacing: must be at most 5"
    assert found[2].whole == "a.toml:9: outbox: is missing"
