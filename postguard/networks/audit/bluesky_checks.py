"""Judges what was read of a Bluesky account. Pure: facts and the config's wishes to findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from postguard import language
from postguard.language import _, marked
from postguard.model import Finding, Level, Quotes, Replies, names
from postguard.networks.audit import about_bluesky as about
from postguard.networks.audit.about import (
    NO_PICTURES,
    Asked,
    Check,
    Judged,
    few,
    some,
    unseen,
    wanted,
)
from postguard.networks.audit.bluesky_facts import (
    BRIDGE,
    ArtPost,
    BlueskyFacts,
    Picture,
    forbids_quotes,
)

LOGGED_OUT_LABEL = "!no-unauthenticated"
# The words of the artist, and the record's.
REFUSED: Mapping[str, str] = {
    "training": "training",
    "generation": "syntheticContent",
    "inference": "inference",
}
_EMBEDDING = "embedding"
_OFFICIAL, _OFFICIAL_HOSTS = "bsky.social", ".bsky.network"


def findings(facts: BlueskyFacts, asked: Asked) -> list[Finding]:
    """Return what every check says of an account that is logged in."""
    return [check.finding(facts, asked) for check in CHECKS]


def logged_out(why: str) -> Finding:
    """Return the finding of an account whose server lets nobody in."""
    return CHECKS[0].said(Level.BLOCKING, why)


def _session(facts: BlueskyFacts, asked: Asked) -> Judged:
    session, missing = facts.session, []
    if session.get("emailConfirmed") is False:
        missing.append(_("its mail address is not confirmed"))
    if "emailConfirmed" in session and not session.get("emailAuthFactor"):
        missing.append(_("no code by mail is asked for at the login (two-factor)"))
    if missing:
        return Level.ADVICE, _("the account is active; {missing}").format(
            missing=_("; ").join(missing)
        )
    return Level.OK, _("the account is active")


def _app_password(facts: BlueskyFacts, asked: Asked) -> Judged:
    if facts.login is None:
        return unseen(_("the session does not say what it may do"))
    if facts.login.main:
        return Level.WARNING, _("logged in with your main password: it could change or delete all")
    level = Level.WARNING if facts.login.messages else Level.OK
    return level, _("logged in with {scope}").format(scope=facts.login.scope)


def _passwords(facts: BlueskyFacts, asked: Asked) -> Judged:
    if facts.passwords is None:
        return unseen()
    named = [str(p.get("name")) for p in facts.passwords]
    said = _("app passwords: {named}").format(named=language.listed(named) or _("none"))
    powerful = [str(p.get("name")) for p in facts.passwords if p.get("privileged")]
    if powerful:
        return Level.ADVICE, _("{said}; may read your messages: {powerful}").format(
            said=said, powerful=language.listed(powerful)
        )
    return (Level.ADVICE if len(named) > 1 else Level.OK), said


def labels_of(profile: Mapping[str, Any] | None) -> list[str]:
    """Return the labels that the account has put on itself."""
    values = ((profile or {}).get("labels") or {}).get("values") or ()
    return [str(v.get("val")) for v in values]


def _logged_out(facts: BlueskyFacts, asked: Asked) -> Judged:
    return wanted(
        good=LOGGED_OUT_LABEL in labels_of(facts.profile),
        found={
            True: _("apps are asked to show your posts to people with an account only"),
            False: _("everybody sees your posts without an account, crawlers included"),
        },
        otherwise=Level.WARNING,
    )


def allowed(record: Mapping[str, Any] | None, use: str) -> bool | None:
    """Return what a record of AI preferences says of a use; None: nothing."""
    said = ((record or {}).get("preferences") or {}).get(use) or {}
    value = said.get("allow") if isinstance(said, dict) else None
    return value if isinstance(value, bool) else None


def _ai(facts: BlueskyFacts, asked: Asked) -> Judged:
    uses = {**REFUSED, _EMBEDDING: _EMBEDDING}
    said = {names.of_use(word): allowed(facts.ai, use) for word, use in uses.items()}
    good = all(allowed(facts.ai, use) is False for use in REFUSED.values())
    return (Level.OK if good else Level.WARNING), _answers(said)


def _answers(said: Mapping[str, bool | None]) -> str:
    """Return what is said of each use, by its name."""
    return language.listed(
        _("{use}: {answer}").format(use=use, answer=_answer(allow)) for use, allow in said.items()
    )


def _answer(allow: bool | None) -> str:
    return {True: _("allowed"), False: _("refused"), None: _("not said")}[allow]


def _overrides(facts: BlueskyFacts, asked: Asked) -> Judged:
    open_ones = [v for v in facts.overrides if any(allowed(v, use) for use in _uses(v))]
    if not open_ones:
        return Level.OK, _("no exception allows what you refuse in general")
    whom = [_scope(v) for v in open_ones]
    return Level.WARNING, _("exceptions allow AI use: {whom}").format(whom=language.listed(whom))


def _uses(record: Mapping[str, Any]) -> Iterable[str]:
    preferences = record.get("preferences")
    return preferences if isinstance(preferences, dict) else ()


def _scope(override: Mapping[str, Any]) -> str:
    scope = override.get("scope") or {}
    named = [str(v) for k, v in scope.items() if k != "$type"]
    return " ".join(named) or str(scope.get("$type") or _("one without a scope"))


_INTENTS = {
    "syntheticContentGeneration": marked("generation"),
    "bulkDataset": marked("data sets"),
    "publicAccessArchive": marked("archives"),
    "protocolBridging": marked("bridges"),
}
_HARMFUL = ("syntheticContentGeneration", "bulkDataset")


def _intents(facts: BlueskyFacts, asked: Asked) -> Judged:
    if facts.intents is None:
        return Level.OK, _("nothing is declared; the proposal is not in use yet")
    said = {key: _declared(facts.intents, key) for key in _INTENTS}
    good = all(said[key] is not True for key in _HARMFUL)
    named = {_(word): said[key] for key, word in _INTENTS.items()}
    return (Level.OK if good else Level.ADVICE), _answers(named)


def _declared(intents: Mapping[str, Any], key: str) -> bool | None:
    value = (intents.get(key) or {}).get("allow")
    return value if isinstance(value, bool) else None


def _default_gates(facts: BlueskyFacts, asked: Asked) -> Judged:
    if not facts.preferences_told:
        return unseen()
    gates = facts.gates or {}
    replies = "threadgateAllowRules" in gates
    limited = _("limited") if replies else _("open to everyone")
    if forbids_quotes(gates):
        level = Level.ADVICE if asked.replies is not Replies.EVERYONE and not replies else Level.OK
        return level, _("posts from the app start with quotes off and replies {limited}").format(
            limited=limited
        )
    return Level.ADVICE, _("posts from the app start with quotes on and replies {limited}").format(
        limited=limited
    )


def _recent_gates(facts: BlueskyFacts, asked: Asked) -> Judged:
    if not facts.posts:
        return Level.OK, _(NO_PICTURES)
    quotable = [p for p in facts.posts if p.quotable]
    answerable = [p for p in facts.posts if p.replies_open]
    many, wrong = len(facts.posts), []
    if asked.quotes is not Quotes.EVERYONE and quotable:
        wrong.append(_("{some} can be quoted").format(some=some(len(quotable), many)))
    if asked.replies is not Replies.EVERYONE and answerable:
        wrong.append(
            _("{some} can be answered by everyone").format(some=some(len(answerable), many))
        )
    if wrong:
        return Level.WARNING, _("{wrong}, although the config says otherwise").format(
            wrong=_("; ").join(wrong)
        )
    if quotable:
        said = some(len(quotable), many)
        return Level.ADVICE, _("{said} can be quoted, as the config says").format(said=said)
    return Level.OK, _(
        "none of the {many} newest posts with pictures is open against your wish"
    ).format(many=many)


def _alts(facts: BlueskyFacts, asked: Asked) -> Judged:
    if not facts.posts:
        return Level.OK, _(NO_PICTURES)
    lacking = [p for p in facts.posts if any(not i.alt.strip() for i in p.pictures)]
    said = some(len(lacking), len(facts.posts))
    return wanted(
        good=not lacking,
        found={
            True: _("all of the {count} newest have alt texts").format(count=len(facts.posts)),
            False: _("{said} lack an alt text: {keys}").format(said=said, keys=_keys(lacking)),
        },
        otherwise=Level.ADVICE,
    )


def _pictures(facts: BlueskyFacts, asked: Asked) -> Judged:
    if not facts.posts:
        return Level.OK, _(NO_PICTURES)
    shown = [(p, i) for p in facts.posts for i in p.pictures]
    telling = [(p, i) for p, i in shown if i.private]
    large = [(p, i) for p, i in shown if asked.side is not None and i.side > asked.side]
    foreign = [i for _post, i in shown if not i.ours]
    wrong = []
    if telling:
        told = dict.fromkeys(w for _post, i in telling for w in i.private or ())
        wrong.append(
            _("{count} tell {told} ({keys})").format(
                count=len(telling),
                told=language.listed(map(_, told)),
                keys=_keys(p for p, _image in telling),
            )
        )
    if large:
        where = _keys(p for p, _image in large)
        wrong.append(
            _("{count} are larger than your recipe's {side} pixels ({where})").format(
                count=len(large), side=asked.side, where=where
            )
        )
    if foreign:
        wrong.append(_unprotected(foreign))
    if not wrong:
        return Level.OK, _("all {count} newest pictures were protected by postguard").format(
            count=len(shown)
        )
    level = Level.WARNING if telling or large else Level.ADVICE
    return level, _("of the {count} newest pictures {wrong}").format(
        count=len(shown), wrong=_("; ").join(wrong)
    )


def _unprotected(foreign: Sequence[Picture]) -> str:
    hidden = sum(i.private is None for i in foreign)
    rest = (
        _(", and {hidden} of these could not be looked at").format(hidden=hidden) if hidden else ""
    )
    return _("{count} were not made by postguard{rest}").format(count=len(foreign), rest=rest)


def _pds(facts: BlueskyFacts, asked: Asked) -> Judged:
    size = (
        ""
        if facts.image_bytes is None
        else _(", which takes {image_bytes:,} bytes").format(image_bytes=facts.image_bytes)
    )
    if not facts.home:
        return unseen(_("the account's own document names no server"))
    official = facts.service == _OFFICIAL and facts.home.endswith(_OFFICIAL_HOSTS)
    if facts.home == facts.service or official:
        return Level.OK, _("your account lies on {home}{size}").format(home=facts.home, size=size)
    return Level.WARNING, _("your account lies on {home}, but the config says {service}").format(
        home=facts.home, service=facts.service
    )


def _contact(facts: BlueskyFacts, asked: Asked) -> Judged:
    chat = str((facts.chat or {}).get("allowIncoming") or "following")
    notices = str((facts.notices or {}).get("allowSubscriptions") or "followers")
    found = _("messages from: {chat}; told at once of your posts: {notices}").format(
        chat=names.of_people(chat), notices=names.of_people(notices)
    )
    return (Level.ADVICE if chat == "all" else Level.OK), found


def _bridge(facts: BlueskyFacts, asked: Asked) -> Judged:
    if facts.bridged is None:
        return unseen(_("whether a bridge copies your posts could not be found out"))
    if facts.bridged:
        return Level.ADVICE, _("you follow {bridge}: your art is copied to the fediverse").format(
            bridge=BRIDGE
        )
    return Level.OK, _("no bridge that you follow copies your art to the fediverse")


def _keys(posts: Iterable[ArtPost]) -> str:
    return few(list(dict.fromkeys(p.rkey for p in posts)))


CHECKS: tuple[Check[BlueskyFacts], ...] = (
    Check("bsky.session", about.SESSION, _session),
    Check("bsky.auth.apppw", about.APP_PASSWORD, _app_password),
    Check("bsky.auth.list", about.PASSWORDS, _passwords),
    Check("bsky.loggedout", about.LOGGED_OUT, _logged_out),
    Check("bsky.ai.pref", about.AI, _ai),
    Check("bsky.ai.override", about.OVERRIDES, _overrides),
    Check("bsky.ai.intents", about.INTENTS, _intents),
    Check("bsky.gates.default", about.DEFAULT_GATES, _default_gates),
    Check("bsky.gates.recent", about.RECENT_GATES, _recent_gates),
    Check("bsky.alt.recent", about.ALTS, _alts),
    Check("bsky.blob.exif", about.PICTURES, _pictures),
    Check("bsky.pds", about.PDS, _pds),
    Check("bsky.contact", about.CONTACT, _contact),
    Check("bsky.bridge", about.BRIDGE, _bridge),
)
