"""The dashboard is for this PC, this user and this site; all else is refused or harmless."""

from __future__ import annotations

import asyncio
import http.client
import os
import resource
import shutil
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from PIL import Image
from starlette.requests import Request

from postguard.errors import Unusable
from postguard.model import NewArtwork, Place
from postguard.web import links, peers, receiving
from postguard.web.peers import Owner, Peer
from tests.making import new_post
from tests.unit.web.conftest import Served

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
EVIL = '<img src=x onerror="alert(1)"><script>alert(2)</script>"\'>'
PAGES = ["/", "/weeks", "/held", "/accounts", "/recipes", "/log", "/events", "/posts/1"]


@pytest.mark.parametrize("path", PAGES)
def test_no_page_is_shown_to_a_browser_that_did_not_come_by_a_link(served: Served, path: str):
    answer = served.ask("GET", path, Cookie=None)
    assert answer.status == 401
    assert "postguard open" in answer.text


def test_a_made_up_cookie_lets_nobody_in(served: Served):
    assert served.ask("GET", "/", Cookie=f"postguard-{served.port}=made-up").status == 401


@pytest.mark.parametrize("other", ['theme={"dark": true}', "a[0]=1", 'half="open', "nothing"])
def test_cookies_of_other_programs_on_this_pc_keep_nobody_out(browser: Served, other: str):
    assert browser.ask("GET", "/", Cookie=f"{other}; {browser.cookie}").status == 200


def test_a_link_lets_one_browser_in_once(served: Served):
    secret = served.link()
    first = served.enter(secret)
    assert first.status == 204
    for said in ("HttpOnly", "SameSite=Strict", "Path=/"):
        assert said in first.headers["set-cookie"]
    replayed = served.enter(secret)
    assert replayed.status == 403
    assert "set-cookie" not in replayed.headers


def test_a_link_ends_after_ten_minutes_and_is_used_up_by_its_first_use(tmp_path: Path):
    late, good = (links.make(tmp_path, NOW) for _ in "12")
    assert not links.use(tmp_path, late, NOW + links.VALID + timedelta(seconds=1))
    assert links.use(tmp_path, good, NOW + links.VALID)
    assert not links.use(tmp_path, good, NOW)
    assert not links.use(tmp_path, "../../config", NOW)


def test_a_link_that_is_used_while_another_is_made_is_in_nobodys_way(tmp_path: Path):
    links.make(tmp_path, NOW)
    (tmp_path / "links" / "used").symlink_to("gone")  # listed, and not there when it is read
    assert links.use(tmp_path, links.make(tmp_path, NOW), NOW)


def test_a_links_secret_is_in_no_file_under_its_own_name(tmp_path: Path):
    secret = links.make(tmp_path, NOW)
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(secret not in path.name + path.read_text() for path in kept)
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    assert (tmp_path / "links").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:7347", "0.0.0.0", "10.0.0.7"]
)
def test_a_name_that_only_points_here_is_refused(browser: Served, host: str):
    assert browser.ask("GET", "/", Host=host).status == 421
    assert browser.ask("GET", "/enter", Host=host).status == 421


def test_the_names_of_this_pc_are_answered_on_any_port_as_ssh_forwards_them(browser: Served):
    for host in ("127.0.0.1:9000", "localhost", f"localhost:{browser.port}"):
        assert browser.ask("GET", "/log", Host=host).status == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_a_change_that_does_not_come_from_our_own_page_is_refused(browser: Served, site: str):
    answer = browser.ask("POST", "/pause", {"paused": "yes"}, Sec_Fetch_Site=site)
    assert answer.status == 403
    assert not browser.rows().accounts.paused()


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:9999", "null", None])
def test_a_browser_that_does_not_say_where_it_comes_from_must_have_our_origin(
    browser: Served, origin: str | None
):
    answer = browser.ask("POST", "/pause", {"paused": "yes"}, Sec_Fetch_Site=None, Origin=origin)
    assert answer.status == 403
    assert not browser.rows().accounts.paused()


def test_our_own_origin_is_enough_where_a_browser_says_no_more(browser: Served):
    ours = f"http://127.0.0.1:{browser.port}"
    said = {"Sec_Fetch_Site": None, "Origin": ours}
    assert browser.ask("POST", "/pause", {"paused": "yes"}, **said).status == 200
    assert browser.rows().accounts.paused()
    assert browser.ask("POST", "/pause", {"paused": "no"}, **said).status == 200


