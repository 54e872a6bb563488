"""What the page of the accounts asks for and passes on; joined to the rest in `app`.

A password or a code passes through and is kept by nobody here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from postguard.web.facts import Line, Told


@dataclass(frozen=True, slots=True)
class Offer:
    """A change of an account's own settings that would mend a finding.

    Attributes:
        key: names it among those of its finding.
        says: what changes, in words.
        values: the setting's place, with what stands there and what would.
    """

    key: str
    says: tuple[str, ...]
    values: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Offered:
    """What would mend a finding. `address`: of the server's page, where it has to be allowed
    first; empty: it may be done as it is."""

    account: str
    finding: str
    offers: tuple[Offer, ...]
    address: str = ""


class Access(Protocol):
    """Logins and settings of accounts. Raises PostguardError where something cannot be done."""

    def ask(self, account: str) -> str:
        """Return the address of the server's page on which the artist allows the posting."""
        ...

    def log_in(self, account: str, secret: str) -> Told:
        """Keep an app password, or what is got for the code of such a page."""
        ...

    def audit(self, account: str) -> Told: ...

    def offer(self, account: str, finding: str) -> Offered:
        """Look at the account anew and return what would mend what was found."""
        ...

    def fix(self, account: str, finding: str, key: str, code: str) -> Told:
        """Do what was offered; `code`: of the server's page, where there was one."""
        ...
