"""Drops pictures into the outbox with their words, as an artist would by hand."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from postguard import settings as config
from postguard.app.room import shortage
from postguard.errors import BadPicture, BadWords, Unusable
from postguard.intake import sidecar
from postguard.intake.names import is_picture, walk
from postguard.language import _
from postguard.system import files

_FILE = "words"  # where intake would find the fault, and the artist has no such file
_FAULT = re.compile(rf"{_FILE}(?::[0-9]+)?: ([a-z_]+): (.+)")
_OPTIONS = {"tags": "--tag", "labels": "--label"}  # the others are named as their fields are
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')


def drop(
    path: Path | None, pictures: tuple[Path, ...], words: Mapping[str, Any], now: datetime
) -> str:
    """Copy pictures and words into the outbox so that the post appears whole; return its name.

    One picture comes with a sidecar, written first; several come as a folder, moved in at once.

    Raises:
        Unusable: something of that name lies there already, its time is over, or there are more
            alt texts than pictures.
        BadWords: the words name an account, a recipe or a time that cannot be meant.
    """
    settings = config.load(path or config.default_path())
    _refuse_impossible(pictures, words, settings, now)
    outbox = settings.outbox.expanduser()
    outbox.mkdir(parents=True, exist_ok=True)
    if len(pictures) == 1:
        return _drop_one(outbox, pictures[0], words)
    return _drop_set(outbox, pictures, words)


def without_alt(path: Path | None, pictures: tuple[Path, ...], words: Mapping[str, Any]) -> str:
    """Return what becomes of pictures that say nothing to people who cannot see them, in words;
    empty: each has an alt text, given here or in its own file."""
    settings = config.load(path or config.default_path())
    given = words.get("alt", ())
    bare = [
        picture.name
        for number, picture in enumerate(pictures)
        if not (number < len(given) and given[number].strip())
        and not _says_itself(picture, settings.intake.max_megapixels)
    ]
    if not bare:
        return ""
    then = (
        _(
            "No alt text for {names}: the post will be held until you write one, for people who "
            'cannot see the picture. postguard edit NUMBER --alt "…" does it; `postguard list` '
            "tells the number"
        )
        if settings.intake.require_alt
        else _("No alt text for {names}: it goes out without one, as your config allows")
    )
    return then.format(names=", ".join(bare))


def no_room(path: Path | None) -> str:
    """Return what becomes of a drop where the disk is all but full; empty: it is not."""
    settings = config.load(path or config.default_path())
    return shortage([settings.outbox.expanduser()], settings.disk.floor_mb)


def waiting(path: Path | None) -> int:
    """Return how many pictures lie in the outbox and were not taken yet."""
    settings = config.load(path or config.default_path())
    return sum(is_picture(found.name) for found in walk(settings.outbox.expanduser()))


def _says_itself(picture: Path, max_megapixels: float) -> bool:
    """Return whether a picture's own file describes it. One that cannot be read is no matter of
    alt texts, and intake says so."""
    from postguard import imaging  # numpy and Pillow, which a post with its alt text does not need

    try:
        seen = imaging.inspect(picture, max_megapixels)
    except BadPicture:
        return True
    return bool(seen.alt or seen.description)


def _refuse_painters_file(picture: Path, max_megapixels: float) -> None:
    """A file whose name is no picture's may be one all the same. Raises BadPicture: it is not."""
    if not is_picture(picture.name):
        from postguard import imaging

        try:
            imaging.inspect(picture, max_megapixels)
        except BadPicture as exc:
            raise BadPicture(f"{picture.name}: {exc}") from exc


