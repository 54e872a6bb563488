"""The services of the cluster are units that a user's manager takes."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.unit.system.test_service import ALLOWED, REPOSITORY, directives, faults

UNITS = ("postguard-scheduler.service", "postguard-worker@.service")


def text(unit: str) -> str:
    """A unit as it is shipped."""
    return (REPOSITORY / "systemd" / unit).read_text()


@pytest.mark.parametrize("unit", UNITS)
def test_nothing_stands_in_it_that_stops_a_users_unit(unit: str) -> None:
    known = {section: set(keys) for section, keys in ALLOWED.items()}
    known["Service"].add("Environment")
    assert all(key in known[section] for section, key in directives(text(unit)))


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_finds_no_fault_in_it(unit: str, tmp_path: Path) -> None:
    here = re.sub(r"%h/\S+/postguard", sys.executable, text(unit))
    name = unit.replace("@.", "@0.").replace(".", "_")
    assert faults(tmp_path, "--user", **{name: here}) == (0, "")
