"""The networks that are made of the accounts, as the composition root wants them."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import atproto_client  # noqa: F401  # here, since on a busy PC this takes longer than the test
import psutil
import pytest

from postguard.app.accounts import Accounts
from postguard.app.installation import Installation
from postguard.errors import Retryable
from postguard.networks.mastodon.login import NEEDED
from postguard.networks.served import copies
from postguard.settings.schema import BlueskyAccount, MastodonAccount
from tests.servers.mastodon import start_mastodon


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def accounts(installation: Installation, silent: str) -> Accounts:
    """Two accounts there, with a login, and with little patience."""
    kept = installation.accounts
    kept.timeout = 0.1
    both = {
        "sky": BlueskyAccount(network="bluesky", handle="fox.test", service=silent),
        "fedi": MastodonAccount(network="mastodon", instance=silent),
    }
    config = installation.settings.model_copy(update={"accounts": both})
    installation.settings = config
    for name in both:
        installation.secrets.set(name, "a secret")
    return kept


@pytest.mark.timeout(15)  # the usual patience is longer
@pytest.mark.parametrize("name", ["sky", "fedi"])
def test_a_silent_server_is_given_up_as_soon_as_the_root_wants(
    accounts: Accounts, name: str
) -> None:
    network = accounts.network(name)
    for ask in (network.limits, network.check):
        with pytest.raises(Retryable, match="cannot be reached"):
            ask()
    network.close()


@pytest.mark.timeout(15)
def test_a_silent_server_of_pictures_is_given_up_as_soon_as_the_root_wants(silent: str) -> None:
    with pytest.raises(Retryable):
        copies.fetch(f"{silent}/picture.jpg", timeout=0.1)


@pytest.mark.parametrize("how", [Accounts.forget, lambda all_: all_.logged_out("fedi", "so")])
def test_a_network_that_is_not_used_any_more_lets_go_of_its_connections(
    installation: Installation, how: Callable[[Accounts], None]
) -> None:
    with start_mastodon() as server:
        server.add_account("hanako")
        account = MastodonAccount(network="mastodon", instance=server.url)
        installation.settings = installation.settings.model_copy(
            update={"accounts": {"fedi": account}}
        )
        installation.secrets.set("fedi", server.token_for("hanako", "profile " + " ".join(NEEDED)))
        gc.disable()  # it would let go, too: some day
        try:
            installation.accounts.network("fedi").check()
            assert connections(server.url) == 1
            how(installation.accounts)
            for thread in threading.enumerate():
                if thread.name == "letting-go":
                    thread.join()
            assert connections(server.url) == 0
        finally:
            gc.enable()


def connections(url: str) -> int:
    """How many of this process lead there."""
    port = urlsplit(url).port
    found = psutil.Process().net_connections("tcp")
    return sum(c.status == psutil.CONN_ESTABLISHED and c.raddr.port == port for c in found)
