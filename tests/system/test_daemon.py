"""The manners of the daemon: it ends, reloads, answers the bell, and keeps secrets to itself."""

from __future__ import annotations

import hmac
import itertools
import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil
import pytest

from postguard.model import DeliveryState, PostState
from tests.servers.mastodon import MastodonServer
from tests.servers.pds import Account, PdsProxy, PdsServer
from tests.system import rig
from tests.system.rig import Home, home_in, png

WORDS = 'text = "hello"\nalt = "a fox"\n'
NOW = f'{WORDS}at = "now"\n'
LATER = f'{WORDS}at = "2090-01-01 10:00:00"\n'
LARGE = (2600, 2000)  # pixels; some seconds of work
PROMPT = 8.0  # seconds: well under the 30 s after which the daemon looks by itself
SCOPES = "profile read:statuses write:statuses write:media"
TWO_LOOKS = rig.PREVIEW + rig.PREVIEW.replace("look", "other")

_numbers = itertools.count(1)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with home_in(tmp_path) as home:
        home.configure()
        yield home


@pytest.fixture
def fedi(home: Home, mastodon: MastodonServer) -> MastodonServer:
    """The home has one account on Mastodon."""
    mastodon.add_account("hanako")
    home.configure(rig.fedi("fedi", mastodon.url))
    home.knows(fedi=mastodon.token_for("hanako", SCOPES))
    return mastodon


def stops_in_time(home: Home) -> bool:
    """Before the service manager would kill it (TimeoutStopSec=30)."""
    began = time.monotonic()
    return home.stop() == 0 and time.monotonic() - began < 30


def sees(home: Home, name: str, what: str) -> None:
    def passed() -> bool:
        post = home.post(name)
        return post is not None and what in home.events(post)

    home.wait(passed, f"{name} to be {what}")


def test_an_idle_daemon_ends_within_five_seconds(home: Home) -> None:
    home.start()
    assert stops_in_time(home)


def test_it_ends_in_the_middle_of_protection_and_goes_on_at_the_next_start(home: Home) -> None:
    home.start()
    home.drop("big.png", png(1, LARGE), NOW)
    sees(home, "big.png", "step")
    assert stops_in_time(home)
    post = home.post("big.png")
    assert post is not None
    assert (post.state, home.renditions(post, "look")) == (PostState.TAKEN, [])
    home.start()
    home.posted("big.png")


def test_it_ends_while_a_server_hangs_and_posts_once_afterwards(
    home: Home, fedi: MastodonServer
) -> None:
    fedi.fail_next("/api/v1/statuses", method="POST", delay=120)
    home.start()
    home.drop("fox.png", png(), NOW)
    home.wait(lambda: not fedi.unused_faults, "the request that hangs")
    assert stops_in_time(home)
    home.start()
    home.posted("fox.png")
    assert len(fedi.statuses) == 1


def test_sighup_takes_a_good_config_and_refuses_a_bad_one(home: Home) -> None:
    process = home.start()
    home.configure(TWO_LOOKS)
    process.send_signal(signal.SIGHUP)
    home.says("the config was read anew")
    process.send_signal(signal.SIGHUP)  # asked to, it reads what was not changed too
    home.says("the config was read anew", times=2)
    home.configure(rest='[schedule]\nslotts = "12:00"\n')
    process.send_signal(signal.SIGHUP)
    home.says("the config was not taken, the old one stays")
    assert "schedule.slotts" in home.log
    home.drop("fox.png", png(), NOW)
    post = home.posted("fox.png")
    assert set(home.store.deliveries.receipts(post.id)) == {"look", "other"}


def test_a_changed_config_is_taken_without_being_asked_to(home: Home) -> None:
    """The bell only spares the wait for the next look: it asks for no reading."""
    process = home.start()

    def looks_and_says(words: str) -> bool:
        process.send_signal(signal.SIGUSR1)
        return words in home.log

    home.configure(TWO_LOOKS)
    home.wait(lambda: looks_and_says("the config was read anew"), "the change to be taken")
    home.configure(rest='[schedule]\nslotts = "12:00"\n')
    home.wait(lambda: looks_and_says("the config was not taken"), "the fault to be told")
    assert "does not count yet" in (said := home.run("list"))
    assert "schedule.slotts" in said
    home.configure(TWO_LOOKS)
    home.wait(lambda: looks_and_says("") and "not count" not in home.run("list"), "its end")


