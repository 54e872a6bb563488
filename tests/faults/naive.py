"""What common schedulers do, through the same faults: post, try again on any error, give up after
a few times. A campaign that finds nothing wrong with this one would find nothing at all."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from tests.faults.campaign import Stage
from tests.faults.drops import SIZE, Drop
from tests.faults.engine import PATIENCE
from tests.faults.reckoning import Reckoning
from tests.system.rig import png

TRIES = 5
PAUSE = 60.0  # seconds between two tries


class Naive:
    """Sends to the accounts of a stage with the very libraries that postguard uses."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._skies = {name: self._sky() for name in stage.skies}
        self._fedis = {name: self._fedi(token) for name, token in stage.tokens.items()}

    def run(self, dropped: Sequence[Drop]) -> Reckoning:
        """Post everything, one after another, and count what stands on the servers."""
        for drop in dropped:
            for account in drop.accounts:
                self._post(drop, account)
        for engine in self._stage.engines.values():
            engine.settle()
        found = Reckoning(posts=len(dropped))
        for account, stands in self._stage.seen().items():
            asked = [(drop.text, drop.alts) for drop in dropped if account in drop.accounts]
            found.count_words(account, Counter(asked), stands)
        return found

    def close(self) -> None:
        """Close the connections."""
        for sky in self._skies.values():
            sky.request.close()
        for fedi in self._fedis.values():
            fedi.session.close()

    def _post(self, drop: Drop, account: str) -> None:
        send = self._to_sky if account in self._skies else self._to_fedi
        for _ in range(TRIES):
            with suppress(Exception):
                send(drop, account)
                return
            self._stage.clock.wait(PAUSE)

    def _to_sky(self, drop: Drop, account: str) -> None:
        client, who = self._skies[account], self._stage.skies[account]
        if client.me is None:
            client.login(who.handle, who.app_password)
        pictures = [png(seed, SIZE) for seed in drop.seeds]
        client.send_images(drop.text, images=pictures, image_alts=list(drop.alts))

    def _to_fedi(self, drop: Drop, account: str) -> None:
        client = self._fedis[account]
        made = [
            client.media_post(png(seed, SIZE), mime_type="image/png", description=alt)
            for seed, alt in zip(drop.seeds, drop.alts, strict=True)
        ]
        client.status_post(drop.text, media_ids=made)

    def _sky(self) -> Any:
        request = importlib.import_module("atproto_client.request").Request(timeout=PATIENCE)
        atproto = importlib.import_module("atproto_client")
        return atproto.Client(self._stage.engines["pds"].url, request=request)

    def _fedi(self, token: str) -> Any:
        return importlib.import_module("mastodon").Mastodon(
            api_base_url=self._stage.engines["fedi"].url,
            access_token=token,
            request_timeout=PATIENCE,
            ratelimit_method="throw",
        )
