"""After a restore: looks through the accounts for what was posted since the backup.

Until then nothing that the backup knows as unsent is sent: see `store.restored`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from postguard.app.installation import Installation
from postguard.errors import Held, LoggedOut, PostguardError
from postguard.model import Delivery, Draft, Sighting
from postguard.publish import matching
from postguard.publish.lanes import Lanes
from postguard.system.folders import folder_of, receipt_of

log = logging.getLogger(__name__)

_TRY_AGAIN = timedelta(minutes=5)
_CLOCKS_DIFFER = timedelta(hours=1)  # of the PC that made the backup, and whoever posted


@dataclass(slots=True)
class Matching:
    """Looks through one account at a time, while nothing is sent to it.

    Attributes:
        lanes: an account is not asked while something is sent to it.
    """

    installation: Installation
    lanes: Lanes
    name: str = "matching"
    _tried: dict[str, datetime] = field(default_factory=dict)

    def tick(self, now: datetime) -> bool:
        """Look through one account that has something ready; True: something was found out."""
        restored, able = self.installation.store.restored, self._able()
        for account in (name for name in restored.accounts() if name in able):
            if abs(now - self._tried.get(account, now - _TRY_AGAIN)) < _TRY_AGAIN:
                continue
            ready = [d for d in restored.ready(account) if not self._leans_on_unknown(d)]
            if ready and self._look_through(account, ready, now):
                return True
        return False

    def next_look(self, now: datetime) -> datetime | None:
        """The usual look is enough."""
        return None

    def _able(self) -> list[str]:
        """Return the accounts that can be looked through now: no dry run sees what stands there,
        nor may it let anything go on."""
        return list(self.installation.accounts.ready())

    def _leans_on_unknown(self, delivery: Delivery) -> bool:
        """Return whether its text links to a copy that is itself still to be looked for."""
        link = delivery.words.link_to
        return bool(link) and self.installation.store.restored.waits(delivery.post_id, link)

    def _look_through(self, account: str, ready: Sequence[Delivery], now: datetime) -> bool:
        with self.lanes.alone(account) as free:
            if not free:
                return False
            self._tried[account] = now
            try:
                self._match(account, ready, now)
            except LoggedOut as exc:
                self.installation.accounts.logged_out(account, str(exc))
            except PostguardError as exc:
                log.warning("%s cannot be looked through yet, its posts wait: %s", account, exc)
            else:
                del self._tried[account]
                return True
        return False

    def _match(self, account: str, ready: Sequence[Delivery], now: datetime) -> None:
        """Decide about all that is ready, in one transaction after the network has answered."""
        store = self.installation.store
        since = store.restored.since(account) - _CLOCKS_DIFFER
        noted = {d.id: self._noted(d) for d in ready}
        found = matching.matches(self._sightings(account, ready, since), ready, noted)
        with store.db.change():
            for delivery in ready:
                match found[delivery.id]:
                    case matching.GoesOn():
                        store.restored.goes_on(delivery)
                    case matching.IsThere(receipt):
                        log.info("post %d is at %s already", delivery.post_id, account)
                        store.restored.is_there(delivery, receipt, now)
                    case matching.AskTheArtist(reason):
                        log.warning("post %d is held: %s: %s", delivery.post_id, account, reason)
                        store.restored.hold(delivery, reason, now)

    def _noted(self, delivery: Delivery) -> str:
        post = self.installation.store.posts.get(delivery.post_id)
        return receipt_of(folder_of(self.installation.outbox, post), delivery.account)

    def _sightings(
        self, account: str, ready: Sequence[Delivery], since: datetime
    ) -> dict[int, list[Sighting]]:
        drafts = [(d.id, draft) for d in ready for draft in self._drafts(d)]
        taken = self.installation.store.deliveries.taken_uris(account, since)
        network = self.installation.accounts.network(account)
        seen = network.look_for([draft for _, draft in drafts], since, taken)
        found: dict[int, list[Sighting]] = {d.id: [] for d in ready}
        for (delivery_id, _), sightings in zip(drafts, seen, strict=True):
            found[delivery_id] = matching.joined([*found[delivery_id], *sightings])
        return found

    def _drafts(self, delivery: Delivery) -> list[Draft]:
        """Return as what it may have gone out: with the link to its copy, and without."""
        try:
            renditions = self.installation.renditions(delivery)
        except Held:  # it could not have gone out so, and will be held when it is sent
            return []
        plain = Draft(delivery.words, renditions, delivery.post_id, delivery.account)
        if not delivery.words.link_to:
            return [plain]
        copy = self.installation.store.deliveries.copy(delivery.post_id, delivery.words.link_to)
        if copy is None or copy.receipt is None:
            return [plain]
        return [plain, replace(plain, link=copy.receipt.url)]
