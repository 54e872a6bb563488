"""Whether a browser was started, where the PC has one and where it has none."""

from pathlib import Path

import pytest

from postguard.cli import browsing

PAGE = "file:///a/page.html"


@pytest.fixture
def screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A screen, and a folder that is the only one in which programs are looked for."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("DISPLAY", ":9")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def opener(folder: Path, does: str) -> None:
    """The desktop's own opener of pages, which finds a browser or does not."""
    program = folder / "xdg-open"
    program.write_text(f"#!/bin/sh\n{does}\n")
    program.chmod(0o755)


def test_a_browser_is_started_with_the_page(screen: Path):
    opener(screen, f'echo "$1" > {screen}/shown')
    assert browsing.started(PAGE)
    assert (screen / "shown").read_text() == f"{PAGE}\n"


def test_an_opener_that_finds_no_browser_started_none(screen: Path):
    opener(screen, "exit 3")
    assert not browsing.started(PAGE)


def test_without_an_opener_none_is_started(screen: Path):
    assert not browsing.started(PAGE)


def test_without_a_screen_none_is_started(screen: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    opener(screen, "exit 0")
    assert not browsing.started(PAGE)
