import json

import pytest

from postguard.imaging.sample import draw


@pytest.fixture
def fox(terminal):
    terminal.configure()
    path = terminal.home / "狐.png"
    path.write_bytes(draw())
    return path


def test_a_file_is_protected_without_being_posted(terminal, fox):
    before = fox.read_bytes()
    done = terminal.run("protect", fox, "-o", terminal.home / "out.jpg", "--recipe", "plain")
    assert done.exit_code == 0, done.output
    written = terminal.home / done.stdout.splitlines()[-1]
    assert written.is_file()
    assert "Tags" in done.stdout
    assert fox.read_bytes() == before
    assert not terminal.outbox.exists()


def test_the_record_is_json(terminal, fox):
    told = terminal.json("protect", fox, "-o", terminal.home / "out.png", "--for", "fedi")
    assert [step["step"] for step in told["record"]["steps"]] == ["downscale", "tags"]
    assert max(told["size"]) == 64
    assert json.dumps(told).count("seed") == 0


def test_the_original_is_never_written_over(terminal, fox):
    """The ending follows what was made, so another name may turn out to be the original's."""
    before = fox.read_bytes()
    for out in (fox, fox.with_suffix(".jpg"), fox.with_suffix(".webp")):
        terminal.run("protect", fox, "-o", out)
    assert fox.read_bytes() == before


def test_a_file_that_was_not_named_is_not_written_over(terminal, fox):
    taken = [terminal.home / f"out{ending}" for ending in (".jpg", ".png")]
    for path in taken:
        path.write_bytes(b"mine")
    done = terminal.run("protect", fox, "-o", terminal.home / "out.webp")
    assert done.exit_code == 1
    assert "is there already" in done.stderr
    assert all(path.read_bytes() == b"mine" for path in taken)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--recipe", "strong"), "known: default, plain"),
        (("--for", "skye"), "no account skye"),
    ],
)
def test_unknown_names_are_told(terminal, fox, words, said):
    done = terminal.run("protect", fox, "-o", terminal.home / "out.jpg", *words)
    assert done.exit_code == 1
    assert said in done.stderr


def test_a_folder_that_is_not_there_is_told_before_any_work(terminal, fox):
    done = terminal.run("protect", fox, "-o", terminal.home / "no" / "out.jpg")
    assert done.exit_code == 1
    assert "is not there" in done.stderr


def test_what_is_no_picture_is_told(terminal, fox):
    fox.write_bytes(b"no picture")
    done = terminal.run("protect", fox, "-o", terminal.home / "out.jpg")
    assert done.exit_code == 1
    assert "狐.png" in done.stderr
