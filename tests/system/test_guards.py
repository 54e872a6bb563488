"""Promises about the code itself that nobody would notice being broken."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PRODUCT = sorted((REPOSITORY / "postguard").rglob("*.py"))
LONGEST_FILE = 500

# None of these may be paid for by somebody who only asks for help.
HEAVY = {"torch", "diffusers", "atproto", "mastodon", "numpy", "PIL"}

HELP = """
import sys
from postguard.cli import main
sys.argv = ["postguard", "--help"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("loaded:", *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def tracked():
    """Return the files that git knows, or skip outside a checkout."""
    git = shutil.which("git")
    if git is None or not (REPOSITORY / ".git").exists():
        pytest.skip("not run: what is tracked can only be asked in a git checkout")
    listed = subprocess.run(
        [git, "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True
    )
    return [REPOSITORY / name for name in listed.stdout.decode().split("\0") if name]


def texts(files):
    for path in files:
        try:
            yield path, path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # a picture; or a file that was just removed


def test_help_starts_without_the_heavy_libraries():
    done = subprocess.run(
        [sys.executable, "-c", HELP], capture_output=True, text=True, check=False, cwd=REPOSITORY
    )
    assert done.returncode == 0, done.stderr
    told, _, loaded = done.stdout.rpartition("loaded: ")
    assert "Usage" in told
    assert HEAVY & set(loaded.split()) == set()


def test_no_tracked_file_names_a_place_on_a_developers_machine():
    places = ["/" + name for name in ("work/", "farm/", "opt/wheel", "opt/pypi", "root/.")]
    found = re.compile(
        "|".join([*map(re.escape, places), r"/tmp/[a-z]+_[a-z]+\.\d", r"/home/[a-z]+/"])
    )
    named = [
        f"{path.relative_to(REPOSITORY)}: {match[0]}"
        for path, text in texts(tracked())
        if (match := found.search(text))
    ]
    assert named == []


def test_the_product_reads_nothing_beside_the_checkout():
    beside = "../" + "shared"
    assert [path.name for path, text in texts(PRODUCT) if beside in text] == []


@pytest.mark.parametrize("path", PRODUCT, ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_every_module_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_no_file_has_grown_beyond_reading():
    long = {
        str(path.relative_to(REPOSITORY)): lines
        for path, text in texts(p for p in tracked() if p.suffix in {".py", ".sh", ".cjs"})
        if (lines := text.count("\n")) > LONGEST_FILE
    }
    assert long == {}


def test_imports_go_downward_only():
    program = Path(sys.executable).parent / "lint-imports"
    if not program.exists():
        pytest.skip("not run: import-linter is not installed (make check installs it)")
    done = subprocess.run([program], capture_output=True, text=True, check=False, cwd=REPOSITORY)
    assert done.returncode == 0, done.stdout
