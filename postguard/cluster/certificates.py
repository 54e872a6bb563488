"""The artist's own certificate authority, and one certificate for each machine of the cluster.

The key of the authority stays where it was made; a machine gets its own key and certificate and
the authority's certificate, as files that only its user reads.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

from postguard.errors import Unusable
from postguard.language import _
from postguard.system import extras, files

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate, CertificateBuilder, KeyUsage

AUTHORITY = "authority.pem"  # what every machine knows the others by
AUTHORITY_KEY = "authority.key"  # stays on the machine where it was made
CERTIFICATE, KEY = "machine.pem", "machine.key"
MACHINE_FILES = (AUTHORITY, CERTIFICATE, KEY)

_VALID = timedelta(days=10 * 365)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, in PEM."""

    certificate: bytes
    key: bytes


def found(folder: Path, names: Sequence[str], now: datetime) -> list[Path]:
    """Make an authority in `folder` and one sub-folder for each machine; return those.

    Args:
        names: of machines: lower-case letters, digits and `-`.

    Raises:
        Unusable: there is an authority already, a name is none or stands twice, or the extra is
            missing.
    """
    _check_extra()
    if (folder / AUTHORITY_KEY).exists():
        raise Unusable(
            _(
                "there is a cluster already in {folder}; its machines know each other by it. To "
                "add a machine: postguard cluster add NAME"
            ).format(folder=folder)
        )
    _check_names(folder, names)
    pair = _authority(now)
    files.private_dir(folder)
    files.write_whole(folder / AUTHORITY, pair.certificate)
    files.write_whole(folder / AUTHORITY_KEY, pair.key)
    return [add(folder, name, now) for name in names]


def add(folder: Path, name: str, now: datetime) -> Path:
    """Make the certificate of one more machine; return its folder.

    Raises:
        Unusable: there is no authority here, the name is none or is taken, or the extra is
            missing.
    """
    _check_extra()
    _check_names(folder, [name])
    authority = Pair(_read(folder / AUTHORITY), _read(folder / AUTHORITY_KEY))
    pair = _machine(name, authority, now)
    place = files.private_dir(folder / name)
    files.write_whole(place / AUTHORITY, authority.certificate)
    files.write_whole(place / KEY, pair.key)
    files.write_whole(place / CERTIFICATE, pair.certificate)
    return place


def check(folder: Path) -> None:
    """Raise Unusable where a machine's files are missing, or others on this machine read them."""
    for name in MACHINE_FILES:
        path = folder / name
        if not path.is_file():
            raise Unusable(
                _(
                    "{path} is missing; copy this machine's folder from where you ran `postguard "
                    "cluster init`"
                ).format(path=path)
            )
    if (mode := (folder / KEY).stat().st_mode & 0o077) != 0:
        raise Unusable(
            _(
                "others on this machine may read {folder} (mode {mode:o}); run: chmod 600 {folder}"
            ).format(folder=folder / KEY, mode=mode)
        )


def missing_extra() -> str:
    """Return what is said where the extra is not installed."""
    return _("cloaking elsewhere needs an extra that is not installed: run `{command}`").format(
        command=extras.install("cluster")
    )


def _check_extra() -> None:
    if importlib.util.find_spec("cryptography") is None:
        raise Unusable(missing_extra())


def _check_names(folder: Path, names: Sequence[str]) -> None:
    for i, name in enumerate(names):
        if not _NAME.fullmatch(name):
            raise Unusable(
                _(
                    '"{name}" cannot name a machine; take lower-case letters, digits and -, as '
                    "in nas"
                ).format(name=name)
            )
        if name in names[:i] or (folder / name).exists():
            raise Unusable(
                _("there is a machine {name} already; take another name").format(name=name)
            )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise Unusable(
            _(
                "there is no authority in {parent}; run this where you ran `postguard cluster "
                "init`"
            ).format(parent=path.parent)
        ) from None


def _authority(now: datetime) -> Pair:
    """Return a new authority, good for signing certificates of machines and for nothing else."""
    from cryptography import x509

    key, who = _new_key(), _named("postguard cluster")
    builder = (
        _unsigned(key, who, who, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    return _pair(_signed(builder, key), key)


def _machine(name: str, authority: Pair, now: datetime) -> Pair:
    """Return a machine's own: both ends of a connection show one, so it is server and client."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509.oid import ExtendedKeyUsageOID

    issuer = x509.load_pem_x509_certificate(authority.certificate)
    issuer_key = cast("EllipticCurvePrivateKey", load_pem_private_key(authority.key, None))
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    key = _new_key()
    builder = (
        _unsigned(key, _named(name), issuer.subject, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(signer, critical=False)
    )
    return _pair(_signed(builder, issuer_key), key)


def _unsigned(
    key: EllipticCurvePrivateKey, who: x509.Name, issuer: x509.Name, now: datetime
) -> CertificateBuilder:
    from cryptography import x509

    public = key.public_key()
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (
        x509.CertificateBuilder(issuer_name=issuer, subject_name=who)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(day - timedelta(days=1))  # clocks of home machines differ
        .not_valid_after(day + _VALID)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, signs_certificates: bool) -> KeyUsage:
    from cryptography.x509 import KeyUsage

    return KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _new_key() -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def _named(name: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _signed(builder: CertificateBuilder, key: EllipticCurvePrivateKey) -> Certificate:
    from cryptography.hazmat.primitives import hashes

    return builder.sign(key, hashes.SHA256())


def _pair(certificate: Certificate, key: EllipticCurvePrivateKey) -> Pair:
    from cryptography.hazmat.primitives import serialization

    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Pair(certificate.public_bytes(serialization.Encoding.PEM), secret)
