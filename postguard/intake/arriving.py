"""What is known of the files in the outbox: which are at rest, and which of these are a post."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

from postguard.intake import names
from postguard.intake.grouping import Bundle, Grouping, key_of, listed
from postguard.intake.settling import Look, Settling, busy, look
from postguard.language import _
from postguard.settings.schema import IntakeTable

Looks = dict[Path, Look | None]
POLLING_QUIET = timedelta(seconds=10)  # a polled drive may show a growing file only now and then


class Arrivals:
    """Follows each file from its nomination until it is part of a complete post.

    Args:
        note: takes sentences for the artist about files that stay where they are.
        first_start: remember what lies in the outbox now, so that it can be held.
        added: whether the artist asked for the post of this key, which is then not held.

    Attributes:
        old: keys of the posts-to-be that lay there at the first start and are not taken yet.
    """

    def __init__(
        self,
        outbox: Path,
        note: Callable[[str], None],
        *,
        first_start: bool,
        added: Callable[[str], bool],
    ) -> None:
        self.outbox = outbox
        self._note = note
        there = _found(outbox) if first_start else set[str]()
        self.old = {key for key in there if not added(key)}
        self._settling = Settling(timedelta(0))
        self._grouping = Grouping(eager=self.old)
        self._told: set[str] = set()

    def settle(
        self, nominated: Iterable[Path], now: datetime, intake: IntakeTable, *, polling: bool
    ) -> None:
        """Track what was nominated, and sort in what has settled or gone."""
        for path in nominated:
            self._track(path, now)
        self._settling.give_up = intake.give_up
        self._settling.quiet = max(intake.settle, POLLING_QUIET) if polling else intake.settle
        found = self._settling.poll(now, look, busy)
        for path, seen in found.settled.items():
            self._grouping.settled(path.relative_to(self.outbox), seen, now)
        for path in found.vanished:
            self._gone(path)
        for path in found.given_up:
            self._tell(
                _("{name} keeps changing, so it is not taken; is a program stuck?").format(
                    name=path.name
                )
            )

    def complete(self, now: datetime, wait: timedelta, limit: int) -> list[str]:
        """Return the keys of complete posts; see Grouping."""
        return self._grouping.complete(now, wait, limit)

    def bundle(self, key: str, now: datetime) -> Bundle | None:
        """Return the files of a complete post, or None where they are not complete after all.

        A set is listed from the disk: a file whose event was lost must not be left out.
        """
        if not key.endswith("/"):
            return self._grouping.single(key)
        there = [p.relative_to(self.outbox) for p in names.walk(self.outbox, self.outbox / key)]
        unknown = [path for path in there if self._grouping.look(path) is None]
        for path in unknown:
            self._track(self.outbox / path, now)
        bundle = listed(key.rstrip("/"), [path.relative_to(key) for path in there])
        if unknown or not bundle.files:
            self._grouping.rest(key)
            return None
        return bundle

    def looks(self, root: Path, bundle: Bundle) -> Looks:
        """Return how each file of a bundle looked when it settled."""
        paths = [root / path for path in (*bundle.files, *bundle.words)]
        return {path: self._grouping.look(path.relative_to(self.outbox)) for path in paths}

    def changed(self, looks: Looks, now: datetime) -> bool:
        """Return whether a file is no longer as it settled; such a one must settle again."""
        changed = [path for path, seen in looks.items() if seen is None or look(path) != seen]
        for path in changed:
            self._track(path, now)
        return bool(changed)

    def put_back(self, key: str) -> None:
        """Let a complete post queue behind the others again."""
        self._grouping.put_back(key)

    def taken(self, key: str) -> None:
        """Forget the files of a post that was made."""
        self._grouping.taken(key)
        self.old.discard(key)

    def next_look(self, now: datetime) -> datetime | None:
        """Return when something may settle or be complete; None: not without news."""
        looks = [self._settling.next_look(now), self._grouping.next_look(now)]
        return min((when for when in looks if when is not None), default=None)

    def at_rest(self) -> bool:
        """Return whether nothing is about to be complete by itself."""
        return not self._settling.restless() and not self._grouping.restless()

    def _track(self, path: Path, now: datetime) -> None:
        if not path.is_relative_to(self.outbox):
            return
        relative = path.relative_to(self.outbox)
        verdict = names.verdict(relative)
        if verdict is names.Verdict.UNREADABLE:
            shown = str(relative).encode(errors="replace").decode()
            self._tell(
                _("{shown} has a name that is not UTF-8; rename it, then it is taken.").format(
                    shown=shown
                )
            )
        elif verdict is names.Verdict.CONFLICT and len(relative.parts) == 1:
            self._tell(
                _("{relative} is one of two versions of a file; rename the one you mean.").format(
                    relative=relative
                )
            )
        elif verdict is not names.Verdict.IGNORE:
            self._settling.nominate(path, now)
            self._grouping.nominated(relative)

    def _gone(self, path: Path) -> None:
        relative = path.relative_to(self.outbox)
        self._grouping.gone(relative)
        if not (self.outbox / relative.parts[0]).exists():
            self.old.discard(key_of(relative))

    def _tell(self, sentence: str) -> None:
        if sentence not in self._told:
            self._told.add(sentence)
            self._note(sentence)


def _found(outbox: Path) -> set[str]:
    found = (path.relative_to(outbox) for path in names.walk(outbox))
    art = (path for path in found if not names.has_words(path.name))
    return {key_of(path) for path in art if names.verdict(path) is names.Verdict.TAKE}
