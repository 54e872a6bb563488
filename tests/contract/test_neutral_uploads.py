"""What goes over the line with a picture: its bytes and words; never a name, folder or time."""

import base64
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest

from postguard.model import Rendition, Words
from postguard.networks.bluesky.network import Access, Bluesky
from postguard.networks.mastodon.network import Mastodon
from postguard.ports import Network
from postguard.settings.schema import BlueskyAccount, MastodonAccount
from tests.contract.stages import TOKEN, FakeClock, SavedSession, draft, picture
from tests.servers.mastodon import MastodonServer
from tests.servers.mastodon.faults import Fault
from tests.servers.mastodon.wire import Answer
from tests.servers.pds import Account, PdsProxy, PdsServer

WORDS = Words(text="新作です", alts=("狐の絵",), langs=("ja",))
FOLDER = "花子のフォルダ"
MADE_AT = 1_333_444_555  # 2012-04-03 09:15:55 UTC, when nothing else here happened


@dataclass
class Tap(PdsProxy):
    """Passes requests on and keeps every byte of them, but for the token."""

    sent: list[bytes] = field(default_factory=list)

    def respond(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Answer | None, Fault | None]:
        """Keep one request and pass it on."""
        said = "".join(f"{name}: {value}\n" for name, value in headers.items())
        self.sent.append(f"{method} {target}\n{said}\n".encode("latin-1", "replace") + body)
        return super().respond(method, target, headers, body)


@pytest.fixture
def private_picture(tmp_path: Path) -> Rendition:
    """A picture whose name, folder and time tell of its maker."""
    folder = tmp_path / FOLDER
    folder.mkdir()
    made = picture(folder)
    os.utime(made.path, (MADE_AT, MADE_AT))
    return made


@pytest.fixture
def bluesky_line(pds: PdsServer, pds_account: Account) -> Iterator[tuple[Network, Tap]]:
    tap, saved = Tap(pds.url), SavedSession()
    settings = BlueskyAccount(network="bluesky", handle=pds_account.handle, service=tap.url)
    access = Access(lambda: pds_account.app_password, saved.load, saved.save)
    network = Bluesky("bsky", settings, access, FakeClock())
    yield network, tap
    network.close()
    tap.close()


@pytest.fixture
def mastodon_line(mastodon: MastodonServer) -> Iterator[tuple[Network, Tap]]:
    mastodon.add_account("hanako")
    scopes = "profile read:statuses write:statuses write:media"
    mastodon.token_for("hanako", scopes, TOKEN)
    tap = Tap(mastodon.url)
    account = MastodonAccount(network="mastodon", instance=tap.url)
    network = Mastodon("fedi", account, lambda: TOKEN, FakeClock())
    yield network, tap
    network.close()
    tap.close()


@pytest.fixture(params=["bluesky", "mastodon"])
def line(request: pytest.FixtureRequest) -> tuple[Network, Tap]:
    """Each network in turn, and what was said to it."""
    found: tuple[Network, Tap] = request.getfixturevalue(f"{request.param}_line")
    return found


def written(text: str) -> list[bytes]:
    """How a name could stand in a request: as bytes, in a URL, in a header."""
    plain = text.encode()
    return [
        plain,
        quote(text).encode(),
        base64.b64encode(plain).rstrip(b"="),
        text.encode("utf-16-le"),
        ascii(text)[1:-1].encode(),
    ]


def test_no_name_folder_or_time_of_the_file_is_sent(
    line: tuple[Network, Tap], private_picture: Rendition
) -> None:
    """Servers other than Mastodon show the name of an upload."""
    network, tap = line
    what = draft(WORDS, private_picture)
    network.send(what, network.plan(what, FakeClock().now()))
    everything = b"\n".join(tap.sent)
    assert private_picture.path.read_bytes() in everything
    times = (str(MADE_AT), "2012-04-03", "2012:04:03", "03 Apr 2012")
    for private in (private_picture.path.stem, FOLDER, *times):
        for form in written(private):
            assert form not in everything


def test_an_upload_to_mastodon_has_one_name_for_all(
    mastodon_line: tuple[Network, Tap], private_picture: Rendition
) -> None:
    """A form must name its file, so it is named by its kind."""
    network, tap = mastodon_line
    what = draft(WORDS, private_picture)
    network.send(what, network.plan(what, FakeClock().now()))
    (upload,) = [sent for sent in tap.sent if b"multipart/form-data" in sent]
    assert upload.count(b"filename=") == 1
    assert b'filename="picture.jpeg"' in upload
