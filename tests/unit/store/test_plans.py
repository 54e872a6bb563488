"""Each question of the daemon reads few rows, however many posts there are."""

from datetime import timedelta

import pytest

from postguard.model import Delivery, DeliveryState, PostState, Words
from postguard.store.audit import AuditRows
from postguard.store.calendar import planned
from postguard.store.foretelling import ForetellingRows
from tests.making import NOW

HOUR = timedelta(hours=1)
DELIVERY = Delivery(1, 1, "sky", Words(), DeliveryState.SCHEDULED, "now", "b", due_at=NOW)
QUESTIONS = {
    "page": lambda s: s.posts.page([], None, 20),
    "page of held": lambda s: s.posts.page([PostState.HELD], 1000, 20),
    "next to protect": lambda s: s.posts.in_state(PostState.TAKEN, limit=1),
    "misplaced": lambda s: s.posts.misplaced(),
    "unplaced": lambda s: s.posts.unplaced(),
    "half out": lambda s: s.posts.half_out(NOW),
    "same bytes": lambda s: s.posts.with_bytes("ab" * 32),
    "deliveries of a post": lambda s: s.deliveries.of_post(1),
    "receipts": lambda s: s.deliveries.receipts(1),
    "history": lambda s: s.posts.history(1),
    "progress": lambda s: s.posts.progress.now(),
    "still wanted": lambda s: s.posts.progress.tell(1, None),
    "unplanned": lambda s: s.deliveries.unplanned(),
    "next due": lambda s: s.deliveries.next_due(NOW),
    "claim": lambda s: s.attempts.claim(NOW, ("sky", "fedi"), ("new",)),
    "taken slots": lambda s: s.plans.taken_slots("sky", "2026-11-21", "2026-12-21"),
    "went out": lambda s: s.plans.went_out("sky", NOW, 1),
    "planned": lambda s: list(s.plans.planned("sky", NOW, 1)),
    "copy": lambda s: s.deliveries.copy(1, "sky"),
    "before in series": lambda s: s.deliveries.before_in_series(1, "sky"),
    "calendar": lambda s: planned(s.db, NOW, NOW + timedelta(days=30)),
    "neighbours": lambda s: s.wishes.queue("sky", DELIVERY, before=True, limit=1),
    "neighbours behind": lambda s: s.wishes.queue("sky", DELIVERY, before=False, limit=1),
    "asked anew": lambda s: s.wishes.ask(1, "now"),
    "comes up": lambda s: ForetellingRows(s.db, s.deliveries).unforetold(NOW, 12, HOUR),
    "last attempt": lambda s: s.attempts.last(1),
    "taken addresses": lambda s: s.deliveries.taken_uris("sky", NOW),
    "being sent": lambda s: s.attempts.being_sent(1),
    "in doubt": lambda s: s.deliveries.in_doubt("sky"),
    "cut off": lambda s: s.attempts.recover(NOW, ("sky",)),
    "let go": lambda s: s.wishes.retry_held(1, NOW),
    "spent": lambda s: s.spending.spent("sky", ("calls", "media"), NOW, NOW),
    "next to read back": lambda s: s.readings.next_unread(NOW),
    "next look": lambda s: s.readings.next_look(),
    "readings": lambda s: s.readings.of_post(1),
    "last audit": lambda s: AuditRows(s.db).last("sky"),
    "made here": lambda s: AuditRows(s.db).made_here(["ab" * 32, "cd" * 32]),
}


def plan_of(store, ask):
    """Return the steps SQLite takes for every statement of `ask`."""
    asked = []
    with store.db.change() as db:
        db.set_trace_callback(asked.append)
    ask(store)
    with store.db.change() as db:
        db.set_trace_callback(None)
    read = [sql for sql in asked if sql.lstrip().startswith(("SELECT", "UPDATE"))]
    assert read
    return [row["detail"] for sql in read for row in store.db.rows(f"EXPLAIN QUERY PLAN {sql}")]


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_question_reads_a_table_from_end_to_end(store, name):
    """A page may walk backwards from the newest post: its LIMIT ends the walk."""
    whole = [step for step in plan_of(store, QUESTIONS[name]) if step.startswith("SCAN")]
    assert [s for s in whole if "INDEX" not in s] == (["SCAN posts"] if name == "page" else [])


@pytest.mark.parametrize(
    "name",
    ["claim", "next due", "unplanned", "next to protect", "next to read back", "next look"],
)
def test_what_is_asked_at_every_tick_sorts_at_most_the_end_of_an_order(store, name):
    sorts = [step for step in plan_of(store, QUESTIONS[name]) if "TEMP B-TREE" in step]
    assert [s for s in sorts if "LAST TERM" not in s] == []
