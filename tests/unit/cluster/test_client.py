"""What the client's process answers, without any machine."""

from __future__ import annotations

import asyncio
import errno
import io
import json
from pathlib import Path
from typing import Any

from postguard.cloak.job import Measurement
from postguard.cluster.__main__ import _answer
from postguard.cluster.talk import Order


class Broken:
    """A crew whose work cannot be put in its place here."""

    def __init__(self, number: int) -> None:
        self._number = number

    async def do(self, _parcel: object, _tell: object) -> Any:
        """Fail as reading and writing do."""
        raise OSError(self._number, "as the system says it")


def answer(tmp_path: Path, number: int) -> Any:
    """What is answered where a file gives this error."""
    picture = tmp_path / "a.png"
    picture.write_bytes(b"a picture")
    crew: Any = Broken(number)
    asked = Measurement(before=picture, after=picture, targets=tmp_path, models=tmp_path)
    said = io.BytesIO()
    asyncio.run(_answer(Order(1, measure=asked), crew, said))
    taken, last = map(json.loads, said.getvalue().splitlines())
    assert (taken["kind"], last["kind"]) == ("taken", "failed")
    return last


def test_a_full_disk_here_costs_a_retry_and_not_a_post(tmp_path: Path) -> None:
    said = answer(tmp_path, errno.ENOSPC)
    assert (said["why"], said["failure"]["kind"]) == ("absent", "Retryable")
    assert "disk is full" in said["reason"]


def test_a_file_that_went_away_fails_alone(tmp_path: Path) -> None:
    said = answer(tmp_path, errno.ENOENT)
    assert (said["why"], said["failure"]["kind"]) == (None, "BadPicture")
