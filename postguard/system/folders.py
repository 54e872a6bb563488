"""A post's folder in the outbox: where it lies, and what postguard itself puts into it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from types import MappingProxyType

from postguard.language import _, in_every_language, marked
from postguard.model import Post, Receipt, names
from postguard.system import files

REASON = "reason.txt"
RECEIPT = "receipt.txt"
RENDITIONS = "renditions"
NOTES = frozenset({REASON, RECEIPT})
_FOR_ALL = 0o644
BY_HAND = marked("held by you")  # the reason
_LOOK_FIRST = "`postguard retry`"  # of which of two posts, only who looked can say
_NUMBER = re.compile(r"(?<=`postguard release )N(?=`)|(?<=`postguard edit )N(?= )")


def folder_of(outbox: Path, post: Post) -> Path:
    """Return where the post's files lie, or are to lie, below the outbox."""
    return outbox / post.place / post.folder


def taken_away(outbox: Path, post: Post) -> bool:
    """Return whether somebody took the post's folder away. It is not gone when all of them are: a
    drive that is not plugged in will come back."""
    folder = folder_of(outbox, post)
    return folder.parent.is_dir() and not folder.exists()


def leave_reason(folder: Path, post: Post) -> None:
    """Write why a post is held beside its files, unless the artist has words in that file."""
    if _is_theirs(post, REASON):
        return
    said = _("Post {post_id} ({name}) is held:").format(post_id=post.id, name=post.name)
    parts = [said, told(post, post.reason), how_to_go_on(post)]
    text = "\n\n".join(filter(None, parts)) + "\n"
    files.write_whole(folder / REASON, text.encode(), mode=_FOR_ALL)


def told(post: Post, reason: str) -> str:
    """Return the reason with the post's number in its advice, and its step by its name."""
    return numbered(post.id, names.told(reason))


def asks_to_retry(post: Post) -> bool:
    """Return whether the reason that holds a post names `retry` as what sends it: a time that has
    passed would hold it again after a release."""
    return f"`postguard retry {post.id}`" in post.reason


def ways_on(post: Post) -> list[str]:
    """Return the commands that let a held post go on, in their order: those that its reasons name,
    and `release` where one of them names none; empty where the artist must look first. Pure."""
    command = re.compile(rf"`(postguard (?:edit|move|release|retry) {post.id}\b[^`]*)`")
    release, named = f"postguard release {post.id}", list[str]()
    for reason in told(post, post.reason).split("\n"):
        if _LOOK_FIRST in reason:
            return []
        named += command.findall(reason) or [release]
    # What lets it go on comes last; `retry` does what `release` does.
    retries = [each for each in named if each.startswith("postguard retry")]
    lets_go = retries or [each for each in named if each == release]
    mends = [each for each in named if each not in {*lets_go, release}]
    return list(dict.fromkeys(mends + lets_go))


def how_to_go_on(post: Post) -> str:
    """Return what lets a held post go on, in words; empty where its reasons say to look. Pure."""
    if not (commands := ways_on(post)):
        return ""
    mended = is_mended_first(post)
    then = _("when that is mended: {command}") if mended else _("to let it go on: {command}")
    return then.format(command=_(", then ").join(commands))


def is_mended_first(post: Post) -> bool:
    """Return whether a held post goes on only when the artist has mended something: none of its
    reasons names what lets it go on, and it was not they who held it. Pure."""
    commands, said = ways_on(post), told(post, post.reason)
    return bool(commands) and commands[-1] not in said and said not in in_every_language(BY_HAND)


def numbered(post_id: int, advice: str) -> str:
    """Return advice with the post's number in its commands: it was not known when it was given."""
    return _NUMBER.sub(str(post_id), advice)


def alt_command(numbers: Sequence[int], pictures: int, post_id: int | None = None) -> str:
    """Return the command that gives these of a post's pictures an alt text; None: N stands for
    the post."""
    which = ("…",) if pictures == 1 else tuple(f"{number}=…" for number in numbers)
    asked = " ".join(f'--alt "{each}"' for each in which)
    return f"postguard edit {post_id or 'N'} {asked}"


def remove_reason(folder: Path, post: Post) -> None:
    """Take that note away again."""
    if not _is_theirs(post, REASON):
        (folder / REASON).unlink(missing_ok=True)


def leave_receipt(
    folder: Path,
    post: Post,
    receipts: Mapping[str, Receipt],
    zone: tzinfo,
    seen: Mapping[str, Sequence[str]] = MappingProxyType({}),
    gone: Collection[str] = (),
) -> None:
    """Write where each account posted, and when: one line for each.

    Args:
        zone: the artist's, that times are told in.
        seen: of each account, what reading its post back has shown; a line for each.
        gone: accounts whose post the artist had deleted again.
    """
    if _is_theirs(post, RECEIPT):
        return
    lines = []
    for name, receipt in sorted(receipts.items()):
        deleted = _(", deleted again") if name in gone else ""
        drawn = _(", drawn as a page, not posted") if receipt.is_page else ""
        lines.append(f"{name}: {receipt.url} ({_at(receipt.at, zone)}){drawn}{deleted}")
        lines += [f"  {said}" for said in seen.get(name, ())]
    files.write_whole(folder / RECEIPT, "\n".join([*lines, ""]).encode(), mode=_FOR_ALL)


def receipt_of(folder: Path, account: str) -> str:
    """Return where an account has posted, as the note beside the files says; empty: nothing."""
    try:
        lines = (folder / RECEIPT).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    said = next((line for line in lines if line.startswith(f"{account}: http")), "")
    return said.removeprefix(f"{account}: ").partition(" ")[0]


def _at(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).isoformat(" ", "seconds")


def _is_theirs(post: Post, name: str) -> bool:
    """A picture called `reason.png` has its words in `reason.txt`."""
    return name in {own for _, own in post.sidecars}
