from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from postguard.errors import Refused, Retryable
from postguard.networks.picture import bytes_of
from tests.making import rendition


def test_the_bytes_that_the_recipe_made_are_sent(tmp_path: Path) -> None:
    path = tmp_path / "1-bluesky.jpg"
    path.write_bytes(b"protected")
    made = replace(rendition(path), sha256=hashlib.sha256(b"protected").hexdigest())
    assert bytes_of(made) == b"protected"


def test_a_file_put_in_the_place_of_a_protected_one_is_not_sent(tmp_path: Path) -> None:
    path = tmp_path / "1-bluesky.jpg"
    path.write_bytes(b"the original")
    with pytest.raises(Refused, match="was changed after it was protected"):
        bytes_of(rendition(path))


def test_a_file_that_cannot_be_read_now_is_read_later(tmp_path: Path) -> None:
    with pytest.raises(Retryable):
        bytes_of(rendition(tmp_path / "away.jpg"))