def test_what_is_dropped_may_ask_for_what_was_just_written_into_the_config(home: Home) -> None:
    home.start()
    home.configure(recipes=rig.recipe() + rig.recipe().replace("default", "quick"))
    home.drop("fox.png", png(), f'{NOW}recipe = "quick"\n')
    assert home.posted("fox.png").recipe == "quick"


def test_check_says_what_the_daemon_refused(home: Home) -> None:
    home.start()
    elsewhere = home.folder / "elsewhere"
    elsewhere.mkdir()
    text = home.config.read_text(encoding="utf-8").splitlines()
    kept = [line for line in text if not line.startswith("outbox")]
    home.config.write_text("\n".join([f'outbox = "{elsewhere}"', *kept]), encoding="utf-8")
    said = " ".join(home.run("check", "--offline", code=1).split())
    assert "but with the config as it was" in said
    assert "outbox: it can only be changed by a restart" in said
    assert "systemctl --user restart postguard" in said


def test_check_has_the_daemon_take_a_changed_config(home: Home) -> None:
    """Its own; of another one it reads nothing, and is told so."""
    home.start()
    other = home.folder / "other.toml"
    other.write_text(home.config.read_text(encoding="utf-8"), encoding="utf-8")
    told = " ".join(home.run("--config", other, "check", "--offline").split())
    assert "with another config" in told
    home.configure(TWO_LOOKS)
    assert "it reads the config anew now" in home.run("check", "--offline")
    home.says("the config was read anew")
    home.drop("fox.png", png(), NOW)
    post = home.posted("fox.png")
    assert set(home.store.deliveries.receipts(post.id)) == {"look", "other"}


def test_a_second_daemon_is_refused_with_the_number_of_the_first(home: Home) -> None:
    process = home.start()
    said = home.run("run", code=1)
    assert f"already running (process {process.pid})" in said
    assert process.poll() is None


def test_a_bell_that_rings_during_the_start_does_not_end_it(home: Home) -> None:
    process = home.launch()
    lock = home.folder / "state" / "postguard" / "daemon.lock"
    home.wait(lambda: lock.exists() and lock.read_text().strip(), "the lock")
    process.send_signal(signal.SIGUSR1)
    process.send_signal(signal.SIGHUP)
    home.says(rig.WATCHING)
    assert stops_in_time(home)


def test_the_service_manager_hears_ready_watchdog_reload_and_stopping(home: Home) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        address = f"postguard-test-{os.getpid()}-{next(_numbers)}"
        manager.bind(f"\0{address}")
        manager.settimeout(rig.PATIENCE)

        def heard(wanted: str) -> list[str]:
            told = [manager.recv(4096).decode()]
            while not told[-1].startswith(wanted):
                told.append(manager.recv(4096).decode())
            return told

        process = home.launch(NOTIFY_SOCKET=f"@{address}", WATCHDOG_USEC="400000")
        assert heard("READY=1")[0].startswith("READY=1")
        for _ in range(3):
            heard("WATCHDOG=1")
        process.send_signal(signal.SIGHUP)
        heard("RELOADING=1")
        heard("READY=1")
        process.send_signal(signal.SIGTERM)
        heard("STOPPING=1")
        assert process.wait(rig.PATIENCE) == 0


def test_once_does_what_is_due_and_settled_and_ends(home: Home) -> None:
    home.run("run", "--once")
    home.drop("now.png", png(1), NOW)
    home.drop("later.png", png(2), LATER)
    home.drop("held.png", b"no picture", NOW)
    home.drop("alone.png", png(3))  # its words never come
    home.run("run", "--once")
    assert home.posted("now.png")
    assert home.reaches("later.png", PostState.PROTECTED)
    assert home.held("held.png")
    assert home.held("alone.png")


