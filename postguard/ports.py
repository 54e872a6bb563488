"""The small Protocols through which the wings meet; joined in `app`, kept by contract suites."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from postguard.model import (
    Attempt,
    Copy,
    Delivery,
    DeliveryState,
    Draft,
    Edit,
    Inspection,
    Json,
    Limits,
    NewPost,
    Place,
    Post,
    PostState,
    Progress,
    ProtectOrder,
    Receipt,
    Rendition,
    Shown,
    Sighting,
    Words,
)
from postguard.model.news import Message


class Clock(Protocol):
    """The wall clock, and a way to wait that a test can own."""

    def now(self) -> datetime:
        """Return the time as a timezone-aware UTC datetime."""
        ...

    def wait(self, seconds: float) -> None:
        """Let `seconds` pass."""
        ...


class Network(Protocol):
    """One account on one network. Raises only the errors of `postguard.errors`."""

    def limits(self) -> Limits:
        """Return what the server takes, asked live where it can say. May raise Retryable."""
        ...

    def objections(self, words: Words, images: int, limits: Limits) -> list[str]:
        """Return why these words cannot be posted exactly as asked; empty: they can. No I/O."""
        ...

    def plan(self, draft: Draft, now: datetime) -> dict[str, Json]:
        """Return what will identify this post: keys, record, times. Sends nothing."""
        ...

    def send(self, draft: Draft, plan: Mapping[str, Json]) -> Receipt:
        """Post it. Raises Retryable, Unsure, Refused or LoggedOut."""
        ...

    def find(
        self, draft: Draft, plan: Mapping[str, Json], taken: Collection[str] = ()
    ) -> Receipt | None:
        """Return the receipt of this plan if the network has its post; never writes.

        `taken`: uris of posts that other deliveries have a receipt for; none of these is it.
        """
        ...

    def look_for(
        self, drafts: Sequence[Draft], since: datetime, taken: Collection[str] = ()
    ) -> list[list[Sighting]]:
        """Return for each draft the account's posts of `since` or later that may be it, though no
        plan of it is known; never writes. Raises Retryable, Unsure or LoggedOut.

        `taken`: uris of posts that other deliveries have a receipt for; none of these is it.
        """
        ...

    def read_back(self, receipt: Receipt) -> Shown | None:
        """Return the post as it is shown; None: it is not there. Raises Retryable, LoggedOut."""
        ...

    def edit(self, draft: Draft, receipt: Receipt) -> Receipt:
        """Change the words of a post to the draft's. Raises Retryable, Unsure, Refused (the
        network cannot) or LoggedOut."""
        ...

    def retract(self, receipt: Receipt) -> None:
        """Delete the post and what belongs to it; one that is gone already is no error. Raises
        Retryable, Unsure, Refused or LoggedOut."""
        ...

    def check(self) -> str:
        """Return who is logged in, in words. Raises Retryable or LoggedOut."""
        ...

    def close(self) -> None:
        """Let go of its connections; it may be used again afterwards."""
        ...


class Notifier(Protocol):
    """Somewhere that the artist is told what happened while they look elsewhere."""

    @property
    def name(self) -> str: ...

    def tell(self, message: Message) -> None:
        """Show a message. Raises Unusable where nobody shows it."""
        ...


class CloakEngine(Protocol):
    """Something that can draw a picture away from what models read in it."""

    def available(self) -> str | None:
        """Return None when it can run, else what is missing and how to get it, in words."""
        ...

    def cloak(
        self, job: Mapping[str, Json], source: Path, target: Path, on_step: Callable[[float], None]
    ) -> Mapping[str, Json]:
        """Read the picture `source`, write the cloaked TIFF or PNG `target`, return what was done.

        `on_step` gets the fraction done in [0, 1]. Raises StepFailed.
        """
        ...

    def measure(
        self,
        asked: Mapping[str, Json],
        before: Path,
        after: Path,
        on_step: Callable[[float], None],
    ) -> Mapping[str, Json]:
        """Return how strong and how visible a cloak is: `after` beside `before`, the same picture
        without it, encoded alike. Raises StepFailed."""
        ...


class Workshop(Protocol):
    """Where pictures are opened and protected: a child process in the daemon, so that a broken
    file or a huge canvas costs one job and no memory afterwards."""

    def inspect(self, path: Path) -> Inspection:
        """Decode the whole file. Raises BadPicture."""
        ...

    def protect(
        self, order: ProtectOrder, on_progress: Callable[[Progress], None]
    ) -> tuple[Rendition, ...]:
        """Run the recipe; one rendition for each artwork and each limits. Raises Held."""
        ...

    def close(self) -> None:
        """Free what it holds; it may be used again afterwards."""
        ...


class Posts(Protocol):
    """The posts and their artworks, as intake and protect need them."""

    def create(self, new: NewPost, now: datetime) -> Post:
        """Insert a post with its artworks and deliveries; id and folder are given here."""
        ...

    def get(self, post_id: int) -> Post:
        """Return one post. Raises Unusable when there is none."""
        ...

    def in_state(self, *states: PostState, limit: int = 100) -> list[Post]:
        """Return posts in any of these states, oldest first."""
        ...

    def unplaced(self) -> list[Post]:
        """Return posts whose files were not yet moved out of the outbox."""
        ...

    def with_bytes(self, sha256: str) -> list[Post]:
        """Return the posts that hold these bytes; withdrawn and retracted ones, dry runs, and
        what was only drawn left out."""
        ...

    def went_out(self, post_id: int) -> bool:
        """Return whether an account has posted it, or may have."""
        ...

    def move_to(self, post_id: int, state: PostState, now: datetime, reason: str = "") -> None:
        """Change the state and its reason in one transaction."""
        ...

    def placed(self, post_id: int, place: Place) -> None:
        """Record where the post's folder lies now."""
        ...

    def reword(self, post_id: int, new: NewPost, now: datetime, edits: Mapping[str, Edit]) -> bool:
        """Replace words, artworks' alt texts and unsent deliveries of a released post, which is
        taken with them, or held with their reason; False: the artist held it meanwhile, or
        changed something since it had the edits that the words were read with."""
        ...


