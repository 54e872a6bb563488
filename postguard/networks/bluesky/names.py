"""Names things as Bluesky does: a new record by its time, blobs and records by their bytes. Pure.

Sources: atproto.com/specs/{tid,blob,data-model}, ipld.io/specs/codecs/dag-cbor.
"""

from __future__ import annotations

from base64 import b32decode, b32encode
from datetime import datetime
from hashlib import sha256

from libipld import encode_dag_cbor

from postguard.model import Json

_TID_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
_TID_LENGTH = 13
_CLOCK_IDS = 1 << 10
# CID version 1, codec raw or DAG-CBOR, multihash sha2-256 of 32 bytes.
_RAW_SHA256 = bytes((0x01, 0x55, 0x12, 0x20))
_RECORD_SHA256 = bytes((0x01, 0x71, 0x12, 0x20))


class Tids:
    """Makes record keys of 53 bits of microseconds and 10 bits that tell machines apart; each
    sorts behind the one before, even when the clock is set back."""

    def __init__(self, clock_id: int) -> None:
        """`clock_id` in [0, 1023], drawn at random for each process."""
        self._clock_id = clock_id % _CLOCK_IDS
        self._last = 0

    def next(self, now: datetime) -> str:
        """Return the key for `now` (timezone-aware): 13 characters."""
        micros = int(now.timestamp()) * 1_000_000 + now.microsecond
        self._last = max(micros, self._last + 1)
        number = self._last << 10 | self._clock_id
        shifts = range(5 * (_TID_LENGTH - 1), -1, -5)
        return "".join(_TID_ALPHABET[number >> shift & 31] for shift in shifts)


def blob_cid(digest: str) -> str:
    """Return the name Bluesky gives to bytes with this SHA-256 (hex): `bafkrei…`."""
    return _text(_RAW_SHA256 + bytes.fromhex(digest))


def record_cid(record: Json) -> str:
    """Return the name of a record, its `$type` included: `bafyrei…`."""
    return _text(_RECORD_SHA256 + sha256(encode_dag_cbor(_linked(record))).digest())


def _text(cid: bytes) -> str:
    return "b" + b32encode(cid).decode().rstrip("=").lower()


def _linked(value: Json) -> object:
    """Return a value with each `{"$link": CID}` as bytes, which the encoder takes for links."""
    if isinstance(value, dict):
        if value.keys() == {"$link"}:
            text = str(value["$link"])[1:].upper()
            return b32decode(text + "=" * (-len(text) % 8))
        return {key: _linked(each) for key, each in value.items()}
    return [_linked(each) for each in value] if isinstance(value, list) else value