def test_a_bell_does_not_end_a_run_of_once(home: Home) -> None:
    home.run("run", "--once")
    home.drop("big.png", png(1, LARGE), NOW)
    process = home.launch("--once")
    sees(home, "big.png", "protecting")
    process.send_signal(signal.SIGUSR1)
    assert process.wait(rig.PATIENCE) == 0
    home.posted("big.png")


def test_a_dry_run_posts_nothing_and_the_same_picture_can_be_posted_for_real(
    home: Home, fedi: MastodonServer
) -> None:
    home.start("--dry-run")
    home.drop("fox.png", png(), NOW)
    dry = home.posted("fox.png")
    assert home.stop() == 0
    assert (fedi.statuses, fedi.media) == ([], [])
    assert dry.place == "dry-run"
    page = home.store.deliveries.receipts(dry.id)["fedi"].uri
    assert Path(page.removeprefix("file://")).exists()
    home.start()
    home.drop("fox.png", png(), NOW)
    home.wait(lambda: len(fedi.statuses) == 1, "the real post")
    real = home.posted("fox.png")
    assert (real.id > dry.id, real.place) == (True, "posted")


def test_add_dry_run_makes_a_page_and_the_real_one_follows(
    home: Home, fedi: MastodonServer, tmp_path: Path
) -> None:
    home.start()
    fox = tmp_path / "fox.png"
    fox.write_bytes(png())
    words = ("--text", "hello", "--alt", "a fox", "--at", "now")
    home.run("add", fox, *words, "--dry-run")
    dry = home.posted("fox.png")
    assert fedi.statuses == []
    assert home.store.deliveries.receipts(dry.id)["fedi"].uri.startswith("file://")
    home.run("add", fox, *words)
    home.wait(lambda: len(fedi.statuses) == 1, "the real post")


def test_a_post_of_which_one_account_is_real_is_not_posted_twice(
    home: Home, fedi: MastodonServer
) -> None:
    home.configure(rig.fedi("fedi", fedi.url) + rig.PREVIEW + "dry_run = true\n")
    home.start()
    home.drop("fox.png", png(), NOW)
    home.posted("fox.png")
    home.drop("again.png", png(), NOW)
    assert "same picture" in home.reason(home.held("again.png"))
    assert len(fedi.statuses) == 1


def test_posts_without_a_time_get_the_next_free_slots_of_the_zone(home: Home) -> None:
    slots = '[schedule]\nslots = ["mon..sun 09:00 21:00"]\n\n[intake]\nsettle = "0.2s"\n'
    home.configure(rest=slots)
    home.start()
    began = datetime.now(UTC)
    for number in (1, 2, 3):
        home.drop(f"{number}.png", png(number), WORDS)
    found = []
    for number in (1, 2, 3):
        post = home.reaches(f"{number}.png", PostState.PROTECTED)
        sees(home, post.name, "scheduled")
        found += home.store.deliveries.of_post(post.id)
    expected = list(itertools.islice(_nine_and_nine(began), 3))
    assert sorted((d.due_at, d.slot) for d in found if d.due_at) == expected


def _nine_and_nine(after: datetime) -> Iterator[tuple[datetime, str]]:
    """Every 9:00 and 21:00 of Tokyo, reckoned without a calendar library."""
    local = after.astimezone(ZoneInfo("Asia/Tokyo"))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    for hours in itertools.count(9, 12):
        at = midnight + timedelta(hours=hours)  # Tokyo has no summer time
        if at > local:
            yield at.astimezone(UTC), f"{at:%Y-%m-%d %H:%M}"


def test_pause_and_its_end_act_at_once(home: Home, fedi: MastodonServer) -> None:
    home.configure(rig.fedi("fedi", fedi.url) + rig.PREVIEW)
    home.start()
    home.run("pause", "fedi")
    home.drop("fox.png", png(), NOW)
    post = home.reaches("fox.png", PostState.PROTECTED)
    home.wait(lambda: home.store.deliveries.receipts(post.id), "the account that is not paused")
    assert fedi.statuses == []
    home.run("pause", "fedi", "--off")
    home.wait(lambda: fedi.statuses, "the paused account to go on", PROMPT)