class Plans(Protocol):
    """When accounts are to post and have posted. Each method is one transaction."""

    def free_slot(
        self, account: str, start: str, rules: str, keys: Callable[[str], Iterator[str]]
    ) -> str | None:
        """Return the first slot from the key `start` on that no delivery of the account has.

        `rules`: says which slots there are; `keys`: yields them from a key on, in order.
        """
        ...

    def went_out(self, account: str, since: datetime, besides: int) -> Sequence[datetime]:
        """Return when the account posted since, or may have, in order; dry runs and the delivery
        `besides` left out."""
        ...

    def planned(self, account: str, since: datetime, besides: int) -> Iterator[datetime]:
        """Yield when the account is to post from `since` on, in order; dry runs and the delivery
        `besides` left out."""
        ...


class Deliveries(Protocol):
    """What is to go out and has gone out, as publish needs it. Each method is one transaction."""

    def of_post(self, post_id: int) -> list[Delivery]:
        """Return the deliveries of a post, in the order of its accounts."""
        ...

    def unplanned(self) -> list[Delivery]:
        """Return waiting deliveries whose post is protected, oldest post first."""
        ...

    def schedule(
        self, delivery_id: int, due_at: datetime, slot: str | None, now: datetime
    ) -> bool:
        """Give a due time; False when another delivery of the account has that slot already."""
        ...

    def taken_uris(self, account: str, since: datetime) -> set[str]:
        """Return the addresses of the account's posts that have a receipt of `since` or later."""
        ...

    def in_doubt(self, account: str) -> list[Delivery]:
        """Return what may or may not have been posted to the account, held or not."""
        ...

    def tell(self, delivery: Delivery, said: str, now: datetime) -> None:
        """Add a line to the post's history."""
        ...

    def copy(self, post_id: int, account: str) -> Copy | None:
        """Return a post's delivery to one account with its receipt; None: it has none."""
        ...

    def before_in_series(self, post_id: int, account: str) -> int | None:
        """Return the post before this one in its series that the account has or is to get."""
        ...


class Attempts(Protocol):
    """Tries at deliveries: claimed, begun, and what came of them. Each method is one
    transaction."""

    def claim(
        self, now: datetime, accounts: Sequence[str], dry_only: Sequence[str] = ()
    ) -> Delivery | None:
        """Take one due delivery of `accounts`, or one of `dry_only` that is a dry run; it is
        `sending` (or stays `unsure`)."""
        ...

    def recover(self, now: datetime, busy: Collection[str] = ()) -> int:
        """Take back what was claimed and is not sent by any of the `busy` accounts' senders: it
        was cut off, and may have been sent."""
        ...

    def leave(self, delivery_id: int) -> None:
        """Return a claimed delivery to the queue as it was: nothing was tried."""
        ...

    def begin(self, delivery_id: int, plan: Mapping[str, Json], now: datetime) -> Attempt:
        """Store an attempt with its plan; only afterwards may anything be sent."""
        ...

    def last(self, delivery_id: int) -> Attempt | None:
        """Return the newest attempt at a delivery."""
        ...

    def finish(self, delivery_id: int, receipt: Receipt, now: datetime) -> None:
        """Record the receipt; the post is `posted` when this was its last delivery."""
        ...

    def put_back(
        self, delivery_id: int, state: DeliveryState, due_at: datetime, why: str, now: datetime
    ) -> None:
        """Return a claimed delivery to the queue as `scheduled` or `unsure`, due again later."""
        ...

    def postpone(
        self, delivery_id: int, due_at: datetime, why: str, now: datetime, *, anew: bool
    ) -> None:
        """Return a claimed delivery to the queue, due later; no try is counted. `anew`: lateness
        is counted from then."""
        ...

    def hold(self, delivery_id: int, reason: str, now: datetime, *, sure: bool = True) -> None:
        """Hold the delivery, with the reason; `sure`: nothing of it is on the network."""
        ...
