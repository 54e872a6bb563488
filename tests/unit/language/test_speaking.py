"""Which language is spoken, and that help pages and dates follow it."""

import datetime
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import pytest

from postguard import language
from postguard.cli import cli, speaking, wide
from postguard.settings.load import default_path


@pytest.mark.parametrize(
    ("environment", "spoken"),
    [
        ({}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "ja_JP.UTF-8"}, "ja"),
        ({"LC_ALL": "ja_JP.eucJP", "LC_MESSAGES": "en_US"}, "ja"),
        ({"LC_ALL": "en_US.UTF-8", "LANG": "ja_JP.UTF-8"}, "en"),
        ({"LANGUAGE": "de:ja:en", "LANG": "en_US.UTF-8"}, "ja"),
        ({"LANGUAGE": "", "LANG": "ja"}, "ja"),
    ],
    ids=str,
)
def test_the_locale_says_what_is_spoken(environment, spoken):
    assert language.of_locale(environment) == spoken


def test_another_language_is_spoken_inside_a_block_and_in_its_thread_alone():
    with language.in_language("ja"), ThreadPoolExecutor(1) as others:
        assert (language.spoken(), language.gettext("Mon")) == ("ja", "月")
        assert others.submit(language.gettext, "Mon").result() == "Mon"
    assert language.gettext("Mon") == "Mon"


def test_the_config_goes_before_the_locale():
    language.choose("ja", {"LANG": "en_US.UTF-8"})
    assert language.spoken() == "ja"
    language.choose("en", {"LANG": "ja_JP.UTF-8"})
    assert language.spoken() == "en"
    language.choose("auto", {"LANG": "ja_JP.UTF-8"})
    assert language.spoken() == "ja"


def test_an_unknown_sentence_is_said_as_it_is():
    language.choose("ja")
    assert language.gettext("nobody ever said this") == "nobody ever said this"
    assert language.gettext("") == ""


def test_days_are_named_in_the_language():
    at = datetime.datetime(2026, 12, 25, 19, 30, tzinfo=datetime.UTC)
    assert language.day_and_time(at) == "Fri 2026-12-25 19:30"
    language.choose("ja")
    assert language.day_and_time(at) == "2026-12-25（金） 19:30"


def test_sentences_end_as_the_language_ends_them():
    assert language.sentences(["One", "Two"]) == "One. Two."
    language.choose("ja")
    assert language.sentences(["一つ", "二つ"]) == "一つ。二つ。"


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ('language = "ja"\n[artist]\n', "ja"),
        ("timezone = 'Asia/Tokyo'\nlanguage='ja' # mine\n", "ja"),
        ('[artist]\nlanguage = "ja"\n', "en"),
        ('# language = "ja"\n', "en"),
        ('language = "ja"\nthis is = not [[ TOML', "ja"),
    ],
    ids=["plain", "quoted otherwise", "in a table", "a comment", "in a broken config"],
)
def test_the_config_says_what_is_spoken_before_it_is_read_whole(tmp_path, text, spoken):
    config = tmp_path / "config.toml"
    config.write_text(text, encoding="utf-8")
    speaking.choose(["--config", str(config), "list"])
    assert language.spoken() == spoken
    language.choose("en")
    speaking.choose([f"--config={config}", "list"])
    assert language.spoken() == spoken


@pytest.mark.parametrize("named", ["POSTGUARD_CONFIG", "XDG_CONFIG_HOME", "HOME"])
def test_the_config_is_looked_for_where_settings_look(tmp_path, monkeypatch, named):
    for variable in ("POSTGUARD_CONFIG", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(variable, raising=False)
    path = tmp_path / "own.toml" if named == "POSTGUARD_CONFIG" else tmp_path
    monkeypatch.setenv(named, str(path))
    config = default_path()
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text('language = "ja"\n', encoding="utf-8")
    speaking.choose(["list"])
    assert language.spoken() == "ja"


def everything(command: click.Command, path: tuple[str, ...] = ()):
    yield path, command
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from everything(each, (*path, name))


def page(command: click.Command, path: tuple[str, ...]) -> str:
    with command.make_context("postguard", [*path, "--help"], resilient_parsing=True) as context:
        found, inside = command, context
        for name in path:
            assert isinstance(found, click.Group)
            found = found.commands[name]
            inside = found.context_class(found, info_name=name, parent=inside)
        return found.get_help(inside)


@pytest.mark.parametrize("path", [path for path, _ in everything(cli)], ids=" ".join)
def test_each_help_page_is_in_the_language_and_within_its_width(path):
    language.choose("ja")
    said = page(speaking.translated(cli), path)
    assert said.startswith("使い方:")
    assert "この説明を表示して終了します。" in said
    assert "Show this" not in said
    assert "..." not in said.partition("\n\n")[2]  # nothing was cut as English is
    typed = ("使い方:", "  postguard")
    wide_lines = [n for n in said.splitlines() if wide.width(n) > 80 and not n.startswith(typed)]
    assert wide_lines == []


def test_english_help_is_clicks_own():
    assert page(cli, ()).startswith("Usage:")
    language.choose("ja")
    speaking.translated(cli)
    assert page(cli, ("move",)).count("Give a post another time") == 1  # the copy was translated


READS = """
import sys
from postguard.cli import main
def heard(event, arguments):
    if event == "open" and str(arguments[0]).endswith(".mo"):
        print("read", arguments[0])
sys.addaudithook(heard)
main()
"""


def test_english_reads_no_catalogue(tmp_path):
    """`--help` must start at once: a catalogue is read where it is spoken."""
    for lang, reads in (("C.UTF-8", False), ("ja_JP.UTF-8", True)):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "POSTG"))}
        done = subprocess.run(
            [sys.executable, "-c", READS, "--help"],
            env=kept | {"LANG": lang, "HOME": str(tmp_path), "PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[3],
        )
        assert ("read " in done.stdout) == reads
