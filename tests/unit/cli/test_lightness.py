"""Commands that must appear at once load only what they need; one careless import undoes it."""

import os
import subprocess
import sys

import pytest

RUN = """
import sys
import click
before = set(sys.modules)
from postguard.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("loaded:", *sorted(set(sys.modules) - before))
"""
HEAVY = {"pydantic", "rich", "postguard.settings", "postguard.networks", "zoneinfo._tzpath"}
NOT_FOR_HELP = {"pathlib", "json", "postguard.app", "postguard.model", "postguard.store"}


def loaded_by(home, *words):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "POSTGUARD_"))}
    done = subprocess.run(
        [sys.executable, "-c", RUN, *words],
        env=kept | {"HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.rpartition("loaded: ")[2].split())


@pytest.mark.parametrize("words", [["--help"], ["list", "--help"]], ids=" ".join)
def test_help_needs_little_more_than_click(tmp_path, words):
    assert loaded_by(tmp_path, *words) & (NOT_FOR_HELP | HEAVY) == set()


def test_a_list_needs_neither_the_config_nor_tables(tmp_path):
    loaded = loaded_by(tmp_path, "list")
    assert "postguard.store" in loaded
    assert loaded & HEAVY == set()
