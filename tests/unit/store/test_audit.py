"""Audits are kept, told once, and their fixes can be taken back once."""

from datetime import UTC, datetime, timedelta

import pytest

from postguard.model import Change, Finding, Level
from postguard.store.audit import AuditRows
from tests.making import protected_post, rendition

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
CHANGE = Change(
    "bsky.loggedout", "花子のラベル", "profile/self#labels", None, {"values": []}, True
)


def finding(name="bsky.session", level=Level.WARNING):
    texts = dict.fromkeys(
        ("title", "found", "recommended", "reach", "why", "by_hand", "limit"), "文"
    )
    return Finding(id=name, level=level, **texts)


@pytest.fixture
def rows(store):
    return AuditRows(store.db)


def test_an_audit_is_kept_in_its_order(rows):
    found = [finding("b"), finding("a", Level.OK)]
    rows.keep("bsky", found, NOW)
    assert rows.of("bsky") == found
    assert rows.last("bsky") == NOW
    assert rows.of("fedi") == []
    assert rows.last("fedi") is None


def test_the_next_audit_takes_its_place(rows):
    rows.keep("bsky", [finding("a"), finding("b")], NOW)
    rows.keep("bsky", [finding("a")], LATER)
    assert [f.id for f in rows.of("bsky")] == ["a"]
    assert rows.last("bsky") == LATER


def test_only_what_is_new_or_has_changed_is_told(rows):
    first = [finding("a"), finding("b"), finding("c", Level.OK), finding("d", Level.UNKNOWN)]
    assert [f.id for f in rows.keep("bsky", first, NOW)] == ["a", "b"]
    second = [finding("a"), finding("b", Level.BLOCKING), finding("c")]
    assert [f.id for f in rows.keep("bsky", second, LATER)] == ["b", "c"]


def test_a_forgotten_audit_is_due_again(rows):
    rows.keep("bsky", [finding()], NOW)
    rows.forget("bsky")
    assert rows.last("bsky") is None


def test_fixes_are_taken_back_newest_first_and_once(rows):
    rows.fixed("bsky", CHANGE, NOW)
    rows.fixed("bsky", CHANGE.reversed(), LATER)
    rows.fixed("fedi", CHANGE, NOW)
    newest, oldest = rows.undoable("bsky")
    assert (newest.change, newest.at) == (CHANGE.reversed(), LATER)
    assert (oldest.change, oldest.account) == (CHANGE, "bsky")
    rows.undone(newest.id, LATER)
    assert rows.undoable("bsky") == [oldest]


def test_a_change_that_was_not_written_is_forgotten(rows):
    rows.drop(rows.fixed("bsky", CHANGE, NOW))
    assert rows.undoable("bsky") == []


def test_the_files_that_postguard_made_are_known_among_others(store, rows):
    protected_post(store)
    made = rendition().sha256
    assert rows.made_here([f"{number:064x}" for number in range(700)] + [made]) == {made}


def test_no_file_that_postguard_did_not_make_counts_as_its_own(rows):
    assert rows.made_here([f"{number:064x}" for number in range(1200)]) == set()
    assert rows.made_here([]) == set()
