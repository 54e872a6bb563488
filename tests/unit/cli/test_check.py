import json

import pytest

from postguard.system.secrets import Secrets

FAULTY = """\
outbox = "{outbox}/not/made"

[accounts.sky]
network = "bluesky"
handle  = "hanako.example"

[recipes]
default = [ {{ step = "downscale", long_side = 64 }} ]
cloaked = [ {{ step = "cloak" }}, {{ step = "tags" }} ]
"""


def test_when_all_is_well_it_says_so(terminal):
    terminal.run("init", "--yes", "--name", "花")
    done = terminal.run("check", "--offline")
    assert done.exit_code == 0, done.output
    assert "FIX" not in done.stdout
    assert "Everything is there" in done.stdout


def test_everything_that_is_missing_comes_with_its_fix(terminal):
    terminal.configure(FAULTY)
    done = terminal.run("check", "--offline", "--json")
    assert done.exit_code == 1
    missing = {f["what"]: f["fix"] for f in json.loads(done.stdout) if not f["ok"]}
    assert missing.keys() == {"outbox", "account sky", "recipe default", "cloak"}
    assert all(missing.values())
    assert missing["account sky"] == "postguard login sky"
    assert "mkdir" in missing["outbox"]


def test_the_page_for_people_shows_each_fix(terminal):
    terminal.configure(FAULTY)
    done = terminal.run("check", "--offline")
    assert done.exit_code == 1
    assert "-> postguard login sky" in done.stdout
    assert "4 to mend" in done.stdout


def test_a_kept_login_counts_offline(terminal):
    terminal.configure(FAULTY)
    Secrets(terminal.config.parent / "secrets").set("sky", "abcd-efgh-ijkl-mnop")
    told = terminal.run("check", "--offline", "--json").stdout
    assert "a login is kept" in told
    assert "abcd-efgh" not in told


def test_a_secret_that_others_can_read_is_a_finding_not_a_crash(terminal):
    terminal.configure(FAULTY)
    folder = terminal.config.parent / "secrets"
    Secrets(folder).set("sky", "abcd-efgh-ijkl-mnop")
    (folder / "sky").chmod(0o644)
    done = terminal.run("check", "--offline")
    assert done.exit_code == 1
    assert "chmod 600" in " ".join(done.output.split())


def test_a_fix_that_the_finding_itself_names_is_not_told_twice(terminal):
    terminal.configure(FAULTY)
    told = terminal.run("check").stdout.splitlines()
    assert any("no login is kept for sky; run: postguard login sky" in line for line in told)
    assert not [line for line in told if line.strip() == "->"]


@pytest.mark.parametrize("table", ["accounts", "recipes"])
def test_a_config_without_accounts_or_recipes_is_a_finding(terminal, table):
    terminal.configure('outbox = "{outbox}"\n')
    terminal.outbox.mkdir()
    done = terminal.run("check", "--offline")
    assert done.exit_code == 1
    assert f"{table} " in done.stdout
    assert "there is none" in done.stdout
