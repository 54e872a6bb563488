"""With `language = "ja"` an artist reads no English sentence of ours, all along a post's way."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.unit.cli.conftest import Terminal
from tests.unit.language.test_catalogues import kept

CONFIG = """\
outbox   = "{outbox}"
timezone = "Asia/Tokyo"
language = "ja"

[artist]
name = "山田花子"
lang = ["ja"]

[accounts.sky]
network = "preview"

[intake]
settle     = "0.2s"
words_wait = "0.2s"

[recipes]
default = [
  {{ step = "downscale", long_side = 240 }},
  {{ step = "watermark", text = "© 山田花子" }},
  {{ step = "notice" }},
  {{ step = "tags" }},
]
"""
# What is typed, named or counted stays as it is in every language.
TYPED = re.compile(
    r"`[^`]*`|postguard( [\w-]+)+|sudo apt install [\w-]+|\{[^}]*\}|[\w.-]+/[\w./-]*"
)
LAYOUT = re.compile(r"<(style|script)>.*?</\1>|<[^>]*>", re.DOTALL)
ENGLISH = re.compile(r"\b[A-Za-z]*[a-z]{2,} [a-z]{2,} [a-z]{2,}")


@pytest.fixture(scope="module")
def english() -> list[str]:
    """What postguard says in English, where it is long enough to be no accident."""
    ids = [m.id if isinstance(m.id, str) else m.id[0] for m in kept("ja") if m.id]
    return [
        text for text in ids if text.strip().count(" ") > 1 and "{" not in text and "%" not in text
    ]


@pytest.fixture
def home(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("COLUMNS", "400")  # sentences stay whole
    terminal.configure(CONFIG)
    return terminal


def draw(path: Path, seed: int = 1) -> Path:
    """A picture in which every mark of the recipe finds its place."""
    colours = np.random.default_rng(seed).integers(40, 220, (3, 4, 3), dtype=np.uint8)
    Image.fromarray(colours).resize((400, 300)).save(path)
    return path


def not_japanese(said: str, english: list[str]) -> list[str]:
    left = TYPED.sub("", said)
    return [text for text in english if text in said] + ENGLISH.findall(left)


def test_the_whole_way_of_a_post_is_told_in_japanese(home, english):
    picture = draw(home.home / "狐.png")
    posted = ("add", picture, "--alt", "赤い狐", "--text", "新作です", "--at", "now")
    held = ("add", draw(home.home / "山.png", seed=2), "--text", "題だけ", "--at", "now")
    commands = (
        ("list",),
        ("check", "--offline"),
        *(("run", "--once"), posted, held, ("run", "--once")),
        *(("list",), ("show", 1), ("show", 1, "--as", "bluesky"), ("show", 2)),
        *(("list", "--calendar"), ("pause",), ("list",), ("pause", "--off")),
        *(("retry", 1), ("hold", 1), ("move", 1, "up"), ("release", 2), ("show", 9)),
        *(("protect", picture, "--out", home.home / "out.png"), ("login", "sky"), ("audit",)),
        *(("ledger",), ("backup",)),
    )
    for words in commands:
        done = home.run(*words)
        if words[0] != "run":  # which prints the log, for whoever mends postguard
            assert not_japanese(done.output, english) == [], words
    assert "試し、投稿なし" in home.run("list").output
    assert "（代替テキスト" not in home.run("list").output
    (page,) = home.home.rglob("previews/*/index.html")
    assert not_japanese(LAYOUT.sub(" ", page.read_text(encoding="utf-8")), english) == []


def test_a_broken_config_is_told_in_japanese(home, english):
    home.config.write_text(
        'language = "ja"\ntimezon = "Asia/Tokyo"\n[recipes]\ndefault = [{ step = "noize" }]\n',
        encoding="utf-8",
    )
    said = home.run("check", "--offline").output
    assert "知らないキーです" in said
    assert not_japanese(said, english) == []


def test_wrong_use_is_told_in_japanese(home, english):
    for words in (
        ("lsit",),
        ("list", "--limit", "0"),
        ("show",),
        ("edit", 1),
        ("move", "x", "up"),
    ):
        done = home.run(*words)
        assert done.exit_code == 2, words
        assert not_japanese(done.output, english) == [], words


def test_init_asks_and_writes_in_japanese(terminal, english, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "ja")
    done = terminal.run("init", typed="山田花子\n" + "\n" * 9)
    assert done.exit_code == 0, done.output
    assert not_japanese(done.output, english) == []
    written = terminal.config.read_text(encoding="utf-8")
    assert 'language = "ja"' in written
    assert not_japanese(written.replace("| both: ", ""), english) == []


def test_the_search_finds_english(english):
    assert not_japanese("postguard is not running, so nothing moves.", english)
    assert not_japanese("投稿1: there is no such thing here", english)
    assert not not_japanese("開始: postguard service install", english)
