"""What an archive's run says at its end; the real command, with a process that protects."""

from __future__ import annotations

import json

from PIL import Image

FAILED = 7


def test_the_first_that_failed_are_named_with_their_reasons_and_the_report_with_all(
    terminal, tmp_path
):
    terminal.configure()
    art = tmp_path / "art"
    art.mkdir()
    for n in range(FAILED):
        (art / f"{n}.png").write_bytes(b"no picture")
    Image.new("RGB", (80, 60), "teal").save(art / "whole.png")
    done = terminal.run("archive", str(art), str(tmp_path / "out"), "--workers", "1")
    assert done.exit_code == 1
    said = done.output
    assert "1 picture protected" in said
    assert f"{FAILED} failed:" in said
    assert said.count("this is not a picture that postguard opens") == 5
    assert "  0.png: this is not" in said
    assert "and 2 more" in said
    report = tmp_path / "out" / "report.html"
    assert f"report, with all that failed: {report}" in said
    assert all(f"{n}.png" in report.read_text() for n in range(FAILED))
    again = terminal.run("archive", str(art), str(tmp_path / "out"), "--json")
    told = json.loads(again.stdout)
    assert (told["known"], told["failed"], len(told["examples"])) == (1, FAILED, 5)


def test_a_report_that_cannot_be_written_is_told_and_what_was_made_stays(terminal, tmp_path):
    terminal.configure()
    art, out = tmp_path / "art", tmp_path / "out"
    art.mkdir()
    Image.new("RGB", (80, 60), "teal").save(art / "whole.png")
    (out / ".postguard").mkdir(parents=True)
    (out / ".postguard" / "ledger.db").touch()
    (out / "report.html").mkdir()  # as full as a disk, for a file of this name
    done = terminal.run("archive", str(art), str(out), "--workers", "1")
    assert done.exit_code == 1, done.output
    assert "1 picture protected" in done.output
    assert "the report could not be written" in done.output
    assert len(list(out.glob("whole.*"))) == 1
