"""A page of the docs says the same in both languages: headings, commands, keys, figures, links."""

from __future__ import annotations

import gettext
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import click
import pytest
import yaml

from postguard.cli import cli
from postguard.language import DOMAIN, FOLDER
from postguard.settings.recipes import ORDER
from postguard.settings.steps import MarkStrength, Strength

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
CONFIG = (ROOT / "config.example.toml").read_text(encoding="utf-8")
SITE = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
JAPANESE = ".ja.md"
# For those who look after machines or write code.
IN_ENGLISH_ALONE = {"benchmarks.md", "chaos.md", "models.md", "scale.md"}
FILES = {
    path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md") if "adr" not in path.parts
}
PAGES = sorted(file.removesuffix(JAPANESE) for file in FILES if file.endswith(JAPANESE))

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^(#+) ", re.MULTILINE)
_SWITCH = re.compile(r"^# .*\n\n\[(English|日本語)\]\(([\w-]+(?:\.ja)?\.md)\)\n")
_DATE, _SHARE = r"\d{4}-\d\d-\d\d", r"(?<![\w-])-?\.\d+"
_NUMBER = r"(?:(?<![\w.-])-)?\d+(?:,\d{3})*(?:\.\d+)?"
_FIGURE = re.compile(f"{_DATE}|{_SHARE}|{_NUMBER}", re.ASCII)
_BOTH = pytest.mark.parametrize("page", PAGES)


def read(page: str, ending: str) -> str:
    return (DOCS / f"{page}{ending}").read_text(encoding="utf-8")


def same(page: str, find: Callable[[str], object]) -> None:
    """Assert that the same is found in both languages."""
    assert find(read(page, JAPANESE)) == find(read(page, ".md"))


def words_of(text: str) -> str:
    """Return a page without code, and without the addresses of its links."""
    return _LINK.sub("]", _INLINE.sub("", _BLOCK.sub("", text)))


def sections(text: str) -> list[str]:
    return re.split(r"^#+ ", words_of(text), flags=re.MULTILINE)


def figures(text: str) -> Counter[str]:
    return Counter(_FIGURE.findall(text))


def lost_and_found(english: str, japanese: str) -> tuple[set[str], set[str]]:
    """Return the figures that the Japanese lacks, and those that it has on its own, but for
    small whole numbers there: English may say "both" for 2つ."""
    told, translated = figures(english), figures(japanese)
    return set(told - translated), {f for f in translated - told if len(f) > 1}


def rows(text: str) -> list[list[str]]:
    """Return the cells of each row of all tables."""
    lines = words_of(text).splitlines()
    return [line.split("|") for line in lines if line.startswith("|")]


def codes(text: str) -> list[tuple[str, list[str]]]:
    """Return kind and lines of each block of code, without what is said in a language."""
    return [(kind, list(_lines(body))) for kind, body in _BLOCK.findall(text)]


def _lines(body: str) -> Iterator[str]:
    for line in body.splitlines():
        bare = re.sub(r"\s+# .*$", "", line)
        yield re.sub(r'(--(?:alt|text)) "[^"]*"', r"\1", bare).removeprefix("LANG=ja_JP.UTF-8 ")


def names(text: str) -> set[str]:
    """Return what stands as code in the sentences: commands, keys, files."""
    return {code.replace("番号", "N") for code in _INLINE.findall(_BLOCK.sub("", text))}


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each call of postguard, of its sentences and of its blocks."""
    lines = [line for kind, body in codes(text) if kind == "sh" for line in body]
    for said in [*_INLINE.findall(_BLOCK.sub("", text)), *lines]:
        if said.startswith("postguard "):
            yield said.split()[1:]


def unknown(call: list[str]) -> list[str]:
    """Return the commands and options of a call that postguard does not have."""
    command: click.Command = cli
    while isinstance(command, click.Group) and call and call[0] in command.commands:
        command, call = command.commands[call[0]], call[1:]
    options = {option for parameter in command.params for option in parameter.opts}
    wrong = [word for word in call if word.startswith("-") and word not in options]
    missing = call[:1] if isinstance(command, click.Group) else []
    return missing + wrong


def said(title: str) -> str:
    """Return what the program says for it in Japanese."""
    return gettext.translation(DOMAIN, FOLDER, ["ja"]).gettext(title)


def targets(text: str) -> list[str]:
    """Return where a page's links and pictures lead, but for the one to its other language."""
    return sorted(_LINK.findall(_SWITCH.sub("", text)))


def in_japanese(target: str, folder: Path) -> str:
    """Return where the Japanese page leads instead: to what is there in Japanese."""
    translated = re.sub(r"\.md$", JAPANESE, target.replace(".en.", ".ja."))
    return translated if (folder / translated).exists() else target


def test_every_page_for_artists_is_there_in_japanese() -> None:
    english = {file for file in FILES if not file.endswith(JAPANESE)}
    assert {f"{page}.md" for page in PAGES} == english - IN_ENGLISH_ALONE


def test_every_japanese_page_is_in_the_menu() -> None:
    menu = SITE["nav"]
    japanese = next(part["日本語"] for part in menu if "日本語" in part)
    assert {page for entry in japanese for page in entry.values()} == {
        f"{page}{JAPANESE}" for page in PAGES
    }


def test_the_search_takes_japanese_apart_where_its_letters_change() -> None:
    separator = next(plugin["search"]["separator"] for plugin in SITE["plugins"])
    said = "代替テキスト（ALT）は保留、alt text"
    found = ["代替", "テキスト", "ALT", "は", "保留", "alt", "text"]
    assert list(filter(None, re.split(separator, said))) == found


@_BOTH
def test_each_language_leads_to_the_other(page: str) -> None:
    for ending, language, other in ((".md", "日本語", JAPANESE), (JAPANESE, "English", ".md")):
        found = _SWITCH.match(read(page, ending))
        assert found is not None, ending
        assert found.groups() == (language, f"{Path(page).name}{other}")


@_BOTH
def test_both_languages_have_the_same_headings(page: str) -> None:
    same(page, lambda text: _HEADING.findall(_BLOCK.sub("", text)))


@_BOTH
def test_both_languages_show_the_same_code(page: str) -> None:
    same(page, codes)


@_BOTH
def test_both_languages_name_the_same_commands_and_keys(page: str) -> None:
    same(page, names)


@_BOTH
def test_every_command_and_option_that_a_page_names_exists(page: str) -> None:
    for call in commands(read(page, ".md")):
        assert unknown(call) == [], call


@_BOTH
def test_every_key_of_the_config_that_a_page_names_exists(page: str) -> None:
    named = names(read(page, ".md"))
    keys = {key[1] for code in named if (key := re.match(r"(?:\[\w+\] )?([a-z_]+) = ", code))}
    assert {
        key for key in keys if not re.search(rf"^(# )?{key} = ", CONFIG, re.MULTILINE)
    } == set()


@_BOTH
def test_both_languages_have_the_same_figures_in_their_tables(page: str) -> None:
    for row in zip(rows(read(page, ".md")), rows(read(page, JAPANESE)), strict=True):
        for english, japanese in zip(*row, strict=True):
            assert lost_and_found(english, japanese) == (set(), set()), english


@_BOTH
def test_both_languages_have_the_same_figures_in_each_section(page: str) -> None:
    both = zip(sections(read(page, ".md")), sections(read(page, JAPANESE)), strict=True)
    for english, japanese in both:
        head = english.partition("\n")[0]
        assert lost_and_found(english, japanese) == (set(), set()), head


@_BOTH
def test_both_languages_lead_to_the_same_pages(page: str) -> None:
    folder = (DOCS / page).parent
    english = sorted(in_japanese(target, folder) for target in targets(read(page, ".md")))
    assert targets(read(page, JAPANESE)) == english


def test_the_japanese_pages_call_the_dashboards_pages_as_it_does() -> None:
    shown = re.compile("ダッシュボードの「([^」]+)」|「([^」]+)」のページ")
    found = {"".join(two) for page in PAGES for two in shown.findall(read(page, JAPANESE))}
    assert found == {said("Held"), said("Recipes")}


def test_the_japanese_pages_call_each_step_as_the_program_does() -> None:
    page = read("recipes", JAPANESE)
    lacking = [step for step in ORDER if f"{said(step.capitalize())}（{step}）" not in page]
    assert lacking == []


@_BOTH
def test_a_japanese_page_calls_a_strength_or_mode_as_the_program_does(page: str) -> None:
    values = (*get_args(Strength), *get_args(MarkStrength), "style", "poison", "immunise")
    for value, name in re.findall(r"`(\w+)`（(\w+)", read(page, JAPANESE)):
        assert value not in values or name == said(value)


@_BOTH
def test_no_page_calls_art_safe(page: str) -> None:
    """The word stands in a question alone, whose answer is no."""
    for ending in (".md", JAPANESE):
        said = [
            line
            for line in words_of(read(page, ending)).splitlines()
            if re.search(r"\bsafe\b(?!-)|安全", line)
        ]
        assert all(line.endswith(("?", "？")) for line in said), said
