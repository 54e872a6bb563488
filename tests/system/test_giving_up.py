"""Work that the artist no longer wants ends within about a second, and nothing is lost by it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from postguard.model import Post, PostState
from tests.system import rig
from tests.system.rig import Home, home_in, png

NAMES = tuple(f"{i}.png" for i in range(4))  # as many as a post may have
LARGE = (2600, 2000)  # pixels; some seconds of work for each picture, where a look takes one
STEPS = 3 * len(NAMES)  # two of the recipe and the saving
SLOW = '  { step = "notice" },\n  { step = "noise" },\n'


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with home_in(tmp_path) as made:
        made.configure(recipes=rig.recipe(steps=SLOW))
        made.start()
        yield made


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    return {name: png(i, LARGE) for i, name in enumerate(NAMES)}


def drop_slow(home: Home, pictures: dict[str, bytes]) -> Post:
    """Drop the large ones, and return when the first of them is being worked on."""
    alts = "".join(f'"{name}" = "a fox"\n' for name in pictures)
    words = f'text = "four"\nat = "now"\n[alt]\n{alts}'
    home.drop_set("four", pictures | {"post.toml": words.encode()})

    def begun() -> Post | None:
        post = home.post("four")
        return post if post is not None and "step" in home.events(post) else None

    return home.wait(begun, "the first step to be done")


def steps_done(home: Home, post: Post) -> int:
    return home.events(post).count("step")


def lie_in(folder: Path, pictures: dict[str, bytes]) -> bool:
    return all((folder / name).read_bytes() == data for name, data in pictures.items())


def test_a_post_held_while_it_is_protected_is_given_up_and_begun_anew_when_released(
    home: Home, pictures: dict[str, bytes]
) -> None:
    post = drop_slow(home, pictures)
    home.drop("fox.png", png(99, (240, 160)), 'text = "x"\nalt = "a fox"\nat = "now"\n')
    home.run("hold", str(post.id))
    held = home.held("four")
    assert "held by you" in home.reason(held)
    assert lie_in(home.lies(held), pictures)
    assert steps_done(home, post) < STEPS
    assert "protected" not in home.events(post)
    assert not list(home.lies(held).glob("renditions/.work-*"))
    assert home.json("show", str(post.id))["progress"] is None
    home.posted("fox.png")
    home.run("release", str(post.id))
    home.wait(lambda: home.events(post).count("protecting") == 2, "the work to begin anew")
    home.run("hold", str(post.id))
    assert lie_in(home.lies(home.held("four")), pictures)


def test_while_it_is_protected_list_and_show_say_how_far_it_is(
    home: Home, pictures: dict[str, bytes]
) -> None:
    post = drop_slow(home, pictures)
    home.wait(home.store.posts.progress.now, "its progress to be kept")
    told = home.json("show", str(post.id))["progress"]
    assert told["pictures"] == len(NAMES)
    assert home.json("list")[0]["progress"]["pictures"] == len(NAMES)
    assert "being protected" in home.run("list")
    assert f"of {len(NAMES)}" in home.run("show", str(post.id))


def test_a_post_whose_files_are_taken_away_while_it_is_protected_is_withdrawn(
    home: Home, pictures: dict[str, bytes]
) -> None:
    post = drop_slow(home, pictures)
    away = home.lies(post).rename(home.folder / "away")
    home.wait(
        lambda: home.store.posts.get(post.id).state is PostState.WITHDRAWN, "it to be withdrawn"
    )
    assert lie_in(away, pictures)
    assert steps_done(home, post) < STEPS
    home.drop("fox.png", png(99), 'text = "x"\nalt = "a fox"\nat = "now"\n')
    home.posted("fox.png")


def test_ctrl_c_ends_a_protect_with_its_children_and_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    """The terminal sends it to the whole group, in the middle of the cloak."""
    tiny = pytest.importorskip("tests.unit.cloak.tiny", reason="the cloak needs PyTorch")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with home_in(tmp_path) as home:
        models = tiny.models(tmp_path / "models")
        steps = '  { step = "cloak", mode = "immunise" },\n'
        rest = f'{rig.QUICK}\n[models]\ndir = "{models}"\n'
        home.configure(rest=rest, recipes=rig.recipe(steps=steps))
        (tmp_path / "fox.png").write_bytes(png(1, (1600, 1200)))
        command = [*rig.PROGRAM, "protect", "fox.png", "-o", "out.png"]
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=home.environment | {"TMPDIR": str(temporary)},
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        children = home.wait(psutil.Process(process.pid).children, "the cloak's child")
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(rig.PATIENCE) == 130
        assert not psutil.wait_procs(children, rig.PATIENCE)[1]
        assert list(temporary.iterdir()) == []
        assert not list(tmp_path.glob("out.*"))
