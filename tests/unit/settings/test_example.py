"""`config.example.toml` shows every key of the schema with its default, and can be used."""

import re
import tomllib
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from postguard.settings import load, schema, steps, values

EXAMPLE = Path(__file__).parents[3] / "config.example.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")

TABLES = {
    "": schema.Config,
    "artist": schema.ArtistTable,
    "accounts.bsky": schema.BlueskyAccount,
    "accounts.fedi": schema.MastodonAccount,
    "accounts.preview": schema.PreviewAccount,
    "schedule": schema.ScheduleTable,
    "intake": schema.IntakeTable,
    "audit": schema.AuditTable,
    "notify": schema.NotifyTable,
    "disk": schema.DiskTable,
    "models": schema.ModelsTable,
    "secrets": schema.SecretsTable,
    "cloak": schema.CloakTable,
    "cluster": schema.ClusterTable,
    **{f"step {k.__name__.lower()}": k for k in steps.StepOptions.__subclasses__()},
}
# What the example must fill in although the schema has no value for it, or another one.
CHOSEN = {("step downscale", "long_side"), ("step watermark", "text")}


def shown():
    """Return {(table, key): written, or None where the key is commented out}."""
    found, table, step = {}, "", ""
    for line in TEXT.splitlines():
        if match := re.fullmatch(r"\[+([\w.]+)\]+", line):
            table = match[1]
        elif match := re.fullmatch(r"(# )?([a-z_]+) = (.+)", line):
            if match[2] == "step":
                step = f"step {tomllib.loads(line)['step']}"
            place = step if table.startswith("recipes.") else table
            found[place, match[2]] = None if match[1] else match[3]
    return found


def fields():
    for table, kind in TABLES.items():
        for key, field in kind.model_fields.items():
            if not (kind is schema.Config and key in {*TABLES, "accounts", "recipes"}):
                yield table, key, field


def test_the_example_is_a_config():
    config = load(EXAMPLE)
    assert set(config.accounts) == {"bsky", "fedi", "preview"}
    assert list(config.recipes) == ["default", "cloaked", "signed"]


def test_every_table_of_the_schema_is_shown():
    inner = {kind for kind in values.Table.__subclasses__() if kind not in TABLES.values()}
    assert inner == {values.Slot, schema.Account}, "written as a text; what accounts share"
    assert set(schema.Account.__subclasses__()) <= set(TABLES.values())


@pytest.mark.parametrize(("table", "key", "field"), list(fields()))
def test_every_key_is_shown_with_its_default(table, key, field):
    written = shown()
    assert (table, key) in written, f"[{table}] lacks {key}"
    value = written[table, key]
    if value is None:
        assert field.default is None or (table, "text") in CHOSEN
    elif field.default is not PydanticUndefined and (table, key) not in CHOSEN:
        assert read_back(table, key) == field.default


def read_back(table, key):
    config = load(EXAMPLE)
    if table.startswith("step "):
        steps = [step for recipe in config.recipes.values() for step in recipe]
        return next(getattr(step, key) for step in steps if f"step {step.step}" == table)
    here = config
    for part in filter(None, table.split(".")):
        here = here[part] if isinstance(here, dict) else getattr(here, part)
    return getattr(here, key)


def test_nothing_is_shown_that_the_schema_does_not_know():
    known = {(table, key) for table, kind in TABLES.items() for key in kind.model_fields}
    assert set(shown()) <= known


def test_the_commented_keys_are_right_too(tmp_path):
    """Each can be switched on alone; `logo` takes the place of `text`."""
    for match in re.finditer(r"^# ([a-z_]+ = .+)$", TEXT, re.MULTILINE):
        text = TEXT[: match.start()] + match[1] + TEXT[match.end() :]
        if match[1].startswith("logo"):
            text = text.replace('text = "© 山田花子"\n', "")
        (tmp_path / "config.toml").write_text(text, encoding="utf-8")
        load(tmp_path / "config.toml")
