"""Which status is the planned one: neither another post, nor overlooked because it lost a bit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.networks.mastodon.match import (
    Likeness,
    Sought,
    best_of,
    likeness,
    order_of,
    shows_the_same,
)
from postguard.networks.mastodon.parts import Part

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PART = Part("key", "新作です #fox", "流血", ("狐の絵", ""), ((640, 400), (30, 40)))
FOX = "月の下に座る赤い狐の絵"
SOUGHT = Sought(PART, NOW, "100", "", ())


def media(description: str | None, width: int, height: int) -> dict[str, Any]:
    """An attachment."""
    sizes = {"original": {"width": width, "height": height}}
    return {"id": "1", "description": description, "meta": sizes}


def status(**more: Any) -> dict[str, Any]:
    """The planned status, but for what is said."""
    return {
        "id": "101",
        "uri": "https://a.example/101",
        "created_at": NOW,
        "content": '<p>新作です <a href="x">#<span>fox</span></a></p>',
        "spoiler_text": "流血",
        "in_reply_to_id": None,
        "media_attachments": [media("狐の絵", 640, 400), media(None, 30, 40)],
        **more,
    }


def test_the_planned_status_is_known_again() -> None:
    """With all that was planned."""
    assert likeness(status(), SOUGHT) is Likeness.WHOLE


@pytest.mark.parametrize(
    "other",
    [
        {"content": "<p>新作です</p>"},
        {"content": ""},
        {"spoiler_text": "別"},
        {"id": "100"},
        {"id": "99"},
        {"created_at": NOW - timedelta(days=2)},
        {"in_reply_to_id": "55"},
        {"reblog": {"id": "1"}},
        {"media_attachments": [media("空の絵", 640, 400), media(None, 30, 40)]},
        {"media_attachments": [media("狐の絵", 400, 640), media(None, 30, 40)]},
        {"media_attachments": [media("狐の絵", 640, 400)] * 3},
    ],
)
def test_another_status_is_not_taken_for_it(other: dict[str, Any]) -> None:
    """Other words, other pictures, another time, another conversation: each is enough."""
    assert likeness(status(**other), SOUGHT) is Likeness.OTHER


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"media_attachments": [media(FOX, 640, 400), media(None, 30, 40)]}, True),
        ({"media_attachments": [media("空の絵", 640, 400), media(None, 30, 40)]}, False),
        ({"media_attachments": [media(FOX, 400, 640), media(None, 30, 40)]}, False),
        ({"media_attachments": [media(FOX, 640, 400)]}, False),
        (
            {
                "created_at": NOW - timedelta(days=2),
                "media_attachments": [media(FOX, 640, 400), media(None, 30, 40)],
            },
            False,
        ),
    ],
)
def test_a_status_whose_text_was_changed_shows_the_same_pictures(
    other: dict[str, Any], *, same: bool
) -> None:
    told = replace(SOUGHT, part=replace(PART, alts=(FOX, "")))
    assert shows_the_same(status(**other), told) is same


@pytest.mark.parametrize("alt", ["", "狐の絵"])
def test_pictures_with_hardly_an_alt_text_are_told_from_no_others(alt: str) -> None:
    bare = replace(SOUGHT, part=replace(PART, alts=(alt, "")))
    shown = [media(alt, 640, 400), media(None, 30, 40)]
    assert not shows_the_same(status(content="<p>別</p>", media_attachments=shown), bare)


@pytest.mark.parametrize(
    "lost",
    [
        {"media_attachments": []},
        {"media_attachments": [media("狐の絵", 640, 400)]},
        {"media_attachments": [media(None, 640, 400), media(None, 30, 40)]},
        {"spoiler_text": ""},
    ],
)
def test_a_status_that_lost_a_bit_is_ours_all_the_same(lost: dict[str, Any]) -> None:
    """It would be posted twice else."""
    assert likeness(status(**lost), SOUGHT) is Likeness.DAMAGED


def test_a_status_that_is_another_posts_is_never_it() -> None:
    """Two posts may have the same words."""
    taken = replace(SOUGHT, taken={"https://a.example/101"})
    assert likeness(status(), taken) is Likeness.OTHER


def test_an_answer_is_looked_for_among_the_answers() -> None:
    """The parts of a thread may say the same."""
    answer = replace(SOUGHT, answers="55")
    assert likeness(status(in_reply_to_id="55"), answer) is Likeness.WHOLE
    assert likeness(status(), answer) is Likeness.OTHER


def test_an_empty_text_is_known_by_its_pictures_only() -> None:
    """Else every status without words would be it."""
    silent = replace(SOUGHT, part=replace(PART, text="", cw=""))
    bare = {"content": "", "spoiler_text": ""}
    assert likeness(status(**bare), silent) is Likeness.WHOLE
    assert likeness(status(**bare, media_attachments=[]), silent) is Likeness.OTHER
    assert likeness(status(content="<p>x</p>", spoiler_text=""), silent) is Likeness.OTHER


def test_a_filler_under_a_warning_is_no_text() -> None:
    """Mastodon writes one where there is only a warning."""
    silent = replace(SOUGHT, part=replace(PART, text=""))
    assert likeness(status(content="<p>🖼</p>"), silent) is Likeness.WHOLE
    assert likeness(status(content="<p>x</p>"), silent) is Likeness.OTHER


def test_a_server_that_tells_no_sizes_is_believed() -> None:
    """Pleroma."""
    told = [{"description": "狐の絵", "meta": None}, {"description": ""}]
    assert likeness(status(media_attachments=told), SOUGHT) is Likeness.WHOLE


@given(st.integers(1, 4000), st.integers(1, 4000), st.floats(0.05, 1))
def test_a_picture_that_was_shrunk_keeps_its_shape(width: int, height: int, scale: float) -> None:
    """Whatever rounding its server does."""
    part = Part("key", "x", "", ("",), ((width, height),))
    made = media("", max(1, int(width * scale)), max(1, int(height * scale)))
    shrunk = status(content="x", spoiler_text="", media_attachments=[made])
    assert likeness(shrunk, replace(SOUGHT, part=part)) is Likeness.WHOLE


def test_a_whole_status_comes_before_a_damaged_one_and_an_early_before_a_late() -> None:
    """Whatever the order in which the server gives them."""
    damaged, late, early = (
        status(id="101", spoiler_text=""),
        status(id="1003"),
        status(id="102"),
    )
    assert best_of([late, damaged, early], SOUGHT) == early
    assert best_of([damaged], SOUGHT) == damaged
    assert best_of([status(id="7")], SOUGHT) is None


def test_ids_are_in_order_as_numbers_and_as_letters() -> None:
    """Mastodon's grow; those of Pleroma and GoToSocial have one length."""
    assert sorted(["1000", "999"], key=order_of) == ["999", "1000"]
    flakes = ["AAAAAAAAAAAAAAAAAA", "9n2ciuz1wdesFnrGJV", "9n2ciuz1wdesFnrGJU"]
    assert sorted(flakes, key=order_of) == flakes[::-1]
