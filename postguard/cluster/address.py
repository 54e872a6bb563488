"""Where the scheduler listens: this machine alone, or one named address of the home network."""

from __future__ import annotations

import ipaddress
import re

from postguard.errors import Unusable
from postguard.language import _

PORT = 8786  # where Dask's schedulers are looked for
_LAST_PORT = 65_535
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


def listening(host: str) -> str:
    """Return an address to listen on. Raises Unusable for all interfaces, and for what is none."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise Unusable(
            _(
                '"{host}" is no address; name the one of this machine in your network, as in '
                "192.168.1.20, or 127.0.0.1 to try it on this machine"
            ).format(host=host)
        ) from None
    if address.is_unspecified or address.is_multicast:
        raise Unusable(
            _(
                "{host} means every network that this machine is in, the public one too; name "
                "its address in your home network or WireGuard"
            ).format(host=host)
        )
    if address.is_global:
        raise Unusable(
            _(
                "{host} can be reached from the whole internet; name this machine's address in "
                "your home network or WireGuard"
            ).format(host=host)
        )
    return str(address)


def url(said: str) -> str:
    """Return `tls://HOST:PORT` of what the artist wrote; the port is 8786 where none is said.

    Raises:
        Unusable: it is no address, or asks for a connection without TLS.
    """
    scheme, _sign, rest = said.rpartition("://")
    if scheme not in {"", "tls"}:
        raise Unusable(
            _("{said}: machines are joined by TLS only; write {rest} or tls://{rest}").format(
                said=said, rest=rest
            )
        )
    host, port = _parted(rest)
    if not _is_host(host) or not 0 < port <= _LAST_PORT:
        raise Unusable(
            _('"{said}" is no address; write it as 192.168.1.20 or nas.local:{port}').format(
                said=said, port=PORT
            )
        )
    return f"tls://{f'[{host}]' if ':' in host else host}:{port}"


def _parted(text: str) -> tuple[str, int]:
    """Split HOST, HOST:PORT, [V6]:PORT or V6; port 0: it is no number."""
    if text.startswith("["):
        host, _sign, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        host, _sign, port = text.partition(":")
    else:
        return text, PORT
    return host, (int(port) if port.isascii() and port.isdecimal() else 0) if port else PORT


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return bool(_HOST.fullmatch(host))
    return True
