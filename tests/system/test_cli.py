"""The commands that need a network or a process of their own."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from postguard.app import bell
from postguard.imaging.sample import draw
from postguard.system.secrets import Secrets

CONFIG = """\
outbox = "{home}/outbox"

[accounts.sky]
network = "bluesky"
handle  = "{handle}"
service = "{pds}"

[accounts.fedi]
network  = "mastodon"
instance = "{mastodon}"

[accounts.page]
network = "preview"

[recipes]
default = [ {{ step = "downscale", long_side = 320 }}, {{ step = "tags" }} ]
"""
PATIENCE = 60.0  # seconds
AGAIN = 4  # times in which a key is pressed, within that patience
UNREACHABLE = "http://127.0.0.1:9"  # the discard port; nobody listens


class Terminal:
    """Commands as processes of their own, in a home of their own."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def configure(self, handle="hanako.test", pds=UNREACHABLE, mastodon=UNREACHABLE):
        text = CONFIG.format(home=self.home, handle=handle, pds=pds, mastodon=mastodon)
        (self.home / "config.toml").write_text(text)

    def run(self, *words, typed=None):
        return subprocess.run(
            [sys.executable, "-m", "postguard", *words],
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    def secret(self, name):
        return Secrets(self.home / "config" / "postguard" / "secrets").get(name)


def environment(home):
    kinds = ("config", "state", "data", "cache")
    named = {f"XDG_{kind.upper()}_HOME": str(home / kind) for kind in kinds}
    return named | {"POSTGUARD_CONFIG": str(home / "config.toml"), "HOME": str(home)}


@pytest.fixture
def terminal(tmp_path, monkeypatch):
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    return Terminal(tmp_path)


@pytest.fixture
def fedi(terminal, mastodon):
    terminal.configure(mastodon=mastodon.url)
    mastodon.add_account("hanako")
    return mastodon


class Shown:
    """A command on a terminal of its own: what it shows, and what is typed."""

    def __init__(self, process, screen):
        self.process = process
        self.screen = screen
        self.all = ""
        self._read = 0

    @property
    def code(self):
        return self.process.wait(PATIENCE)

    def alive(self):
        return self.process.poll() is None

    def until(self, pattern):
        """Wait until something is shown; return what matched."""
        while not (found := re.search(pattern, self.all[self._read :])):
            assert self._more(), self.all
        self._read += found.end()
        return found[0]

    def rest(self):
        """Return everything up to the end of the command."""
        while self._more():
            pass
        return self.all[self._read :]

    def type(self, text):
        os.write(self.screen, f"{text}\n".encode())

    def interrupt(self):
        """Press Ctrl-C, and again where nothing comes of it: between its prompt and its wait
        Python's readline takes note of one only with the next key."""
        for _ in range(AGAIN):
            self.process.send_signal(signal.SIGINT)
            if select.select([self.screen], [], [], PATIENCE / AGAIN)[0]:
                return

    def _more(self):
        ready, _, _ = select.select([self.screen], [], [], PATIENCE)
        assert ready, f"nothing more was shown: {self.all}"
        with suppress(OSError):  # what a terminal says when its last program has ended
            if data := os.read(self.screen, 65536):
                self.all += data.decode()
                return True
        return False


@contextmanager
def on_a_terminal(*words):
    """Run a command on a pseudo-terminal; it is ended with the block."""
    screen, inside = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "postguard", *words], stdin=inside, stdout=inside, stderr=inside
    )
    os.close(inside)
    try:
        yield Shown(process, screen)
    finally:
        process.kill()
        process.wait()
        os.close(screen)


def words_of(done):
    """Return what was said, without the line ends of the terminal's width."""
    return " ".join(f"{done.stdout} {done.stderr}".split())


def test_an_app_password_logs_in_on_a_real_pds(terminal, pds, pds_account):
    terminal.configure(pds_account.handle, pds.url)
    with on_a_terminal("login", "sky") as shown:
        shown.until("app password: ")
        shown.type(pds_account.app_password)
        rest = shown.rest()
    assert shown.code == 0, rest
    assert pds_account.handle in rest
    assert pds_account.app_password not in shown.all
    assert terminal.secret("sky") == pds_account.app_password


def test_a_wrong_app_password_is_told_and_the_old_one_kept(terminal, pds, pds_account):
    terminal.configure(pds_account.handle, pds.url)
    terminal.run("login", "sky", "--secret-stdin", typed=pds_account.app_password)
    done = terminal.run("login", "sky", "--secret-stdin", typed="aaaa-bbbb-cccc-dddd")
    assert done.returncode == 1
    assert "app password" in done.stderr
    assert "aaaa-bbbb" not in words_of(done)
    assert terminal.secret("sky") == pds_account.app_password
    assert "account sky" in terminal.run("check").stdout


def test_the_code_that_a_mastodon_server_shows_logs_in(terminal, fedi):
    """On a terminal: the address is printed, the artist consents there, and types the code."""
    with on_a_terminal("login", "fedi", "--no-browser") as shown:
        told = shown.until(r"https?://\S+/oauth/authorize\S+")
        shown.until("code: ")
        shown.type(fedi.approve(told, "hanako"))
        rest = shown.rest()
    assert shown.code == 0, rest
    assert "hanako" in rest
    kept = terminal.secret("fedi")
    assert kept
    assert kept not in shown.all


