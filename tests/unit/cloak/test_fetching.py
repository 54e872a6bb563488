"""A model is put in place whole, checked and pinned, or nothing is; the hub is on loopback."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from postguard.cloak import catalogue, fetching, pins, published
from postguard.cloak.architectures import UnknownWeights
from postguard.cloak.catalogue import CONFIG, FILES, WEIGHTS
from postguard.cloak.fetching import News
from postguard.errors import Unusable
from postguard.system.extras import install
from tests.servers import hub as loopback
from tests.unit.cloak import published_folders

TAESD = catalogue.find("taesd")
FLUX = catalogue.find("flux1-vae")
TOKEN = "hf_" + "s3cret" * 6


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Published folders as bytes, by name."""
    folder = tmp_path_factory.mktemp("made")
    published_folders.tiny(folder / "taesd")
    published_folders.tiny(folder / "new taesd", seed=1)
    published_folders.tiny(folder / "wide", latent_channels=16)
    published_folders.kl(folder / "flux", latent_channels=16, use_quant_conv=False)
    return folder


@pytest.fixture
def hub(made, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with loopback.serve() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        server.publish(TAESD.repository, read(made / "taesd") | {"README.md": b"# TAESD"})
        server.publish(FLUX.repository, {f"vae/{k}": v for k, v in read(made / "flux").items()})
        yield server


@pytest.fixture
def models(tmp_path):
    return tmp_path / "models"


def read(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


def quiet(_):
    """Progress that nobody looks at."""


def fetch(model, models, on_progress=quiet, **other):
    """Without a child: the check itself is the real one, in this process."""
    return fetching.fetch(model, models, on_progress, check=published.check, **other)


def in_a_process_of_its_own(models, env):
    """For what the hub's library reads once, when it is loaded."""
    code = (
        "import sys; from pathlib import Path\n"
        "from postguard.cloak import catalogue, fetching\n"
        "try: fetching.fetch(catalogue.find('taesd'), Path(sys.argv[1]), print)\n"
        "except Exception as exc: print(type(exc).__name__, exc)\n"
    )
    command = [sys.executable, "-c", code, str(models)]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True)


def left(models):
    """Everything in the models folder that could be taken for a model or a pin."""
    if not models.exists():
        return []
    return sorted(p.name for p in models.iterdir() if not p.name.startswith("."))


def part(models, data):
    return models / ".fetching-taesd" / f"{hashlib.sha256(data).hexdigest()}.part"


def test_the_first_fetch_pins_what_it_got_and_what_it_answers(hub, made, models):
    done = fetch(TAESD, models)
    assert done.news is News.FIRST
    assert read(done.folder) == read(made / "taesd")
    assert sorted(p.name for p in models.iterdir()) == ["models.lock", "taesd"]
    assert pins.read(models) == {"taesd": done.pin}
    assert done.pin.revision == next(iter(hub.revisions[TAESD.repository]))
    assert done.pin.files == {
        name: hashlib.sha256(data).hexdigest() for name, data in read(made / "taesd").items()
    }
    assert list(done.pin.answer) == published.check(made / "taesd")
    assert catalogue.folders(models) == [done.folder]


def test_a_vae_in_a_subfolder_is_fetched_flat_and_loads(hub, made, models):
    done = fetch(FLUX, models)
    assert read(done.folder) == read(made / "flux")
    assert list(done.pin.answer) == published.check(done.folder)


def test_what_is_there_as_pinned_is_not_downloaded_again(hub, models):
    fetch(TAESD, models)
    hub.asked.clear()
    assert fetch(TAESD, models).news is News.KEPT
    assert hub.asked == []


def test_a_damaged_file_is_replaced_by_the_pinned_one(hub, made, models):
    folder = fetch(TAESD, models).folder
    (folder / WEIGHTS).write_bytes(b"damaged")
    assert fetch(TAESD, models).news is News.SAME
    assert read(folder) == read(made / "taesd")
    assert left(models) == ["models.lock", "taesd"]


def test_the_pinned_revision_is_fetched_though_the_newest_is_another(hub, made, models):
    pinned = fetch(TAESD, models).pin
    hub.publish(TAESD.repository, read(made / "new taesd"))
    (models / "taesd" / WEIGHTS).unlink()
    done = fetch(TAESD, models)
    assert done.pin == pinned
    assert read(done.folder) == read(made / "taesd")


def test_a_revision_can_be_chosen_at_first(hub, made, models):
    old = next(iter(hub.revisions[TAESD.repository]))
    hub.publish(TAESD.repository, read(made / "new taesd"))
    assert fetch(TAESD, models, revision=old).pin.revision == old
    assert read(models / "taesd") == read(made / "taesd")


def test_another_revision_than_the_pinned_one_is_refused(hub, made, models):
    fetch(TAESD, models)
    new = hub.publish(TAESD.repository, read(made / "new taesd"))
    with pytest.raises(Unusable, match=r"pinned to revision .* models\.lock"):
        fetch(TAESD, models, revision=new)
    assert read(models / "taesd") == read(made / "taesd")


@pytest.mark.parametrize("changed", FILES)
def test_other_bytes_under_the_pinned_revision_are_refused(hub, made, models, changed):
    """Upstream was rewritten, or somebody stands between."""
    pinned = fetch(TAESD, models).pin
    (models / "taesd" / WEIGHTS).unlink()
    files = hub.revisions[TAESD.repository][pinned.revision]
    files[WEIGHTS] = read(made / "new taesd")[WEIGHTS] if changed == WEIGHTS else files[WEIGHTS]
    files[CONFIG] += b"\n" if changed == CONFIG else b""
    with pytest.raises(Unusable, match=rf"{changed} of taesd is not what models\.lock pins"):
        fetch(TAESD, models)
    assert not (models / "taesd" / WEIGHTS).exists()
    assert pins.read(models) == {"taesd": pinned}


def test_bytes_that_are_not_those_announced_are_thrown_away(hub, models):
    hub.flips = True
    with pytest.raises(Unusable, match="not what the hub announced"):
        fetch(TAESD, models)
    assert left(models) == []
    assert list((models / ".fetching-taesd").iterdir()) == []
    hub.flips = False
    assert fetch(TAESD, models).news is News.FIRST


def test_progress_counts_the_bytes_of_both_files(hub, made, models):
    seen = []
    fetch(TAESD, models, seen.append)
    fractions = [p.fraction for p in seen if p.fraction is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert len(fractions) >= 2
    total = sum(map(len, read(made / "taesd").values()))
    assert seen[len(fractions) - 1].step == f"taesd: {total / 1e6:.1f} of {total / 1e6:.1f} MB"
    assert seen[-1].step == "trying taesd out"


def test_a_cut_connection_is_taken_up_where_it_broke(hub, made, models):
    size = len(read(made / "taesd")[CONFIG])
    hub.cuts = [size, 5000]
    fetch(TAESD, models)
    assert read(models / "taesd") == read(made / "taesd")
    assert [a.range for a in hub.downloads()] == ["bytes=0-", "bytes=0-", "bytes=5000-"]


def test_after_an_interruption_only_the_rest_is_downloaded(hub, made, models):
    weights = read(made / "taesd")[WEIGHTS]
    part(models, weights).parent.mkdir(parents=True)
    part(models, weights).write_bytes(weights[:7000])
    hub.asked.clear()
    fetch(TAESD, models)
    assert read(models / "taesd") == read(made / "taesd")
    assert hub.downloads()[-1].range == "bytes=7000-"


def test_a_server_that_knows_no_ranges_sends_it_anew(hub, made, models):
    weights = read(made / "taesd")[WEIGHTS]
    part(models, weights).parent.mkdir(parents=True)
    part(models, weights).write_bytes(b"?" * 7000)
    hub.whole = True
    fetch(TAESD, models)
    assert read(models / "taesd") == read(made / "taesd")


def test_a_file_shorter_than_announced_is_thrown_away(hub, models):
    hub.swells = 10
    with pytest.raises(Unusable, match="not what the hub announced"):
        fetch(TAESD, models)
    assert left(models) == []


def test_a_server_that_goes_down_midway_leaves_what_has_come(hub, made, models):
    weights = read(made / "taesd")[WEIGHTS]
    hub.cuts = [len(read(made / "taesd")[CONFIG]), 6000, 0]
    with pytest.raises(Unusable, match="what has come of taesd is kept"):
        fetch(TAESD, models)
    assert part(models, weights).read_bytes() == weights[:6000]
    hub.down = True
    with pytest.raises(Unusable, match=r"answered 503 .* what has come is kept"):
        fetch(TAESD, models)
    assert left(models) == []
    hub.down = False
    fetch(TAESD, models)
    assert read(models / "taesd") == read(made / "taesd")


def test_a_full_disk_is_told_and_keeps_what_has_come(hub, made, models):
    """The kernel's own full device stands for the disk."""
    weights = read(made / "taesd")[WEIGHTS]
    part(models, weights).parent.mkdir(parents=True)
    part(models, weights).symlink_to("/dev/full")
    with pytest.raises(Unusable, match=r"the disk is full: taesd does not fit into .*models"):
        fetch(TAESD, models)
    assert left(models) == []
    part(models, weights).unlink()
    assert fetch(TAESD, models).news is News.FIRST


def test_what_cannot_fit_is_not_begun(hub, models):
    hub.swells = 10**18
    with pytest.raises(Unusable, match="MB are free"):
        fetch(TAESD, models)
    assert hub.downloads() == []


def test_no_way_to_the_hub_is_told_in_words(hub, models, monkeypatch):
    """Nothing listens there: its port was just given back."""
    with loopback.serve() as gone:
        url = gone.url
    monkeypatch.setenv("HF_ENDPOINT", url.replace("//", "//me:hunter2@"))
    with pytest.raises(Unusable, match=r"127\.0\.0\.1 cannot be reached.*--from FOLDER") as told:
        fetch(TAESD, models)
    assert "hunter2" not in str(told.value)
    assert left(models) == []


def test_a_proxy_that_fails_is_told_without_its_password(hub, models, monkeypatch):
    with loopback.serve() as gone:
        url = gone.url
    proxy = url.replace("//", "//me:hunter2@")
    env = os.environ | {"http_proxy": proxy, "HTTP_PROXY": proxy, "no_proxy": "", "NO_PROXY": ""}
    done = in_a_process_of_its_own(models, env)
    assert "Unusable 127.0.0.1 cannot be reached" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr


def test_hf_hub_offline_is_named(hub, models):
    env = os.environ | {"HF_HUB_OFFLINE": "1"}
    done = in_a_process_of_its_own(models, env)
    assert "Unusable HF_HUB_OFFLINE forbids downloads" in done.stdout
    assert hub.asked == []


def test_a_gated_model_says_how_to_get_in_and_shows_no_token(hub, models):
    hub.gated = True
    with pytest.raises(
        Unusable, match=r"huggingface\.co/black-forest-labs.*hf auth login"
    ) as told:
        fetch(FLUX, models)
    assert hub.asked[-1].authorization == f"Bearer {TOKEN}"
    assert TOKEN not in str(told.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda hub: hub.revisions.clear(), "answered 404"),
        (lambda hub: hub.publish(TAESD.repository, {CONFIG: b"{}"}), f"has no {WEIGHTS}"),
    ],
)
def test_a_repository_that_changed_is_told_in_words(hub, models, change, said):
    change(hub)
    with pytest.raises(Unusable, match=said):
        fetch(TAESD, models)


