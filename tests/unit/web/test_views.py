"""What a page shows of posts, worked out from plain values."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from postguard import language
from postguard.model import (
    Artwork,
    Delivery,
    DeliveryState,
    Place,
    Post,
    PostState,
    Progress,
    Receipt,
    Rendition,
    Words,
)
from postguard.model.layers import Layers, uses
from postguard.web import changes, moments, rendering, views, weeks
from postguard.web.facts import DayFacts, Entry, Line, RecipeFacts, Standing
from postguard.web.post_facts import (
    Copy,
    Counted,
    Detail,
    Happened,
    Picture,
    PostFacts,
    Queue,
    Stage,
    Version,
)
from postguard.web.post_page import post_page
from postguard.web.recipe_page import recipe_page
from postguard.web.serving import Visits
from postguard.web.views import Action

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 11, 26, 1, 0, tzinfo=UTC)  # 10:00 in Tokyo
ART = Artwork(1, 0, "a" * 64, "fox.png", "fox.png", 400, 300)


def delivery(state: DeliveryState = DeliveryState.SCHEDULED, **fields: object) -> Delivery:
    given: dict[str, object] = {
        "id": 1,
        "post_id": 1,
        "account": "sky",
        "words": Words(text="A fox", alts=("a fox",), tags=("art",)),
        "asked": "slot",
        "fit": "bluesky-2000000",
        "due_at": NOW + timedelta(minutes=30),
    }
    return Delivery(state=state, **(given | fields))  # type: ignore[arg-type]


def facts(state: PostState, *copies: Delivery, post_id: int = 1, **fields: object) -> PostFacts:
    post = Post(
        post_id, "fox.png", "1-fox", Place.QUEUED, state, "default", (ART,), (), NOW, "why"
    )
    return PostFacts(post, copies, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "too_much"),
    [({}, False), ({"alt1": ["too long"]}, False), ({"text": ["x"]}, True), ({"": ["x"]}, True)],
)
def test_a_count_is_red_for_what_it_counts_alone(wrong, too_much):
    assert Counted("sky", ("5 of 300",), wrong).too_much is too_much


@pytest.mark.parametrize(
    ("state", "copy", "stage", "actions"),
    [
        (PostState.TAKEN, DeliveryState.WAITING, Stage.WORK, (Action.HOLD,)),
        (PostState.PROTECTED, DeliveryState.SCHEDULED, Stage.DUE, (Action.NOW, Action.HOLD)),
        (PostState.PROTECTED, DeliveryState.POSTED, Stage.DUE, (Action.RETRACT,)),
        (PostState.PROTECTED, DeliveryState.HELD, Stage.HELD, (Action.NOW, Action.HOLD)),
        (PostState.HELD, DeliveryState.HELD, Stage.HELD, (Action.RELEASE,)),
        (PostState.POSTED, DeliveryState.POSTED, Stage.OUT, (Action.RETRACT,)),
        (PostState.RETRACTED, DeliveryState.RETRACTED, Stage.OUT, ()),
    ],
)
def test_a_card_lies_where_its_post_is_and_offers_what_can_be_done_there(
    state: PostState, copy: DeliveryState, stage: Stage, actions: tuple[Action, ...]
):
    made = views.card(facts(state, delivery(copy)), NOW, TOKYO)
    assert (made.stage, made.actions) == (stage, actions)


def test_a_card_whose_time_has_passed_offers_to_post_it_now():
    late = facts(PostState.HELD, delivery(DeliveryState.HELD))
    passed = replace(late.post, reason="its time passed; `postguard retry 1` posts it now")
    made = views.card(replace(late, post=passed), NOW, TOKYO)
    assert made.actions == (Action.NOW, Action.RELEASE)


def test_each_stage_has_its_cards_and_how_many_are_behind_them():
    posts = tuple(
        facts(state, delivery(), post_id=number)
        for number, state in enumerate([PostState.PROTECTED, PostState.TAKEN, PostState.HELD], 1)
    )
    found = views.columns(Queue(posts, {Stage.DUE: 7}), NOW, TOKYO)
    cards = {column.stage: [card.id for card in column.cards] for column in found}
    assert cards == {Stage.HELD: [3], Stage.WORK: [2], Stage.DUE: [1], Stage.OUT: []}
    assert [column.more for column in found] == [0, 0, 7, 0]


def test_a_card_says_what_is_posted_and_where_it_stands():
    receipt = Receipt("at://x", "https://bsky.app/x", NOW)
    made = views.card(
        facts(PostState.POSTED, delivery(DeliveryState.POSTED), receipts={"sky": receipt}),
        NOW,
        TOKYO,
    )
    assert made.text == "A fox\n\n#art"
    assert (made.copies[0].words, made.copies[0].url) == ("posted today 10:00", receipt.url)


def test_a_page_on_this_pc_is_no_link_into_the_file_system():
    receipt = Receipt("file:///x", "file:///x", NOW)
    made = views.card(
        facts(PostState.POSTED, delivery(DeliveryState.POSTED), receipts={"sky": receipt}),
        NOW,
        TOKYO,
    )
    assert made.copies[0].url == ""
    assert made.copies[0].words == "drawn as a page today 10:00"


@pytest.mark.parametrize("asked", [True, False], ids=["asked for", "the account's network"])
def test_a_dry_run_says_on_its_page_that_nothing_was_posted(asked: bool):
    drawn = Receipt("file:///x", "file:///x", NOW)
    out = delivery(DeliveryState.POSTED, dry_run=asked)
    done = facts(PostState.POSTED, out, receipts={"sky": drawn})
    waits = facts(PostState.PROTECTED, delivery(dry_run=True))
    standing = Standing(0, running=True, paused=False)
    told = [
        rendering.text("post.html.j2", page=page, here="post", post_id=1, standing=standing)
        for page in (
            post_page(replace(detail(), facts=each), NOW, TOKYO) for each in (done, waits)
        )
    ]
    assert "Dry run: nothing was posted" in told[0]
    assert "likes and answers" not in told[0]
    assert "Dry run: it becomes a page" in told[1]


def test_no_head_of_the_queue_says_that_a_dry_run_went_out():
    drawn = {"sky": Receipt("file:///x", "file:///x", NOW)}
    done = facts(PostState.POSTED, delivery(DeliveryState.POSTED), receipts=drawn)
    columns = views.columns(Queue((done,), {}), NOW, TOKYO)
    standing = Standing(0, running=True, paused=False)
    around = {"here": "queue", "post_id": 0, "standing": standing, "recipes": (), "accounts": ()}
    text = rendering.text("queue.html.j2", columns=columns, **around)
    told = re.sub(r"<[^>]*>", " ", text[text.index('id="head-out"') :])
    assert "Done lately" in told
    assert "posted" not in told.replace("nothing was posted", "")


def test_what_is_done_now_says_which_picture_and_how_long():
    now = views.doing(Progress(1, "cloak", done=False, fraction=0.4, seconds_left=52), 3)
    assert now == views.Doing("picture 2 of 3: cloaking", 40, "about 50 s left")
    assert views.doing(None, 1).percent is None


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (NOW, "today 10:00"),
        (NOW + timedelta(days=1), "tomorrow 10:00"),
        (NOW - timedelta(days=1), "yesterday 10:00"),
        (NOW + timedelta(hours=14), "tomorrow 00:00"),
        (NOW + timedelta(days=3), "Sun 2026-11-29 10:00"),
    ],
)
def test_times_are_told_in_the_artists_zone(at: datetime, said: str):
    assert moments.when(at, NOW, TOKYO) == said


def test_weeks_begin_on_monday_and_hold_what_goes_out_and_what_is_free():
    today = date(2026, 11, 26)
    taken, free = NOW + timedelta(hours=2), NOW + timedelta(hours=9, minutes=30)
    days = [
        DayFacts(today, (Entry(taken, "sky", 7, "fox.png"),), (("sky", taken), ("sky", free))),
        *(DayFacts(today + timedelta(days=n), (), ()) for n in range(1, 30)),
    ]
    found = weeks.weeks(days, {"sky": "mastodon"}, TOKYO)
    assert [len(week) for week in found] == [7] * 4
    assert found[0][0].date == date(2026, 11, 23)
    assert [day.past for day in found[0]] == [True] * 3 + [False] * 4
    day = found[0][3]
    assert day.today
    assert [(e.time, e.post_id, e.shows) for e in day.entries] == [("12:00", 7, "mastodon")]
    assert [place.where for place in day.free] == ["2026-11-26 19:30"]


def test_only_posts_that_changed_came_or_went_are_told():
    assert changes.different({1: "a", 2: "b", 3: "c"}, {1: "a", 2: "B", 4: "d"}) == [2, 3, 4]


class Unmoved:
    """Rows in which nothing changes."""

    def pulse(self) -> tuple[int, int]:
        return 0, 0

    def prints(self) -> dict[int, str]:
        return {1: "a"}


def test_a_page_hears_at_once_of_what_changed_before_it_listened():
    async def first() -> str:
        return await anext(changes.stream(Unmoved(), Visits()))

    assert "event: posts\ndata: []\n\n" in asyncio.run(first())


def detail(
    *copies: Copy, done: tuple[Line, ...] = (), weakest: frozenset[int] = frozenset()
) -> Detail:
    rendition = Rendition(
        0, "bluesky-2000000", Path("x.jpg"), "b" * 64, "image/jpeg", 400, 320, 9, {}
    )
    picture = Picture(ART, "a fox", (Version(rendition, ("sky",), done, (4, 5), weakest),))
    happened = Happened(1, NOW, "held", "held: why")
    about = facts(PostState.PROTECTED, *(copy.delivery for copy in copies))
    return Detail(about, (picture,), copies, (happened,))


def copy(text: str, account: str = "sky") -> Copy:
    return Copy(delivery(account=account), "bluesky", text, Counted(account, ("5 of 300",)))


def test_accounts_that_say_the_same_share_one_editor():
    page = post_page(detail(copy("A fox"), copy("A fox", "fedi")), NOW, TOKYO)
    assert [(e.account, e.names, len(e.counted)) for e in page.editors] == [("", "sky, fedi", 2)]
    own = post_page(detail(copy("A fox"), copy("Un renard", "fedi")), NOW, TOKYO)
    assert [(e.account, e.text) for e in own.editors] == [("sky", "A fox"), ("fedi", "Un renard")]


def test_a_post_shows_the_measures_of_its_file_and_what_is_grave_in_its_history():
    page = post_page(detail(copy("A fox"), done=(Line("Notice", "no AI"),)), NOW, TOKYO)
    compared = page.frames[0].versions[0]
    assert [m.number for m in compared.measures if m.used] == [4, 5]
    assert compared.done == (Line("Notice", "no AI"),)
    assert page.history[0].grave
    assert page.accounts[0].due == "2026-11-26T10:30"
    assert page.accounts[0].can_move


def test_an_instant_cloak_is_no_style_cloak_on_the_pages():
    layers = Layers(uses([{"step": "cloak", "mode": "instant"}, {"step": "noise"}], ["bluesky"]))
    told = recipe_page(RecipeFacts("default", (), layers)).measures
    assert [(m.number, m.name) for m in told if m.used] == [
        (1, "instant cloak, weakest form"),
        (3, "noise against models"),
    ]
    assert [m.training for m in told[:2]] == ["△", "◎"]
    shown = post_page(detail(copy("A fox"), weakest=frozenset({4})), NOW, TOKYO)
    names = {m.number: m.name for m in shown.frames[0].versions[0].measures}
    assert (names[4], names[5]) == ("instant cloak, weakest form", "“no AI” stated")


def test_who_sees_a_post_is_told_as_the_language_ends_its_sentences():
    language.choose("ja")
    seen = replace(copy("狐"), around=("誰でも見られます", "誰でも返信できます"))
    page = post_page(detail(seen), NOW, TOKYO)
    standing = Standing(0, running=True, paused=False)
    text = rendering.text("post.html.j2", page=page, here="post", post_id=1, standing=standing)
    assert "誰でも見られます。誰でも返信できます。" in text


def test_what_is_out_has_no_time_to_move():
    gone = replace(copy("A fox"), delivery=delivery(DeliveryState.POSTED, due_at=None))
    page = post_page(detail(gone), NOW, TOKYO)
    assert (page.accounts[0].due, page.accounts[0].can_move) == ("", False)
