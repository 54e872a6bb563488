"""A recipe is changed in the artist's own config, and nothing that they wrote is lost."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.errors import Unusable
from postguard.settings.recipes import ORDER
from postguard.settings.rewriting import with_recipe

EXAMPLE = Path(__file__).resolve().parents[3] / "config.example.toml"
LINES = """\
# mine
outbox = "~/outbox"   # here

[recipes]
default = [
  # fewer pixels
  { step = "downscale", long_side = 1600 },   # for feeds
  # my mark
  { step = "watermark", text = "© 花 # 1" },
  { step = "tags" }   # for machines
]
plain = [ { step = "tags" } ]  # nothing else

[artist]
name = "花"
"""


def steps(text: str, recipe: str = "default") -> list[dict[str, object]]:
    return tomllib.loads(text)["recipes"][recipe]


def test_a_changed_value_changes_its_own_line_alone():
    new = steps(LINES)
    new[0]["long_side"] = 1200
    assert with_recipe(LINES, "default", new) == LINES.replace("1600", "1200")


def test_a_step_that_is_taken_out_stays_as_a_comment_and_comes_back_there():
    without = with_recipe(LINES, "default", [steps(LINES)[0], steps(LINES)[2]])
    assert '  # my mark\n  # { step = "watermark", text = "© 花 # 1" },\n' in without
    assert [step["step"] for step in steps(without)] == ["downscale", "tags"]
    plain = LINES.replace(" # 1", "")
    without = with_recipe(plain, "default", [steps(plain)[0], steps(plain)[2]])
    assert with_recipe(without, "default", steps(plain)) == plain


def test_another_step_that_stands_as_a_comment_stays_one():
    remark = '  # { step = "noise", look = "canvas" },  # for sketches\n'
    text = LINES.replace("  # my mark\n", f"{remark}  # my mark\n")
    first, *rest = steps(text)
    after = with_recipe(text, "default", [first, {"step": "noise"}, *rest])
    assert remark in after
    assert steps(after)[1] == {"step": "noise"}


def test_a_new_step_gets_a_line_of_its_own_behind_the_one_before_it():
    new = [*steps(LINES)[:2], {"step": "notice"}, {"step": "noise", "soften": False}]
    text = with_recipe(LINES, "default", [*new, steps(LINES)[2], {"step": "credentials"}])
    assert '"© 花 # 1" },\n  { step = "notice" },\n  { step = "noise", soften = false },' in text
    assert '{ step = "tags" },   # for machines\n  { step = "credentials" },\n]' in text


def test_a_recipe_on_one_line_stays_on_it():
    new = [{"step": "notice"}, {"step": "tags"}, {"step": "encode", "format": "png"}]
    text = with_recipe(LINES, "plain", new)
    line = (
        'plain = [ { step = "notice" }, { step = "tags" }, { step = "encode", format = "png" } ]'
    )
    assert line + "  # nothing else\n" in text
    assert with_recipe(text, "plain", new[:1]).count("# nothing else") == 1


def test_a_new_recipe_is_written_behind_everything():
    text = with_recipe(LINES, "for web", [{"step": "tags"}, {"step": "encode", "format": "webp"}])
    assert text.startswith(LINES)
    assert text.endswith('\n[[recipes."for web"]]\nstep = "encode"\nformat = "webp"\n')


def test_tables_of_their_own_keep_every_remark():
    text = EXAMPLE.read_text(encoding="utf-8")
    old = steps(text)
    new = [{**step} for step in old if step["step"] != "notice"]
    new[0]["long_side"] = 800
    new[1].pop("angle")
    new.insert(3, {"step": "hidden"})
    new[2]["soften"] = False
    after = with_recipe(text, "default", new)
    assert steps(after) == new
    kept = [line.lstrip("# ") for line in after.splitlines()]
    lost = [line for line in text.splitlines() if line.startswith("#")]
    assert [line for line in lost if line.lstrip("# ") not in kept] == []
    assert "# angle = 28.0\n" in after
    assert '# step = "notice"\n' in after


def test_what_cannot_be_changed_so_is_left_to_its_author():
    dotted = '[[recipes.default]]\nstep = "downscale"\nnetworks.bluesky = 900\n'
    inline = 'recipes = { default = [ { step = "tags" } ] }\n'
    with pytest.raises(Unusable, match="change it in your config"):
        with_recipe(dotted, "default", [{"step": "downscale", "long_side": 800}])
    with pytest.raises(Unusable, match="change it in your config"):
        with_recipe(inline, "other", [{"step": "tags"}])


PLAIN = st.one_of(
    st.booleans(), st.integers(-9, 9), st.sampled_from(["", "#", '"}],', "狐", "\\"])
)
VALUES = st.one_of(PLAIN, st.lists(PLAIN, max_size=2))
RECIPES = st.dictionaries(
    st.sampled_from(ORDER), st.dictionaries(st.sampled_from(["a", "b c"]), VALUES), min_size=1
).map(lambda found: [{"step": name, **found[name]} for name in ORDER if name in found])


@given(RECIPES, RECIPES, st.sampled_from([" ", "\n", "\n # why\n", " # why\n"]), st.booleans())
def test_any_recipe_becomes_any_other_and_no_remark_is_lost(old, new, between, as_tables):
    head = "# first\n[recipes]\n"
    written = with_recipe(head, "it", old)
    if not as_tables:
        inside = written.removeprefix(head).split("[[recipes.it]]\n")[1:]
        tables = [f"{{ {', '.join(part.strip().splitlines())} }}" for part in inside]
        written = f"{head}it = [{between}{f',{between}'.join(tables)}{between}]\n"
    assert steps(written, "it") == old
    after = with_recipe(written, "it", new)
    assert steps(after, "it") == new
    assert after.count("# why") == written.count("# why")
    assert after.startswith("# first\n")
