"""`postguard notify`, as the artist types it."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import PREVIEW

# One of apprise's many services uses a module that Python is to lose; we use none of these.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

ADDRESS = "json://127.0.0.1:9/a-topic-that-nobody-guesses"
WANTED = PREVIEW + "[notify]\nphone = true\n"


def kept(terminal):
    return terminal.home / ".config" / "postguard" / "secrets" / "push-address"


def test_the_address_is_kept_among_the_secrets_and_shown_nowhere(terminal):
    terminal.configure()
    done = terminal.run("notify", "phone", typed=f"{ADDRESS}\n")
    assert done.exit_code == 0, done.output
    assert "nobody-guesses" not in done.output.replace("a-topic-that-nobody-guesses, for", "")
    assert "phone = true" in done.stdout
    assert kept(terminal).read_text() == ADDRESS
    assert kept(terminal).stat().st_mode & 0o077 == 0
    assert ADDRESS not in terminal.config.read_text()
    terminal.run("notify", "phone", "--forget")
    assert not kept(terminal).exists()


def test_an_address_of_no_service_is_not_kept(terminal):
    terminal.configure()
    done = terminal.run("notify", "phone", "--secret-stdin", typed="hanako:geheim\n")
    assert done.exit_code == 1
    assert "geheim" not in done.output
    assert not kept(terminal).exists()


def test_a_trial_says_what_did_not_arrive(terminal):
    terminal.configure()
    assert "desktop = true" in terminal.run("notify", "test").stderr
    terminal.configure(WANTED)
    assert "postguard notify phone" in terminal.run("notify", "test").stderr
    terminal.run("notify", "phone", "--secret-stdin", typed=f"{ADDRESS}\n")
    done = terminal.run("notify", "test")
    assert done.exit_code == 1
    assert done.stderr.startswith("phone: ")
    assert "nobody-guesses" not in done.output
