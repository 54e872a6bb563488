"""`postguard backup` and `restore`, as the artist types them."""

from __future__ import annotations

import signal

from tests.making import protected_post


def test_a_backup_is_made_listed_and_put_back(terminal):
    terminal.configure()
    (made,) = terminal.json("backup")
    assert terminal.json("backup", "--list") == [made]
    store = terminal.store()
    protected_post(store)
    store.db.close()
    done = terminal.run("restore", typed="y\n")
    assert done.exit_code == 0, done.output
    assert made["at"][:4] in done.stdout
    assert "is kept in" in done.stdout
    assert terminal.json("list") == []


def test_only_who_says_yes_has_anything_replaced(terminal):
    terminal.configure()
    terminal.json("backup")
    inode = (terminal.home / ".local/state/postguard/postguard.db").stat().st_ino
    assert terminal.run("restore", typed="n\n").exit_code != 0
    assert (terminal.home / ".local/state/postguard/postguard.db").stat().st_ino == inode
    assert terminal.run("restore", "--json").exit_code == 2


def test_a_restore_is_not_ended_by_whoever_rings_for_the_daemon(terminal):
    before = signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    try:
        terminal.configure()
        terminal.json("backup")
        assert terminal.run("restore", "--yes").exit_code == 0
        assert signal.getsignal(signal.SIGUSR1) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_what_waits_is_counted_and_unknown_folders_are_named(terminal):
    terminal.configure()
    store = terminal.store()
    protected_post(store, accounts=("sky", "fedi"))
    store.db.close()
    terminal.json("backup")
    (terminal.outbox / "queued" / "7-owl").mkdir(parents=True)
    told = terminal.run("restore", "--yes").stdout
    assert "2 posts may have gone out since" in told
    assert "queued/7-owl" in told
    again = terminal.json("restore", "--yes")
    assert (again["waiting"], again["unknown_folders"]) == (2, ["queued/7-owl"])


def test_a_backup_can_go_to_another_drive_and_come_from_there(terminal):
    terminal.configure()
    stick = terminal.home / "stick"
    refused = terminal.run("backup", "--into", stick)
    assert (refused.exit_code, stick.exists()) == (1, False)
    assert "Is its drive plugged in?" in refused.stderr
    stick.mkdir()
    assert str(stick) in terminal.run("backup", "--into", stick).stdout
    assert terminal.run("restore", stick, "--yes").exit_code == 0


def test_where_there_is_none_it_says_so(terminal):
    terminal.configure()
    assert "postguard backup" in terminal.run("backup", "--list").stdout
    done = terminal.run("restore", "--yes")
    assert done.exit_code == 1
    assert "there is no backup" in done.stderr
