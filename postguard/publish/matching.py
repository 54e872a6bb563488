"""After a restore: which of an account's deliveries were posted since the backup. Pure.

The restored rows know no plan of them, so only what stands on the account can tell. What is surely
there is not sent again; what is surely not there goes on; of the rest only the artist can tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from postguard.language import _
from postguard.model import Delivery, Receipt, Sighting


@dataclass(frozen=True, slots=True)
class GoesOn:
    """It is not there."""


@dataclass(frozen=True, slots=True)
class IsThere:
    """It is there, and has its receipt again."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class AskTheArtist:
    """It may be there; `reason` says what to look at, and what to do then."""

    reason: str


Match = GoesOn | IsThere | AskTheArtist


def matches(found: Mapping[int, Sequence[Sighting]], of: Sequence[Delivery]) -> dict[int, Match]:
    """Decide about the deliveries to one account, by what was found for each.

    A post that two deliveries could have made is neither's.

    Args:
        found: by a delivery's id.
    """
    claims = Counter(s.receipt.uri for sightings in found.values() for s in sightings)
    return {d.id: _match(d, found[d.id], claims) for d in of}


def _match(delivery: Delivery, seen: Sequence[Sighting], claims: Mapping[str, int]) -> Match:
    if not seen:
        return GoesOn()
    first = seen[0]
    if len(seen) == 1 and first.sure and claims[first.receipt.uri] == 1:
        return IsThere(first.receipt)
    places = _(" or ").join(each.receipt.url for each in seen[:3])
    return AskTheArtist(
        _(
            "postguard was restored from a backup, and this post may be at {places} already. "
            "Look whether this picture stands there: if it does, nothing needs to be done; if "
            "not, `postguard retry {post_id}` sends it"
        ).format(places=places, post_id=delivery.post_id)
    )
