"""Content Credentials: the audit lets through the manifest that was signed, once and whole."""

from __future__ import annotations

import datetime
import io
import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from postguard.errors import StepFailed
from postguard.imaging import Picture
from postguard.model import Limits
from postguard.protect.encode import encode
from postguard.protect.packets import Packets
from postguard.protect.privacy import audit
from tests.unit.protect.blocks import (
    box,
    boxes,
    chunk,
    chunks,
    riff,
    riff_chunks,
    segment,
    segments,
)
from tests.unit.protect.test_privacy import JPEG, PACKETS, PNG, SECRET, WEBP, refused, written
from tests.unit.protect.test_privacy_avif import AVIF, has_avif
from tests.unit.protect.test_privacy_avif import written as avif_written

c2pa = pytest.importorskip("c2pa", reason="c2pa is not installed (pip install postguard[c2pa])")

MIMES = [JPEG, PNG, WEBP, pytest.param(AVIF, marks=has_avif)]
NOT_BEFORE = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
LONG = 150_000  # bytes of text: more than two JPEG segments


@cache
def signer() -> object:
    """A signer with a certificate of its own, as an artist has."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "hanako")])
    key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    signing = x509.KeyUsage(True, *[False] * 8)
    mail = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(NOT_BEFORE + datetime.timedelta(days=9_000))
        .add_extension(signing, critical=True)
        .add_extension(mail, critical=False)
        .add_extension(key_id, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    info = c2pa.C2paSignerInfo(alg=b"es256", sign_cert=pem, private_key=private, ta_url=None)
    return c2pa.Signer.from_info(info)


def unsigned(mime: str) -> bytes:
    return avif_written() if mime == AVIF else written(mime)


@cache
def signed(mime: str, text: int = 0) -> tuple[bytes, Packets]:
    """Return a file that c2pa signed, and all that should be in it."""
    created = {
        "action": "c2pa.created",
        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation",
    }
    said = {
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": [created]}},
            {"label": "org.example.long", "data": {"text": "x" * text}},
        ]
    }
    context = c2pa.Context.from_dict({"builder": {"thumbnail": {"enabled": False}}})
    made = io.BytesIO()
    source = io.BytesIO(unsigned(mime))
    manifest = c2pa.Builder(json.dumps(said), context).sign(signer(), mime, source, made)
    return made.getvalue(), replace(PACKETS, manifest=manifest)


def resegmented(data: bytes, *parts: bytes) -> bytes:
    """Return the JPEG with these APP11 payloads instead of its own."""
    kept = [(marker, payload) for marker, payload in segments(data) if marker != 0xEB]
    head = b"".join(segment(marker, payload) for marker, payload in kept)
    inserted = b"".join(segment(0xEB, part) for part in parts)
    return data[:2] + inserted + head + data[data.index(b"\xff\xda") :]


@pytest.mark.parametrize("mime", MIMES)
@pytest.mark.parametrize("text", [0, 1, LONG])  # 0 and 1: even and odd in length
def test_what_c2pa_signs_passes_with_its_manifest(mime: str, text: int) -> None:
    data, packets = signed(mime, text)
    audit(data, mime, packets)


@pytest.mark.parametrize("mime", MIMES)
def test_a_manifest_that_is_missing_or_not_known_of_is_refused(mime: str) -> None:
    data, packets = signed(mime)
    assert "C2PA" in refused(data, mime) or mime == PNG
    refused(data, mime, replace(packets, manifest=packets.manifest + b" "))
    refused(data, mime, replace(packets, manifest=packets.manifest[:-1]))
    refused(unsigned(mime), mime, packets)


@pytest.mark.parametrize("flip", [0x01, 0xFF])
@pytest.mark.parametrize("mime", MIMES)
def test_no_byte_of_a_manifest_can_be_changed(mime: str, flip: int) -> None:
    data, packets = signed(mime)
    start = data.index(packets.manifest)
    for at in range(start - 16, start + len(packets.manifest), 7):
        changed = bytearray(data)
        changed[at] ^= flip
        refused(bytes(changed), mime, packets)


@pytest.mark.parametrize("mime", MIMES)
def test_no_byte_of_a_long_manifest_can_be_left_out_or_added(mime: str) -> None:
    data, packets = signed(mime, LONG)
    for at in range(1_000, LONG, 30_011):
        refused(data[:at] + data[at + 1 :], mime, packets)
        refused(data[:at] + b"x" + data[at:], mime, packets)


def test_a_jpegs_manifest_must_be_in_one_piece_and_in_order() -> None:
    data, packets = signed(JPEG, LONG)
    parts = [payload for marker, payload in segments(data) if marker == 0xEB]
    assert len(parts) == 3
    audit(resegmented(data, *parts), JPEG, packets)
    for other in (
        parts[:-1],
        parts[1:],
        [parts[0], parts[2], parts[1]],
        [*parts, parts[2]],
        [*parts, *parts],
        [*parts, b"JP\x02\x11" + bytes([0, 0, 0, 4]) + packets.manifest[:8]],
        [*parts, b"JP\x02\x12" + bytes([0, 0, 0, 1]) + SECRET],
        [b"JP\x02\x12" + parts[0][4:], *parts[1:]],
        [parts[0], parts[1] + SECRET, parts[2]],
        [*parts, SECRET],
    ):
        refused(resegmented(data, *other), JPEG, packets)


def test_a_second_manifest_is_refused() -> None:
    data, packets = signed(PNG)
    refused(data[:33] + chunk(b"caBX", packets.manifest) + data[33:], PNG, packets)
    refused(data[:33] + chunk(b"caBX", SECRET) + data[33:], PNG, packets)
    assert [kind for kind, _ in chunks(data)].count(b"caBX") == 1
    data, packets = signed(WEBP)
    for second in (packets.manifest, SECRET):
        refused(riff(*riff_chunks(data), (b"C2PA", second)), WEBP, packets)


@has_avif
def test_a_second_or_another_uuid_box_in_an_avif_is_refused() -> None:
    data, packets = signed(AVIF)
    (ftyp, brands), (kind, body), *others = boxes(data)
    assert kind == b"uuid"
    rest = b"".join(box(*other) for other in others)
    audit(box(ftyp, brands) + box(kind, body) + rest, AVIF, packets)
    for second in (body, body[:16] + SECRET, SECRET):
        refused(box(ftyp, brands) + box(kind, body) + box(kind, second) + rest, AVIF, packets)


def test_a_manifest_between_the_scans_of_a_jpeg_is_refused() -> None:
    data, packets = signed(JPEG)
    part = next(segment(marker, load) for marker, load in segments(data) if marker == 0xEB)
    bare = data.replace(part, b"")
    at = bare.index(b"\xff\xda", bare.index(b"\xff\xda") + 2)
    refused(bare[:at] + part + bare[at:], JPEG, packets)


@pytest.mark.parametrize("mime", MIMES)
def test_a_signed_file_holds_the_very_picture_that_the_encoder_gave(mime: str) -> None:
    """Of what the walk does not see into nothing may change on the way to the signature."""
    data, packets = signed(mime)
    audit(data, mime, packets, encoded=unsigned(mime))
    audit(retold(mime), mime, PACKETS)
    with pytest.raises(StepFailed, match="other bytes than the one that was signed"):
        audit(data, mime, packets, encoded=retold(mime))


def retold(mime: str) -> bytes:
    """Return the unsigned file with another picture of the same size."""
    pixels = np.random.default_rng(1).integers(0, 256, (24, 40, 3), np.uint8)
    limits = Limits("t", 1, 1, 1, 10**6, mimes=(mime,))
    return encode(Picture(pixels), limits, PACKETS, mime.removeprefix("image/")).data
