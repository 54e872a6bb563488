"""Everything that can go wrong, by what it means for the artist's picture.

PostguardError
├── ConfigError        the config cannot be used; names file and line
├── Unusable           a command cannot be done as asked (unknown post, second daemon)
│   └── BadFields      what stands in some fields of a form cannot be used
├── Held               the post waits in held/ until the artist acts; the file is still there
│   ├── BadPicture     not a picture that postguard can open whole
│   ├── BadWords       text, alt text, accounts or audience that cannot be posted as asked
│   ├── StepFailed     a protection step could not do its work (fail closed)
│   └── Refused        the network will not take this post as it is
├── Retryable          nothing was posted; try again later by itself
│   └── Waiting            another machine must be on for it; what is behind it goes on
│       └── Unfinished         one was, and began it in vain
├── Unsure             the outcome of a write is unknown: ask the network before sending again
└── LoggedOut          the account's credentials are no longer accepted; its posts wait

Every message is a sentence for the artist: what happened, what it means, what to do next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta
    from pathlib import Path


class PostguardError(Exception):
    """Base of all errors whose message may be shown to the artist as it is."""


class ConfigError(PostguardError):
    """The config cannot be used.

    Args:
        problem: one line per fault, already in words, never with the value of a secret.
        path: the config file, if there is one.
        line: 1-based line of the first fault, if known.
    """

    def __init__(self, problem: str, path: Path | None = None, line: int | None = None) -> None:
        where = "" if path is None else f"{path}:{line}: " if line else f"{path}: "
        super().__init__(f"{where}{problem}")
        self.path = path
        self.line = line


class NeedsRestart(ConfigError):
    """The config is right, but what was changed in it only counts from the next start on."""


class Unusable(PostguardError):
    """A command cannot be done as asked; nothing was changed."""


class BadFields(Unusable):
    """What stands in some fields of a form cannot be used; nothing was changed.

    Args:
        wrong: the names of the fields, each with what is wrong; `at` gathers it by field.
    """

    def __init__(self, message: str, wrong: Iterable[tuple[str, str]]) -> None:
        super().__init__(message)
        self.at: dict[str, list[str]] = {}
        for name, said in wrong:
            self.at.setdefault(name, []).append(said)


class Held(PostguardError):
    """The post must wait for the artist; `str(error)` is the reason shown beside it."""


class BadPicture(Held):
    """The file is not a picture that postguard can open whole."""


class BadWords(Held):
    """The words beside the picture cannot be posted as they are."""


class StepFailed(Held):
    """A protection step failed, so nothing leaves the PC.

    Args:
        step: name of the step as the recipe writes it.
        reason: what happened and what to do, in words.
    """

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(f"{step}: {reason}")
        self.step = step
        self.reason = reason


class Refused(Held):
    """The network will not take this post as it is; sending it again changes nothing.

    Args:
        stands: something of the post is there all the same, or may be, so it must never be sent
            anew as if it were not.
    """

    def __init__(self, message: str, *, stands: bool = False) -> None:
        super().__init__(message)
        self.stands = stands


class Retryable(PostguardError):
    """Nothing was posted, and trying again later may work.

    Args:
        after: the shortest wait the network asked for (its Retry-After), if it did.
    """

    def __init__(self, message: str, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.after = after


class Waiting(Retryable):
    """Another machine must be on for it; the artist would rather wait than do without."""


class Unfinished(Waiting):
    """Another machine began it and did not finish it: that may be the picture's own fault, so it
    is not tried there for ever."""


class Unsure(PostguardError):
    """A write was sent and its answer was lost: it may or may not have happened."""


class LoggedOut(PostguardError):
    """The account's credentials are no longer accepted; its deliveries wait for a login."""
