"""A real Bluesky PDS on loopback, installed from npm once and cached."""

from tests.servers.pds.install import Installed, ensure_installed, why_not
from tests.servers.pds.proxy import PdsProxy, start_pds_proxy
from tests.servers.pds.server import Account, PdsServer, start_pds

__all__ = [
    "Account",
    "Installed",
    "PdsProxy",
    "PdsServer",
    "ensure_installed",
    "start_pds",
    "start_pds_proxy",
    "why_not",
]
