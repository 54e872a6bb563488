"""What takes a while shows that it is at work, on a terminal only."""

import pytest

WORDS = [
    (("check", "--offline"), "looking at everything"),
    (("logout", "sky"), "logging out of sky"),
    (("login", "sky", "--secret-stdin"), "logging in to sky"),
]


@pytest.mark.parametrize(("words", "said"), WORDS)
def test_a_terminal_shows_what_is_at_work(terminal, monkeypatch, words, said):
    terminal.configure()
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    assert said in terminal.run(*words, typed="secret\n").stderr


@pytest.mark.parametrize(("words", "said"), WORDS)
def test_a_program_gets_the_answer_alone(terminal, words, said):
    terminal.configure()
    assert said not in terminal.run(*words, typed="secret\n").output
