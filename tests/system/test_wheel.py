"""What is published works alone: the wheel, in a bare environment far from the checkout."""

import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.system.rig import png

REPOSITORY = Path(__file__).parents[2]
MOST_BYTES = 6_000_000  # the fonts with Japanese letters are most of it

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
    """A virtual environment with the wheel and its base dependencies; returns its bin folder.
    Nothing is compiled ahead: most modules of the dependencies are never imported here."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    venv.create(folder)
    constraints = REPOSITORY / "constraints.txt"
    pip(folder / "bin", "install", "-q", "--no-compile", "-c", constraints, wheel)
    return folder / "bin"


def pip(environment, *words):
    """Run this environment's pip on another."""
    return run(sys.executable, "-m", "pip", "--python", environment / "python", *words)


@pytest.fixture
def elsewhere(tmp_path):
    """An empty home far from the checkout, and nothing of this environment's Python."""
    home = tmp_path / "home"
    home.mkdir()
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL") if key in os.environ}
    return {"cwd": tmp_path, "env": {**kept, "HOME": str(home)}}


def test_the_wheel_holds_what_runs_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"postguard"}
    assert [
        name for name in names if re.search(r"(^|/)(tests?|bench|tools|__pycache__)/", name)
    ] == []
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_wheel_holds_every_file_of_the_package(wheel):
    """What is not Python is easily forgotten: fonts, SQL, templates, the unit, the example."""
    package = REPOSITORY / "postguard"
    kept = {
        path.relative_to(REPOSITORY).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    names = set(zipfile.ZipFile(wheel).namelist())
    assert kept - names == set()
    assert {"postguard/data/config.example.toml", "postguard/data/postguard.service"} <= names
    for ending in (".otf", ".sql", ".html.j2", "OFL.txt"):
        assert any(name.endswith(ending) for name in names), ending


def test_the_wheel_is_small(wheel):
    assert wheel.stat().st_size < MOST_BYTES


def test_the_wheel_installs_without_torch(bare):
    names = pip(bare, "list", "--format=freeze").casefold()
    assert "postguard==" in names
    assert not re.search(r"^(torch|diffusers|pytest|hypothesis)==", names, re.MULTILINE)


def test_the_demo_runs_from_the_wheel_alone(bare, elsewhere):
    """With a small picture: the drawn one goes its whole way in test_demo.py."""
    picture = elsewhere["cwd"] / "fox.png"
    picture.write_bytes(png())
    told = run(bare / "postguard", "demo", picture, **elsewhere)
    pages = re.findall(r"^  (/.+\.html)$", told, re.MULTILINE)
    assert len(pages) == 2, told
    assert all("<img" in Path(page).read_text(encoding="utf-8") for page in pages)
    assert list(elsewhere["cwd"].joinpath("home").iterdir()) == []


def test_the_first_commands_run_from_the_wheel_alone(bare, elsewhere):
    run(bare / "postguard", "init", "--yes", "--name", "山田花子", **elsewhere)
    assert "Everything is there" in run(bare / "postguard", "check", "--offline", **elsewhere)
    assert "No posts yet" in run(bare / "postguard", "list", **elsewhere)
