"""`postguard demo`: the whole way of a picture, in front of whoever tries postguard first."""

import html
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from postguard.imaging.sample import draw
from tests.system.rig import png

COMMAND = [sys.executable, "-m", "postguard", "demo"]
PATIENCE = 150.0  # seconds

pytestmark = pytest.mark.timeout(2 * PATIENCE)


def demo(home, *words, **more):
    return subprocess.run(
        [*COMMAND, *(str(word) for word in words)],
        env=environment(home) | more,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def environment(home):
    """A home where postguard was never used, and no models for the cloak."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "POSTGUARD_"))}
    return kept | {"HOME": str(home), "TMPDIR": str(home), "OMP_NUM_THREADS": "1"}


def pages_of(told):
    return [Path(page) for page in re.findall(r"^  (/.+\.html)$", told, re.MULTILINE)]


def processes_in(folder):
    """Return the processes whose command names this folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue  # it has just ended
            if os.fsencode(folder) in command:
                found.append(int(entry.name))
    return found


def test_the_whole_way_ends_with_a_page_for_each_account(tmp_path):
    done = demo(tmp_path, "--into", tmp_path / "demo", FORCE_COLOR="1")  # as on a terminal
    assert done.returncode == 0, done.stderr
    assert "setting up a home of its own" in done.stderr
    assert "half a minute" in done.stdout
    assert re.search(r"measuring the cloak.*; Ctrl-C stops it", done.stdout)
    stations = ["settled", "downscale", "watermark", "notice", "noise"]
    stations += ["cloak", "tags", "protected"]
    way = done.stdout.partition("Dropping")[2]
    places = [way.find(said) for said in [*stations, "scheduled", "drawn as a page", "done"]]
    assert -1 not in places
    assert places == sorted(places)
    assert "Its cloak: " in done.stdout
    pages = pages_of(done.stdout)
    assert [p.parent.name for p in pages] == ["1-fedi", "1-sky"]
    for page in pages:
        text = html.unescape(page.read_text(encoding="utf-8"))
        assert "月の下のきつね" in text
        assert "A red fox sits on a hill" in text
        pictures = re.findall(r'src="([^":]+\.(?:jpg|png|webp))"', text)
        assert all((page.parent / p).is_file() for p in pictures)
        assert "<img" in text
    assert processes_in(tmp_path) == []
    assert [p.name for p in tmp_path.iterdir()] == ["demo"]  # nothing lies outside its folder


def test_an_own_picture_with_a_japanese_name_goes_the_same_way(tmp_path):
    picture = tmp_path / "月の狐 (完成).png"
    picture.write_bytes(png())
    done = demo(tmp_path, picture.name, "--json")
    assert done.returncode == 0, done.stderr
    *events, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert [e["what"] for e in events][-1] == "drawn"
    assert any(picture.name in e["detail"] for e in events)
    assert len(last["pages"]) == 2
    for page in last["pages"]:
        assert "A red fox" not in Path(page).read_text(encoding="utf-8")
    assert picture.read_bytes() == png()


def test_a_picture_that_cannot_be_opened_is_told_and_ends_with_1(tmp_path):
    (tmp_path / "broken.png").write_bytes(draw()[:5_000])
    done = demo(tmp_path, "broken.png")
    assert done.returncode == 1
    assert "was held" in done.stderr
    assert "Traceback" not in done.stderr
    assert processes_in(tmp_path) == []


def test_an_earlier_demo_is_not_mixed_up_with_a_new_one(tmp_path):
    (tmp_path / "config.toml").write_text("")
    done = demo(tmp_path, "--into", tmp_path)
    assert done.returncode == 1
    assert "name an empty folder" in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("named", [True, False])
def test_a_demo_that_is_stopped_leaves_no_daemon_and_no_folder_behind(
    tmp_path, number, code, named
):
    """But for a folder that was named: what came so far lies there."""
    into = ["--into", tmp_path / "demo"] if named else []
    running = subprocess.Popen(
        [*COMMAND, *into, "--json"],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    first = running.stdout.readline()
    assert json.loads(first)["what"] == "settled"
    assert len(processes_in(tmp_path)) > named  # with a name, the demo itself is one
    running.send_signal(number)
    _, errors = running.communicate(timeout=PATIENCE)
    assert running.returncode == code, errors
    assert "Traceback" not in errors
    assert processes_in(tmp_path) == []
    assert [entry.name for entry in tmp_path.glob("*demo*")] == ["demo"] * named
