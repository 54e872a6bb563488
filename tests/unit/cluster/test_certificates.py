from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from postguard.cluster import certificates
from postguard.cluster.version import refusal
from postguard.errors import Unusable

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_each_machine_gets_a_certificate_that_its_authority_signed(tmp_path: Path) -> None:
    nas, pc = certificates.found(tmp_path, ["nas", "gaming-pc"], NOW)
    authority = x509.load_pem_x509_certificate((tmp_path / "authority.pem").read_bytes())
    for folder, name in ((nas, "nas"), (pc, "gaming-pc")):
        found = x509.load_pem_x509_certificate((folder / "machine.pem").read_bytes())
        found.verify_directly_issued_by(authority)
        assert found.subject.rfc4514_string() == f"CN={name}"
        assert not found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        context = ssl.create_default_context(cafile=folder / "authority.pem")
        context.load_cert_chain(folder / "machine.pem", folder / "machine.key")


def test_only_its_user_reads_a_key_and_the_authoritys_stays_at_home(tmp_path: Path) -> None:
    machines = certificates.found(tmp_path, ["nas", "pc"], NOW)
    keys = list(tmp_path.rglob("*.key"))
    assert {p.name for p in keys} == {"authority.key", "machine.key"}
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o600 for p in keys)
    for folder in machines:
        assert {p.name for p in folder.iterdir()} == set(certificates.MACHINE_FILES)


def test_a_cluster_is_never_founded_over_another(tmp_path: Path) -> None:
    certificates.found(tmp_path, ["nas"], NOW)
    before = (tmp_path / "authority.pem").read_bytes()
    with pytest.raises(Unusable, match="cluster already"):
        certificates.found(tmp_path, ["pc"], NOW)
    assert (tmp_path / "authority.pem").read_bytes() == before


def test_a_machine_is_added_later_where_the_authority_is(tmp_path: Path) -> None:
    certificates.found(tmp_path / "home", ["nas"], NOW)
    added = certificates.add(tmp_path / "home", "laptop", NOW)
    certificates.check(added)
    with pytest.raises(Unusable, match="no authority"):
        certificates.add(tmp_path / "elsewhere", "laptop", NOW)


@pytest.mark.parametrize("name", ["", "My PC", "../up", "Ünï", "-x", "a" * 64])
def test_a_name_that_is_no_machines_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Unusable, match="cannot name a machine"):
        certificates.found(tmp_path / "new", [name], NOW)
    assert not (tmp_path / "new").exists()


def test_a_name_stands_for_one_machine(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="already"):
        certificates.found(tmp_path, ["nas", "nas"], NOW)


def test_files_that_are_missing_or_that_others_read_are_refused(tmp_path: Path) -> None:
    (folder,) = certificates.found(tmp_path, ["nas"], NOW)
    certificates.check(folder)
    (folder / "machine.key").chmod(0o640)
    with pytest.raises(Unusable, match="chmod 600"):
        certificates.check(folder)
    (folder / "machine.key").unlink()
    with pytest.raises(Unusable, match="is missing"):
        certificates.check(folder)


def test_another_version_is_refused_with_both_named() -> None:
    assert refusal("postguard 0.1.0 on Python 3.11", "postguard 0.1.0 on Python 3.11") is None
    why = refusal("postguard 0.2.0 on Python 3.11", "postguard 0.1.0 on Python 3.11")
    assert why is not None
    assert "0.2.0" in why
    assert "0.1.0" in why
