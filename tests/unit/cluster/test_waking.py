from __future__ import annotations

import socket

from postguard.cluster import waking


def test_a_machine_hears_its_own_address_sixteen_times() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as machine:
        machine.bind(("127.0.0.1", 0))
        machine.settimeout(60)
        waking.wake(["3c:52:82:11:a0:7f"], machine.getsockname())
        heard = machine.recv(1000)
    assert heard == b"\xff" * 6 + b"\x3c\x52\x82\x11\xa0\x7f" * 16


def test_a_network_that_is_down_is_no_error() -> None:
    waking.wake(["3c:52:82:11:a0:7f"], ("no such place", 9))
