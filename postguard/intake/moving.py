"""Moves a post's files out of the outbox, after its row exists; after any crash it can be done
again, and then does only what is left to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePath

from postguard.intake import names
from postguard.intake.grouping import listed
from postguard.language import _
from postguard.model import Artwork, Place, Post, PostState
from postguard.system import files

Unchanged = Callable[[Path, Artwork], bool]


def bring(outbox: Path, post: Post, unchanged: Unchanged) -> tuple[Place, str]:
    """Move every file of the post that is still where it was dropped.

    Args:
        unchanged: whether the file at a path is still that artwork.

    Returns:
        Where the post's folder lies now, and what is wrong with it (empty: nothing).

    Raises:
        OSError: a folder or file could not be moved; calling again goes on from there.
    """
    place = _place(outbox, post)
    folder = outbox / place / post.folder
    _make(folder.parent)
    if is_set(post):
        problem = _bring_set(outbox, post, folder, unchanged)
    else:
        problem = _bring_files(outbox, post, folder, unchanged)
    return place, problem


def is_set(post: Post) -> bool:
    """Return whether the post was dropped as a folder."""
    return any(len(PurePath(a.source).parts) > 1 for a in post.artworks)


def tops(post: Post) -> set[str]:
    """Return the names at the top of the outbox that a post's files were found under."""
    found = [*(a.source for a in post.artworks), *(source for source, _ in post.sidecars)]
    return {PurePath(source).parts[0] for source in found}


def _place(outbox: Path, post: Post) -> Place:
    """Return the folder that the move was begun to, else the one that the state wants."""
    for place in (Place.QUEUED, Place.HELD):
        if (outbox / place / post.folder).exists():
            return place
    return Place.QUEUED if post.state is PostState.TAKING else Place.HELD


def _bring_set(outbox: Path, post: Post, folder: Path, unchanged: Unchanged) -> str:
    source = outbox / PurePath(post.artworks[0].source).parts[0]
    if not folder.exists():
        changed = [a.name for a in post.artworks if not unchanged(source / a.name, a)]
        if changed:
            _make(folder)
            return _vanished(changed)
        files.move(source, folder)
    missing = [a.name for a in post.artworks if not (folder / a.name).exists()]
    return _vanished(missing) if missing else _added(post, folder)


def _added(post: Post, folder: Path) -> str:
    """A file that came into the folder after it was looked through must not lie there unseen."""
    known = {a.name for a in post.artworks} | {name for _, name in post.sidecars}
    there = [p.relative_to(folder) for p in names.walk(folder.parent.parent, folder)]
    bundle = listed(post.name, list(there))
    added = [str(p) for p in (*bundle.files, *bundle.words) if str(p) not in known]
    if not added or post.state is not PostState.TAKING:
        return ""
    return _(
        "{added} came into the folder while it was being taken; `postguard release N` takes the "
        "set as it lies there now"
    ).format(added=", ".join(added))


def _bring_files(outbox: Path, post: Post, folder: Path, unchanged: Unchanged) -> str:
    _make(folder)
    missing = []
    for artwork in post.artworks:
        target, source = folder / artwork.name, outbox / artwork.source
        if target.exists():
            continue
        if unchanged(source, artwork):
            files.move(source, target)
        else:
            missing.append(artwork.name)
    if missing:
        return _vanished(missing)
    for source_name, name in post.sidecars:
        if (outbox / source_name).exists() and not (folder / name).exists():
            files.move(outbox / source_name, folder / name)
    return ""


def _vanished(missing: list[str]) -> str:
    return _(
        "{missing} vanished or was changed while it was being taken; if it is in the outbox it "
        "is taken anew, else drop it again"
    ).format(missing=", ".join(missing))


def _make(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir()
        files.sync_dir(folder.parent)
