"""What the README promises is true: its config loads, its words parse, its commands exist."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from postguard.cli import cli
from postguard.intake import sidecar, words
from postguard.settings.load import parse

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(kind: str, holding: str) -> str:
    """Return the README's code block of this kind that holds this text."""
    blocks = re.findall(rf"```{kind}\n(.*?)```", README, re.DOTALL)
    return next(b for b in blocks if holding in b)


def test_the_readme_is_one_page() -> None:
    assert len(README.splitlines()) <= 150


def test_the_config_of_the_readme_is_valid() -> None:
    config = parse(block("toml", "[accounts.bsky]"), Path("config.toml"))
    assert set(config.accounts) == {"bsky", "fedi"}


def test_the_words_of_the_readme_are_read_as_it_says(tmp_path: Path) -> None:
    sidecar = tmp_path / "fox.toml"
    sidecar.write_text(block("toml", "alt  ="), encoding="utf-8")
    dropped = words.read([sidecar], ["bsky", "fedi"], ZoneInfo("Asia/Tokyo"))
    assert dropped.top.text == "A fox below the moon."
    assert words.asked(dropped, "bsky") == "2026-12-24T19:30:00+09:00"
    assert dropped.own("fedi").cw == "eye contact"


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_every_command_is_named_in_the_readme(command: str) -> None:
    assert re.search(rf"`[^`]*\b{command}\b[^`]*`|^postguard {command}\b", README, re.MULTILINE)


def test_every_page_that_the_readme_links_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    missing = [link for link in links if not (ROOT / link).exists()]
    assert missing == []


def test_the_page_of_the_words_names_every_key_and_its_examples_are_read() -> None:
    page = (ROOT / "docs" / "words.md").read_text(encoding="utf-8")
    written = {"asked": "at", "langs": "lang"}
    keys = {written.get(each.name, each.name) for each in fields(sidecar.Fields)}
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == keys
    for example in re.findall(r"```toml\n(.*?)```", page, re.DOTALL):
        assert sidecar.parse(example, "fox.toml", ["bsky", "fedi"], UTC) != sidecar.Dropped()


def test_the_recipes_of_the_docs_are_valid() -> None:
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    recipes = "\n".join(re.findall(r"```toml\n(.*?)```", page, re.DOTALL))
    assert len(parse(f"[recipes]\n{recipes}", Path("config.toml")).recipes) == 5


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the pages of the docs as `make docs` builds them, by where they lie."""
    pytest.importorskip("mkdocs", reason="not run: the extra docs is not installed")
    built = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(built)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {
        page.relative_to(built).as_posix(): page.read_text(encoding="utf-8")
        for page in built.rglob("*.html")
    }


def test_the_docs_are_a_site_that_asks_no_other_server_for_anything(site: dict[str, str]) -> None:
    assert len(site) > 10
    loads = re.compile(r"<(?:script|img|link|iframe|source)\b[^>]*https?://")
    for name, page in site.items():
        assert not loads.search(page), name


def test_each_page_of_the_site_says_its_language(site: dict[str, str]) -> None:
    for name, page in site.items():
        language = "ja" if name.endswith(".ja.html") else "en"
        assert f'<html lang="{language}"' in page, name
