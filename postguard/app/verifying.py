"""Reads each post back after it was sent, and says what is not as it was asked for.

Of a cloak it is measured how much of its change is left in the pixels that are served. What that
does to models is not: it was measured behind a simulation of the network before the post was sent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from postguard.app import seen
from postguard.app.installation import Installation
from postguard.errors import Held, LoggedOut, Retryable
from postguard.language import _
from postguard.model import Delivery, DeliveryState, Json, Place, Shown
from postguard.networks.served import surviving
from postguard.networks.served.surviving import Job, Survival
from postguard.ports import Network
from postguard.publish import verify
from postguard.publish.lanes import Lanes
from postguard.publish.verify import Difference
from postguard.settings.schema import PreviewAccount
from postguard.store.readings import Unread
from postguard.system import folders, wire

log = logging.getLogger(__name__)

# A server that is out of order, or a picture that is not yet everywhere: a few tries in a day.
WAITS = tuple(timedelta(minutes=m) for m in (2, 15, 120, 480, 820))
_LANE_WAIT = timedelta(seconds=5)  # while something is being sent to the account
_LOGIN_WAIT = timedelta(hours=1)


@dataclass(slots=True)
class Verifying:
    """Compares what a network shows with what was asked, one post at a time.

    Attributes:
        network: returns where a delivery went.
        lanes: nothing is read of an account while something is sent to it.
        measured: fetches and measures the pictures of a post. May raise Retryable.
    """

    installation: Installation
    network: Callable[[Delivery], Network]
    lanes: Lanes
    measured: Callable[[Job], tuple[Survival, ...]] = surviving.measured
    name: str = "verifying"

    def tick(self, now: datetime) -> bool:
        """Read one post back; False when none is to be read."""
        unread = self.installation.store.readings.next_unread(now)
        if unread is None:
            return False
        delivery = self.installation.store.deliveries.get(unread.delivery_id)
        try:
            self._look(delivery, unread, now)
        except Held as exc:
            self._give_up(delivery, unread, str(exc), now)
        except Exception:  # whatever broke, the other posts are read meanwhile; it is told above
            self._later(delivery, unread, _("postguard itself broke here; please report it"), now)
            raise
        return True

    def next_look(self, now: datetime) -> datetime | None:
        """Return when the next post is to be read back."""
        at = self.installation.store.readings.next_look()
        return at if at is not None and at > now else None

    def _look(self, delivery: Delivery, unread: Unread, now: datetime) -> None:
        if not self._is_out_there(delivery):
            self.installation.store.readings.leave(delivery.id)
            return
        if delivery.account in self.installation.store.accounts.logged_out():
            self._wait(unread, now + _LOGIN_WAIT)
            return
        with self.lanes.alone(delivery.account) as free:
            if not free:
                self._wait(unread, now + _LANE_WAIT)
                return
            shown = self._read(delivery, unread, now)
        if shown is not None:
            self._compare(delivery, unread, shown, now)

    def _is_out_there(self, delivery: Delivery) -> bool:
        """Return whether there is anything to read: no page on this PC, nothing deleted since."""
        if delivery.dry_run or delivery.state is not DeliveryState.POSTED:
            return False
        account = self.installation.settings.accounts.get(delivery.account)
        return account is not None and not isinstance(account, PreviewAccount)

    def _read(self, delivery: Delivery, unread: Unread, now: datetime) -> Shown | None:
        """Ask the network; None: there is nothing to compare (yet)."""
        try:
            shown = self.network(delivery).read_back(unread.receipt)
        except Retryable as exc:
            self._later(delivery, unread, str(exc), now)
            return None
        except LoggedOut as exc:
            self.installation.accounts.logged_out(delivery.account, str(exc))
            self._wait(unread, now + _LOGIN_WAIT)
            return None
        if shown is None and unread.tries == 0:
            self._later(delivery, unread, _("the post is not to be seen yet"), now)
        elif shown is None:
            self._found(delivery, unread, [verify.GONE], (), now)
        return shown

    def _compare(self, delivery: Delivery, unread: Unread, shown: Shown, now: datetime) -> None:
        renditions = self.installation.renditions(delivery)
        found = list(verify.differences(delivery.words, renditions, shown))
        pictures = self._survivals(delivery, shown)
        waiting = [p.problem for p in pictures if p.again]
        if waiting and not found and unread.tries < len(WAITS):
            self._later(delivery, unread, waiting[0], now)
            return
        kept = [{"notice": p.notice, "watermark": p.watermark, "cloak": p.cloak} for p in pictures]
        self._found(delivery, unread, [*found, *verify.faded(kept)], pictures, now)

    def _survivals(self, delivery: Delivery, shown: Shown) -> tuple[Survival, ...]:
        """Measure the pictures; none where they cannot be told apart."""
        renditions = self.installation.renditions(delivery)
        if not shown.pictures or len(shown.pictures) != len(renditions):
            return ()
        originals = self.installation.originals(delivery.post_id)
        sent = tuple(
            surviving.sent(url, r, originals[r.position] if r.position < len(originals) else None)
            for url, r in zip(shown.pictures, renditions, strict=True)
        )
        try:
            return self.measured(Job(sent, self.installation.settings.intake.max_megapixels))
        except Retryable as exc:
            return tuple(Survival(problem=str(exc), again=True) for _ in sent)

    def _later(self, delivery: Delivery, unread: Unread, why: str, now: datetime) -> None:
        """Try again after a while, a few times in a day."""
        if unread.tries >= len(WAITS):
            self._give_up(delivery, unread, why, now)
            return
        at = now + WAITS[unread.tries]
        log.info(
            "post %d at %s is looked at again %s: %s", delivery.post_id, delivery.account, at, why
        )
        readings = self.installation.store.readings
        readings.later(delivery.id, at, unread.tries + 1, asked=unread.look_at)

    def _wait(self, unread: Unread, at: datetime) -> None:
        """Look again without having asked anything."""
        readings = self.installation.store.readings
        readings.later(unread.delivery_id, at, unread.tries, asked=unread.look_at)

    def _give_up(self, delivery: Delivery, unread: Unread, why: str, now: datetime) -> None:
        said = _("could not be read back: {why}; look at it yourself").format(why=why)
        readings = self.installation.store.readings
        if not readings.keep(delivery.id, {"problem": said}, now, asked=unread.look_at):
            return
        self._note(delivery, "warning", said, now)
        log.warning("post %d at %s could not be read back", delivery.post_id, delivery.account)

    def _found(
        self,
        delivery: Delivery,
        unread: Unread,
        found: Sequence[Difference],
        pictures: Sequence[Survival],
        now: datetime,
    ) -> None:
        """Keep what was seen, unless the post was edited meanwhile; every difference is a warning,
        in the history and in the log."""
        told = [(each.what, each.words(delivery.post_id)) for each in found]
        found_out: dict[str, Json] = {
            "differences": [{"what": what, "says": says} for what, says in told],
            "pictures": wire.load(list[Json], wire.dump(pictures)),
        }
        with self.installation.store.db.change():
            readings = self.installation.store.readings
            if not readings.keep(delivery.id, found_out, now, asked=unread.look_at):
                return
            for _what, says in told:
                self._note(delivery, "warning", says, now)
            if not told:
                self._note(delivery, "read back", _("it is there as you asked for"), now)
        for what, _says in told:  # not what it says: that may quote a post that is not public
            log.warning(
                "post %d at %s is not as it was asked for (%s); `postguard show %d` says more",
                *(delivery.post_id, delivery.account, what, delivery.post_id),
            )
        self._leave_receipt(delivery.post_id)

    def _note(self, delivery: Delivery, what: str, says: str, now: datetime) -> None:
        detail = f"{delivery.account}: {says}"
        self.installation.store.posts.note(delivery.post_id, now, what, detail)

    def _leave_receipt(self, post_id: int) -> None:
        """Write it beside the files as well, where these lie where they stay already."""
        store = self.installation.store
        post = store.posts.get(post_id)
        if post.place not in {Place.POSTED, Place.DRY_RUN}:
            return
        try:
            folders.leave_receipt(
                folders.folder_of(self.installation.outbox, post),
                post,
                store.deliveries.receipts(post_id),
                self.installation.settings.timezone,
                seen.lines(store, post_id),
                store.wishes.taken_back(post_id),
            )
        except OSError as exc:  # the artist may have taken the folder away
            log.info("the receipt of post %d cannot be written anew: %s", post_id, exc)
