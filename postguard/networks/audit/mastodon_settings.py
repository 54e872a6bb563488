"""Changes the settings of an account on Mastodon: one value at a time, and only where it still is
what was shown.

A place is the name of a parameter of `update_credentials`, as `indexable` or `source.privacy`, or
`profile.NAME` for one that only Mastodon 4.6 has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from postguard.errors import LoggedOut, Refused, Retryable
from postguard.language import _
from postguard.model import Change, Finding, Json, Quotes, Visibility, names
from postguard.networks import fetching
from postguard.networks.audit.about import Asked
from postguard.networks.audit.mastodon_facts import MastodonFacts, MastodonReader, Record
from postguard.networks.audit.written import CHANGED, OTHERWISE, read_back

_PROFILE = "profile."
_DENIED = {401, 403}


def proposals(facts: MastodonFacts, asked: Asked, found: Sequence[Finding]) -> list[Change]:
    """Return the changes that would mend these findings, in their order. Pure."""
    audience = _audience(facts, asked)
    quotes = Quotes.NOBODY if asked.quotes is Quotes.EVERYONE else asked.quotes
    own: Json = [d for d in _domains(facts) if d in asked.domains]
    after: dict[str, tuple[str, Json, str]] = {
        "masto.indexable": ("indexable", False, _("your posts are left out of full-text search")),
        "masto.discoverable": (
            "discoverable",
            False,
            _("your account is not suggested to others"),
        ),
        "masto.hide_collections": (
            "hide_collections",
            True,
            _("followers and follows are hidden"),
        ),
        "masto.locked": ("locked", True, _("you approve each new follower")),
        "masto.privacy": (
            "source.privacy",
            audience,
            _("posts that you write yourself start as {audience}").format(
                audience=names.of_audience(audience)
            ),
        ),
        "masto.quote": (
            "source.quote_policy",
            quotes.value,
            _("who may quote posts that you write yourself: {quotes}").format(
                quotes=names.of_people(quotes)
            ),
        ),
        "masto.show_media": (
            f"{_PROFILE}show_media",
            False,
            _("the page of all pictures is gone"),
        ),
        "masto.attribution": (
            "attribution_domains",
            own,
            _("only your own pages may name you as their author"),
        ),
    }
    fixable = [f.id for f in found if f.can_fix and f.id in after]
    return [_change(name, *after[name], facts) for name in fixable]


def _change(finding: str, place: str, after: Json, says: str, facts: MastodonFacts) -> Change:
    before = _at(facts.account, facts.profile or {}, place)
    return Change(finding, says, place, before, after)


def _audience(facts: MastodonFacts, asked: Asked) -> str:
    """Return the config's audience, or quiet public where both are public already."""
    if asked.visibility is Visibility.DIRECT:  # no default can be that narrow
        return Visibility.PRIVATE.value
    public = Visibility.PUBLIC.value
    both = facts.source.get("privacy") == public == asked.visibility.value
    return Visibility.UNLISTED.value if both else asked.visibility.value


def _domains(facts: MastodonFacts) -> list[str]:
    return [str(d) for d in facts.source.get("attribution_domains") or ()]


@dataclass(frozen=True, slots=True)
class MastodonSettings:
    """The settings of one account that can be written.

    Args:
        wider: returns a token that has the scopes `mastodon.login.SETTINGS`.
    """

    instance: str
    reader: MastodonReader
    wider: Callable[[], str]

    def make(self, change: Change) -> None:
        """Write a change and read it back.

        Raises:
            Refused: the setting is no longer what it was, or is not what was written.
            Retryable, LoggedOut: nothing was written.
            Unsure: it was written, or may have been, and cannot be read back now.
        """
        if self._current(change.place) != change.before:
            raise Refused(_(CHANGED))
        self._write(change)
        with read_back():
            shown = self._current(change.place)
        if shown != change.after:
            raise Refused(_(OTHERWISE))

    def _current(self, place: str) -> Json:
        profile: Record = self.reader.profile() if place.startswith(_PROFILE) else {}
        return _at(self.reader.account(), profile, place)

    def _write(self, change: Change) -> None:
        """Write; whether a lost answer meant yes is seen by the reading back."""
        url, form = self._call(change)
        try:
            page = fetching.fetch(url, method="PATCH", form=form, token=self.wider())
        except Retryable:
            return
        if page.status in _DENIED:
            raise LoggedOut(_("the server did not let postguard change it; nothing was changed"))
        if not page.ok:
            raise Refused(
                _("the server refused the change ({status}); nothing was changed").format(
                    status=page.status
                )
            )

    def _call(self, change: Change) -> tuple[str, list[tuple[str, str]]]:
        place = change.place.removeprefix(_PROFILE)
        api = "/api/v1/accounts/update_credentials"
        if place != change.place:
            api = "/api/v1/profile"
        table, _dot, key = place.rpartition(".")
        name = f"{table}[{key}]" if table else key
        return f"{self.instance}{api}", _form(name, change.after)


def _form(name: str, value: Json) -> list[tuple[str, str]]:
    if isinstance(value, list):
        return [(f"{name}[]", str(v)) for v in value] or [(f"{name}[]", "")]
    return [(name, str(value).lower() if isinstance(value, bool) else str(value))]


def _at(account: Record, profile: Record, place: str) -> Json:
    """Return a setting's value; one that was never set is as good as off."""
    if place.startswith(_PROFILE):
        return cast(Json, profile.get(place.removeprefix(_PROFILE)))
    source = account.get("source") or {}
    if place.startswith("source."):
        return cast(Json, source.get(place.removeprefix("source.")))
    value = source.get(place, account.get(place))
    return False if value is None else cast(Json, value)
