"""An artist makes the certificate that signs their pictures, and looks at it."""

import io
import stat

import pytest
from PIL import Image

from postguard.protect.identity import NAME

pytest.importorskip("cryptography", reason="the extra c2pa is not installed")

NAMED = """\
outbox = "{outbox}"
[artist]
name = "山田花子"
[accounts.sky]
network = "preview"
[recipes]
default = [ {{ step = "tags" }} ]
"""


@pytest.fixture
def home(terminal):
    terminal.configure(NAMED)
    return terminal


def kept(terminal):
    return terminal.config.parent / "secrets" / NAME


def test_it_says_the_name_that_it_publishes_and_that_nobody_vouches_for_it(home):
    done = home.run("identity", "new")
    said = " ".join(done.stdout.split())
    assert done.exit_code == 0
    assert 'publish the name "山田花子"' in said
    assert "No authority vouches for it" in said
    assert '{ step = "credentials" }' in said


def test_only_the_artist_can_read_the_key_and_it_is_never_shown(home):
    shown = home.run("identity", "new").output + home.run("identity", "show").output
    assert stat.S_IMODE(kept(home).stat().st_mode) == 0o600
    assert [p.name for p in kept(home).parent.iterdir()] == [NAME]
    key = kept(home).read_text().splitlines()[1]
    assert key not in shown


def test_show_tells_name_fingerprint_and_validity(home):
    made = home.json("identity", "new")
    assert made == home.json("identity", "show")
    assert made["name"] == "山田花子"
    shown = home.run("identity", "show").stdout
    assert made["fingerprint"] in shown.replace("\n", "").replace(" ", "")
    assert f"{made['begins'][:10]} to {made['ends'][:10]}" in shown


def test_an_identity_is_never_replaced(home):
    home.run("identity", "new")
    before = kept(home).read_bytes()
    again = home.run("identity", "new", "--name", "Hanako")
    assert again.exit_code == 1
    assert "you have an identity already" in again.stderr
    assert kept(home).read_bytes() == before
    assert [p.name for p in kept(home).parent.iterdir()] == [NAME]


def test_another_name_can_be_given(home):
    assert home.json("identity", "new", "--name", "Hanako")["name"] == "Hanako"


@pytest.mark.parametrize(
    ("name", "said"), [("", "[artist] of the config"), ("山" * 22, "--name")], ids=["none", "long"]
)
def test_a_name_that_no_certificate_takes_is_told_and_nothing_is_made(home, name, said):
    home.configure(NAMED.replace("山田花子", name))
    done = home.run("identity", "new")
    assert done.exit_code == 1
    assert said in done.stderr
    assert not kept(home).exists()


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif"])
def test_a_file_is_signed_in_the_format_that_the_recipe_names(home, kind):
    c2pa = pytest.importorskip("c2pa", reason="the extra c2pa is not installed")
    home.configure(
        NAMED.replace('"tags"', f'"encode", format = "{kind}" }}}}, {{{{ step = "credentials"')
    )
    home.run("identity", "new")
    Image.new("RGB", (40, 30), (200, 80, 20)).save(home.home / "fox.png")
    done = home.run("protect", home.home / "fox.png", "-o", home.home / "made.png")
    assert done.exit_code == 0, done.output
    ending = "jpg" if kind == "jpeg" else kind
    with c2pa.Reader(
        f"image/{kind}", io.BytesIO((home.home / f"made.{ending}").read_bytes())
    ) as r:
        assert r.get_validation_state() == "Valid"


def test_show_says_how_to_make_one(home):
    done = home.run("identity", "show")
    assert done.exit_code == 1
    assert "postguard identity new" in done.stderr
