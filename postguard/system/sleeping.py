"""Hears from logind that this PC has woken, where there is a bus and the library for it (extra
`notify`). Without it the clocks tell, within half a minute: see `system.clock`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbus_fast import Message

log = logging.getLogger(__name__)

_RULE = "type='signal',interface='org.freedesktop.login1.Manager',member='PrepareForSleep'"


def listen(on_waking: Callable[[], None]) -> threading.Thread | None:
    """Call `on_waking` whenever the PC has woken, from a thread of its own, which is returned.
    None: nobody can tell here."""
    if find_spec("dbus_fast") is None:
        return None
    thread = threading.Thread(target=_run, args=(on_waking,), name="sleeping", daemon=True)
    thread.start()
    return thread


def _run(on_waking: Callable[[], None]) -> None:
    try:
        asyncio.run(_hear(on_waking))
    except Exception as exc:  # noqa: BLE001  # a bus of any kind, broken in any way, is no loss
        log.debug("nobody tells of this PC's sleep, so the clocks do: %s", type(exc).__name__)


async def _hear(on_waking: Callable[[], None]) -> None:
    from dbus_fast import BusType, Message, MessageType
    from dbus_fast.aio import MessageBus

    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()

    def heard(message: Message) -> None:
        told = message.message_type is MessageType.SIGNAL and message.member == "PrepareForSleep"
        if told and message.body == [False]:  # True: it is about to sleep
            on_waking()

    bus.add_message_handler(heard)
    await bus.call(
        Message(
            destination="org.freedesktop.DBus",
            path="/org/freedesktop/DBus",
            interface="org.freedesktop.DBus",
            member="AddMatch",
            signature="s",
            body=[_RULE],
        )
    )
    await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
