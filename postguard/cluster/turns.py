"""Who may work at the same time: any number together, or one alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Turns:
    """Whoever asks to be alone gets it as soon as those who are at work have ended."""

    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _at_work: int = 0
    _asking: int = 0  # to be alone, or alone already

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """Work beside others, while nobody asks to be alone."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._asking)
            self._at_work += 1
        try:
            yield
        finally:
            await self._leave()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Work with nobody beside."""
        self._asking += 1
        try:
            async with self._changed:
                await self._changed.wait_for(lambda: not self._at_work)
                self._at_work += 1
            try:
                yield
            finally:
                await self._leave()
        finally:
            self._asking -= 1
            async with self._changed:
                self._changed.notify_all()

    async def _leave(self) -> None:
        async with self._changed:
            self._at_work -= 1
            self._changed.notify_all()
