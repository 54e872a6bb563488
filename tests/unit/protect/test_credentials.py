"""Signed Content Credentials: what they state, that they hold, and that they tell nothing else."""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from postguard.errors import StepFailed
from postguard.imaging import Picture
from postguard.model import Artist, ArtworkOrder, Limits, ProtectOrder
from postguard.networks import plain_words
from postguard.protect import credentials, finishing, identity, pipeline
from postguard.protect.finishing import Finish, finish
from postguard.protect.metadata import exif, iim, xmp
from postguard.protect.metadata.statement import Statement
from postguard.protect.packets import Packets
from postguard.protect.privacy import audit
from postguard.protect.steps.credentials import Credentials
from postguard.settings import steps
from postguard.system import extras

c2pa = pytest.importorskip("c2pa", reason="the extra c2pa is not installed")
cryptography = pytest.importorskip("cryptography", reason="the extra c2pa is not installed")

NOW = datetime(2026, 11, 25, 20, 30, 40, tzinfo=UTC)
NAME = "山田花子"
SAID = Statement(creator=NAME, rights=f"© 2026 {NAME}", alt="雪の狐" * 100)
PACKETS = Packets(xmp.packet(SAID), exif.block(SAID), iim.block(SAID))
KINDS = ["jpeg", "png", "webp", "avif"]
# What a stranger does: no list of trusted signers, no network.
STRANGER = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}


@pytest.fixture(scope="module")
def text():
    return identity.make(NAME, NOW)


@pytest.fixture(scope="module")
def signer(text):
    return identity.read(text)


