"""Changes the settings of a Bluesky account: one value at a time, and only where it still is what
was shown.

A place is `COLLECTION/RKEY#KEY.KEY` for a value in a record, or `preferences#TYPE` for one of the
preferences that the PDS keeps beside the records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from postguard.errors import Refused, Retryable, Unsure
from postguard.language import _
from postguard.model import Change, Finding, Json, names
from postguard.networks.audit.bluesky_checks import LOGGED_OUT_LABEL, REFUSED, allowed, labels_of
from postguard.networks.audit.bluesky_facts import (
    AI,
    CHAT,
    GATES,
    PROFILE,
    BlueskyFacts,
    forbids_quotes,
)
from postguard.networks.audit.written import CHANGED, OTHERWISE, read_back
from postguard.networks.bluesky.record import POSTGATE
from postguard.networks.bluesky.repo import Repo
from postguard.networks.bluesky.session import BlueskySession

_LABELS = "com.atproto.label.defs#selfLabels"
_PREFERENCES = "preferences"
_DISABLED: dict[str, Json] = {"$type": f"{POSTGATE}#disableRule"}
# Keys that say nothing by themselves: a record of these alone is as good as none.
_FRAME = {"$type", "post", "createdAt", "scope"}


def proposals(facts: BlueskyFacts, found: Sequence[Finding], now: datetime) -> list[Change]:
    """Return the changes that would mend these findings, in their order. Pure."""
    makers = {
        "bsky.loggedout": _label,
        "bsky.ai.pref": _refusals,
        "bsky.gates.default": _default_gates,
        "bsky.gates.recent": _post_gates,
        "bsky.contact": _messages,
    }
    fixable = [f.id for f in found if f.can_fix and f.id in makers]
    return [change for name in fixable for change in makers[name](facts, now)]


def _label(facts: BlueskyFacts, now: datetime) -> list[Change]:
    names = [*labels_of(facts.profile), LOGGED_OUT_LABEL]
    values: list[Json] = [{"val": name} for name in names]
    return [
        Change(
            finding="bsky.loggedout",
            says=_("your profile asks apps to hide your posts from people without an account"),
            place=f"{PROFILE}/self#labels",
            before=(facts.profile or {}).get("labels"),
            after={"$type": _LABELS, "values": values},
            fresh=facts.profile is None,
        )
    ]


def _refusals(facts: BlueskyFacts, now: datetime) -> list[Change]:
    said = (facts.ai or {}).get("preferences") or {}
    return [
        Change(
            finding="bsky.ai.pref",
            says=_("you refuse the use of your posts for {word} by AI").format(
                word=names.of_use(word)
            ),
            place=f"{AI}/self#preferences.{use}",
            before=said.get(use),
            after={"allow": False, "updatedAt": _moment(now)},
            fresh=facts.ai is None,
            intent=word,
        )
        for word, use in REFUSED.items()
        if allowed(facts.ai, use) is not False
    ]


def _default_gates(facts: BlueskyFacts, now: datetime) -> list[Change]:
    before = cast(dict[str, Json] | None, facts.gates)
    if before is not None and forbids_quotes(before):
        return []
    after: dict[str, Json] = dict(before or {"$type": GATES})
    rules = cast(list[Json], after.get("postgateEmbeddingRules") or [])
    after["postgateEmbeddingRules"] = [*rules, _DISABLED]
    return [
        Change(
            finding="bsky.gates.default",
            says=_("posts that you write in the app start with quotes off"),
            place=f"{_PREFERENCES}#{GATES}",
            before=cast(Json, before),
            after=after,
            fresh=before is None,
        )
    ]


def _post_gates(facts: BlueskyFacts, now: datetime) -> list[Change]:
    changes = []
    for post in facts.posts:
        if not post.quotable:
            continue
        before = (post.gate or {}).get("embeddingRules")
        changes.append(
            Change(
                finding="bsky.gates.recent",
                says=_("nobody can quote the post {rkey}").format(rkey=post.rkey),
                place=f"{POSTGATE}/{post.rkey}#embeddingRules",
                before=before,
                after=[*(before or []), _DISABLED],
                fresh=post.gate is None,
            )
        )
    return changes


def _messages(facts: BlueskyFacts, now: datetime) -> list[Change]:
    return [
        Change(
            finding="bsky.contact",
            says=_("only people whom you follow can write you messages"),
            place=f"{CHAT}/self#allowIncoming",
            before=(facts.chat or {}).get("allowIncoming"),
            after="following",
            fresh=facts.chat is None,
        )
    ]


@dataclass(frozen=True, slots=True)
class BlueskySettings:
    """The settings of one account that can be written."""

    session: BlueskySession

    def make(self, change: Change, now: datetime) -> None:
        """Write a change and read it back.

        Raises:
            Refused: the setting is no longer what it was, or is not what was written.
            Retryable, LoggedOut: nothing was written.
            Unsure: it was written, or may have been, and cannot be read back now.
        """
        if change.place.startswith(f"{_PREFERENCES}#"):
            self._prefer(change)
        else:
            self._edit(change, now)

    def _edit(self, change: Change, now: datetime) -> None:
        name, _sign, path = change.place.partition("#")
        collection, rkey = name.split("/")
        did = self.session.did
        stands = Repo(self.session).record(did, collection, rkey)
        value = dict(stands["value"]) if stands else _frame(collection, did, rkey, now)
        if _at(value, path) != change.before:
            raise Refused(_(CHANGED))
        made = _with(value, path, change.after)
        empty = change.fresh and change.after is None and _says_nothing(made)
        call: dict[str, Json] = {"repo": did, "collection": collection, "rkey": rkey}
        call["swapRecord"] = str(stands["cid"]) if stands else None
        if empty:
            self._write("com.atproto.repo.deleteRecord", call)
        else:
            self._write("com.atproto.repo.putRecord", {**call, "record": made})
        with read_back():
            shown = Repo(self.session).record(did, collection, rkey)
        if (shown["value"] if shown else None) != (None if empty else made):
            raise Refused(_(OTHERWISE))

    def _write(self, method: str, call: Mapping[str, Json]) -> None:
        """Write; whether a lost answer meant yes is seen by the reading back."""
        try:
            self.session.write(method, call)
        except Unsure:
            return
        except Retryable as exc:
            if "InvalidSwap" in str(exc.__cause__):
                raise Refused(_(CHANGED)) from exc
            raise

    def _prefer(self, change: Change) -> None:
        """Preferences are written all at once and without a swap: what another app changes
        between the look and the write, a moment later, is overwritten. The reading back sees
        only what comes after."""
        kind = change.place.partition("#")[2]
        stand = self._preferences()
        if next((p for p in stand if p["$type"] == kind), None) != change.before:
            raise Refused(_(CHANGED))
        others = [p for p in stand if p["$type"] != kind]
        made = others if change.after is None else [*others, change.after]
        self._write("app.bsky.actor.putPreferences", {"preferences": cast(Json, made)})
        with read_back():
            shown = self._preferences()
        if any(p not in shown for p in made) or len(shown) != len(made):
            raise Refused(_(OTHERWISE))

    def _preferences(self) -> list[dict[str, Any]]:
        return list(self.session.query("app.bsky.actor.getPreferences").get("preferences") or ())


def _frame(collection: str, did: str, rkey: str, now: datetime) -> dict[str, Any]:
    """Return the new record that a setting is put into."""
    frame: dict[str, Any] = {"$type": collection}
    if collection == POSTGATE:
        frame |= {"post": f"at://{did}/app.bsky.feed.post/{rkey}", "createdAt": _moment(now)}
    if collection == AI:
        frame |= {"scope": {"$type": f"{AI}#globalScope"}}
    return frame


def _says_nothing(made: Mapping[str, Any]) -> bool:
    return not any(value for key, value in made.items() if key not in _FRAME)


def _at(value: Mapping[str, Any], path: str) -> Json:
    here: Any = value
    for key in path.split("."):
        here = here.get(key) if isinstance(here, dict) else None
    return cast(Json, here)


def _with(value: Mapping[str, Any], path: str, new: Json) -> dict[str, Any]:
    """Return a record with one value changed, or taken out; the rest stays as it is."""
    key, _dot, deeper = path.partition(".")
    if deeper:
        inner = value.get(key)
        return {**value, key: _with(inner if isinstance(inner, dict) else {}, deeper, new)}
    rest = {k: v for k, v in value.items() if k != key}
    return rest if new is None else {**rest, key: new}


def _moment(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
