import json
import os

import pytest
from PIL import Image

from postguard.app import bell
from postguard.model import Finding, Level
from postguard.store.audit import AuditRows
from postguard.system.lock import OnlyOne
from postguard.system.paths import home
from postguard.system.secrets import Secrets
from tests.making import NOW

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


def test_a_name_that_was_passed_over_is_no_fault_and_is_told(terminal):
    terminal.run("init", "--yes", "--name", "")
    done = terminal.run("check", "--offline", "--json")
    (told,) = (f for f in json.loads(done.stdout) if f["what"] == "your name")
    assert told["ok"]
    assert "will not say whose art it is" in told["said"]


def test_everything_that_is_missing_comes_with_its_fix(terminal):
    terminal.configure(FAULTY)
    done = terminal.run("check", "--offline", "--json")
    assert done.exit_code == 1
    missing = {f["what"]: f["fix"] for f in json.loads(done.stdout) if not f["ok"]}
    recipes = {"recipe default", "recipe cloaked"}
    assert missing.keys() == {"outbox", "account sky"} | recipes
    assert all(missing.values())
    assert missing["account sky"] == "postguard login sky"
    assert "mkdir" in missing["outbox"]


def test_the_page_for_people_shows_each_fix(terminal):
    terminal.configure(FAULTY)
    done = terminal.run("check", "--offline")
    assert done.exit_code == 1
    assert "-> postguard login sky" in done.stdout
    assert "4 to mend" in done.stdout


def test_an_account_that_only_draws_is_not_sent_to_an_audit(terminal):
    terminal.configure(FAULTY)
    assert "audit" in terminal.run("check", "--offline").stdout
    drawing = FAULTY.replace("[accounts.sky]", "[accounts.sky]\ndry_run = true")
    terminal.configure(drawing)
    told = " ".join(terminal.run("check", "--offline").stdout.split())
    assert "say who may quote or see posts (quotes, visibility) in the account's table" in told
    assert "audit" not in told


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


LAYERED = """\
outbox = "{outbox}"

[artist]
fear = "training"

[accounts.sky]
network = "bluesky"
handle  = "hanako.example"

[accounts.fedi]
network  = "mastodon"
instance = "https://mastodon.example"
quotes   = "nobody"

[recipes]
default = [ {{ step = "downscale", long_side = 800 }}, {{ step = "tags" }} ]
"""


def layers_of(terminal, recipe="recipe default"):
    found = json.loads(terminal.run("check", "--offline", "--json").stdout)
    return next(f for f in found if f["what"] == recipe)


def test_a_recipe_tells_its_measures_and_what_each_network_leaves_of_them(terminal):
    terminal.configure(LAYERED)
    measures = {m["measure"]: m for m in layers_of(terminal)["layers"]["measures"]}
    assert list(measures) == [1, 2, 3, 4, 5, 6, 7]
    assert measures[6]["steps"] == {"downscale": {"bluesky": "stays", "mastodon": "stays"}}
    assert measures[5]["steps"] == {"tags": {"bluesky": "file only", "mastodon": "taken out"}}
    assert (measures[1]["training"], measures[1]["image_to_image"]) == ("◎", "△")
    assert [m["used"] for m in measures.values()] == [False] * 5 + [True, False]


def test_a_direction_that_is_left_out_is_to_be_mended_with_the_place_where(terminal):
    terminal.configure(LAYERED)
    found = layers_of(terminal)
    assert found["layers"]["left_out"] == {"statement": ["mastodon"], "access": ["sky"]}
    assert not found["ok"]
    assert '{ step = "notice" }' in found["fix"]
    assert "postguard audit" in found["fix"]


def test_the_page_for_people_draws_the_table(terminal):
    terminal.configure(LAYERED)
    told = terminal.run("check", "--offline").stdout
    rows = [" ".join(line.split()) for line in told.splitlines()]
    assert "6 limited resolution ○ ○ stays stays" in rows
    assert "5 “no AI” for machines ○ ◎ file only taken out" in rows
    assert "2 poison ◎ ✕ – –" in rows
    assert "– this recipe has no step for it" in rows
    assert "7 the network's settings ○ △ open set" in rows
    table = [line for line in told.splitlines() if line[2:3].isdigit()]
    assert len(table) == 7
    assert all(len(line) <= 80 for line in table)


def test_what_the_audit_found_well_counts_as_access(terminal):
    terminal.configure(LAYERED)
    finding = Finding("bsky.ai.pref", Level.OK, "AI", "refused", *[""] * 5)
    AuditRows(terminal.store().db).keep("sky", [finding], NOW)
    sky = layers_of(terminal)["layers"]["accounts"]["sky"]
    assert sky == {
        "network": "bluesky",
        "closed": ["AI use refused for the account"],
        "audited": True,
    }


def test_a_recipe_is_seen_with_the_accounts_that_use_it(terminal):
    terminal.configure(LAYERED.replace('quotes   = "nobody"', 'recipe = "mine"') + "mine = []\n")
    assert list(layers_of(terminal)["layers"]["accounts"]) == ["sky"]
    assert list(layers_of(terminal, "recipe mine")["layers"]["accounts"]) == ["fedi"]


MARKED = """\
outbox = "{outbox}"

[artist]
name = "NAME"

[accounts.sky]
network = "preview"

[recipes]
default = [ {{ step = "watermark", text = "© {{name}}" }}, {{ step = "notice" }} ]
"""


def finding(terminal, what):
    """What an offline check says of one thing."""
    told = terminal.run("check", "--offline", "--json").stdout
    return next(f for f in json.loads(told) if f["what"] == what)


