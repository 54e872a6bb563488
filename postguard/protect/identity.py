"""The artist's own certificate, with which Content Credentials are signed.

It is made here and by nobody else, so readers call its signer unknown: it proves that two
pictures come from one hand, not whose hand that is. Key and certificate lie in one file, so that
no crash can part them. There is no authority behind it that could renew it: it is valid for long.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from postguard.errors import Unusable
from postguard.language import _
from postguard.system import extras

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate, KeyUsage

NAME = "identity.pem"  # among the secrets
NAME_BYTES = 64  # what X.509 takes as a common name

_VALID = timedelta(days=30 * 365)
_KEY, _CERTIFICATE = "PRIVATE KEY", "CERTIFICATE"


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose certificate it is, and how long it is valid; `certificate` and `key` in PEM."""

    name: str
    fingerprint: str
    begins: datetime
    ends: datetime
    certificate: str = field(repr=False)
    key: str = field(repr=False)


def make(name: str, now: datetime) -> str:
    """Draw a key and return it in PEM, with a certificate that publishes `name`.

    It begins with the day, so that it does not tell the minute. The profile is C2PA's (14.5.1).

    Raises:
        Unusable: the extra is missing, or the name is empty or too long.
    """
    _check_name(name)
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as exc:
        raise Unusable(missing_extra()) from exc
    key = ec.generate_private_key(ec.SECP256R1())
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    certificate = _self_signed(name, key, day).public_bytes(serialization.Encoding.PEM)
    return (secret + certificate).decode()


def read(text: str) -> Identity:
    """Return what `make` made. Raises Unusable: the extra is missing, or it is damaged."""
    try:
        from cryptography.hazmat.primitives import hashes
        from cryptography.x509 import load_pem_x509_certificate
        from cryptography.x509.oid import NameOID
    except ImportError as exc:
        raise Unusable(missing_extra()) from exc
    try:
        key, certificate = _part(text, _KEY), _part(text, _CERTIFICATE)
        found = load_pem_x509_certificate(certificate.encode())
        (name,) = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except ValueError:  # its text may hold a part of the key
        raise Unusable(
            _(
                "your identity ({name} among the secrets) is damaged; put it back from your "
                "backup, or move it away and run `postguard identity new`"
            ).format(name=NAME)
        ) from None
    return Identity(
        name=str(name.value),
        fingerprint=found.fingerprint(hashes.SHA256()).hex(":").upper(),
        begins=found.not_valid_before_utc,
        ends=found.not_valid_after_utc,
        certificate=certificate,
        key=key,
    )


def missing_extra() -> str:
    """Return what is said where the extra is not installed."""
    return _("signing needs an extra that is not installed: run `{command}`").format(
        command=extras.install("c2pa")
    )


def _check_name(name: str) -> None:
    if not name.strip():
        raise Unusable(
            _("a certificate needs a name; write your pen name into [artist] of the config")
        )
    if (size := len(name.encode())) > NAME_BYTES:
        raise Unusable(
            _(
                'a certificate takes a name of {name_bytes} bytes and "{name}" has {size}; give a '
                "shorter one with --name"
            ).format(name_bytes=NAME_BYTES, name=name, size=size)
        )


def _self_signed(name: str, key: EllipticCurvePrivateKey, day: datetime) -> Certificate:
    """Return the certificate of a signer of Content Credentials: good for signatures only."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    known = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    signer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(known)
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    unsigned = (
        x509.CertificateBuilder(issuer_name=who, subject_name=who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(day)
        .not_valid_after(day + _VALID)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_signatures_only(), critical=True)
        .add_extension(purpose, critical=False)
        .add_extension(known, critical=False)
        .add_extension(signer, critical=False)
    )
    return unsigned.sign(key, hashes.SHA256())


def _signatures_only() -> KeyUsage:
    from cryptography.x509 import KeyUsage

    return KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _part(text: str, kind: str) -> str:
    """Return one block of a PEM file. Raises ValueError where it is not there once."""
    (found,) = re.findall(rf"-----BEGIN {kind}-----.+?-----END {kind}-----\n?", text, re.DOTALL)
    return str(found)
