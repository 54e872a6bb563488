"""Why a scheduler could not be joined, in words that say what to do."""

from __future__ import annotations

import ssl

from distributed import Security

from postguard.cluster.joining import unreachable
from postguard.errors import Retryable, Unusable

THERE = "tls://192.168.1.20:8786"
KEYS = Security(tls_ca_file="/home/hanako/.config/postguard/cluster/here/authority.pem")


def test_a_foreign_authority_is_told_with_the_files_to_copy_and_where_to() -> None:
    refused = OSError("timed out")
    refused.__cause__ = ssl.SSLCertVerificationError("unable to get local issuer certificate")
    error = unreachable(THERE, KEYS, refused)
    assert isinstance(error, Unusable)
    assert "authority.pem, machine.pem, machine.key" in str(error)
    assert "/home/hanako/.config/postguard/cluster/here here" in str(error)


def test_a_machine_that_is_off_is_tried_again() -> None:
    error = unreachable(THERE, KEYS, ConnectionRefusedError())
    assert isinstance(error, Retryable)
    assert "is that machine on" in str(error)