def test_the_font_that_draws_the_marks_is_told(terminal):
    terminal.configure(MARKED.replace("NAME", "山田花子"))
    letters = finding(terminal, "letters")
    assert letters["ok"]
    assert "rare kanji" in letters["said"]


def test_a_letter_that_no_font_has_is_told_before_a_post_is_held(terminal):
    terminal.configure(MARKED.replace("NAME", "花\U000e1234"))
    letters = finding(terminal, "letters")
    assert not letters["ok"]
    assert "U+E1234" in letters["fix"]


def test_a_mark_of_no_name_is_told_before_a_post_is_held(terminal):
    terminal.configure(MARKED.replace("NAME", ""))
    letters = finding(terminal, "letters")
    assert not letters["ok"]
    assert "add a name to [artist]" in letters["fix"]


def test_a_logo_that_cannot_be_drawn_is_told_before_a_post_is_held(terminal):
    logo = terminal.home / "mark.png"
    terminal.configure(MARKED.replace('text = "© {{name}}"', f'logo = "{logo}"'))
    found = json.loads(terminal.run("check", "--offline", "--json").stdout)
    (told,) = (f for f in found if f["what"] == "logo")
    assert not told["ok"]
    assert "mark.png is not there" in told["fix"]
    Image.merge("LA", [Image.linear_gradient("L")] * 2).save(logo)
    found = json.loads(terminal.run("check", "--offline", "--json").stdout)
    assert "logo" not in {f["what"] for f in found}


def test_recipes_that_write_nothing_need_no_font(terminal):
    terminal.configure(LAYERED)
    told = terminal.run("check", "--offline", "--json").stdout
    assert "letters" not in {f["what"] for f in json.loads(told)}


SIGNED = """\
outbox = "{outbox}"

[artist]
name = "山田花子"

[accounts.sky]
network = "preview"

[recipes]
default = [ {{ step = "tags" }}, {{ step = "credentials" }} ]
"""


def signature(terminal):
    told = terminal.run("check", "--offline", "--json").stdout
    return next((f for f in json.loads(told) if f["what"] == "signature"), None)


def test_a_recipe_that_signs_without_a_certificate_is_told_how_to_make_one(terminal):
    terminal.configure(SIGNED)
    found = signature(terminal)
    assert not found["ok"]
    assert "recipe default signs" in found["said"]
    assert "postguard identity new" in found["fix"]


def test_the_certificate_that_signs_is_told_with_its_end(terminal):
    pytest.importorskip("cryptography", reason="the extra c2pa is not installed")
    pytest.importorskip("c2pa", reason="the extra c2pa is not installed")
    terminal.configure(SIGNED)
    assert terminal.run("identity", "new").exit_code == 0
    found = signature(terminal)
    assert found["ok"], found
    assert "Content Credentials as 山田花子, until 20" in found["said"]


def test_where_nothing_is_signed_no_certificate_is_asked_for(terminal):
    terminal.configure(LAYERED)
    assert signature(terminal) is None


@pytest.mark.parametrize(
    ("limit", "size"),
    [
        ("long_side = 1600", "1600 × 1067"),
        ("long_side = 800", ""),
        ("megapixels = 2.0", "1732 × 1154"),
        ("megapixels = 0.5", ""),
        ("networks = {{ bluesky = 800, mastodon = 1600 }}", "1600 × 1067"),
        ("networks = {{ bluesky = 800, mastodon = 1000 }}", ""),
        ("networks = {{ bluesky = 800 }}, megapixels = 2.0", "1732 × 1154"),
    ],
)
def test_a_size_that_is_enough_to_train_on_is_told(terminal, limit, size):
    """However the recipe limits it; by the largest that any network gets."""
    terminal.configure(LAYERED.replace("long_side = 800", limit))
    said = layers_of(terminal)["said"]
    assert ("enough to train on" in said) == bool(size)
    assert f"{size} pixels are enough" in said or not size


def test_what_the_accounts_let_in_is_told_once_for_all_recipes_that_share_them(terminal):
    """A recipe of an account of its own tells it anew."""
    more = 'mine = [ {{ step = "notice" }} ]\nother = [ {{ step = "notice" }} ]\n'
    terminal.configure(LAYERED + more)
    told = terminal.run("check", "--offline").stdout
    assert told.count("everyone may see, answer and quote") == 1
    assert told.count("fedi: quotes limited") == 1
    assert "Recipe mine" in told
    assert "Recipe other" in told


def unlimited(terminal, steps):
    terminal.configure(LAYERED.replace('{{ step = "downscale", long_side = 800 }}', steps))
    return " ".join(finding(terminal, "recipe default")["said"].split())


def test_a_recipe_that_leaves_pictures_as_large_as_they_are_is_told_what_that_offers(terminal):
    every = 'add { step = "downscale", long_side = 1200 }'
    assert every in unlimited(terminal, '{{ step = "notice" }}')
    some = '{{ step = "downscale", networks = {{ bluesky = 800 }} }}'
    assert every in unlimited(terminal, some)
    both = '{{ step = "downscale", networks = {{ bluesky = 800, mastodon = 800 }} }}'
    assert "train" not in unlimited(terminal, both)


def test_a_daemon_that_reads_another_config_is_told_and_not_woken(terminal):
    """The config that was looked at is not the one it posts by."""
    terminal.configure(LAYERED)
    store = terminal.store()
    with OnlyOne(home().state / bell.LOCK):  # this process would end by a signal of the bell
        store.meta.put("config", "/elsewhere/other.toml")
        said = finding(terminal, "daemon")["said"]
    assert f"process {os.getpid()}" in said
    assert "/elsewhere/other.toml" in said
    assert "reads nothing of this" in said
