"""Decides which settled files are one post, and when it is complete. No I/O and no clock.

A picture at the top of the outbox is one post, with the files of its name that hold words. A
folder is a set. Either is called by its key: the picture's name, or the folder's with a `/`.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePath

from postguard.intake import names
from postguard.intake.settling import Look
from postguard.language import _
from postguard.system import folders


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files of one post-to-be; paths relative to the outbox (or to the post's folder).

    Attributes:
        name: what was dropped, as the artist knows it.
        files: the pictures, or what should be, in natural order of their names.
        words: the files with words.
        problems: why it cannot be taken as it is, in words.
        is_set: its files lie in a folder of their own.
    """

    name: str
    files: tuple[PurePath, ...]
    words: tuple[PurePath, ...] = ()
    problems: tuple[str, ...] = ()
    is_set: bool = False


@dataclass(slots=True)
class _Set:
    """What is known of a folder: its settled files, and when one last came or changed."""

    looks: dict[PurePath, Look] = field(default_factory=dict)
    last_news: datetime | None = None


class Grouping:
    """Gathers settled files into complete posts; each change costs the same however many wait.

    Args:
        eager: keys that need not wait for words: they are held whatever these say.
    """

    def __init__(self, eager: Container[str] = ()) -> None:
        self._eager = eager
        self._looks: dict[str, Look] = {}  # settled files at the top
        self._since: dict[str, datetime] = {}  # when a picture settled
        self._words: dict[str, set[str]] = defaultdict(set)  # what they belong to -> sidecars
        self._by_stem: dict[str, set[str]] = defaultdict(set)  # stem -> pictures, unsettled too
        self._sets: dict[str, _Set] = {}
        self._open: dict[str, set[PurePath]] = defaultdict(set)  # key -> files not settled yet
        self._touched: dict[str, None] = {}
        self._complete: dict[str, None] = {}
        self._due: list[tuple[datetime, str]] = []

    def nominated(self, path: PurePath) -> None:
        """A file may be changing; what it belongs to is not complete until it has settled."""
        if len(path.parts) == 1:
            self._know(path.name)
        self._open[key_of(path)].add(path)
        self._touch(path)

    def settled(self, path: PurePath, look: Look, now: datetime) -> None:
        """A file is finished."""
        self._close(path)
        if len(path.parts) > 1:
            self._settled_in_set(path, look, now)
        else:
            self._know(path.name)
            if self._looks.get(path.name) != look:
                self._since[path.name] = now
            self._since[path.name] = min(now, self._since[path.name])
            self._looks[path.name] = look
        self._touch(path)

    def gone(self, path: PurePath) -> None:
        """A file is not there any more."""
        self._close(path)
        self._touch(path)
        if len(path.parts) > 1:
            self._gone_from_set(path)
        else:
            self._forget(path.name)

    def complete(self, now: datetime, wait: timedelta, limit: int) -> list[str]:
        """Return the keys of at most `limit` complete posts, in the order they became it.

        Each stays complete until `taken`, `touch` or a change.
        """
        for key in self._pending(now):
            due = self._when(key, wait)
            if due is not None and due <= now:
                self._complete[key] = None
            else:
                self._complete.pop(key, None)
                if due is not None:
                    heapq.heappush(self._due, (due, key))
        return [key for key, _ in zip(self._complete, range(limit), strict=False)]

    def next_look(self, now: datetime) -> datetime | None:
        """Return when a post may be complete without any news; None: none will be."""
        if self._touched or self._complete:
            return now
        return self._due[0][0] if self._due else None

    def restless(self) -> bool:
        """Return whether a post will be complete, or is, without any news."""
        return bool(self._touched or self._complete or self._due)

    def put_back(self, key: str) -> None:
        """Let a complete post queue behind the others again."""
        self.rest(key)
        self._touched[key] = None

    def rest(self, key: str) -> None:
        """Leave a post until something about it changes."""
        self._complete.pop(key, None)

    def taken(self, key: str) -> None:
        """Forget what belongs to a post that was made."""
        self._complete.pop(key, None)
        self._touched.pop(key, None)
        self._open.pop(key, None)
        if key.endswith("/"):
            self._sets.pop(key, None)
            return
        for words in self._words_of(key):
            self._forget(words)
        self._forget(key)

    def single(self, key: str) -> Bundle:
        """Return what one picture and its words are."""
        rivals = [n for n in self._by_stem[names.stem(key)] if names.is_picture(n)]
        words = self._words_of(key)
        problems = []
        if words and len(rivals) > 1:
            told = ", ".join(sorted(rivals, key=names.natural))
            problems.append(
                _(
                    "{told} have the same name, so it is not clear whose words {words} holds; "
                    "call it {key}{suffix} for the words of {key}"
                ).format(told=told, words=words[0], key=key, suffix=PurePath(words[0]).suffix)
            )
        return Bundle(key, (PurePath(key),), tuple(map(PurePath, words)), tuple(problems))

    def look(self, path: PurePath) -> Look | None:
        """Return how a file looked when it settled; None: it has not."""
        if path in self._open.get(key_of(path), ()):
            return None
        if len(path.parts) == 1:
            return self._looks.get(path.name)
        found = self._sets.get(key_of(path))
        return found.looks.get(path) if found else None

    def _pending(self, now: datetime) -> list[str]:
        due = list[str]()
        while self._due and self._due[0][0] <= now:
            due.append(heapq.heappop(self._due)[1])
        touched, self._touched = self._touched, {}
        return list(dict.fromkeys([*due, *sorted(touched, key=names.natural)]))

    def _when(self, key: str, wait: timedelta) -> datetime | None:
        """Return when a post is complete if nothing happens until then; None: not by itself."""
        if self._open.get(key):
            return None
        wait = timedelta(0) if key in self._eager else wait
        if key.endswith("/"):
            found = self._sets.get(key)
            return found.last_news + wait if found and found.last_news else None
        if key not in self._looks:
            return None
        words = self._words_of(key)
        if any(self._open.get(w) for w in words):
            return None
        return self._since[key] + (timedelta(0) if words else wait)

    def _settled_in_set(self, path: PurePath, look: Look, now: datetime) -> None:
        found = self._sets.setdefault(key_of(path), _Set())
        if found.looks.get(path) != look or found.last_news is None:
            found.last_news = now
        found.last_news = min(now, found.last_news)
        found.looks[path] = look

    def _gone_from_set(self, path: PurePath) -> None:
        if (found := self._sets.get(key_of(path))) is None:
            return
        found.looks.pop(path, None)
        if not found.looks:
            del self._sets[key_of(path)]

    def _close(self, path: PurePath) -> None:
        still = self._open[key_of(path)]
        still.discard(path)
        if not still:
            del self._open[key_of(path)]

    def _know(self, name: str) -> None:
        if names.has_words(name):
            self._words[names.stem(name)].add(name)
        else:
            self._by_stem[names.stem(name)].add(name)

    def _forget(self, name: str) -> None:
        self._looks.pop(name, None)
        self._since.pop(name, None)
        index = self._words if names.has_words(name) else self._by_stem
        stem = names.stem(name)
        index[stem].discard(name)
        if not index[stem]:
            del index[stem]

    def _words_of(self, picture: str) -> list[str]:
        """Return `fox.toml` and `fox.png.toml` for `fox.png`.

        Where several files share the stem, only pictures claim what is called by it.
        """
        own = set(self._words.get(names.same(picture), ()))
        stem = names.stem(picture)
        claimants = self._by_stem.get(stem, ())
        if names.is_picture(picture) or not any(names.is_picture(n) for n in claimants):
            own |= self._words.get(stem, set())
        return sorted(own, key=names.natural)

    def _touch(self, path: PurePath) -> None:
        """Look again at every post that this file may belong to."""
        if len(path.parts) > 1 or not names.has_words(path.name):
            self._touched[key_of(path)] = None
            return
        stem = names.stem(path.name)  # fox for fox.toml, fox.png for fox.png.toml
        self._touched.update(dict.fromkeys(self._by_stem.get(stem, ())))
        for name in self._by_stem.get(names.stem(stem), ()):
            if names.same(name) == stem:
                self._touched[name] = None


