"""A picture's file says nothing to everybody that was written for a few."""

from __future__ import annotations

from postguard.model import Visibility, Words
from postguard.protect.captions import caption

FEW = Words("私の家の狐", ("庭の狐", "窓"), visibility=Visibility.PRIVATE)
ALL = Words("狐", ("赤い狐", "窓"), visibility=Visibility.UNLISTED)


def test_words_that_everybody_can_read_go_before_those_for_a_few() -> None:
    assert caption([FEW, ALL]) == ALL
    assert caption([ALL, FEW]) == ALL


def test_of_words_for_a_few_only_what_all_of_them_read_is_taken() -> None:
    others = Words("狐", ("庭の狐",), visibility=Visibility.DIRECT)
    assert (caption([FEW]).text, caption([FEW]).alts) == (FEW.text, FEW.alts)
    assert (caption([FEW, others]).text, caption([FEW, others]).alts) == ("", ("庭の狐", ""))