def test_an_unknown_revision_is_told_in_words(hub, models):
    with pytest.raises(Unusable, match="madebyollin/taesd has no revision abc"):
        fetch(TAESD, models, revision="abc")


def test_another_network_than_the_one_known_by_that_name_is_refused(hub, made, models):
    hub.publish(TAESD.repository, read(made / "wide"))
    with pytest.raises(Unusable, match=r"AutoencoderTiny with 4 latents, and this is .* with 16"):
        fetch(TAESD, models)
    assert left(models) == []


def test_weights_that_do_not_fit_their_config_are_refused(hub, made, models):
    config = json.loads(read(made / "taesd")[CONFIG]) | {"num_encoder_blocks": [1, 1, 1, 1]}
    files = read(made / "taesd") | {CONFIG: json.dumps(config).encode()}
    hub.publish(TAESD.repository, files)
    with pytest.raises(UnknownWeights, match="does not fit"):
        fetch(TAESD, models)
    assert left(models) == []
    assert not (models / ".fetching-taesd").exists()


def test_pinned_bytes_that_answer_otherwise_are_refused(hub, models):
    """As they would with a broken torch; the lock is what a machine in order once wrote."""
    pin = fetch(TAESD, models).pin
    answer = [v * 1.1 for v in pin.answer]
    pins.write(models, "taesd", pins.Pin(pin.repository, pin.revision, pin.files, tuple(answer)))
    (models / "taesd" / WEIGHTS).unlink()
    with pytest.raises(Unusable, match="answers otherwise"):
        fetch(TAESD, models)


