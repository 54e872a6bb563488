"""An artist sees which encoders there are, and fetches one; the hub here is on loopback."""

import json

import pytest

from postguard.cloak import pins
from postguard.cloak.architectures import SUFFIX, _taef2_decoder
from postguard.cloak.catalogue import CONFIG, FILES, MODELS, WEIGHTS
from tests.servers import hub as loopback
from tests.unit.cloak import published_folders, tiny

REPOSITORY = "madebyollin/taesd"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "taesd"
    published_folders.tiny(folder)
    return folder


@pytest.fixture
def home(terminal, monkeypatch):
    """A config, an empty hub cache, and nothing fetched."""
    terminal.configure()
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "HF_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    return terminal.home


@pytest.fixture
def models(home):
    return home / ".local" / "share" / "postguard" / "models"


def put(made, folder):
    folder.mkdir(parents=True)
    for name in FILES:
        (folder / name).write_bytes((made / name).read_bytes())
    return folder


def pin(made, models, revision=""):
    pins.write(
        models, "taesd", pins.Pin(REPOSITORY, revision, pins.hashes(made, FILES), (0.0, 1.0))
    )


def listed(terminal, name="taesd"):
    told = terminal.json("models", "list")
    return next(m for m in told["models"] if m["name"] == name)


def test_at_first_every_model_is_listed_and_none_is_here(terminal, models):
    told = terminal.json("models", "list")
    assert [m["name"] for m in told["models"]] == list(MODELS)
    assert {m["place"] for m in told["models"]} == {"not here"}
    assert told["others"] == []
    assert told["folder"] == str(models)
    shown = terminal.run("models", "list").stdout
    assert all(f"{m.repository} ({m.licence})" in shown for m in MODELS.values())
    assert "begin with: postguard models fetch taesd" in " ".join(shown.split())


def test_our_own_encoder_is_listed_first_and_always_in_use(terminal, models):
    assert terminal.json("models", "list")["own"]["name"] == "surrogate"
    first, second = terminal.run("models", "list").stdout.splitlines()[:2]
    assert first.split()[0] == "surrogate"
    assert first.endswith("in use")
    assert "comes with postguard" in second


@pytest.mark.parametrize(
    ("pinned", "change", "hashes", "shown"),
    [
        (True, None, "as pinned", "in use; as pinned"),
        (False, None, "not pinned", "in use; not pinned"),
        (True, lambda f: f.write_bytes(b"x"), "differ", "damaged, or not what is pinned"),
        (True, lambda f: f.unlink(), "differ", "postguard models fetch taesd"),
        (False, lambda f: f.unlink(), "not pinned", "a part is missing"),
    ],
)
def test_what_is_here_is_held_against_its_pin(
    terminal, made, models, pinned, change, hashes, shown
):
    folder = put(made, models / "taesd")
    if pinned:
        pin(made, models)
    if change:
        change(folder / WEIGHTS)
    model = listed(terminal)
    assert (model["place"], model["hashes"]) == ("here", hashes)
    assert model["in_use"] == (folder / WEIGHTS).exists()
    assert shown in terminal.run("models", "list").stdout


def test_what_other_programs_downloaded_is_found_in_the_hub_cache(terminal, made, home, models):
    revision = "ab" * 20
    cache = home / ".cache" / "huggingface" / "hub" / "models--madebyollin--taesd"
    put(made, cache / "snapshots" / revision)
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text(revision)
    model = listed(terminal)
    assert (model["place"], model["in_use"]) == ("hub cache", True)
    assert "in use, from the hub cache; not pinned" in terminal.run("models", "list").stdout


def test_whatever_else_lies_there_is_told_in_words(terminal, made, models):
    tiny.models(put(made, models / "my own").parent)
    tiny.save(models / f"dec{SUFFIX}", _taef2_decoder(8, 4))
    (models / f"odd{SUFFIX}").write_bytes(b"no weights")
    (models / "notes.txt").write_text("mine")
    (models / "sd").mkdir()
    (models / "sd" / "model_index.json").write_text("{}")
    configured = put(made, models / "strange")
    (configured / CONFIG).write_text('{"_class_name": "UNet2DModel"}')
    told = {o["name"]: o for o in terminal.json("models", "list")["others"]}
    said = {name: other["said"] for name, other in told.items()}
    assert said["my own"] == "an AutoencoderTiny with 4 latents"
    assert said["taesana_encoder.safetensors"] == "an encoder (taesana), called taesana"
    assert said["dec.safetensors"] == "a decoder (taef2); the cloak has no use for it"
    assert "not a safetensors file; move it away" in said["odd.safetensors"]
    assert "holds a UNet2DModel" in said["strange"]
    assert "pipeline" in said["sd"]
    assert said["notes.txt"] == "no model; it is passed over"
    used = {name for name, other in told.items() if other["in_use"]}
    assert used == {"my own", "taesana_encoder.safetensors", "taef2_encoder.safetensors"}
    shown = terminal.run("models", "list").stdout
    assert "my own: an AutoencoderTiny with 4 latents; in use" in shown
    assert "begin with" not in shown


def test_a_model_is_fetched_tried_out_and_listed(terminal, made, models, monkeypatch):
    with loopback.serve() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        revision = hub.publish(REPOSITORY, {n: (made / n).read_bytes() for n in FILES})
        done = terminal.run("models", "fetch", "taesd")
        again = terminal.run("models", "fetch", "taesd")
    assert done.exit_code == 0, done.output
    assert "are pinned in models.lock" in " ".join(done.stdout.split())
    assert max(map(len, done.stdout.splitlines()[:-1])) <= 80
    assert f"{REPOSITORY} at {revision}" in done.stdout
    assert done.stdout.splitlines()[-1] == str(models / "taesd")
    assert "nothing was downloaded" in again.stdout
    model = listed(terminal)
    assert (model["hashes"], model["revision"], model["in_use"]) == ("as pinned", revision, True)


def test_a_copy_is_told_to_programs_as_json(terminal, made, models):
    told = terminal.json("models", "fetch", "taesd", "--from", made)
    assert told["news"] == "first"
    assert told["folder"] == str(models / "taesd")
    assert told["sha256"] == pins.hashes(made, FILES)
    assert json.loads((models / pins.LOCK).read_text())["taesd"]["answer"] == told["answer"]


def test_an_unknown_name_comes_with_the_nearest(terminal, home):
    done = terminal.run("models", "fetch", "taesdx")
    assert done.exit_code == 1
    assert 'did you mean "taesd' in done.stderr
    assert "known: taesd, taesdxl" in done.stderr


def test_without_a_network_it_says_what_to_do(terminal, models):
    done = terminal.run("models", "fetch", "taesd")
    assert done.exit_code == 1
    assert "127.0.0.1 cannot be reached" in done.stderr
    assert "--from FOLDER" in done.stderr
    assert not (models / "taesd").exists()


@pytest.mark.parametrize("words", [("fetch",), ("list", "taesd"), ("forget", "taesd")])
def test_wrong_use_ends_with_2(terminal, home, words):
    assert terminal.run("models", *words).exit_code == 2


def test_a_damaged_lock_is_told_and_not_written_over(terminal, models):
    models.mkdir(parents=True)
    (models / pins.LOCK).write_text("{")
    for words in (("list",), ("fetch", "taesd")):
        done = terminal.run("models", *words)
        assert done.exit_code == 1
        assert "is damaged" in done.stderr
    assert (models / pins.LOCK).read_text() == "{"
