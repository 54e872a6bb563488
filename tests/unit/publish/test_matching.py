"""What is made of the posts that were found on an account after a restore."""

from __future__ import annotations

from postguard.model import Delivery, DeliveryState, Receipt, Sighting, Words
from postguard.publish.matching import AskTheArtist, GoesOn, IsThere, joined, matches
from tests.making import NOW

FOX = Receipt("at://fox", "https://fox", NOW)
CAT = Receipt("at://cat", "https://cat", NOW)
SURE = Sighting(FOX, sure=True)


def delivery(number: int) -> Delivery:
    return Delivery(number, number, "sky", Words(), DeliveryState.SCHEDULED, "now", "x")


def test_what_is_not_seen_goes_on():
    assert matches({1: []}, [delivery(1)]) == {1: GoesOn()}


def test_what_is_surely_there_has_its_receipt_again():
    assert matches({1: [SURE]}, [delivery(1)]) == {1: IsThere(FOX)}


def test_what_may_be_there_is_the_artists_to_tell():
    (found,) = matches({1: [Sighting(FOX, sure=False)]}, [delivery(1)]).values()
    assert isinstance(found, AskTheArtist)
    assert "https://fox" in found.reason
    assert "`postguard retry 1`" in found.reason


def test_of_several_that_may_be_it_none_is_taken():
    seen = {1: [SURE, Sighting(CAT, sure=True)]}
    (found,) = matches(seen, [delivery(1)]).values()
    assert isinstance(found, AskTheArtist)
    assert "https://fox or https://cat" in found.reason


def test_a_post_that_two_could_have_made_is_neithers():
    found = matches({1: [SURE], 2: [SURE], 3: []}, [delivery(n) for n in (1, 2, 3)])
    assert [type(each) for each in found.values()] == [AskTheArtist, AskTheArtist, GoesOn]


def test_what_nothing_else_explains_and_has_its_shape_is_the_artists_to_tell():
    """Words and alt text were both changed since the backup."""
    shaped = [Sighting(FOX, sure=False, by_shape=True), Sighting(CAT, sure=False, by_shape=True)]
    found = matches({1: [SURE], 2: shaped}, [delivery(1), delivery(2)])
    assert found[1] == IsThere(FOX)
    assert isinstance(found[2], AskTheArtist)
    assert "https://cat already" in found[2].reason
    assert "https://fox" not in found[2].reason


def test_a_shape_is_no_doubt_where_the_words_tell():
    seen = [SURE, Sighting(CAT, sure=False, by_shape=True)]
    assert matches({1: seen}, [delivery(1)]) == {1: IsThere(FOX)}


def test_a_post_is_seen_as_what_the_draft_that_explains_it_best_says():
    """It may have gone out with the link to its copy, and without."""
    shaped, told = Sighting(FOX, sure=False, by_shape=True), Sighting(FOX, sure=False)
    other = Sighting(CAT, sure=False, by_shape=True)
    assert joined([shaped, told]) == joined([told, shaped]) == [told]
    assert joined([shaped, other, told, SURE]) == joined([SURE, other, shaped]) == [SURE, other]


def test_what_the_note_beside_its_files_calls_posted_is_asked_about():
    (found,) = matches({1: []}, [delivery(1)], {1: "https://a.example/@hanako/1"}).values()
    assert isinstance(found, AskTheArtist)
    assert "https://a.example/@hanako/1" in found.reason
