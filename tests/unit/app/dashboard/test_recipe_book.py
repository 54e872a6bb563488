"""A recipe is changed in the artist's own config as they would have done it, or not at all."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from postguard.app import bell
from postguard.app.dashboard import recipe_book
from postguard.app.dashboard.opening import desk
from postguard.app.installation import Installation
from postguard.cli import happening
from postguard.errors import ConfigError, Unusable
from postguard.settings.load import Settings, parse
from postguard.web.recipe_desk import Recipes, Stands
from tests.system.rig import png

RECIPE = """
# what I like
default = [
  { step = "downscale", long_side = 320 },  # small
  { step = "notice" },
  { step = "cloak", mode = "style" },
]
"""
SMALLER = [{"step": "downscale", "long_side": 160}, {"step": "notice"}]


@pytest.fixture
def book(installation: Installation) -> Recipes:
    text = installation.path.read_text()
    installation.path.write_text(text[: text.index("default =")] + RECIPE, encoding="utf-8")
    installation.reload()
    made = desk(installation, happening.event)
    return made.recipes


def kept_beside(installation: Installation) -> list[Path]:
    """Configs as they were."""
    return sorted(installation.path.parent.glob("config.toml.*"))


def test_a_recipe_is_written_where_it_stands_and_the_old_config_lies_beside(
    book: Recipes, installation: Installation
):
    before = installation.path.read_text()
    installation.path.chmod(0o640)
    kept = book.keep("default", SMALLER, book.stands("default").seen)
    after = installation.path.read_text()
    assert (
        '# what I like\ndefault = [\n  { step = "downscale", long_side = 160 },  # small' in after
    )
    (own,) = kept_beside(installation)
    assert own.read_text() == before
    assert str(own) in kept.told.sentences[0]
    assert installation.path.stat().st_mode & 0o777 == 0o640
    assert "does not run" in kept.told.sentences[1]
    assert book.stands("default") == Stands(tuple(SMALLER), kept.seen)
    assert "so already" in book.keep("default", SMALLER, kept.seen).told.sentences[0]


def test_what_the_artist_wrote_is_never_overwritten_however_often_it_is_saved_here(
    book: Recipes, installation: Installation
):
    own = installation.path.read_text()
    for side in (160, 200, 240):
        steps = [{"step": "downscale", "long_side": side}, {"step": "notice"}]
        kept = book.keep("default", steps, book.stands("default").seen)
    first, last = kept_beside(installation)
    assert first.read_text() == own
    assert last.name == "config.toml.bak"
    assert "long_side = 200" in last.read_text()
    assert str(last) in kept.told.sentences[0]
    assert kept.told.sentences[1] == f"How you last wrote it yourself lies in {first}."
    installation.path.write_text(installation.path.read_text() + "# by hand\n")
    told = book.keep("default", SMALLER, book.stands("default").seen).told
    assert len(told.sentences) == 2
    assert sum("# by hand" in path.read_text() for path in kept_beside(installation)) == 1


def test_what_an_earlier_version_put_beside_the_config_is_kept_under_its_time(
    book: Recipes, installation: Installation
):
    """It may be how the artist wrote it; at the second save it was overwritten."""
    left = installation.path.with_name("config.toml.bak")
    left.write_text("# as I wrote it long ago\n")
    os.utime(left, (1_750_000_000, 1_750_000_000))
    for side in (160, 200, 240):
        steps = [{"step": "downscale", "long_side": side}, {"step": "notice"}]
        kept = book.keep("default", steps, book.stands("default").seen)
    first, second, last = kept_beside(installation)
    assert first.name.startswith("config.toml.2025-06-15-")
    assert first.read_text() == "# as I wrote it long ago\n"
    assert kept.told.sentences[1] == f"How you last wrote it yourself lies in {second}."
    assert (last, "long_side = 200" in last.read_text()) == (left, True)


def test_what_check_would_refuse_is_refused_in_its_words_and_not_written(
    book: Recipes, installation: Installation
):
    before, seen = installation.path.read_text(), book.stands("default").seen
    wrong = [{"step": "downscale", "long_side": 12}]
    for ask in (book.layers, lambda name, steps: book.keep(name, steps, seen)):
        with pytest.raises(ConfigError, match=r"recipes\.default\[0\]\.long_side: must be at le"):
            ask("default", wrong)
    late = [*book.stands("default").steps, {"step": "watermark", "text": "© 花"}]
    with pytest.raises(ConfigError, match="watermark must come before cloak: the noise and"):
        book.keep("default", late, seen)
    with pytest.raises(Unusable, match="protect nothing"):
        book.keep("default", [], seen)
    with pytest.raises(Unusable, match="no recipe nonesuch"):
        book.stands("nonesuch")
    assert installation.path.read_text() == before


def test_what_the_artist_changed_meanwhile_is_never_overwritten(
    book: Recipes, installation: Installation
):
    seen = book.stands("default").seen
    changed = installation.path.read_text().replace("320", "640")
    installation.path.write_text(changed)
    with pytest.raises(Unusable, match="changed in your config meanwhile"):
        book.keep("default", SMALLER, seen)
    assert installation.path.read_text() == changed


def test_what_the_artist_saves_while_it_is_checked_is_never_overwritten(
    book: Recipes, installation: Installation, monkeypatch: pytest.MonkeyPatch
):
    seen, saved = book.stands("default").seen, "# saved meanwhile\n"

    def slowly(text: str, path: Path) -> Settings:
        installation.path.write_text(installation.path.read_text() + saved)
        return parse(text, path)

    monkeypatch.setattr(recipe_book, "parse", slowly)  # no editor can be told to be that fast
    with pytest.raises(Unusable, match="at this very moment"):
        book.keep("default", SMALLER, seen)
    after = installation.path.read_text()
    assert after.endswith(saved)
    assert "long_side = 320" in after
    assert kept_beside(installation) == []


def test_what_else_was_changed_and_needs_a_restart_is_said_plainly(installation: Installation):
    made = desk(installation, happening.event)
    assert made.reading.standing().problem == ""
    text = installation.path.read_text()
    installation.path.write_text(f'{text}\n[secrets]\nstore = "keyring"\n')
    seen = made.recipes.stands("default").seen
    told = made.recipes.keep("default", [{"step": "tags"}], seen).told
    assert "only be changed by a restart" in told.sentences[1]
    assert "opened anew" in told.sentences[1]


def test_a_config_that_is_a_link_stays_one(book: Recipes, installation: Installation):
    real = installation.path.with_name("dotfiles.toml")
    installation.path.rename(real)
    installation.path.symlink_to(real)
    book.keep("default", SMALLER, book.stands("default").seen)
    assert installation.path.is_symlink()
    assert "long_side = 160" in real.read_text()


def test_a_daemon_that_runs_is_told_to_read_it(book: Recipes, installation: Installation):
    code = (
        "import signal, sys\n"
        "from postguard.system.lock import OnlyOne\n"
        "from pathlib import Path\n"
        "signal.signal(signal.SIGHUP, lambda *_: sys.exit(7))\n"
        "with OnlyOne(Path(sys.argv[1])):\n"
        "    print('there', flush=True)\n"
        "    signal.pause()\n"
    )
    lock = installation.home.state / bell.LOCK
    daemon = subprocess.Popen([sys.executable, "-c", code, lock], stdout=subprocess.PIPE)
    assert daemon.stdout is not None
    assert daemon.stdout.readline() == b"there\n"
    kept = book.keep("default", SMALLER, book.stands("default").seen)
    assert "from now on" in kept.told.sentences[1]
    assert daemon.wait(20) == 7
    daemon.stdout.close()


def test_its_layers_are_those_of_the_steps_that_are_shown(book: Recipes):
    without = book.layers("default", SMALLER).used
    assert book.layers("default", [*SMALLER, {"step": "noise"}]).used - without == {3}


def test_a_recipe_is_tried_on_a_picture_without_its_cloak(
    book: Recipes, installation: Installation
):
    made = desk(installation, happening.event)
    key = made.dropping.begin()
    made.dropping.place(key, 1, "fox.png").write_bytes(png(5))
    steps = [*SMALLER, {"step": "cloak", "mode": "style"}]
    shown = made.recipes.show("default", steps, f"drop-{key}")
    assert shown is not None
    assert (shown.width, shown.left_out) == (160, ("cloak",))
    assert [line.name for line in shown.done] == ["Notice"]
    sizes = {}
    for side in ("before", "after"):
        path = made.recipes.picture(shown.key, side)
        sizes[side] = Image.open(io.BytesIO(path.read_bytes())).size
        assert path.stat().st_mode & 0o077 == 0
    assert sizes["after"] == (shown.width, shown.height)
    assert sizes["before"] != sizes["after"]
    assert made.recipes.show("default", steps, f"drop-{key}") == shown
    with pytest.raises(Unusable, match="none of its steps"):
        made.recipes.show("default", [{"step": "cloak"}], f"drop-{key}")
    for nobody in ("", "post-x", "post-99", "drop-../..", "nonesuch"):
        with pytest.raises(Unusable):
            made.recipes.show("default", steps, nobody)
    with pytest.raises(Unusable, match="not kept"):
        made.recipes.picture("../../config", "after")