@pytest.fixture
def secrets(text, tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    kept = folder / identity.NAME
    kept.write_text(text)
    kept.chmod(0o600)
    return folder


def picture(size: int = 96) -> Picture:
    return Picture(np.random.default_rng(3).integers(0, 256, (size, size, 3), np.uint8))


def limits(kind: str, size: int = 1_000_000) -> Limits:
    return Limits("test", 300, 2_000, 4, size, mimes=(f"image/{kind}",))


def finished(signer, kind, packets=PACKETS, size=1_000_000):
    return finish(picture(), limits(kind, size), Finish(packets, kind, signer))


def seen(data: bytes, mime: str):
    """Return a stranger's reader's verdict: state, codes of what failed, and the manifest."""
    with (
        c2pa.Context.from_dict(STRANGER) as context,
        c2pa.Reader(mime, io.BytesIO(data), context=context) as reader,
    ):
        results = reader.get_validation_results()["activeManifest"]
        failed = [one["code"] for one in results["failure"]]
        return reader.get_validation_state(), failed, json.loads(reader.json())


@pytest.mark.parametrize("kind", KINDS)
def test_a_stranger_finds_the_signature_valid_and_the_signer_unknown(signer, kind):
    made = finished(signer, kind)
    state, failed, _ = seen(made.data, made.mime)
    assert (made.mime, state) == (f"image/{kind}", "Valid")
    assert failed == ["signingCredential.untrusted"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_byte_of_the_picture_makes_it_invalid(signer, kind):
    made = finished(signer, kind)
    torn = bytearray(made.data)
    torn[len(torn) // 2] ^= 1
    state, failed, _ = seen(bytes(torn), made.mime)
    assert state == "Invalid"
    mismatch = "assertion.bmffHash.mismatch" if kind == "avif" else "assertion.dataHash.mismatch"
    assert mismatch in failed


def test_it_forbids_every_use_for_ai_in_both_vocabularies_and_says_a_person_drew_it(signer):
    made = finished(signer, "jpeg")
    _, _, told = seen(made.data, made.mime)
    (manifest,) = told["manifests"].values()
    data = {a["label"]: a["data"] for a in manifest["assertions"]}
    for vocabulary in ("c2pa", "cawg"):
        uses = ("data_mining", "ai_inference", "ai_training", "ai_generative_training")
        assert data[f"{vocabulary}.training-mining"] == {
            "entries": {f"{vocabulary}.{use}": {"use": "notAllowed"} for use in uses}
        }
    (created,) = data["c2pa.actions.v2"]["actions"]
    assert created["action"] == "c2pa.created"
    assert created["digitalSourceType"].endswith("/digitalCreation")
    assert manifest["signature_info"]["common_name"] == NAME
    assert b"gathered_assertions" not in made.data, "the artist states it all themselves"


FORBIDDEN, ALLOWED = {"use": "notAllowed"}, {"use": "allowed"}
SEE_WORDS = {"use": "constrained", "constraint_info": "see plus:OtherConstraints"}
USES = ("data_mining", "ai_inference", "ai_training", "ai_generative_training")


@pytest.mark.parametrize(
    ("tags", "says", "words"),
    [
        ({"mining": "all"}, dict.fromkeys(USES, FORBIDDEN), "not for AI"),
        ({"mining": "ai-training"}, dict.fromkeys(USES, FORBIDDEN), "not for AI"),
        (
            {"mining": "all-but-search"},
            dict.fromkeys(USES[1:], FORBIDDEN)
            | {"data_mining": SEE_WORDS | {"constraint_info": "search engines may index it"}},
            "not for AI",
        ),
        (
            {"mining": "generative-ai-training"},
            dict.fromkeys(("ai_inference", "ai_generative_training"), FORBIDDEN),
            "not for AI",
        ),
        (
            {"mining": "see-constraints", "constraints": "ask me"},
            dict.fromkeys(USES, SEE_WORDS),
            "for AI under your conditions only",
        ),
        ({"mining": "allowed"}, dict.fromkeys(USES, ALLOWED), "AI may use it"),
        ({"mining": "unspecified"}, None, "nothing is said of AI"),
    ],
)
def test_a_signature_says_of_ai_what_the_recipes_tags_say(tmp_path, secrets, tags, says, words):
    """Tags that let search engines in are not contradicted by a signature that forbids mining."""
    steps = ({"step": "tags", **tags}, {"step": "credentials"})
    made = pipeline.run(recipe(tmp_path, secrets, steps), None, 2026, lambda _: None)
    state, _, told = seen(made[0].path.read_bytes(), made[0].mime)
    (manifest,) = told["manifests"].values()
    data = {a["label"]: a["data"] for a in manifest["assertions"]}
    assert state == "Valid"
    for name in ("c2pa", "cawg"):
        found = data.get(f"{name}.training-mining")
        named = says and {"entries": {f"{name}.{use}": how for use, how in says.items()}}
        assert found == named
    assert made[0].record["encode"]["credentials"]["bytes"] < credentials.ROOM - 256
    assert words in plain_words.done(made[0])[-1].words


def test_nothing_else_is_told_no_thumbnail_no_ingredient_no_time_no_place(signer):
    made = finished(signer, "png")
    _, _, told = seen(made.data, made.mime)
    (manifest,) = told["manifests"].values()
    assert set(manifest) == {
        *("claim_generator_info", "instance_id", "assertions", "signature_info"),
        *("label", "claim_version"),
    }
    (generator,) = manifest["claim_generator_info"]
    assert generator.pop("name") == "postguard"
    assert set(generator) == {"org.contentauth.c2pa_rs"}
    assert set(manifest["signature_info"]) == {"alg", "common_name", "cert_serial_number"}
    assert len(manifest["assertions"]) == 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("packets", [PACKETS, Packets()], ids=["with tags", "without tags"])
def test_the_picture_in_a_signed_file_is_the_one_that_was_encoded(signer, kind, packets):
    how = Finish(packets, kind)
    plain = finish(picture(), limits(kind), how)
    signed = finish(picture(), limits(kind), replace(how, signer=signer))
    pixels = [np.asarray(Image.open(io.BytesIO(made.data))) for made in (plain, signed)]
    assert np.array_equal(*pixels)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["a", "山" * 21, "x" * 64])
def test_the_signature_stays_within_the_room_that_is_kept_for_it(kind, name):
    signer = identity.read(identity.make(name, NOW))
    made = finished(signer, kind)
    assert 2_000 < made.record["credentials"]["bytes"] < credentials.ROOM - 256


def test_the_signature_counts_in_the_limit(signer):
    size = 24_000
    plain = finish(picture(), limits("jpeg", size), Finish(PACKETS, "jpeg"))
    signed = finished(signer, "jpeg", size=size)
    assert len(signed.data) <= size
    assert signed.record["bytes"] == len(signed.data)
    assert signed.record["quality"] < plain.record["quality"]


def test_a_signature_of_someone_else_does_not_pass_the_audit(signer):
    made = finished(signer, "jpeg")
    again, manifest = credentials.sign(made.data, made.mime, signer)
    audit(again, made.mime, replace(PACKETS, manifest=manifest))
    with pytest.raises(StepFailed, match="something it should not"):
        audit(made.data, made.mime, replace(PACKETS, manifest=manifest))


def test_the_record_tells_who_signed_and_never_the_key(signer):
    made = finished(signer, "webp")
    told = made.record["credentials"]
    assert (told["signer"], told["certificate"]) == (NAME, signer.fingerprint)
    assert set(told["states"]) == {"c2pa.training-mining", "cawg.training-mining"}
    assert set(told["states"]["cawg.training-mining"].values()) == {"notAllowed"}
    assert "KEY" not in json.dumps(made.record)
    assert "KEY" not in repr(signer)


def test_a_certificate_is_good_for_signatures_alone_and_begins_with_the_day(signer):
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    found = x509.load_pem_x509_certificate(signer.certificate.encode())
    values = {type(e.value): e.value for e in found.extensions}
    usage = values[x509.KeyUsage]
    assert usage.digital_signature
    assert [usage.key_cert_sign, usage.key_encipherment, usage.key_agreement] == [False] * 3
    assert list(values[x509.ExtendedKeyUsage]) == [ExtendedKeyUsageOID.EMAIL_PROTECTION]
    assert {x509.SubjectKeyIdentifier, x509.AuthorityKeyIdentifier} < set(values)
    assert signer.begins == datetime(2026, 11, 25, tzinfo=UTC)
    assert signer.ends.year == 2056


def recipe(tmp_path, secrets, steps=({"step": "tags"}, {"step": "credentials"})):
    path = tmp_path / "fox.png"
    Image.fromarray(picture().pixels).save(path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return ProtectOrder(
        artworks=(ArtworkOrder(0, path, sha256, "狐", "5e" * 32),),
        recipe_name="signed",
        recipe=steps,
        limits=(limits("jpeg"), replace(limits("png"), fit="other")),
        into=tmp_path / "made",
        artist=Artist(NAME, f"© 2026 {NAME}"),
        identity=secrets,
    )


def test_a_recipe_that_ends_with_credentials_signs_every_file_as_its_last_bytes(tmp_path, secrets):
    made = pipeline.run(recipe(tmp_path, secrets), None, 2026, lambda _: None)
    assert [r.mime for r in made] == ["image/jpeg", "image/png"]
    for rendition in made:
        data = rendition.path.read_bytes()
        assert seen(data, rendition.mime)[0] == "Valid"
        assert hashlib.sha256(data).hexdigest() == rendition.sha256
        assert rendition.record["encode"]["credentials"]["signer"] == NAME
        last = plain_words.done(rendition)[-1]
        assert (last.name, NAME in last.words) == ("Signed", True)


@pytest.mark.parametrize("folder", [None, "empty"])
def test_without_an_identity_nothing_is_made_and_the_artist_reads_what_to_do(tmp_path, folder):
    order = recipe(tmp_path, None if folder is None else tmp_path / folder)
    with pytest.raises(StepFailed, match="postguard identity new"):
        pipeline.run(order, None, 2026, lambda _: None)
    assert not order.into.exists()


@pytest.mark.parametrize("missing", ["c2pa", "cryptography.x509"])
def test_without_the_extra_nothing_is_made_and_the_artist_reads_what_to_do(
    tmp_path, secrets, monkeypatch, missing
):
    monkeypatch.setitem(sys.modules, missing, None)  # what Python does where it is not installed
    with pytest.raises(StepFailed, match=re.escape(extras.install("c2pa"))):
        pipeline.run(recipe(tmp_path, secrets), None, 2026, lambda _: None)
    assert credentials.problem(secrets) is not None


def test_an_identity_that_others_can_read_signs_nothing(tmp_path, secrets):
    (secrets / identity.NAME).chmod(0o644)
    with pytest.raises(StepFailed, match="other users"):
        pipeline.run(recipe(tmp_path, secrets), None, 2026, lambda _: None)


@pytest.mark.parametrize("cut", [20, 200, -100])
def test_a_damaged_identity_signs_nothing_and_is_not_printed(tmp_path, secrets, text, cut):
    (secrets / identity.NAME).write_text(text[:cut])
    with pytest.raises(StepFailed, match="damaged") as caught:
        pipeline.run(recipe(tmp_path, secrets), None, 2026, lambda _: None)
    assert text[60:90] not in str(caught.value)


def test_a_key_that_is_not_the_certificates_signs_nothing(tmp_path, secrets, text):
    other = identity.make(NAME, NOW)
    mixed = other[: other.index("-----BEGIN CERT")] + text[text.index("-----BEGIN CERT") :]
    (secrets / identity.NAME).write_text(mixed)
    with pytest.raises(StepFailed, match="credentials"):
        pipeline.run(recipe(tmp_path, secrets), None, 2026, lambda _: None)


def test_with_everything_there_nothing_is_missing(secrets):
    assert credentials.problem(secrets) is None


def test_the_step_itself_changes_no_pixel():
    step = Credentials(steps.Credentials(step="credentials"))
    assert step.apply(picture(), None)[0].pixels.tobytes() == picture().pixels.tobytes()
    assert finishing.asked([], None) == Finish()
