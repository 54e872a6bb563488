"""A held post as its folder lies there now: what is read of it once it is released."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePath

from postguard.errors import BadWords
from postguard.intake import moving, names, words
from postguard.intake.deciding import hash_of, targets_of
from postguard.intake.grouping import Bundle, listed
from postguard.model import Edit, Inspection, Post
from postguard.settings import Settings
from postguard.system import folders


def bundle_of(outbox: Path, post: Post) -> Bundle:
    """Return the files of a post's folder."""
    folder = folders.folder_of(outbox, post)
    paths = [p.relative_to(folder) for p in names.walk(outbox, folder)]
    theirs = {a.name for a in post.artworks}
    paths = [p for p in paths if p.parts[0] != folders.RENDITIONS or str(p) in theirs]
    bundle = _with_its_words(listed(post.name, _exported(paths, post)), post)
    if len(bundle.files) == 1:  # its words may be called as it is
        bundle = replace(bundle, is_set=moving.is_set(post))
    return bundle


def _exported(paths: list[Path], post: Post) -> list[PurePath]:
    """Leave out the painter's own files of which a picture lies beside them by now, as the artist
    was told to export them: of the same name, or the only one of the only picture."""
    pictures = [p for p in paths if names.is_picture(p.name)]
    stems = {names.stem(p.name) for p in pictures}
    instead = len(pictures) == len(post.artworks) == 1
    mine = {a.name for a in post.artworks}
    return [
        p
        for p in paths
        if names.is_picture(p.name)
        or names.has_words(p.name)
        or not (names.stem(p.name) in stems or (instead and p.name in mine))
    ]


def _with_its_words(bundle: Bundle, post: Post) -> Bundle:
    """What held its words when it was taken holds them still, whatever its picture is called."""
    known = {name for _source, name in post.sidecars}
    words = tuple(p for p in bundle.files if str(p) in known and names.has_words(p.name))
    files = tuple(p for p in bundle.files if p not in words)
    return replace(bundle, files=files, words=(*bundle.words, *words))


def without_alt(outbox: Path, post: Post, settings: Settings) -> list[int]:
    """Return which pictures, counted from 1, a release would hold the post for once more: nothing
    says what can be seen in them. A file that is new or changed may say it itself."""
    folder, bundle = folders.folder_of(outbox, post), bundle_of(outbox, post)
    same = [str(path) for path in bundle.files] == [a.name for a in post.artworks]
    if not settings.intake.require_alt or not same:
        return []
    try:
        silent = _silent(folder, bundle, post, settings)
    except BadWords:  # what is wrong with them is told when they are read
        return []
    told = enumerate(zip(bundle.files, post.artworks, strict=True), start=1)
    return [n for n, (path, a) in told if n in silent and hash_of(folder / path) == a.sha256]


def _silent(folder: Path, bundle: Bundle, post: Post, settings: Settings) -> set[int]:
    """Return the pictures without an alt text on some account. Raises BadWords."""
    paths = [folder / path for path in bundle.words]
    dropped = words.read(paths, settings.accounts, settings.timezone)
    inside = [Inspection(a.sha256, "", a.width, a.height, alt=a.alt) for a in post.artworks]
    found = set[int]()
    for account in targets_of(dropped, settings)[0]:
        said = words.resolve(
            *(dropped, account, settings.accounts[account], settings.artist.lang),
            *([str(path) for path in bundle.files], inside),
            edit=post.edits.get(account, Edit()),
        )
        told = enumerate(zip(post.artworks, said.alts, strict=True), start=1)
        found |= {number for number, (a, alt) in told if a.width and not alt.strip()}
    return found
