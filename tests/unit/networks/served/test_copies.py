"""Fetching what a network serves: bounded, without a login, wary of where an address leads."""

from __future__ import annotations

import io
from collections.abc import Iterator
from http.client import HTTPMessage
from urllib.request import Request

import pytest

from postguard.errors import Refused, Retryable
from postguard.networks.served.copies import Wary, allowed, fetch
from tests.servers.static import StaticHost, start_static

PICTURE = b"\x89PNG and so on"


@pytest.fixture
def host() -> Iterator[StaticHost]:
    with start_static() as started:
        yield started


def test_a_picture_is_fetched_whole(host: StaticHost) -> None:
    assert fetch(host.says(PICTURE)) == PICTURE


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://cdn.bsky.app/img/a", True),
        ("http://127.0.0.1:2583/xrpc", True),
        ("http://[::1]:2583/xrpc", True),
        ("http://localhost/x", True),
        ("http://cdn.example/a.jpg", False),
        ("http://127.0.0.1.example.com/a.jpg", False),
        ("http://192.168.1.1/a.jpg", False),
        ("file:///etc/passwd", False),
        ("ftp://127.0.0.1/a.jpg", False),
        ("https:///a.jpg", False),
        ("http://[", False),
        ("", False),
    ],
)
def test_nothing_is_fetched_but_by_https_or_from_this_pc(url: str, *, may: bool) -> None:
    assert allowed(url) is may
    if not may:
        with pytest.raises(Refused, match="neither https nor on this PC"):
            fetch(url)


def test_a_page_in_place_of_the_picture_is_refused(host: StaticHost) -> None:
    url = host.says(b"<html>", Content_Type="text/html")
    with pytest.raises(Refused, match="serves text/html in place of the picture"):
        fetch(url)


def test_more_bytes_than_any_picture_has_are_not_read(host: StaticHost) -> None:
    with pytest.raises(Refused, match="more than"):
        fetch(host.says(b"x" * 1001), most=1000)
    assert fetch(host.says(b"x" * 1000), most=1000) == b"x" * 1000


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_a_picture_that_is_not_served_yet_is_asked_for_again(
    host: StaticHost, status: int
) -> None:
    with pytest.raises(Retryable, match=str(status)):
        fetch(host.says(PICTURE, status))


@pytest.mark.parametrize("status", [401, 403, 410])
def test_a_picture_that_is_withheld_is_told(host: StaticHost, status: int) -> None:
    with pytest.raises(Refused, match=str(status)):
        fetch(host.says(PICTURE, status))


def test_a_server_that_breaks_off_is_asked_again(host: StaticHost) -> None:
    with pytest.raises(Retryable, match="broke off"):
        fetch(host.says(PICTURE, Content_Length=str(len(PICTURE) + 5)))


def test_a_server_that_cannot_be_reached_is_asked_again(host: StaticHost) -> None:
    port = int(host.url.rsplit(":", 1)[1])
    with pytest.raises(Retryable, match="cannot be reached"):
        fetch(f"https://127.0.0.1:{port}/a")


def test_a_redirect_is_followed_but_carries_no_cookie(host: StaticHost) -> None:
    host.says(PICTURE, path="/b")
    url = host.says(b"", 302, Location="/b", Set_Cookie="who=artist")
    assert fetch(url) == PICTURE
    assert [{"Cookie", "Authorization"} & set(asked) for asked in host.asked] == [set(), set()]


@pytest.mark.parametrize("to", ["http://192.168.1.1/a", "ftp://127.0.0.1/a", "http://a.example/"])
def test_a_redirect_leads_nowhere_that_is_not_fetched_from(host: StaticHost, to: str) -> None:
    with pytest.raises(Refused, match="neither https nor"):
        fetch(host.says(b"", 302, Location=to))


def test_no_server_outside_has_us_ask_the_programs_of_this_pc() -> None:
    """What answers on loopback believes that a user of this PC asks."""
    asked = Request("https://cdn.example/a.jpg")
    with pytest.raises(Refused, match="leads to this PC"):
        Wary().redirect_request(
            asked, io.BytesIO(), 302, "", HTTPMessage(), "http://127.0.0.1:631/"
        )
