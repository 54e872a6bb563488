from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from postguard.errors import Retryable
from postguard.networks.asking import Said, get_json
from postguard.networks.mastodon.instance import ask

Answer = Callable[[str], bytes]  # the path asked for -> the raw answer


def page(body: str, kind: str = "application/json") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n{body}".encode()


@contextmanager
def server(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """A server that says raw bytes; yields its address and the requests that it got."""
    got: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                with line:
                    got.append(line.recv(65536).decode())
                    line.sendall(answer(got[-1].split()[1]))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", got
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_an_answer_is_its_status_and_its_json() -> None:
    with server(lambda _: page('{"a": 1}')) as (address, _):
        assert get_json(address) == Said(200, {"a": 1})


@pytest.mark.parametrize("broken", [b"220 mail.example ESMTP\r\n", b""])
def test_what_is_no_answer_at_all_is_asked_again_later(broken: bytes) -> None:
    with server(lambda _: broken) as (address, _), pytest.raises(Retryable):
        get_json(address)


def test_a_token_does_not_go_where_the_server_leads_on_to() -> None:
    with server(lambda _: page("{}")) as (elsewhere, got):
        led = (
            f"HTTP/1.1 302 Found\r\nLocation: {elsewhere}/x\r\nContent-Length: 0\r\n\r\n".encode()
        )
        with server(lambda _: led) as (address, first):
            get_json(address, {"Authorization": "Bearer abc"})
    assert "Authorization: Bearer abc" in first[0]
    assert "abc" not in got[0]


def test_a_page_in_a_servers_place_does_not_say_what_the_server_takes() -> None:
    """Else a hotel's login page would say that no quote can be forbidden, and be believed."""
    with (
        server(lambda _: page("<h1>Welcome</h1>", "text/html")) as (address, _),
        pytest.raises(Retryable, match="does not answer as a Mastodon server"),
    ):
        ask(address, lambda: "token")