def test_hold_retry_and_release_act_at_once(home: Home) -> None:
    home.start()
    home.drop("fox.png", png(), LATER)
    post = home.reaches("fox.png", PostState.PROTECTED)
    sees(home, "fox.png", "scheduled")
    home.run("hold", str(post.id))
    home.wait((home.outbox / "held" / post.folder).exists, "held/", PROMPT)
    home.run("release", str(post.id))
    home.wait((home.outbox / "queued" / post.folder).exists, "queued/", PROMPT)
    assert home.store.posts.get(post.id).state is PostState.PROTECTED
    home.run("hold", str(post.id))
    home.held("fox.png")
    assert "keeps the time that you gave it" in home.run("retry", str(post.id))
    home.wait((home.outbox / "queued" / post.folder).exists, "queued/", PROMPT)
    home.run("retry", str(post.id))
    home.wait((home.outbox / "dry-run" / post.folder).exists, "dry-run/", PROMPT)


def test_a_revoked_token_lets_posts_wait_until_the_next_login(
    home: Home, fedi: MastodonServer
) -> None:
    fedi.revoke(next(iter(fedi.state.tokens)))
    home.start()
    home.drop("fox.png", png(), NOW)
    home.says("fedi is logged out")
    post = home.reaches("fox.png", PostState.PROTECTED)

    def waits() -> bool:
        (delivery,) = home.store.deliveries.of_post(post.id)
        return delivery.state is DeliveryState.SCHEDULED and "fedi" in delivery.reason

    home.wait(waits, "the delivery to wait")
    assert "postguard login fedi" in home.run("list")
    home.run("login", "fedi", "--secret-stdin", stdin="wrong", code=1)
    home.run("login", "fedi", "--secret-stdin", stdin=fedi.token_for("hanako", SCOPES))
    home.wait(lambda: fedi.statuses, "the post behind the login", PROMPT)
    home.posted("fox.png")


def revoke_app_password(pds: PdsServer, account: Account) -> None:
    token = pds.log_in(account.did, account.password)
    method = "com.atproto.server.revokeAppPassword"
    assert pds.procedure(method, {"name": "postguard"}, token).status == 200


def test_a_revoked_app_password_is_told_and_no_secret_is_shown_anywhere(
    home: Home, pds: PdsServer, pds_proxy: PdsProxy
) -> None:
    account = pds.new_account(f"daemon{next(_numbers)}.test")
    home.configure(rig.sky("sky", account.handle, pds_proxy.url))
    told = home.run("login", "sky", "--secret-stdin", stdin=account.app_password)
    daemon = psutil.Process(home.start("--log", "debug").pid)
    home.drop("first.png", png(1), NOW)
    home.posted("first.png")
    revoke_app_password(pds, account)
    expired = json.dumps({"error": "ExpiredToken", "message": "Token has expired"}).encode()
    pds_proxy.fail_next("com.atproto.repo.uploadBlob", status=400, body=expired)
    home.drop("second.png", png(2), NOW)
    home.says("sky is logged out")
    told += home.run("login", "sky", "--secret-stdin", stdin="aaaa-bbbb-cccc-dddd", code=1)
    fresh = pds.create_app_password(account.did, account.password, "again")
    told += home.run("login", "sky", "--secret-stdin", stdin=fresh)
    home.posted("second.png")
    assert len(pds.list_records(account.did)) == 2
    shown = told + home.log + " ".join([*daemon.cmdline(), *daemon.environ().values()])
    secrets = {account.app_password, fresh, *_secrets_of(home), *_seeds_of(home)}
    assert len(secrets) >= 7
    assert not [secret for secret in secrets if secret in shown]
    assert not [path for path in _other_files(home) if _holds(path, secrets)]


