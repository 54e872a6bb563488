import json

import pytest

from postguard.imaging.sample import draw


@pytest.fixture(scope="module")
def drawn():
    """Drawing takes a second."""
    return draw()


@pytest.fixture
def fox(terminal, drawn):
    terminal.configure()
    path = terminal.home / "狐.png"
    path.write_bytes(drawn)
    return path


def test_a_folder_is_for_another_command(terminal, fox):
    refused = terminal.run("protect", fox.parent, "-o", terminal.home / "out")
    assert refused.exit_code == 2
    said = " ".join(refused.stderr.split())
    assert f"{fox.parent} is a folder" in said
    assert f"postguard archive {fox.parent} OUT" in said


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


def test_a_record_is_written_for_others_without_a_path_of_this_pc(terminal, fox):
    record = terminal.home / "記録.json"
    terminal.json("protect", fox, "-o", terminal.home / "out.png", "--record", record)
    text = record.read_text(encoding="utf-8")
    told = json.loads(text)
    assert (terminal.home / told["file"]).is_file()
    assert told["targets"] == {}
    assert [step["step"] for step in told["record"]["steps"]] == ["downscale", "tags"]
    assert str(terminal.home) not in text
    assert "seed" not in text


@pytest.mark.parametrize("option", ["--save-target", "--save-before"])
def test_without_a_cloak_there_is_nothing_to_check_it_with(terminal, fox, option):
    out, more = terminal.home / "out.png", terminal.home / "more.png"
    done = terminal.run("protect", fox, "-o", out, option, more)
    assert done.exit_code == 1
    assert "has no cloak" in done.stderr
    assert not out.exists()
    assert not more.exists()


@pytest.mark.parametrize("option", ["--save-target", "--save-before", "--record"])
def test_nothing_is_written_over_the_original_or_twice(terminal, fox, option):
    before = fox.read_bytes()
    out = terminal.home / "out.png"
    done = terminal.run("protect", fox, "-o", out, option, fox)
    assert "the original itself" in done.stderr
    assert fox.read_bytes() == before
    done = terminal.run("protect", fox, "-o", out, option, out)
    assert "would be written twice" in done.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--target"),
        (("--target", "{fox}", "--record", "{fox}"), "--target"),
        (("--target", "{fox}", "--target", "{fox}"), "say of which mode"),
        (("--target", "style={fox}", "--target", "style={fox}"), "two targets for style"),
        (("--target", "{fox}", "--i2i", "a fox"), "--sheet"),
        (("--target", "style=nowhere.png"), "nowhere.png"),
        (("--target", "no=mode.png"), "no=mode.png"),
    ],
)
def test_measure_tells_wrong_use_by_its_exit_code(terminal, fox, words, said):
    done = terminal.run("measure", fox, fox, *(word.format(fox=fox) for word in words))
    assert done.exit_code == 2
    assert said in done.stderr


def test_measure_without_encoders_reads_by_our_own_and_says_what_that_is_worth(terminal, fox):
    done = terminal.run("measure", fox, fox, "--target", fox)
    assert done.exit_code == 0
    assert "rough judge" in done.stdout


def test_measure_says_where_nothing_lies_between_two_files(terminal, fox):
    done = terminal.run("measure", fox, fox, "--target", fox)
    assert "Both files show the same picture" in " ".join(done.stdout.split())


def test_measure_needs_no_config_but_one_that_was_named(terminal, fox):
    terminal.config.unlink()
    assert terminal.run("measure", fox, fox, "--target", fox).exit_code == 0
    done = terminal.run("--config", terminal.config, "measure", fox, fox, "--target", fox)
    assert "there is no config yet" in done.stderr


def test_measure_names_a_target_that_is_no_picture(terminal, fox):
    bad = terminal.home / "bad.png"
    bad.write_bytes(b"no picture")
    done = terminal.run("measure", fox, fox, "--target", bad)
    assert done.exit_code == 1
    assert f"{bad}: " in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no json", "no record"),
        ("[]", "no record"),
        ('{"targets": {"style": 5}}', "no record"),
        ('{"targets": {}}', "leads to no target"),
        ('{"targets": {"../../fox": "狐.png"}}', "leads to no target"),
        ('{"targets": {"style": "gone.png"}}', "gone.png"),
    ],
)
def test_measure_says_what_is_wrong_with_a_record(terminal, fox, text, said):
    """A stranger's record names files to read, and never one to write."""
    record = terminal.home / "r.json"
    record.write_text(text, encoding="utf-8")
    done = terminal.run("measure", fox, fox, "--record", record)
    assert done.exit_code == 1
    assert said in done.stderr


def test_a_copy_of_a_file_by_itself_is_not_found_and_protect_says_so_before(terminal, fox):
    """`prove` knows posts: nothing is kept of what was protected alone."""
    assert "not found by `postguard prove`" in " ".join(
        terminal.run("protect", "--help").stdout.split()
    )
    out = terminal.home / "out.jpg"
    written = terminal.json("protect", fox, "-o", out, "--recipe", "plain")["file"]
    done = terminal.run("prove", written)
    assert done.exit_code == 1
    assert "wrote are no posts" in " ".join(done.stdout.split())
