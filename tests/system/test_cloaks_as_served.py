"""What a network that codes all anew leaves of a cloak, from the outbox to the receipt."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from postguard.app.installation import Installation, open_installation
from postguard.app.roles import make_roles
from postguard.app.verifying import Verifying
from postguard.daemon import run_once
from postguard.model import PostState
from postguard.protect.workshop import InProcessWorkshop
from postguard.publish.lanes import Lanes
from tests.servers.mastodon.faults import Fault
from tests.servers.mastodon.wire import Answer
from tests.servers.pds import PdsProxy, PdsServer
from tests.system import rig
from tests.system.rig import Home, home_in
from tests.unit.networks.served.making import Drawing

STEPS = """\
  { step = "downscale", long_side = 320 },
  { step = "noise" },
  { step = "cloak" },
"""
WORDS = 'text = "狐"\nalt = {"1.png" = "赤い狐", "2.png" = "青い狐"}\nat = "now"\n'


@dataclass
class Cdn(PdsProxy):
    """Serves each blob as WebP to who asks for a picture, as Bluesky's apps get it; some of them
    blurred first."""

    blurred: set[str] = field(default_factory=set)
    received: list[bytes] = field(default_factory=list)

    def respond(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Answer | None, Fault | None]:
        self.received.append(body)
        answer, fault = super().respond(method, target, headers, body)
        asked = "sync.getBlob" in target and headers.get("accept", "").startswith("image/")
        if not asked or answer is None or answer.raw is None:
            return answer, fault
        radius = 6 if hashlib.sha256(answer.raw).hexdigest() in self.blurred else 0
        raw = coded(answer.raw, radius)
        return replace(answer, raw=raw, content_type="image/webp", headers={}), fault


def coded(data: bytes, radius: float) -> bytes:
    out = io.BytesIO()
    with Image.open(io.BytesIO(data)) as image:
        shown = image.convert("RGB").filter(ImageFilter.GaussianBlur(radius))
        shown.save(out, "WEBP", quality=85)
    return out.getvalue()


@pytest.fixture
def cdn(pds: PdsServer) -> Iterator[Cdn]:
    served = Cdn(pds.url)
    yield served
    served.close()


@pytest.fixture
def home(tmp_path: Path, pds: PdsServer, cdn: Cdn) -> Iterator[Home]:
    """A home with an account behind the CDN, whose first start is over."""
    account = pds.new_account("cloaks.test")
    with home_in(tmp_path) as made:
        made.configure(
            rig.sky("sky", account.handle, cdn.url),
            '[intake]\nsettle = "0.1s"\nwords_wait = "0.1s"\n',
            rig.recipe(steps=STEPS),
        )
        made.knows(sky=account.app_password)
        made.run("run", "--once")
        yield made


@pytest.fixture
def installation(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    for name, value in home.environment.items():
        monkeypatch.setenv(name, value)
    opened = open_installation(home.config)
    yield opened
    opened.accounts.network("sky").close()
    opened.store.db.close()


def do_what_is_due(installation: Installation) -> None:
    """Do what `run --once` does, with an engine that needs no model."""
    roles = make_roles(installation, lambda: None, InProcessWorkshop)
    clock = installation.clock
    roles.protection.protecting.workshop = InProcessWorkshop(clock, engine=lambda _: Drawing())
    try:
        run_once(roles.all(), clock, lambda _: roles.intake.taking.at_rest())
    finally:
        roles.release()


def read_back(installation: Installation) -> None:
    """Do what the daemon does a little later."""
    verifying = Verifying(installation, installation.accounts.of_delivery, Lanes())
    while verifying.tick(datetime.now(UTC) + timedelta(hours=1)):
        pass


def test_most_of_a_cloak_is_left_where_a_picture_was_coded_anew_and_nothing_where_it_was_blurred(
    home: Home, installation: Installation, cdn: Cdn
) -> None:
    """A set of two, the second blurred: the artist reads it in `show` and in the receipt. What
    would take the cloaks out again stays on the PC."""
    pictures = {f"{number}.png": rig.png(number, (480, 320)) for number in (1, 2)}
    home.drop_set("狐", pictures | {"post.toml": WORDS.encode()})
    do_what_is_due(installation)
    post = home.post("狐")
    assert post is not None
    assert post.state is PostState.POSTED, post.reason
    cdn.blurred = {home.renditions(post, "sky")[1].sha256}
    read_back(installation)
    first, second = home.json("show", str(post.id))["shown"]["sky"]["pictures"]
    assert not first["same"]
    assert 0.5 < first["cloak"] < 1
    assert abs(second["cloak"]) < 0.1
    assert max(first["chance"], second["chance"]) < 0.1
    (warned,) = installation.store.readings.warnings(post.id)["sky"]
    assert warned.startswith("the cloak of picture 2 keeps only")
    told = home.run("show", str(post.id))
    receipt = (home.lies(post) / "receipt.txt").read_text(encoding="utf-8")
    for text in (" ".join(told.split()), receipt):
        assert f"the cloak keeps {first['cloak']:.0%} of its change" in text
        assert warned in text
    uploaded = b"".join(cdn.received)
    renditions = home.lies(post) / "renditions"
    assert {r.path.read_bytes() in uploaded for r in home.renditions(post, "sky")} == {True}
    assert [p.read_bytes() in uploaded for p in renditions.glob("*-cloak-*.png")] == [False] * 2
