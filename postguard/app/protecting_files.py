"""The pipeline alone: one file in, one protected file out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from postguard.app.installation import Installation
from postguard.errors import BadPicture, Unusable
from postguard.model import ArtworkOrder, Limits, Progress, ProtectOrder, Rendition
from postguard.protect.workshop import InProcessWorkshop
from postguard.system import files
from postguard.worker import engine

_ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}
# Without an account there is no server to fit: only what any viewer takes.
_NO_LIMITS = Limits(fit="file", text=0, alt=0, images=1, image_bytes=50_000_000)


def protect_file(
    installation: Installation,
    file: Path,
    out: Path,
    recipe: str,
    account: str,
    alt: str,
    on_progress: Callable[[Progress], None],
) -> tuple[Path, Rendition]:
    """Protect `file`; return what was written and its record. Raises Held or Unusable."""
    sha256 = files.sha256_of(file)
    if not out.parent.is_dir():
        raise Unusable(f"{out.parent} is not there; make it first, or name another folder")
    limits = installation.accounts.limits(account) if account else _NO_LIMITS
    with tempfile.TemporaryDirectory() as folder:
        order = ProtectOrder(
            artworks=(ArtworkOrder(0, file.resolve(), sha256, alt, installation.seed_of(sha256)),),
            recipe_name=recipe,
            recipe=installation.steps(recipe),
            limits=(limits,),
            into=Path(folder),
            artist=installation.artist(installation.clock.now()),
            max_megapixels=installation.settings.intake.max_megapixels,
            models_dir=installation.models_dir,
        )
        workshop = InProcessWorkshop(installation.clock, engine=engine)
        try:
            rendition = workshop.protect(order, on_progress)[0]
        except BadPicture as exc:
            raise BadPicture(f"{file}: {exc}") from exc
        written = _target(file, out, out.with_suffix(_ENDINGS[rendition.mime]))
        files.write_whole(written, rendition.path.read_bytes(), mode=0o644)
    return written, rendition


def _target(file: Path, out: Path, written: Path) -> Path:
    """Return where to write; never over the original, nor over a file that was not named.

    The ending follows what was made, so the name may be another than the artist gave.
    """
    if not written.exists():
        return written
    if written.samefile(file):
        raise Unusable(f"{written} is the original itself; name another file")
    if written != out:
        raise Unusable(f"the result is {written.name}, and {written} is there already")
    return written
