"""Whose process is at the other end of a connection on this PC, where the system tells.

Linux is asked for just that socket (sock_diag(7)). Its table in /proc is written while it is read,
so that rows are missed on a busy PC, and the artist's own browser would be refused now and then.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from enum import Enum
from itertools import count

Address = tuple[str, int]
_ROOT = 0  # may read everything anyway, and forwards connections for some SSH servers
_MAPPED = "::ffff:"

_SOCK_DIAG = 4  # the protocol of AF_NETLINK
_BY_FAMILY = 20  # the kind of question and answer; another kind: there is none
_REQUEST = 1
_ALL_STATES, _NO_COOKIE = 0xFFFFFFFF, 0xFFFFFFFF
_HEAD = struct.Struct("=IHHII")  # length, kind, flags, number, process
_ASKED = struct.Struct("=BBBxI")  # family, protocol, extensions, states
_SOCKET = struct.Struct(">HH4s12x4s12x")  # ports and addresses, as they go over the wire
_REST = struct.Struct("=III")  # interface, cookie
_OWNER = struct.Struct("=II")  # user, inode
_OWNER_AT = _HEAD.size + 64  # behind state, ports, addresses and queues
_SECONDS = 1.0
_number = count(1)


class Peer(Enum):
    """Who it is."""

    OURS = "a process of this user"
    OTHERS = "a process of another user, or one that has gone"
    UNKNOWN = "this system does not tell"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a socket is. `inode`: 0: its process has closed it, and it is shown as root's."""

    uid: int
    inode: int


def whose(client: Address, server: Address, uid: int) -> Peer:
    """Return whose process has connected from `client` to our `server`; we are the user `uid`."""
    try:
        there, here = owner(client, server), owner(server, client)
    except OSError:
        return Peer.UNKNOWN
    if here is None and there is None:
        return Peer.UNKNOWN  # a system that does not know our own end says nothing of the other
    return judged(there, uid)


def judged(found: Owner | None, uid: int) -> Peer:
    """Return who the owner of the other end is to the user `uid`."""
    if found is None or not found.inode:
        return Peer.OTHERS
    return Peer.OURS if found.uid in {uid, _ROOT} else Peer.OTHERS


def owner(local: Address, remote: Address) -> Owner | None:
    """Return whose the TCP socket from `local` to `remote` is; None: there is none.

    Raises:
        OSError: the system cannot be asked.
    """
    if not hasattr(socket, "AF_NETLINK"):
        raise OSError("this system is not asked that way")
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _SOCK_DIAG) as line:
        line.settimeout(_SECONDS)
        line.sendto(_question(local, remote), (0, 0))
        told = line.recv(4096)
    kind = _HEAD.unpack_from(told)[1]
    return Owner(*_OWNER.unpack_from(told, _OWNER_AT)) if kind == _BY_FAMILY else None


def _question(local: Address, remote: Address) -> bytes:
    packed = [socket.inet_aton(host.removeprefix(_MAPPED)) for host, _ in (local, remote)]
    asked = (
        _ASKED.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, _ALL_STATES)
        + _SOCKET.pack(local[1], remote[1], *packed)
        + _REST.pack(0, _NO_COOKIE, _NO_COOKIE)
    )
    head = _HEAD.pack(_HEAD.size + len(asked), _BY_FAMILY, _REQUEST, next(_number) & 0xFFFF, 0)
    return head + asked
