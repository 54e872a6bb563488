from __future__ import annotations

import pytest

from postguard.model import Words, body


@pytest.mark.parametrize(
    ("text", "posted"),
    [
        ("A fox", "A fox\n\n#fox"),
        ("", "#fox"),
        ("A #fox.", "A #fox."),
        ("A #Fox", "A #Fox"),
        ("＃fox と月", "＃fox と月"),
        ("Two #foxes", "Two #foxes\n\n#fox"),
    ],
)
def test_a_hashtag_is_added_unless_the_text_has_it(text: str, posted: str) -> None:
    assert body(Words(text=text, tags=("fox",))) == posted


def test_a_longer_japanese_hashtag_is_another_one() -> None:
    assert body(Words(text="#狐の絵", tags=("狐",))) == "#狐の絵\n\n#狐"
