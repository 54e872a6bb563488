"""The servers as fixtures; tests/conftest.py names this module in `pytest_plugins`."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from tests.servers.mastodon import MastodonServer, start_mastodon
from tests.servers.pds import Account, PdsProxy, PdsServer, start_pds, start_pds_proxy, why_not

NewAccount = Callable[[], Account]

_numbers = itertools.count(1)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Install the PDS before a test's clock runs: compiling it takes minutes, once."""
    wanted = any("pds" in getattr(each, "fixturenames", ()) for each in session.items)
    if wanted and not session.config.option.collectonly:
        why_not()


@pytest.fixture(scope="session")
def pds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PdsServer]:
    """One real Bluesky PDS for the whole session; accounts keep the tests apart."""
    reason = why_not()
    if reason is not None:
        pytest.skip(f"not run: this test posts to a real Bluesky PDS, which needs node: {reason}")
    with start_pds(tmp_path_factory.mktemp("pds")) as server:
        yield server


@pytest.fixture
def new_pds_account(pds: PdsServer) -> NewAccount:
    """A factory of fresh accounts on the PDS, each with an app password."""
    return lambda: pds.new_account(f"artist{next(_numbers)}.test")


@pytest.fixture
def pds_account(new_pds_account: NewAccount) -> Account:
    """One fresh account on the PDS."""
    return new_pds_account()


@pytest.fixture
def pds_proxy(pds: PdsServer) -> Iterator[PdsProxy]:
    """Stands before the PDS and can be told to lose an answer, fail once or be slow."""
    with start_pds_proxy(pds.url) as proxy:
        yield proxy


@pytest.fixture
def mastodon() -> Iterator[MastodonServer]:
    """A fresh Mastodon stand-in; the test fails if it answered other than is described."""
    with start_mastodon() as server:
        yield server
