"""What is published works alone: the wheel, in a bare environment far from the checkout."""

import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def run(*command, **options):
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
        **options,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this checkout, built in a folder of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, REPOSITORY)
    (built,) = folder.glob("postguard-*.whl")
    return built


@pytest.fixture(scope="module")
def bare(wheel, tmp_path_factory):
    """A virtual environment with the wheel and its base dependencies; returns its bin folder."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    venv.create(folder, with_pip=True)
    constraints = REPOSITORY / "constraints.txt"
    run(folder / "bin" / "python", "-m", "pip", "install", "-q", "-c", constraints, wheel)
    return folder / "bin"


@pytest.fixture
def elsewhere(tmp_path):
    """A home far from the checkout, and nothing of this environment's Python."""
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL") if key in os.environ}
    return {"cwd": tmp_path, "env": {**kept, "HOME": str(tmp_path)}}


def test_the_wheel_holds_what_runs_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"postguard"}
    assert "postguard/data/config.example.toml" in names
    assert "postguard/data/postguard.service" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_wheel_installs_without_torch(bare):
    names = run(bare / "python", "-m", "pip", "list", "--format=freeze").casefold()
    assert "postguard==" in names
    assert not re.search(r"^(torch|diffusers|pytest|hypothesis)==", names, re.MULTILINE)


def test_the_demo_runs_from_the_wheel_alone(bare, elsewhere):
    told = run(bare / "postguard", "demo", **elsewhere)
    page = re.findall(r"/\S+\.html", told)
    assert page, told
    assert "<img" in Path(page[-1]).read_text(encoding="utf-8")