def test_a_wrong_code_is_told_and_nothing_is_kept(terminal, fedi):
    with on_a_terminal("login", "fedi", "--no-browser") as shown:
        shown.until("code: ")
        shown.type("no code")
        rest = shown.rest()
    assert shown.code == 1
    assert "start again" in " ".join(rest.split())
    assert terminal.secret("fedi") is None


def test_a_token_logs_in_and_a_revoked_one_is_told(terminal, fedi):
    token = fedi.token_for("hanako")
    assert terminal.run("login", "fedi", "--secret-stdin", typed=token).returncode == 0
    assert terminal.run("login", "fedi", "--secret-stdin", typed="nonsense-token").returncode == 1
    assert terminal.secret("fedi") == token
    fedi.revoke(token)
    told = terminal.run("check")
    assert told.returncode == 1
    assert "postguard login fedi" in words_of(told)


def test_a_server_that_is_away_is_no_wrong_password(terminal):
    terminal.configure()
    for name in ("sky", "fedi"):
        done = terminal.run("login", name, "--secret-stdin", typed="abcd-efgh-ijkl-mnop")
        assert done.returncode == 1
        assert "reach" in done.stderr
        assert terminal.secret(name) is None


@pytest.mark.parametrize(
    ("name", "said"), [("skye", "sky, fedi, page"), ("page", "needs no login")]
)
def test_only_accounts_with_a_server_log_in(terminal, name, said):
    terminal.configure()
    done = terminal.run("login", name, "--secret-stdin", typed="abcd-efgh")
    assert done.returncode == 1
    assert said in done.stderr


def test_an_empty_secret_changes_nothing(terminal):
    terminal.configure()
    done = terminal.run("login", "sky", "--secret-stdin", typed="\n")
    assert done.returncode == 1
    assert "nothing was changed" in done.stderr


def test_logout_forgets_the_login_and_says_what_is_left_to_do(terminal, fedi):
    terminal.run("login", "fedi", "--secret-stdin", typed=fedi.token_for("hanako"))
    done = terminal.run("logout", "fedi")
    assert done.returncode == 0
    assert "revoke" in words_of(done)
    assert terminal.secret("fedi") is None
    assert "fedi is logged out" in terminal.run("list").stdout


def test_ctrl_c_ends_a_waiting_command_quietly(terminal, fedi):
    with on_a_terminal("login", "fedi", "--no-browser") as shown:
        shown.until("code: ")
        shown.interrupt()
        rest = shown.rest()
    assert shown.code == 130
    assert "Traceback" not in rest


def test_a_first_run_draws_the_page_of_what_was_added(terminal):
    (terminal.home / "config.toml").write_text(
        f'outbox = "{terminal.home}/outbox"\n[accounts.page]\nnetwork = "preview"\ngrace = "2m"\n'
        '[intake]\nsettle = "0.2s"\n'
        '[recipes]\ndefault = [ { step = "downscale", long_side = 64 }, { step = "tags" } ]\n'
    )
    (terminal.home / "狐.png").write_bytes(draw())
    terminal.run("add", str(terminal.home / "狐.png"), "--alt", "赤い狐", "--dry-run")
    done = terminal.run("run", "--once")
    assert done.returncode == 0, done.stderr
    assert "held" not in done.stderr
    assert "drawn, not posted (dry run)" in done.stderr
    terminal.run("add", str(terminal.home / "狐.png"), "--alt", "赤い狐")
    done = terminal.run("run", "--once")
    assert "The next post is due" in done.stdout


def test_run_once_does_what_is_due_and_ends(terminal):
    (terminal.home / "config.toml").write_text(
        f'outbox = "{terminal.home}/outbox"\n[accounts.page]\nnetwork = "preview"\n'
        '[intake]\nsettle = "0.2s"\nwords_wait = "0.2s"\n'
        '[recipes]\ndefault = [ { step = "downscale", long_side = 64 }, { step = "tags" } ]\n'
    )
    assert terminal.run("run", "--once").returncode == 0
    (terminal.home / "狐.png").write_bytes(draw())
    words = ("--alt", "赤い狐", "--at", "now")
    terminal.run("add", str(terminal.home / "狐.png"), *words)
    done = terminal.run("run", "--once")
    assert done.returncode == 0, done.stderr
    assert "posted" in terminal.run("list").stdout


def test_a_second_daemon_is_refused_and_the_bell_wakes_the_first(terminal):
    terminal.configure()
    with on_a_terminal("run") as shown:
        shown.until("watching the outbox")
        done = terminal.run("run")
        assert done.returncode == 1
        assert "already running" in done.stderr
        assert "is not running" not in terminal.run("pause").stdout
        shown.interrupt()
        shown.rest()
    assert shown.code == 0


def test_a_ring_before_the_daemon_listens_does_not_end_it(terminal):
    """`add` right after `run`: the bell is a signal that would end a process by default."""
    terminal.configure()
    with on_a_terminal("run") as shown:
        while (pid := bell.running()) is None:
            assert shown.alive()
        for _ in range(50):
            os.kill(pid, signal.SIGUSR1)
        shown.until("watching the outbox")
        shown.interrupt()
        shown.rest()
    assert shown.code == 0
