"""The log can be read by a person, by the journal and by a program, and holds no secret."""

import io
import json
import logging
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.system import logs
from postguard.system.logs import HIDDEN, Redaction

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJkaWQ6cGxjOngifQ.c2lnbmF0dXJlLW9mLWl0"


@pytest.fixture
def root_restored():
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def written(root_restored, capsys):
    """Set up the log as asked, run something, and return what stood on stderr."""

    def write(act, **options):
        logs.set_up(**options)
        act()
        return capsys.readouterr().err

    return write


def test_a_known_secret_is_hidden_in_message_arguments_and_exception(written):
    def act():
        log = logging.getLogger("postguard.publish")
        log.warning("sent hush-hush with %s", "hush-hush")
        try:
            raise RuntimeError("the server said hush-hush")
        except RuntimeError:
            log.exception("failed")
        log.info("stack of %s", "hush-hush", stack_info=True)

    text = written(act, secrets=["hush-hush"])
    assert "hush" not in text
    assert text.count(HIDDEN) >= 4
    assert "RuntimeError: the server said" in text


def test_a_chain_of_exceptions_is_hidden_to_its_end(written):
    def act():
        try:
            try:
                raise KeyError("hush-hush")
            except KeyError as cause:
                raise ValueError("outer") from cause
        except ValueError:
            logging.getLogger("x").exception("failed")

    text = written(act, secrets=["hush-hush"])
    assert "hush" not in text
    assert "KeyError" in text


@pytest.mark.parametrize(
    "secret",
    [
        "Authorization: Bearer abcDEF123-_x",
        JWT,
        "abcd-efgh-1jkl-mnop",
        '{"access_token": "Zm9vYmFy"}',
        "'refresh_token': 'Zm9vYmFy'",
        "client_secret=Zm9vYmFy",
        "password: Zm9vYmFy",
        "accessJwt='Zm9vYmFy'",
        "https://hanako:Zm9vYmFy@example.org/",
    ],
)
def test_what_looks_like_a_secret_is_hidden_though_nobody_named_it(secret):
    cleaned = Redaction().clean(f"tried {secret} in vain")
    assert HIDDEN in cleaned
    for part in ("abcDEF123", "eyJ", "efgh", "Zm9vYmFy"):
        assert part not in cleaned
    assert cleaned.startswith("tried ")
    assert cleaned.endswith(" in vain")


@pytest.mark.parametrize(
    "harmless",
    [
        "posted at://did:plc:abc/app.bsky.feed.post/3k2a",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "2026-11-22 19:30 to 2026-11-23",
        "山田花子 の きつね.png を投稿しました",
        "https://bsky.social/xrpc",
        "the token is missing",
    ],
)
def test_what_is_no_secret_stays(harmless):
    assert Redaction().clean(harmless) == harmless


@given(secret=st.text("abcdefXYZ0189_=%.{}\\(", min_size=6), around=st.text(max_size=20))
def test_any_known_secret_is_hidden_wherever_it_stands(secret, around):
    assert secret not in Redaction([secret]).clean(f"{around}{secret}{around}").replace(
        HIDDEN, "|"
    )


def test_a_secret_inside_another_is_hidden_whole():
    assert Redaction(["secret1", "longer-secret1-value"]).clean("longer-secret1-value") == HIDDEN


def test_a_session_renewed_later_is_learned(written):
    redaction = Redaction()
    redaction.learn("new session")
    assert redaction.clean("a new session") == f"a {HIDDEN}"


def test_a_very_short_value_does_not_blot_out_the_log():
    assert Redaction(["a", ""]).clean("a cat") == "a cat"


def test_a_percent_sign_in_a_finished_message_is_no_format(written):
    text = written(lambda: logging.getLogger("x").warning("%s done", "100%s"))
    assert "100%s done" in text


def test_lines_for_people_name_the_part_that_speaks(written):
    text = written(
        lambda: logging.getLogger("postguard.publish.publisher").info("posted %s", "fox")
    )
    assert text.endswith(" info publish.publisher: posted fox\n")


def test_the_level_is_kept_and_libraries_stay_quiet(written):
    def act():
        logging.getLogger("postguard").debug("ours")
        logging.getLogger("httpx").info("HTTP Request: POST …")
        logging.getLogger("httpx").warning("theirs")

    loud = written(act, level="debug")
    assert "ours" in loud
    assert "theirs" in loud
    assert "HTTP Request" not in loud
    assert "ours" not in written(act, level="info")


def test_json_lines_hold_everything_and_no_secret(written):
    def act():
        try:
            raise OSError("hush-hush")
        except OSError:
            logging.getLogger("postguard").exception("「%s」", "hush-hush")

    told = json.loads(written(act, json=True, secrets=["hush-hush"]))
    assert told["message"] == f"「{HIDDEN}」"
    assert told["level"] == "error"
    assert f"OSError: {HIDDEN}" in told["error"]


JOURNAL = """
import logging, os, sys
from postguard.system import logs
status = os.fstat(2)
os.environ["JOURNAL_STREAM"] = sys.argv[1] or f"{status.st_dev}:{status.st_ino}"
logs.set_up("debug")
log = logging.getLogger("postguard.x")
for level in (10, 20, 25, 30, 40, 50):
    log.log(level, "two\\nlines")
"""


def journal(named):
    done = subprocess.run(
        [sys.executable, "-c", JOURNAL, named], capture_output=True, text=True, check=True
    )
    return done.stderr.splitlines()


def test_under_systemd_every_line_carries_its_priority():
    lines = journal("")
    assert [line[:3] for line in lines[::2]] == ["<7>", "<6>", "<6>", "<4>", "<3>", "<2>"]
    assert lines[::2] == [line.replace("lines", "two") for line in lines[1::2]]


def test_a_journal_stream_that_is_not_our_stderr_is_not_believed():
    assert not journal("1:1")[0].startswith("<")


def test_setting_up_twice_does_not_double_the_lines(root_restored):
    logs.set_up()
    logs.set_up()
    assert len(root_restored.handlers) == 1


def test_a_closed_stderr_is_no_fault(root_restored, monkeypatch):
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    logs.set_up()
    assert len(root_restored.handlers) == 1


def test_a_file_is_private_dated_and_never_grows_beyond_bounds(
    root_restored, tmp_path, monkeypatch
):
    # The bound is lowered: to write 20 MB takes a while.
    monkeypatch.setattr(logs, "_FILE_BYTES", 4_000)
    file = tmp_path / "log"
    redaction = logs.set_up(file=file)
    redaction.learn("geheim-geheim")
    log = logging.getLogger("postguard.test")
    line = "x" * 100
    for number in range(300):
        log.info("%d geheim-geheim %s", number, line)
    parts = sorted(tmp_path.iterdir())
    assert sum(path.stat().st_size for path in parts) <= 20_000
    assert len(parts) == 5
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in parts)
    last = file.read_text().splitlines()[-1]
    assert re.match(rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d info test: 299 {re.escape(HIDDEN)}", last)
    root_restored.handlers[0].close()