def _refuse_impossible(
    pictures: tuple[Path, ...], words: Mapping[str, Any], settings: config.Settings, now: datetime
) -> None:
    """Say at once what intake would hold the post for."""
    if len(words.get("alt", ())) > len(pictures):
        raise Unusable(
            _("there are more alt texts than pictures ({count})").format(count=len(pictures))
        )
    for picture in pictures:
        _refuse_painters_file(picture, settings.intake.max_megapixels)
    names = _names(pictures)  # of two pictures from two folders they may be the same
    text, accounts = sidecar_text(words, names), tuple(settings.accounts)
    try:
        said = sidecar.parse(text, _FILE, accounts, settings.timezone)
    except BadWords as exc:
        raise BadWords(_as_given(str(exc), words)) from exc
    if said.top.recipe is not None and said.top.recipe not in settings.recipes:
        known = ", ".join(settings.recipes) or _("none")
        raise Unusable(
            _("there is no recipe {recipe}; known: {known}").format(
                recipe=said.top.recipe, known=known
            )
        )
    at = said.top.asked
    if at not in {None, "now", "slot"} and datetime.fromisoformat(at) <= now:
        raise Unusable(
            _('{at} is over already; say another time, or "now"').format(at=words["at"])
        )


def _as_given(fault: str, words: Mapping[str, Any]) -> str:
    """Return what is wrong with a sidecar in the words of the command that it was made of."""
    return "\n".join(_option(each, words) for each in fault.splitlines())


def _option(fault: str, words: Mapping[str, Any]) -> str:
    if (found := _FAULT.fullmatch(fault)) is None:
        return fault
    key, problem = found.groups()
    value = words.get(key, "")
    said = value if isinstance(value, str) else ", ".join(value)
    return f'{_OPTIONS.get(key, "--" + key.replace("_", "-"))} "{said}": {problem}'


def _drop_one(outbox: Path, picture: Path, words: Mapping[str, Any]) -> str:
    target, beside = outbox / picture.name, outbox / f"{picture.name}.toml"
    _refuse(target)
    if words:
        _refuse(beside)
        files.write_whole(beside, sidecar_text(words, (picture.name,)).encode(), mode=0o644)
    try:
        _copy(picture, target)
    except BaseException:
        if words:  # words without their picture would be in the way of the next try
            beside.unlink(missing_ok=True)
        raise
    return picture.name


def _drop_set(outbox: Path, pictures: tuple[Path, ...], words: Mapping[str, Any]) -> str:
    name = _NOT_IN_NAMES.sub("-", pictures[0].stem)
    _refuse(outbox / name)
    # Hidden folders are not watched, so the set is seen only when it is whole.
    with tempfile.TemporaryDirectory(dir=outbox, prefix=".add-") as folder:
        whole = Path(folder) / name
        whole.mkdir()
        names = _names(pictures)
        for picture, new in zip(pictures, names, strict=True):
            shutil.copyfile(picture, whole / new)
        (whole / "post.toml").write_text(sidecar_text(words, names), encoding="utf-8")
        files.move(whole, outbox / name)
    return f"{name}/"


def _names(pictures: tuple[Path, ...]) -> tuple[str, ...]:
    """Return what a set's pictures are called: in their order, and each its own."""
    return tuple(f"{i:02d}-{p.name}" for i, p in enumerate(pictures, start=1))


def sidecar_text(words: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """Return the words as a sidecar: TOML whose strings are JSON strings, which TOML takes."""
    fields = {k: list(v) if isinstance(v, tuple) else v for k, v in words.items() if k != "alt"}
    lines = [f"{key} = {_toml(value)}" for key, value in fields.items()]
    alts = words.get("alt", ())
    if len(alts) == 1 and len(names) == 1:
        lines.append(f"alt = {_toml(alts[0])}")
    elif alts:
        lines.append("[alt]")
        lines += [f"{_toml(n)} = {_toml(a)}" for n, a in zip(names, alts, strict=False)]
    return "\n".join([*lines, ""])


def _toml(value: Any) -> str:  # noqa: ANN401  # str, bool or list of str
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("\x7f", "\\u007f")  # JSON allows it bare, TOML does not


def _refuse(path: Path) -> None:
    if path.exists():
        raise Unusable(
            _("{path} is there already; wait until it was taken, or rename yours").format(
                path=path
            )
        )


def _copy(source: Path, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".add-") as folder:
        copy = Path(folder) / target.name
        shutil.copyfile(source, copy)
        files.move(copy, target)