def test_another_site_cannot_even_read(browser: Served):
    assert browser.ask("GET", "/", Sec_Fetch_Site="cross-site").status == 403
    assert browser.ask("GET", "/pictures/1/0/small", Sec_Fetch_Site="same-site").status == 403


@pytest.mark.parametrize("path", [*PAGES[:-2], "/enter", "/static/dashboard.css", "/nowhere"])
def test_every_answer_carries_a_policy_without_anything_inline(browser: Served, path: str):
    headers = browser.ask("GET", path).headers
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers


@pytest.mark.parametrize("path", PAGES[:-2])
def test_no_page_holds_anything_that_the_policy_would_forbid(browser: Served, path: str):
    page = browser.ask("GET", path).text
    assert " style=" not in page
    assert " on" + "click" not in page
    assert "<script>" not in page
    assert "http://" not in page
    assert "https://" not in page


@pytest.mark.parametrize(
    "path",
    [
        "/static/../pages.py",
        "/static/%2e%2e/pages.py",
        "/static/..%2f..%2fsettings/schema.py",
        "/static//etc/passwd",
        "/posts/1/as/..%2f..%2f/plan.json",
        "/posts/1/as/sky/..%2f..%2fplan.json",
        "/pictures/1/0/..%2f..%2fx/after",
        "/pictures/1/99/small",
        "/pictures/1/-1/small",
    ],
)
def test_no_address_leads_out_of_what_is_shown(browser: Served, path: str):
    rows = browser.rows()
    if not rows.posts.page([], None, 1):
        rows.posts.create(new_post(), NOW)
    assert browser.ask("GET", path).status in {404, 422}


def test_a_dropped_files_name_leads_nowhere(browser: Served):
    key = browser.ask("POST", "/drops").text
    name = "..%2F..%2F..%2Fescaped.png"
    assert browser.ask("POST", f"/drops/{key}/1?name={name}", b"x").status == 204
    assert [p.name for p in browser.home.rglob("escaped.png")] == ["escaped.png"]
    assert next(browser.home.rglob("escaped.png")).parent.parent.name == key
    assert browser.ask("POST", "/drops/..%2Fdrops/1?name=a.png", b"x").status in {404, 422}


def test_only_a_picture_whose_address_says_which_version_it_is_is_kept_by_browsers(
    browser: Served,
):
    art, rows = NewArtwork("d" * 64, "owl.png", "owl.png", 8, 8), browser.rows()
    post = rows.posts.create(new_post(artworks=(art,)), NOW)
    rows.posts.placed(post.id, Place.QUEUED)
    folder = browser.home / "outbox" / "queued" / post.folder
    folder.mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(folder / "owl.png")
    address = f"/pictures/{post.id}/0/small"
    kept = [browser.ask("GET", f"{address}{end}").headers["cache-control"] for end in ("?v=1", "")]
    assert ["immutable" in each for each in kept] == [True, False]


def test_a_picture_that_is_sent_twice_stays_as_it_came_first(browser: Served):
    key = browser.ask("POST", "/drops").text
    first, second = (
        browser.ask("POST", f"/drops/{key}/1?name=twice.png", b) for b in (b"x", b"y")
    )
    assert (first.status, second.status) == (204, 422)
    assert "arrived already" in second.text
    assert [p.read_bytes() for p in browser.home.rglob("twice.png")] == [b"x"]


