"""A bug report helps, and gives nothing away."""

from __future__ import annotations

import pytest

from postguard.app.bugreport import places
from postguard.model import NewDelivery, Receipt, Words
from postguard.system.secrets import Secrets
from tests.making import NOW, protected_post

PLANTED = {
    "token": "planted-token-93jd",
    "push": "ntfy://planted.example/topic-4k2",
    "handle": "planted-handle.bsky.social",
    "instance": "planted-instance.example",
    "account": "plantedaccount",
    "recipe": "plantedrecipe",
    "name": "植えた名前",
    "copyright": "© planted rights",
    "text": "planted text of a post",
    "alt": "planted alt text",
    "file": "planted-fox.png",
    "tag": "plantedtag",
    "watermark": "planted watermark",
    "encoder": "plantedencoder",
    "reason": "planted reason with words",
}
CONFIG = """\
outbox   = "{{outbox}}"
timezone = "Asia/Tokyo"
[artist]
name = "{name}"
copyright = "{copyright}"
web = "https://{instance}"
[accounts.{account}]
network = "bluesky"
handle = "{handle}"
tags = ["{tag}"]
spacing = "1h"
[accounts.fedi]
network = "mastodon"
instance = "https://{instance}"
[models]
weights = {{{{ {encoder} = 2.5 }}}}
[recipes]
{recipe} = [ {{{{ step = "watermark", text = "{watermark}" }}}} ]
""".format(**PLANTED)
LOG = f"""\
19:30:05 warning publish.publisher: post 1 to {PLANTED["account"]}: {PLANTED["reason"]}
Traceback (most recent call last):
  File "/home/{PLANTED["account"]}/lib/site-packages/postguard/daemon.py", line 110, in tick
    self.tick("{PLANTED["text"]}")
  File "/home/{PLANTED["account"]}/lib/python3.11/sqlite3/dbapi2.py", line 7, in connect
sqlite3.OperationalError: {PLANTED["reason"]}
"""


@pytest.fixture
def report(terminal):
    """The report of an installation that is full of what must not be in it."""
    terminal.configure(CONFIG)
    secrets = Secrets(terminal.home / ".config" / "postguard" / "secrets")
    secrets.set(PLANTED["account"], PLANTED["token"])
    secrets.set("push-address", PLANTED["push"])
    key = secrets.artist_key().hex()
    words = Words(PLANTED["text"], (PLANTED["alt"],), tags=(PLANTED["tag"],))
    store = terminal.store()
    for number, state in enumerate(("sent", "held"), start=1):
        one = NewDelivery(PLANTED["account"], words, "now", "bluesky")
        name = f"{number}-{PLANTED['file']}"
        post = protected_post(store, name=name, deliveries=(one,))
        (delivery,) = store.deliveries.of_post(post.id)
        if state == "held":
            store.attempts.hold(delivery.id, PLANTED["reason"], NOW)
        else:
            url = f"https://bsky.app/profile/{PLANTED['handle']}/post/1"
            store.attempts.finish(delivery.id, Receipt("at://1", url, NOW), NOW)
    store.accounts.log_out(PLANTED["account"], PLANTED["reason"])
    store.db.close()
    log = terminal.home / "log"
    log.write_text(LOG)
    done = terminal.run("bugreport", "--log", log)
    assert done.exit_code == 0, done.output
    return done.stdout, (key, str(terminal.home))


@pytest.mark.parametrize("kind", list(PLANTED))
def test_nothing_that_was_planted_is_in_it(report, kind):
    assert PLANTED[kind] not in report[0]


def test_neither_the_artist_key_nor_a_path_of_this_pc_is_in_it(report):
    text, others = report
    assert [each for each in others if each in text] == []


def test_what_helps_is_in_it(report):
    lines = report[0].splitlines()
    for said in (
        "account 1: bluesky",
        "account 1.dry_run = False",
        "recipe 1: watermark",
        "models.weights: 1 of them",
        "posts held: 1",
        "deliveries posted: 1",
        "accounts logged out: 1",
        "  postguard/daemon.py:110",
        "sqlite3.OperationalError",
    ):
        assert said in lines
    assert any(line.startswith("Pillow ") for line in lines)


def test_of_a_log_without_errors_nothing_is_taken():
    assert places("19:30 info daemon: watching\nSecretError is no error\n") == ["none"]


def test_it_can_be_written_to_a_file(terminal):
    terminal.configure(CONFIG)
    file = terminal.home / "report.txt"
    assert str(file) in terminal.run("bugreport", "--into", file).stdout
    assert file.read_text().startswith("## postguard")
