"""How a change that the artist asked for went, account by account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from postguard.app.installation import Installation
from postguard.errors import LoggedOut, PostguardError, Unsure
from postguard.language import _
from postguard.model import Delivery


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a change went on one account. `said`: goes behind the account's name."""

    account: str
    done: bool
    said: str


def outcome_of(
    installation: Installation, delivery: Delivery, change: Callable[[], str]
) -> Outcome:
    """Do something on a network; say of what went wrong what it means."""
    account = delivery.account
    try:
        return Outcome(account, done=True, said=change())
    except LoggedOut as exc:
        if not delivery.dry_run:
            installation.accounts.logged_out(account, str(exc))
        return Outcome(account, done=False, said=_("{exc}; then run this again").format(exc=exc))
    except Unsure as exc:
        return Outcome(
            account, done=False, said=_("{exc}; run this again to be sure").format(exc=exc)
        )
    except (PostguardError, OSError) as exc:
        return Outcome(account, done=False, said=str(exc))