def test_a_picture_that_cannot_be_written_is_told_and_nothing_of_it_stays(tmp_path: Path):
    sent = [{"type": "http.request", "body": b"x" * 8192, "more_body": False}]

    async def receive() -> dict[str, object]:
        return sent[0]

    request = Request({"type": "http", "headers": [(b"content-length", b"8192")]}, receive)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))  # as a share of the disk ends
    try:
        with pytest.raises(Unusable):
            asyncio.run(receiving.to_file(request, tmp_path / "fox.png"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Unusable, match="this is not there"):
        asyncio.run(receiving.to_file(request, tmp_path / "gone" / "fox.png"))


def test_a_gigabyte_is_refused_before_it_is_sent(browser: Served):
    key = browser.ask("POST", "/drops").text
    connection = http.client.HTTPConnection("127.0.0.1", browser.port, timeout=30)
    connection.putrequest("POST", f"/drops/{key}/1?name=large.png")
    for name, value in (
        ("Content-Length", str(1 << 30)),
        ("Cookie", browser.cookie),
        ("Sec-Fetch-Site", "same-origin"),
    ):
        connection.putheader(name, value)
    connection.endheaders()  # not one byte of it
    assert connection.getresponse().status == 413
    connection.close()
    assert not list(browser.home.rglob("large.png"))


def test_a_gigabyte_that_is_not_announced_is_cut_off_and_never_held_in_memory(browser: Served):
    key = browser.ask("POST", "/drops").text
    before = psutil.Process(browser.pid).memory_info().rss
    with socket.create_connection(("127.0.0.1", browser.port), timeout=60) as line:
        line.sendall(
            f"POST /drops/{key}/1?name=large.png HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Cookie: {browser.cookie}\r\nSec-Fetch-Site: same-origin\r\n"
            "Transfer-Encoding: chunked\r\n\r\n".encode()
        )
        sent = _chunks_until_refused(line)
        answer = line.recv(200) if sent < 1 << 30 else b""
    assert sent < 1 << 29
    assert b" 413 " in answer or answer == b""
    assert psutil.Process(browser.pid).memory_info().rss - before < 64 << 20
    assert not list(browser.home.rglob("large.png"))


def _chunks_until_refused(line: socket.socket) -> int:
    """Send a gigabyte; return how much of it could be sent before an answer came."""
    size = 1 << 20
    chunk = f"{size:x}\r\n".encode() + b"\0" * size + b"\r\n"
    for number in range(1 << 10):
        line.setblocking(False)
        try:
            if line.recv(1, socket.MSG_PEEK) is not None:
                return number * size
        except BlockingIOError:
            line.setblocking(True)
        except ConnectionError:
            return number * size
        try:
            line.sendall(chunk)
        except OSError:
            return number * size
    return 1 << 30


def test_a_form_larger_than_any_of_ours_is_refused(browser: Served):
    assert browser.ask("POST", "/pause", b"account=" + b"x" * (1 << 20)).status == 413


def test_words_full_of_html_are_shown_as_they_are(browser: Served):
    rows = browser.rows()
    post = rows.posts.create(new_post(f"{EVIL}.png", reason=EVIL), NOW)
    for path in ("/", "/held", f"/posts/{post.id}", "/log"):
        page = browser.ask("GET", path).text
        assert "&lt;script&gt;alert(2)" in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_nothing_listens_beyond_loopback(served: Served):
    tree = psutil.Process(served.pid)
    found = [
        connection.laddr.ip
        for process in (tree, *tree.children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN or connection.type == socket.SOCK_DGRAM
    ]
    assert found == ["127.0.0.1"]


ASK = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
connection.request("GET", "/", headers={"Cookie": sys.stdin.read()})
print(connection.getresponse().status)
"""


def test_another_user_of_this_pc_is_refused_though_they_know_the_cookie(browser: Served):
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("not run: only root can be another user, by setpriv")
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3"]
    done = subprocess.run(
        [*command, "-I", "-c", ASK, str(browser.port)],
        input=browser.cookie,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "403"
    assert browser.ask("GET", "/").status == 200


def test_the_system_tells_whose_the_other_end_of_a_connection_is():
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = server.getsockname()
        with socket.create_connection(here) as client, server.accept()[0]:
            there = client.getsockname()
            found = peers.owner(there, here)
            if found is None:
                pytest.skip("not run: this system does not tell whose a socket is")
            assert found.uid == os.geteuid()
            assert peers.whose(there, here, os.geteuid()) is Peer.OURS
            assert peers.owner(("127.0.0.1", 1), here) is None


def test_who_comes_is_judged_by_the_owner_of_their_end():
    assert peers.judged(Owner(1000, 7), 1000) is Peer.OURS
    assert peers.judged(Owner(0, 7), 1000) is Peer.OURS
    assert peers.judged(Owner(1001, 7), 1000) is Peer.OTHERS
    assert peers.judged(Owner(0, 0), 1000) is Peer.OTHERS  # closed by its process
    assert peers.judged(None, 1000) is Peer.OTHERS


def test_a_system_that_does_not_know_our_own_end_says_nothing_of_the_other():
    nowhere = (("127.0.0.1", 1), ("127.0.0.1", 2))
    assert peers.whose(*nowhere, os.geteuid()) is Peer.UNKNOWN
