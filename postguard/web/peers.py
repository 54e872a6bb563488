"""Whose process is at the other end of a connection on this PC, where the system tells (Linux)."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path

Address = tuple[str, int]
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_ROOT = 0  # may read everything anyway, and forwards connections for some SSH servers
_MAPPED = "::ffff:"
_LOOKS = 3  # the table is written while it is read, so that a row may be missed
_LISTENING, _NOBODYS = "0A", "0"
_LOCAL, _REMOTE, _STATE, _UID, _INODE = 1, 2, 3, 7, 9


class Peer(Enum):
    """Who it is."""

    OURS = "a process of this user"
    OTHERS = "a process of another user, or one that has gone"
    UNKNOWN = "this system does not tell"


def whose(client: Address, server: Address, uid: int, tables: Sequence[Path] = TABLES) -> Peer:
    """Return whose process has connected from `client` to our `server`; we are the user `uid`."""
    here, there = _written(server), _written(client)
    for _look in range(_LOOKS):
        rows = list(_rows(tables))
        if not any(row[_STATE] == _LISTENING and row[_LOCAL] in here for row in rows):
            return Peer.UNKNOWN  # a table without our own socket says nothing of others
        for row in rows:
            # A socket that its process has closed belongs to nobody, and is shown as root's.
            if row[_LOCAL] in there and row[_REMOTE] in here and row[_INODE] != _NOBODYS:
                return Peer.OURS if int(row[_UID]) in {uid, _ROOT} else Peer.OTHERS
    return Peer.OTHERS


def _rows(tables: Sequence[Path]) -> Iterator[list[str]]:
    for table in tables:
        try:
            lines = table.read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        for line in lines[1:]:
            fields = line.split()
            if len(fields) > _INODE:
                yield fields


def _written(address: Address) -> set[str]:
    """Return an IPv4 address as the tables write it: words of four bytes in this PC's order; a
    program may also reach it by IPv6."""
    host, port = address
    plain = ipaddress.ip_address(host.removeprefix(_MAPPED))
    mapped = ipaddress.ip_address(f"{_MAPPED}{plain}")
    return {f"{_words(packed)}:{port:04X}" for packed in (plain.packed, mapped.packed)}


def _words(packed: bytes) -> str:
    words = (packed[i : i + 4] for i in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
