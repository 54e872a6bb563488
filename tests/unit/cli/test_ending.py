"""What goes wrong ends with a sentence and an exit code; a traceback would fail these tests."""

import json
import os
import sqlite3
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from postguard.cli import cli
from postguard.errors import Unusable
from tests.making import protected_post

NEED_CONFIG = [
    ("check",),
    ("run", "--once"),
    ("login", "sky"),
    ("logout", "sky"),
    ("pause", "sky"),
    ("service", "install"),
]


@pytest.mark.parametrize("words", NEED_CONFIG, ids=" ".join)
def test_without_a_config_the_next_step_is_named(terminal, words):
    done = terminal.run(*words)
    assert done.exit_code == 1
    assert "`postguard init` writes one" in done.stderr
    assert str(terminal.config) in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("outbox = ~/outbox\n", ":1: is not valid TOML"),
        (
            'timezone = "UTC"\n\n[artist]\nnaem = "x"\n',
            ':4: artist.naem: unknown key; did you mean "name"?',
        ),
        ('[accounts.b]\nnetwork = "bluesky"\nhandle = "a.b.c"\npassword = "hunter2"\n', ":4: "),
        ("outbox = '\udcff'\n", ":1: is not UTF-8"),
    ],
)
def test_a_fault_in_the_config_is_told_with_its_line(terminal, text, said):
    terminal.config.parent.mkdir(parents=True)
    terminal.config.write_bytes(text.encode(errors="surrogateescape"))
    done = terminal.run("check")
    assert done.exit_code == 1
    assert f"{terminal.config}{said}" in done.stderr
    assert "hunter2" not in done.stderr


def test_a_config_that_cannot_be_read_is_told(terminal):
    terminal.config.mkdir(parents=True)
    done = terminal.run("check")
    assert done.exit_code == 1
    assert "cannot be read" in done.stderr


def test_a_named_config_wins_over_the_environment(terminal, monkeypatch):
    monkeypatch.setenv("POSTGUARD_CONFIG", "from-the-environment.toml")
    assert "from-the-environment.toml" in terminal.run("check").stderr
    assert "named.toml" in terminal.run("--config", "named.toml", "check").stderr


def test_the_xdg_folders_are_honoured(terminal, monkeypatch):
    for name in ("CONFIG", "STATE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(terminal.home / name))
    assert terminal.run("init", "--yes").exit_code == 0
    assert terminal.run("check", "--offline").exit_code == 0
    assert (terminal.home / "CONFIG" / "postguard" / "config.toml").is_file()
    assert (terminal.home / "STATE" / "postguard" / "postguard.db").is_file()
    assert not (terminal.home / ".config").exists()
    assert not (terminal.home / ".local").exists()


def test_a_folder_that_cannot_be_made_is_named(terminal):
    (terminal.home / ".local").write_text("a file where a folder belongs")
    done = terminal.run("list")
    assert done.exit_code == 1
    assert str(terminal.home / ".local") in done.stderr
    assert "move it away" in done.stderr


def test_a_place_where_nothing_can_be_written_is_named(terminal, monkeypatch):
    """Nobody, not even root, can make a folder in /proc."""
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/postguard")
    done = terminal.run("list")
    assert done.exit_code == 1
    assert "/proc/postguard" in done.stderr


def test_a_database_of_a_newer_version_is_left_alone(terminal):
    protected_post(terminal.store())
    path = terminal.home / ".local" / "state" / "postguard" / "postguard.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    done = terminal.run("list")
    assert done.exit_code == 1
    assert "Update postguard; nothing was changed" in done.stderr


def test_a_file_that_is_no_database_is_told(terminal):
    path = terminal.home / ".local" / "state" / "postguard" / "postguard.db"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database at all" * 100)
    done = terminal.run("list")
    assert done.exit_code == 1
    assert "cannot be used" in done.stderr


def test_a_full_disk_is_told_in_words(terminal):
    """SQLite's own page limit stands for the disk's end."""
    store = terminal.store()
    post = protected_post(store)
    with store.db.change() as db:
        db.execute("PRAGMA max_page_count = 1")
    with pytest.raises(Unusable, match="full"):
        store.posts.note(post.id, post.created_at, "much", "x" * 1_000_000)
    assert len(store.posts.history(post.id)) == 3


def test_wrong_use_ends_with_2(terminal):
    assert terminal.run("lsit").exit_code == 2
    assert terminal.run("list", "--limit", "0").exit_code == 2
    assert terminal.run("show").exit_code == 2
    assert terminal.run("run", "--log", "loud").exit_code == 2


def test_ctrl_c_at_a_question_ends_quietly(terminal):
    @click.command()
    def asked():
        raise KeyboardInterrupt

    cli.add_command(asked, "asked")
    try:
        done = terminal.run("asked")
    finally:
        del cli.commands["asked"]
    assert done.exit_code == 130
    assert done.stdout.strip() == ""
    assert done.stderr.strip() == "postguard: stopped"


def test_a_reader_that_goes_away_is_no_fault(terminal):
    """`postguard list | head -1` ends quietly."""
    store = terminal.store()
    for i in range(300):
        protected_post(store, name=f"{i}.png")
    environment = os.environ | {"HOME": str(terminal.home)}
    command = [sys.executable, "-m", "postguard", "list", "--limit", "1000", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as listing:
        listing.stdout.read(10)
        listing.stdout.close()
        said = listing.stderr.read()
    assert said == b""


def commands(group, above=()):
    for name, command in group.commands.items():
        yield (*above, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*above, name))


@pytest.mark.parametrize("words", sorted(commands(cli)), ids=" ".join)
def test_every_command_explains_itself(terminal, words):
    done = terminal.run(*words, "-h")
    assert done.exit_code == 0
    assert done.stdout.startswith(f"Usage: cli {' '.join(words)}")
    options = [line for line in done.stdout.splitlines() if line.startswith("  -")]
    assert options


def test_every_option_has_words():
    for words in commands(cli):
        command = cli
        for word in words:
            command = command.commands[word]
        silent = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
        assert silent == [], words


def test_the_version_is_the_packages(terminal):
    from importlib.metadata import version

    assert terminal.run("--version").stdout == f"postguard {version('postguard')}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_for_the_shell(terminal, shell):
    done = terminal.run("completion", shell)
    assert done.exit_code == 0
    assert "_POSTGUARD_COMPLETE" in done.stdout


def test_tab_completes_commands(terminal, monkeypatch):
    monkeypatch.setenv("_POSTGUARD_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "postguard re")
    monkeypatch.setenv("COMP_CWORD", "1")
    done = CliRunner().invoke(cli, prog_name="postguard")
    assert done.stdout.split() == [
        "plain,release",
        "plain,restore",
        "plain,retract",
        "plain,retry",
    ]


def test_a_japanese_name_ends_no_command_where_the_terminal_has_no_such_letters(terminal):
    """Python ends a process that prints what an encoding does not have."""
    terminal.configure()
    store = terminal.store()
    protected_post(store, name="狐🦊.png")
    store.db.close()
    latin = CliRunner(charset="latin-1", env={"LANGUAGE": "ja"})
    done = latin.invoke(cli, ["list"], catch_exceptions=False)
    assert (done.exit_code, "\\u72d0\\U0001f98a.png" in done.stdout) == (0, True)
    done = latin.invoke(cli, ["list", "--json"], catch_exceptions=False)
    assert json.loads(done.stdout)[0]["name"] == "狐🦊.png"
    japanese = CliRunner(charset="euc_jp").invoke(cli, ["list", "--limit", "9"])
    assert "狐" in japanese.stdout_bytes.decode("euc_jp")