def _kept(home: Home) -> list[Path]:
    """The files that may hold secrets; nobody else may read them."""
    state = home.folder / "state" / "postguard" / "sessions"
    found = [*(home.config.parent / "secrets").iterdir(), *state.iterdir()]
    assert {path.stat().st_mode & 0o777 for path in found} == {0o600}
    return found


def _secrets_of(home: Home) -> set[str]:
    """Passwords, the artist key, and each token in a saved session."""
    words = {word.strip() for path in _kept(home) for word in path.read_text().split(":::")}
    public = "did:"
    return {word for word in words if len(word) > 15 and not word.startswith((public, "http"))}


def _seeds_of(home: Home) -> list[str]:
    """What the marks of each picture are drawn from."""
    key = bytes.fromhex((home.config.parent / "secrets" / "artist-key").read_text())
    artworks = [a for post in home.store.posts.page([], None, 10) for a in post.artworks]
    return [hmac.digest(key, bytes.fromhex(a.sha256), "sha256").hex() for a in artworks]


def _other_files(home: Home) -> list[Path]:
    kept = set(_kept(home))
    return [p for p in home.folder.rglob("*") if p.is_file() and p not in kept]


def _holds(path: Path, secrets: set[str]) -> bool:
    data = path.read_bytes()
    return any(secret.encode() in data for secret in secrets)


def test_posts_that_cannot_be_protected_any_more_do_not_block_the_others(home: Home) -> None:
    home.configure(TWO_LOOKS, recipes=rig.recipe() + rig.recipe("own"))
    process = home.start()
    home.drop("big.png", png(1, (3600, 2800)), NOW)
    sees(home, "big.png", "protecting")
    home.drop("gone.png", png(2), NOW)
    home.drop("recipe.png", png(3), f'{NOW}recipe = "own"\n')
    home.drop("account.png", png(4), f'{NOW}to = "other"\n')
    home.drop("good.png", png(5), f'{NOW}to = "look"\n')
    names = ("gone.png", "recipe.png", "account.png", "good.png")
    posts = [home.reaches(name, PostState.TAKEN) for name in names]
    shutil.rmtree(home.lies(posts[0]))
    home.configure()
    process.send_signal(signal.SIGHUP)
    home.says("the config was read anew")
    home.posted("good.png")
    assert home.wait(
        lambda: home.store.posts.get(posts[0].id).state is PostState.WITHDRAWN, "gone.png to go"
    )
    assert "own" in home.reason(home.held("recipe.png"))
    assert "other" in home.reason(home.held("account.png"))


def test_a_post_without_its_protected_files_is_held_and_never_sent_bare(
    home: Home, fedi: MastodonServer
) -> None:
    home.start()
    home.drop("fox.png", png(), LATER)
    post = home.reaches("fox.png", PostState.PROTECTED)
    sees(home, "fox.png", "scheduled")
    with home.store.db.change() as db:
        db.execute("DELETE FROM renditions")
    home.run("retry", str(post.id))
    assert "protected" in home.reason(home.held("fox.png"))
    assert fedi.statuses == []


def test_a_held_set_moved_back_whole_is_taken_again(home: Home) -> None:
    home.start()
    small = png(2, (60, 50))  # too small for a notice
    words = b'text = "two"\nalt = { "1.png" = "a", "2.png" = "b" }\nat = "now"\n'
    home.drop_set("duo", {"1.png": png(1), "2.png": small, "post.toml": words})
    post = home.held("duo")
    folder = home.lies(post)
    assert (folder / "renditions").exists()
    (folder / "2.png").write_bytes(png(3))
    folder.rename(home.outbox / "duo again")
    again = home.posted("duo again")
    assert len(home.renditions(again, "look")) == 2
    assert home.store.posts.get(post.id).state is PostState.WITHDRAWN


def test_an_outbox_whose_drive_is_away_is_not_made_anew_but_awaited(home: Home) -> None:
    """A folder made in place of an unmounted drive would hide the art that lies on it."""
    home.start()
    home.stop()
    away = home.outbox.rename(home.folder / "unplugged")
    home.start()
    home.says("is its drive mounted?")
    assert not home.outbox.exists()
    away.rename(home.outbox)
    home.stop()
