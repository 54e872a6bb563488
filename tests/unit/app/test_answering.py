"""A post that answers what will never stand is held when it is taken in, and says why."""

from __future__ import annotations

import pytest

from postguard.app.answering import objections
from postguard.app.installation import Installation
from postguard.model import NewDelivery, PostState, Words
from tests.making import NOW, new_post


def says(installation: Installation, number: int) -> list[str]:
    words = Words(text="A fox", alts=("a fox",), reply_to=f"#{number}")
    return objections(installation, "sky", words, 1)


def answering(installation: Installation, number: int) -> int:
    words = Words(text="A fox", alts=("a fox",), reply_to=f"#{number}" if number else "")
    made = new_post(f"{number}.png", deliveries=(NewDelivery("sky", words, "slot", "any"),))
    return installation.store.posts.create(made, NOW).id


def test_an_answer_to_a_post_that_is_there_is_fine(installation: Installation) -> None:
    assert says(installation, answering(installation, 0)) == []


def test_an_answer_to_no_post_is_refused_with_its_number(installation: Installation) -> None:
    (said,) = says(installation, 99)
    assert "it answers post 99 (reply_to), but there is none" in said


@pytest.mark.parametrize("state", [PostState.RETRACTED, PostState.WITHDRAWN])
def test_an_answer_to_what_was_taken_back_is_refused(
    installation: Installation, state: PostState
) -> None:
    first = answering(installation, 0)
    installation.store.posts.move_to(first, state, NOW)
    (said,) = says(installation, first)
    assert "took back" in said or "taken back" in said


def test_an_answer_that_closes_a_circle_is_refused(installation: Installation) -> None:
    """Post 1 was held, since there was no post 2 yet, and is released now that there is one."""
    answering(installation, 2)
    answering(installation, 1)
    (said,) = says(installation, 2)
    assert "posts 1 and 2 answer each other" in said
    assert says(installation, 1) == [said]
