"""An archive that is ended, begun again, changed and filled with rubbish; the real pipeline."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from postguard.app.archive.making import Asked
from postguard.app.archive.running import Count, archive
from postguard.app.installation import Installation
from postguard.errors import Retryable, Unusable
from postguard.model import Progress, ProtectOrder, Rendition
from postguard.protect.workshop import InProcessWorkshop
from postguard.system import files


@dataclass
class Hands:
    """The real pipeline in this process; `lasts`: how many pictures until a power cut."""

    installation: Installation
    lasts: int = 1000
    done: list[str] = field(default_factory=list)

    def protect(
        self, order: ProtectOrder, on_progress: Callable[[Progress], None]
    ) -> tuple[Rendition, ...]:
        """Protect one picture."""
        if len(self.done) >= self.lasts:
            raise Retryable("the power is out")
        assert order.brief  # the report tells little, and nobody reads the rest
        self.done.append(order.artworks[0].path.name)
        return InProcessWorkshop(self.installation.clock).protect(order, on_progress)


@pytest.fixture
def art(tmp_path: Path) -> Path:
    """Three pictures in two folders, and a file that is none."""
    root = tmp_path / "art"
    (root / "猫").mkdir(parents=True)
    for seed, name in enumerate(("a.png", "b.png", "猫/c.png")):
        pixels = np.random.default_rng(seed).integers(0, 255, (96, 128, 3), np.uint8)
        Image.fromarray(pixels).save(root / name)
    (root / "broken.png").write_bytes(b"no picture")
    return root


def go(hands: Hands, source: Path, target: Path) -> Count:
    """One run."""
    return archive(hands.installation, Asked(source, target), hands, lambda _: None)


def bytes_below(folder: Path) -> dict[str, bytes]:
    """Every picture below a folder."""
    found = folder.rglob("*.*")
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in found
        if p.is_file() and ".postguard" not in p.parts and p.name != "report.html"
    }


def test_a_tree_is_mirrored_and_what_is_no_picture_is_told(
    installation: Installation, art: Path, tmp_path: Path
) -> None:
    originals = bytes_below(art)
    count = go(Hands(installation), art, tmp_path / "out")
    assert (count.total, count.made, count.failed, count.known) == (4, 3, 1, 0)
    made = bytes_below(tmp_path / "out")
    assert {Path(n).with_suffix("").as_posix() for n in made} == {"a", "b", "猫/c"}
    assert bytes_below(art) == originals
    assert "broken.png" in (tmp_path / "out" / "report.html").read_text()


def test_a_second_run_does_nothing_twice_and_tries_again_what_failed(
    installation: Installation, art: Path, tmp_path: Path
) -> None:
    go(Hands(installation), art, tmp_path / "out")
    before = bytes_below(tmp_path / "out")
    again = Hands(installation)
    count = go(again, art, tmp_path / "out")
    assert (count.known, count.made, count.failed) == (3, 0, 1)
    assert again.done == ["broken.png"]
    assert bytes_below(tmp_path / "out") == before


def test_a_failure_of_an_original_that_is_gone_is_told_no_more_after_a_whole_run(
    installation: Installation, art: Path, tmp_path: Path
) -> None:
    report = tmp_path / "out" / "report.html"
    (art / "also-broken.png").write_bytes(b"no picture")
    go(Hands(installation), art, tmp_path / "out")
    (art / "broken.png").unlink()
    go(Hands(installation, lasts=0), art, tmp_path / "out")
    assert "broken.png" in report.read_text().replace("also-broken.png", "")
    go(Hands(installation), art, tmp_path / "out")
    told = report.read_text()
    assert "also-broken.png" in told
    assert "broken.png" not in told.replace("also-broken.png", "")


def test_a_run_that_was_cut_short_goes_on_and_ends_as_one_that_was_not(
    installation: Installation, art: Path, tmp_path: Path
) -> None:
    count = go(Hands(installation, lasts=1), art, tmp_path / "out")
    assert count.stopped == "the power is out"
    assert count.made <= 1
    go(Hands(installation), art, tmp_path / "out")
    go(Hands(installation), art, tmp_path / "whole")
    assert bytes_below(tmp_path / "out") == bytes_below(tmp_path / "whole")


def test_a_changed_original_or_a_lost_copy_is_done_again(
    installation: Installation, art: Path, tmp_path: Path
) -> None:
    go(Hands(installation), art, tmp_path / "out")
    (lost,) = (tmp_path / "out").glob("a.*")
    was = lost.read_bytes()
    lost.unlink()
    again = Hands(installation)
    count = go(again, art, tmp_path / "out")
    assert count.made == 1
    assert lost.read_bytes() == was


def test_the_same_picture_twice_is_worked_on_once(
    installation: Installation, art: Path, tmp_path: Path
) -> None:
    hands = Hands(installation)
    go(hands, art, tmp_path / "out")
    shutil.copy(art / "a.png", art / "zz.png")
    go(hands, art, tmp_path / "out")
    assert hands.done.count("zz.png") == 0
    (first,), (second,) = (tmp_path / "out").glob("a.*"), (tmp_path / "out").glob("zz.*")
    assert first.read_bytes() == second.read_bytes()


def test_no_file_is_ever_written_over(
    installation: Installation, art: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for ending in (".jpg", ".png", ".webp"):
        (out / f"a{ending}").write_text("the artist's own")
    count = go(Hands(installation), art, out)
    assert count.failed == 2
    assert all(
        (out / f"a{e}").read_text() == "the artist's own" for e in (".jpg", ".png", ".webp")
    )


def test_the_originals_folder_is_never_written_to(installation: Installation, art: Path) -> None:
    for target in (art, art.parent):
        with pytest.raises(Unusable, match="holds the originals"):
            go(Hands(installation), art, target)


def test_what_is_made_may_lie_inside_of_the_originals_folder(
    installation: Installation, art: Path
) -> None:
    go(Hands(installation), art, art / "protected")
    count = go(Hands(installation), art, art / "protected")
    assert (count.total, count.known) == (4, 3)


class Clock:
    """Stands still at one time."""

    def __init__(self, year: int) -> None:
        self._now = datetime(year, 6, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """Return that time."""
        return self._now

    def wait(self, seconds: float) -> None:
        """Nobody waits."""


def test_a_new_year_is_no_new_recipe(
    installation: Installation, art: Path, tmp_path: Path
) -> None:
    settings = installation.settings
    signed = settings.model_copy(
        update={"artist": settings.artist.model_copy(update={"copyright": "© {year} Hanako"})}
    )
    for year, known in ((2026, 0), (2027, 3)):
        then = replace(installation, settings=signed, clock=Clock(year))
        count = go(Hands(then), art, tmp_path / "out")
        assert (count.known, count.failed) == (known, 1)


def test_what_a_killed_run_was_working_on_does_not_stay_beside_what_was_made(
    installation: Installation, art: Path, tmp_path: Path
) -> None:
    left = tmp_path / "out" / ".postguard" / "work-killed" / "picture"
    left.mkdir(parents=True)
    (left / "cloak-in.png").write_bytes(b"not yet cloaked")
    go(Hands(installation), art, tmp_path / "out")
    assert list((tmp_path / "out" / ".postguard").glob("work-*")) == []


def test_a_picture_that_goes_away_meanwhile_is_told_and_the_others_go_on(
    installation: Installation, art: Path, tmp_path: Path
) -> None:
    class Slow(Hands):
        def protect(
            self, order: ProtectOrder, on_progress: Callable[[Progress], None]
        ) -> tuple[Rendition, ...]:
            (art / "b.png").unlink(missing_ok=True)
            return super().protect(order, on_progress)

    count = go(Slow(installation), art, tmp_path / "out")
    assert (count.made, count.failed) == (2, 2)
    assert "b.png" in (tmp_path / "out" / "report.html").read_text()


def test_an_original_on_a_bad_sector_does_not_stop_the_others(
    installation: Installation, art: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = files.sha256_of

    def read(path: Path) -> str:
        if path.name == "a.png":
            raise OSError(errno.EIO, "Input/output error")
        return whole(path)

    monkeypatch.setattr(files, "sha256_of", read)  # no disk can be told to be bad
    count = go(Hands(installation), art, tmp_path / "out")
    assert (count.made, count.failed, count.stopped) == (2, 2, "")


def test_a_name_of_an_old_disk_is_told_and_the_others_go_on(
    installation: Installation, art: Path, tmp_path: Path
) -> None:
    """A name in Shift_JIS: no row, no JSON and no page can hold it."""
    shutil.copy(art / "a.png", art / os.fsdecode("猫.png".encode("shift_jis")))
    for known in (0, 3):
        count = go(Hands(installation), art, tmp_path / "out")
        assert (count.known, count.made + count.known, count.failed) == (known, 3, 2)
        (said,) = (reason for name, reason in count.examples if name != "broken.png")
        assert "is not UTF-8" in said
        said.encode()  # a terminal takes it
    assert "is not UTF-8" in (tmp_path / "out" / "report.html").read_text()


def test_a_report_of_the_artists_own_is_never_written_over(
    installation: Installation, art: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.html").write_text("the artist's own")
    with pytest.raises(Unusable, match=r"report\.html is there already"):
        go(Hands(installation), art, tmp_path / "out")
    assert (tmp_path / "out" / "report.html").read_text() == "the artist's own"


def draw(path: Path, seed: int) -> None:
    """Another picture under a name."""
    pixels = np.random.default_rng(seed).integers(0, 255, (96, 128, 3), np.uint8)
    Image.fromarray(pixels).save(path)


def test_an_edited_original_is_refused_before_anybody_works_on_it(
    installation: Installation, art: Path, tmp_path: Path
) -> None:
    first, out = (art / "a.png").read_bytes(), tmp_path / "out"
    go(Hands(installation), art, out)
    before = bytes_below(out)
    draw(art / "a.png", 99)
    for _run in range(2):  # what the first refusal leaves in the ledger does not change that
        again = Hands(installation)
        count = go(again, art, out)
        assert (count.known, count.failed) == (2, 2)
        assert again.done == ["broken.png"]
        ((name, reason),) = [e for e in count.examples if e[0] != "broken.png"]
        assert name == "a.png"
        assert "made of an earlier version" in reason
    assert bytes_below(out) == before
    (art / "a.png").write_bytes(first)
    back = go(Hands(installation), art, out)
    assert (back.known, back.made) == (2, 1)  # found again by its content
    assert bytes_below(out) == before
    (lost,) = out.glob("a.*")
    lost.unlink()
    draw(art / "a.png", 99)
    assert go(Hands(installation), art, out).made == 1


def test_another_recipe_into_the_same_folder_costs_no_work_and_forgets_nothing(
    installation: Installation, art: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    go(Hands(installation), art, out)
    renamed = installation.settings.model_copy(
        update={"artist": installation.settings.artist.model_copy(update={"name": "太郎"})}
    )
    other = Hands(replace(installation, settings=renamed))
    assert go(other, art, out).failed == 4
    assert other.done == ["broken.png"]
    assert go(Hands(installation), art, out).known == 3