def test_a_model_can_be_copied_from_a_folder_without_any_network(made, models, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    seen = []
    done = fetch(TAESD, models, seen.append, source=made / "taesd")
    assert done.news is News.FIRST
    assert done.pin.revision == ""
    assert read(done.folder) == read(made / "taesd")
    assert [p.fraction for p in seen][-2] == 1.0


def test_a_copy_must_have_the_pinned_bytes_too(hub, made, models):
    pin = fetch(TAESD, models).pin
    (models / "taesd" / WEIGHTS).unlink()
    with pytest.raises(Unusable, match=r"not what models\.lock pins"):
        fetch(TAESD, models, source=made / "new taesd")
    assert fetch(TAESD, models, source=made / "taesd").pin == pin


def test_what_was_copied_gets_its_revision_once_the_hub_has_the_same(hub, made, models):
    fetch(TAESD, models, source=made / "taesd")
    (models / "taesd" / WEIGHTS).unlink()
    assert fetch(TAESD, models).pin.revision == next(iter(hub.revisions[TAESD.repository]))


def test_a_folder_without_both_files_is_no_source(made, models, tmp_path):
    with pytest.raises(Unusable, match=r"does not hold config\.json and diffusion"):
        fetch(TAESD, models, source=tmp_path)


def test_what_the_artist_put_there_by_hand_is_not_replaced(hub, made, models):
    theirs = models / "taesd"
    theirs.mkdir(parents=True)
    for name, data in read(made / "new taesd").items():
        (theirs / name).write_bytes(data)
    with pytest.raises(Unusable, match="move it away first"):
        fetch(TAESD, models)
    assert read(theirs) == read(made / "new taesd")


@pytest.mark.parametrize("lacking", ["torch", "huggingface_hub"])
def test_without_the_extra_it_names_the_command_that_installs_it(
    hub, models, monkeypatch, lacking
):
    """The one patch here stands for a machine without it: the import system, not our code."""
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == lacking else find(name)
    )
    with pytest.raises(Unusable, match=f"needs {lacking}.*{re.escape(install('cloak'))}"):
        fetch(TAESD, models)
    assert hub.asked == []


def test_the_check_runs_in_a_child_and_neither_torch_nor_diffusers_here(hub, models):
    code = (
        "import sys; from pathlib import Path\n"
        "from postguard.cloak import catalogue, fetching\n"
        "done = fetching.fetch(catalogue.find('taesd'), Path(sys.argv[1]), lambda _: None)\n"
        "print(len(done.pin.answer), [m for m in ('torch', 'diffusers') if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(models)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "8 []"
    assert done.stderr == ""


def test_what_the_child_says_of_a_bad_folder_is_told(made, models, tmp_path):
    source = tmp_path / "bad"
    source.mkdir()
    for name, data in read(made / "taesd").items():
        (source / name).write_bytes(data if name == CONFIG else data[:-100])
    with pytest.raises(UnknownWeights, match="is damaged"):
        fetching.fetch(TAESD, models, quiet, source=Path(source))
    assert left(models) == []
