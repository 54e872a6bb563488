"""Wakes machines of the home network that sleep: Wake-on-LAN, which their firmware must allow."""

from __future__ import annotations

import logging
import socket
from collections.abc import Sequence

log = logging.getLogger(__name__)

_BROADCAST, _DISCARD = "255.255.255.255", 9


def packet(hardware_address: str) -> bytes:
    """Return the magic packet of `3c:52:82:11:a0:7f`: six bytes FF, then the address 16 times
    (AMD, "Magic Packet Technology", 1995)."""
    return b"\xff" * 6 + bytes.fromhex(hardware_address.replace(":", "")) * 16


def wake(hardware_addresses: Sequence[str], to: tuple[str, int] = (_BROADCAST, _DISCARD)) -> None:
    """Send a packet to each machine. A network that is down is no error: nobody wakes then."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            for address in hardware_addresses:
                line.sendto(packet(address), to)
    except OSError as exc:
        log.info("nobody could be woken: %s", exc)
