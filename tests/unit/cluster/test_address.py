from __future__ import annotations

import pytest

from postguard.cluster import address
from postguard.errors import Unusable


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "192.168.1.20", "10.0.0.3", "100.64.0.2", "fd00::5"]
)
def test_it_listens_on_one_address_of_ones_own_network(host: str) -> None:
    assert address.listening(host) == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "8.8.8.8", "224.0.0.1", "nas", "", "*"])
def test_it_never_listens_on_all_or_in_public(host: str) -> None:
    with pytest.raises(Unusable):
        address.listening(host)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("192.168.1.20", "tls://192.168.1.20:8786"),
        ("nas.local:9000", "tls://nas.local:9000"),
        ("tls://nas", "tls://nas:8786"),
        ("fd00::5", "tls://[fd00::5]:8786"),
        ("[fd00::5]:9000", "tls://[fd00::5]:9000"),
    ],
)
def test_an_address_is_read_as_people_write_it(said: str, meant: str) -> None:
    assert address.url(said) == meant


@pytest.mark.parametrize(
    "said", ["tcp://nas:8786", "http://nas", "nas:0", "nas:70000", "nas:x", "", "a b", "-nas"]
)
def test_what_is_no_address_or_has_no_tls_is_refused(said: str) -> None:
    with pytest.raises(Unusable):
        address.url(said)