def listed(name: str, paths: list[PurePath]) -> Bundle:
    """Return the bundle of a folder's files (litter left out), paths relative to the folder.

    Its words stand in `post.toml`, `post.md` or `post.txt`; with a single picture also in files
    of the picture's name.
    """
    stems = {names.stem(p.name) for p in paths if not names.has_words(p.name)}
    notes = {str(p) for p in paths if str(p) in folders.NOTES and names.stem(p.name) not in stems}
    if notes:  # a post's folder, moved back
        paths = [p for p in paths if p.parts[0] not in notes | {folders.RENDITIONS}]
    top = [p for p in paths if len(p.parts) == 1]
    words = [p for p in top if names.has_words(p.name) and names.stem(p.name) == names.SET_WORDS]
    others = [p for p in top if p not in words]
    pictures = [p for p in others if not names.has_words(p.name)]
    if len(pictures) == 1:
        mine = {names.stem(pictures[0].name), names.same(pictures[0].name)}
        words += [p for p in others if names.has_words(p.name) and names.stem(p.name) in mine]
    inside = [p for p in paths if len(p.parts) > 1]
    files = sorted(
        [*(p for p in others if p not in words), *inside], key=lambda p: names.natural(str(p))
    )
    problems = []
    if inside:
        problems.append(
            _(
                "there is a folder inside the set ({parent}); a set is one folder of pictures: "
                "put each set into its own folder at the top of the outbox"
            ).format(parent=inside[0].parent)
        )
    return Bundle(name, tuple(files), tuple(words), tuple(problems), is_set=True)


def key_of(path: PurePath) -> str:
    """Return what the post of this file is called by."""
    return f"{path.parts[0]}/" if len(path.parts) > 1 else path.name
