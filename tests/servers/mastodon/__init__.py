"""A strict Mastodon stand-in: real HTTP on loopback, held to the published API description."""

from tests.servers.mastodon.faults import Fault
from tests.servers.mastodon.flavours import FLAVOURS, Flavour, Limits, Processing
from tests.servers.mastodon.server import MastodonServer, start_mastodon
from tests.servers.mastodon.service import Recorded
from tests.servers.mastodon.state import Account, Media, Scheduled, Status
from tests.servers.mastodon.throttle import Rate

__all__ = [
    "FLAVOURS",
    "Account",
    "Fault",
    "Flavour",
    "Limits",
    "MastodonServer",
    "Media",
    "Processing",
    "Rate",
    "Recorded",
    "Scheduled",
    "Status",
    "start_mastodon",
]
