"""The ledger says what was posted when, and is one page that opens anywhere."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest

from postguard.app import ledger
from postguard.language import choose
from postguard.model import DeliveryState, NewDelivery, Receipt, Words
from postguard.store.ledger import Entry, LedgerRows
from tests.making import MINUTE, NOW, protected_post

TOKYO = ZoneInfo("Asia/Tokyo")
FOX = Entry(
    *(NOW, "sky", "https://bsky.app/1", 1, "狐.png", "a" * 64, "b" * 64, "default"),
    None,
    deleted=False,
)


def posted(store, name, account="sky", **fields):
    post = protected_post(store, name=name, accounts=(account,), **fields)
    (delivery,) = store.deliveries.of_post(post.id)
    receipt = Receipt(f"at://{name}", f"https://bsky.app/{name}", NOW + post.id * MINUTE)
    store.attempts.finish(delivery.id, receipt, NOW)
    return delivery


def test_every_picture_that_was_posted_is_there_with_its_hashes(store):
    posted(store, "fox.png")
    protected_post(store, name="waiting.png")
    (entry,) = LedgerRows(store.db).entries()
    assert entry == Entry(
        *(NOW + MINUTE, "sky", "https://bsky.app/fox.png", 1, "fox.png"),
        *(f"{'fox.png':0<64}", "b" * 64, "default", None, False),
    )


def test_what_was_deleted_again_stays_and_says_so(store):
    delivery = posted(store, "fox.png")
    store.wishes.retracted(store.deliveries.get(delivery.id), NOW)
    assert store.deliveries.get(delivery.id).state is DeliveryState.RETRACTED
    (entry,) = LedgerRows(store.db).entries()
    assert entry.deleted


def test_pages_on_this_pc_are_no_posts(store):
    one = NewDelivery("sky", Words("A fox", ("a fox",)), "now", "bluesky", dry_run=True)
    posted(store, "dry.png", deliveries=(one,))
    assert list(LedgerRows(store.db).entries()) == []


def test_the_csv_is_read_back_as_it_was():
    odd = replace(FOX, picture='夜,の"狐".png', deleted=True, seen_at=NOW)
    rows = list(csv.DictReader(io.StringIO(ledger.as_csv([FOX, odd]))))
    assert [row["picture"] for row in rows] == ["狐.png", '夜,の"狐".png']
    assert rows[0]["posted_at"] == "2026-11-23T12:00:00+00:00"
    assert (rows[1]["deleted"], rows[1]["read_back_at"]) == ("yes", NOW.isoformat())


def test_the_page_tells_times_in_the_artists_zone_and_its_own_hash():
    page = ledger.as_html([FOX], "山田花子", TOKYO, NOW)
    assert "2026-11-23 21:00:00+09:00" in page
    assert "What 山田花子 has posted" in page
    assert hashlib.sha256(ledger.as_csv([FOX]).encode()).hexdigest() in page


class Tags(HTMLParser):
    """What a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.addresses: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.addresses |= {str(v) for k, v in attrs if k in {"src", "href", "action", "data"}}


def test_the_page_needs_nothing_else_and_runs_nothing():
    bad = replace(FOX, picture="<script>alert(1)</script>.png", url='javascript:alert("x")')
    page = ledger.as_html([FOX, bad], "<b>花子</b>", TOKYO, NOW)
    made_of = Tags(page)
    assert made_of.names.isdisjoint({"script", "link", "img", "iframe", "object", "b"})
    assert made_of.addresses == {"https://bsky.app/1", ""}
    assert not re.search(r"url\(|@import", page)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_page_says_which_language_it_is_in(language, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "en")  # put back afterwards
    choose(language)
    try:
        assert f'<html lang="{language}">' in ledger.as_html([], "", TOKYO, NOW)
    finally:
        choose("en")
