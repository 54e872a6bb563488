"""What a picture may say inside its own file. Pure.

The files of one artwork say the same, whatever account they go to, and whoever sees a post can
read them: what was written for a few must not stand in what everybody can get.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from postguard.model import Delivery, Visibility, Words

_FOR_ALL = {Visibility.PUBLIC, Visibility.UNLISTED}


def inside(deliveries: Sequence[Delivery]) -> Words:
    """Return the words that may stand inside the files of these deliveries of one post; what is
    only shown on this PC says nothing where another one is posted."""
    return caption([d.words for d in deliveries if not d.dry_run] or [deliveries[0].words])


def caption(said: Sequence[Words]) -> Words:
    """Return the words whose text and alt texts may stand inside the files.

    Args:
        said: the words for each account. Those of the first post that everybody can read are
            taken; where there is none, what all of them say alike.
    """
    for words in said:
        if words.visibility in _FOR_ALL:
            return words
    first = said[0]
    alts = [
        alt if all(words.alts[number : number + 1] == (alt,) for words in said) else ""
        for number, alt in enumerate(first.alts)
    ]
    text = first.text if all(words.text == first.text for words in said) else ""
    return replace(first, text=text, alts=tuple(alts))
