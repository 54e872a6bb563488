"""After a restore: which of an account's deliveries were posted since the backup. Pure.

The restored rows know no plan of them, so only what stands on the account can tell. What is surely
there is not sent again; what is surely not there goes on; of the rest only the artist can tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from postguard.language import _
from postguard.model import Delivery, Receipt, Sighting

_NAMED = 3  # places that the artist is asked to look at


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


def joined(seen: Iterable[Sighting]) -> list[Sighting]:
    """Return each post once, as whichever draft of a delivery explains it best."""
    best: dict[str, Sighting] = {}
    for each in seen:
        uri = each.receipt.uri
        best[uri] = max(best.get(uri, each), each, key=lambda s: (s.sure, not s.by_shape))
    return list(best.values())


def matches(
    found: Mapping[int, Sequence[Sighting]],
    of: Sequence[Delivery],
    noted: Mapping[int, str] = MappingProxyType({}),
) -> dict[int, Match]:
    """Decide about the deliveries to one account, by what was found for each.

    A post that two deliveries could have made is neither's. One that was posted with other words
    than the backup knows is found by none of them, but the note beside its files says where; where
    that is lost, too, each post that nothing else explains and whose pictures have the delivery's
    shapes may be it.

    Args:
        found: by a delivery's id.
        noted: where its folder says that it was posted, by a delivery's id.
    """
    told = {d: [s for s in sightings if not s.by_shape] for d, sightings in found.items()}
    claims = Counter(s.receipt.uri for sightings in told.values() for s in sightings)
    free = {
        d: [s for s in sightings if s.by_shape and s.receipt.uri not in claims]
        for d, sightings in found.items()
    }
    return {d.id: _match(d, told[d.id] or free[d.id], noted.get(d.id, ""), claims) for d in of}


def _match(
    delivery: Delivery, seen: Sequence[Sighting], noted: str, claims: Mapping[str, int]
) -> Match:
    if len(seen) == 1 and seen[0].sure and claims[seen[0].receipt.uri] == 1:
        return IsThere(seen[0].receipt)
    urls = dict.fromkeys([*([noted] if noted else []), *(each.receipt.url for each in seen)])
    return _asked(delivery, list(urls)[:_NAMED]) if urls else GoesOn()


def _asked(delivery: Delivery, urls: Sequence[str]) -> AskTheArtist:
    return AskTheArtist(
        _(
            "postguard was restored from a backup, and this post may be at {places} already. "
            "Look whether this picture stands there: if it does, nothing needs to be done; if "
            "not, `postguard retry {post_id}` sends it"
        ).format(places=_(" or ").join(urls), post_id=delivery.post_id)
    )
