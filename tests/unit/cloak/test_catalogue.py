"""What postguard knows of published encoders, and where it finds them on this PC."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.cloak import catalogue, pins
from postguard.cloak.catalogue import FILES
from postguard.cloak.pins import Pin
from postguard.errors import Unusable

REVISION, OTHER = "ab" * 20, "cd" * 20
PIN = Pin("madebyollin/taesd", REVISION, {"config.json": "0" * 64}, (0.5, 1.0, -0.25, 2.0))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty hub cache."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def fill(folder):
    folder.mkdir(parents=True)
    for name in FILES:
        (folder / name).write_bytes(b"x")
    return folder


def snapshot(cache, repository="madebyollin/taesd", revision=REVISION, subfolder=""):
    place = cache / f"models--{repository.replace('/', '--')}"
    (place / "refs").mkdir(parents=True, exist_ok=True)
    (place / "refs" / "main").write_text(revision)
    return fill(place / "snapshots" / revision / subfolder)


@pytest.mark.parametrize("word", ["taesd3", "TAESD3", "madebyollin/taesd3"])
def test_a_model_is_found_by_its_name_or_its_repository(word):
    assert catalogue.find(word).name == "taesd3"


def test_an_unknown_name_comes_with_the_nearest_and_all_others():
    with pytest.raises(Unusable, match=r'; known: taesd, .*; did you mean "taesdxl"\?$') as told:
        catalogue.find("taesdlx")
    assert all(name in str(told.value) for name in catalogue.MODELS)


def test_every_model_has_its_own_name_and_place():
    places = {(m.repository, m.subfolder) for m in catalogue.MODELS.values()}
    assert len(places) == len(catalogue.MODELS) == 7


def test_only_whole_folders_are_encoders(tmp_path):
    fill(tmp_path / "b")
    fill(tmp_path / "a")
    fill(tmp_path / ".fetching-c")
    (fill(tmp_path / "half") / FILES[1]).unlink()
    (tmp_path / "loose.safetensors").write_bytes(b"x")
    assert [f.name for f in catalogue.folders(tmp_path)] == ["a", "b"]
    assert catalogue.folders(tmp_path / "missing") == []


def test_what_the_hub_cache_calls_main_is_found(cache):
    assert catalogue.cached("taesd") is None
    folder = snapshot(cache)
    assert catalogue.cached("taesd") == folder
    assert catalogue.label(folder) == "taesd"
    assert catalogue.cached("taesdxl") is None
    assert catalogue.cached("nothing that we know") is None


def test_a_vae_in_a_subfolder_is_found(cache):
    folder = snapshot(cache, "black-forest-labs/FLUX.1-schnell", subfolder="vae")
    assert catalogue.cached("flux1-vae") == folder
    assert catalogue.label(folder) == "flux1-vae"


def test_a_pinned_revision_is_found_and_no_other(cache, tmp_path):
    """The cache may have moved on; what was checked is the pinned one."""
    pins.write(tmp_path, "taesd", PIN)
    snapshot(cache, revision=OTHER)
    assert catalogue.cached("taesd", tmp_path) is None
    pinned = snapshot(cache, revision=REVISION)
    (cache / "models--madebyollin--taesd" / "refs" / "main").write_text(OTHER)
    assert catalogue.cached("taesd", tmp_path) == pinned


@pytest.mark.parametrize("main", ["", "../../..", "main", "\xff"])
def test_a_cache_that_names_no_revision_has_nothing(cache, main):
    snapshot(cache)
    ref = cache / "models--madebyollin--taesd" / "refs" / "main"
    ref.write_text(main, encoding="latin-1")
    assert catalogue.cached("taesd") is None


@pytest.mark.parametrize(
    ("variable", "value", "place"),
    [
        ("HF_HUB_CACHE", "{}/c", "c"),
        ("HUGGINGFACE_HUB_CACHE", "{}/d", "d"),
        ("HF_HOME", "{}/e", "e/hub"),
        ("XDG_CACHE_HOME", "{}/f", "f/huggingface/hub"),
        ("HF_HOME", "$HOME/g", "g/hub"),
        ("HF_HOME", "~/h", "h/hub"),
        ("HOME", "{}", ".cache/huggingface/hub"),
    ],
)
def test_the_cache_is_where_the_hubs_library_keeps_it(
    cache, tmp_path, monkeypatch, variable, value, place
):
    monkeypatch.delenv("HF_HUB_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(variable, value.format(tmp_path))
    folder = snapshot(tmp_path / place)
    assert catalogue.cached("taesd") == folder
    code = "from huggingface_hub import constants; print(constants.HF_HUB_CACHE)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(tmp_path / place)


def test_a_model_is_used_once_and_rather_from_our_folder(cache, tmp_path):
    models = tmp_path / "models"
    snapshot(cache)
    other = snapshot(cache, "madebyollin/taef1")
    own = fill(models / "taesd")
    assert catalogue.in_use(models) == [own, other]


def test_pins_are_kept_side_by_side(tmp_path):
    pins.write(tmp_path, "taesd", PIN)
    pins.write(tmp_path, "taef1", PIN)
    assert pins.read(tmp_path) == {"taesd": PIN, "taef1": PIN}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"taesd": {"repository": 3}}'])
def test_a_damaged_lock_is_told_and_never_taken_for_none(tmp_path, text):
    (tmp_path / pins.LOCK).write_text(text)
    with pytest.raises(Unusable, match=r"models\.lock is damaged"):
        pins.read(tmp_path)


def test_a_changed_and_a_missing_file_differ_from_their_pin(tmp_path):
    fill(tmp_path / "a")
    found = pins.hashes(tmp_path / "a", FILES)
    pin = Pin("r", "", found, ())
    assert pins.differing(found, pin) == []
    (tmp_path / "a" / FILES[0]).write_bytes(b"y")
    (tmp_path / "a" / FILES[1]).unlink()
    assert pins.differing(pins.hashes(tmp_path / "a", FILES), pin) == list(FILES)


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=4), st.floats(-0.019, 0.019))
def test_answers_within_two_percent_agree(deviations, off):
    pinned = [v for d in deviations for v in (d / 1000, d)]
    found = [v for d in deviations for v in (d / 1000 + d * off, d + d * off)]
    assert pins.agrees(found, pinned)


@pytest.mark.parametrize(
    "answer", [(0.5, 1.03, -0.25, 2.0), (0.53, 1.0, -0.25, 2.0), (0.5, 1.0), (0.5, math.nan, 0, 2)]
)
def test_other_answers_do_not(answer):
    assert pins.agrees(PIN.answer, PIN.answer)
    assert not pins.agrees(answer, PIN.answer)


def test_it_needs_neither_torch_nor_the_hubs_library():
    code = (
        "import sys; from postguard.cloak import catalogue, configs, pins; "
        "heavy = ('torch', 'numpy', 'diffusers', 'huggingface_hub'); "
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
