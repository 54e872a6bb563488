"""Judges what was read of an account on Mastodon. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from postguard import language
from postguard.language import _
from postguard.model import Finding, Level, Quotes, Visibility, names
from postguard.networks import plain_words
from postguard.networks.audit import about_mastodon as about
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
from postguard.networks.audit.mastodon_facts import MastodonFacts
from postguard.networks.audit.pages import CRAWLERS, let_in, speaks_of_ai
from postguard.networks.mastodon.instance import QUOTES_SINCE
from postguard.networks.mastodon.login import NEEDED, POSTING, covers

_WHO = ("profile", "read:accounts")
_WIDEST_FIRST = [v.value for v in Visibility]


def findings(facts: MastodonFacts, asked: Asked) -> list[Finding]:
    """Return what every check says of an account that is logged in."""
    return [check.finding(facts, asked) for check in CHECKS]


def logged_out(why: str) -> Finding:
    """Return the finding of an account whose server lets nobody in."""
    return CHECKS[0].said(Level.BLOCKING, why)


def _token(facts: MastodonFacts, asked: Asked) -> Judged:
    if facts.scopes is None:
        return unseen(_("the server does not say what postguard may do"))
    lacking = [s for s in NEEDED if not covers(facts.scopes, s)]
    if lacking:
        return Level.BLOCKING, _("postguard may not do what posting needs: {lacking}").format(
            lacking=language.listed(lacking)
        )
    # A login of before postguard asked for this still posts.
    if not all(covers(facts.scopes, s) for s in POSTING):
        return Level.WARNING, _("postguard may post, but cannot look up posts that yours answer")
    more = [s for s in facts.scopes if s not in {*POSTING, *_WHO}]
    if more:
        return Level.WARNING, _("postguard may do more than it needs: {few}").format(few=few(more))
    return Level.OK, _("postguard may do what posting needs: {scopes}").format(
        scopes=language.listed(facts.scopes)
    )


def _version(facts: MastodonFacts, asked: Asked) -> Judged:
    named = str(facts.instance.get("version") or "")
    if not named:
        return unseen()
    return wanted(
        good=facts.api >= QUOTES_SINCE,
        found={
            True: _("{named}: it can say who may quote").format(named=named),
            False: _("{named}: it cannot say who may quote").format(named=named),
        },
        otherwise=Level.ADVICE,
    )


def _indexable(facts: MastodonFacts, asked: Asked) -> Judged:
    value = facts.source.get("indexable", facts.account.get("indexable"))
    if value is None:
        return unseen()
    return wanted(
        good=not value,
        found={
            True: _("your posts are left out of full-text search"),
            False: _("everybody may find your public posts by any word in them"),
        },
        otherwise=Level.WARNING,
    )


def _noindex(facts: MastodonFacts, asked: Asked) -> Judged:
    value = facts.account.get("noindex")
    if value is None:
        return unseen()
    return wanted(
        good=bool(value),
        found={
            True: _("search engines are asked to leave your pages out"),
            False: _("search engines may list your pages and pictures"),
        },
        otherwise=Level.WARNING,
    )


def _discoverable(facts: MastodonFacts, asked: Asked) -> Judged:
    value = facts.source.get("discoverable", facts.account.get("discoverable"))
    return wanted(
        good=not value,
        found={
            True: _("your account is not suggested to others"),
            False: _("your account is suggested to others, and listed in directories"),
        },
        otherwise=Level.ADVICE,
    )


def _collections(facts: MastodonFacts, asked: Asked) -> Judged:
    value = facts.source.get("hide_collections", facts.account.get("hide_collections"))
    return wanted(
        good=bool(value),
        found={
            True: _("whom you follow and who follows you is hidden"),
            False: _("everybody sees whom you follow and who follows you"),
        },
        otherwise=Level.ADVICE,
    )


def _locked(facts: MastodonFacts, asked: Asked) -> Judged:
    if facts.account.get("locked"):
        return Level.OK, _("you approve who follows you")
    if asked.visibility is Visibility.PRIVATE:
        return Level.WARNING, _("everybody can follow you, and so see posts for followers")
    return Level.OK, _("everybody can follow you; your config posts nothing for followers alone")


def _privacy(facts: MastodonFacts, asked: Asked) -> Judged:
    value = str(facts.source.get("privacy") or "")
    if value not in _WIDEST_FIRST:
        return unseen()
    if _WIDEST_FIRST.index(value) < _WIDEST_FIRST.index(asked.visibility.value):
        return Level.WARNING, (
            _(
                "posts that you write yourself are {value}, but the config says {visibility}"
            ).format(value=names.of_audience(value), visibility=_audience(asked))
        )
    if value == Visibility.PUBLIC.value:
        return Level.ADVICE, _("posts that you write yourself are public, as the config says")
    return Level.OK, _("posts that you write yourself are {value}").format(
        value=names.of_audience(value)
    )


def _quote(facts: MastodonFacts, asked: Asked) -> Judged:
    value = facts.source.get("quote_policy")
    if value is None:
        if 0 < facts.api < QUOTES_SINCE:
            return Level.OK, _("this server knows no quotes")
        return unseen()
    if value != "public":
        return Level.OK, _("who may quote your posts: {value}").format(
            value=names.of_people(str(value))
        )
    level = Level.ADVICE if asked.quotes is Quotes.EVERYONE else Level.WARNING
    return level, _("everybody may quote posts that you write yourself")


def _sensitive(facts: MastodonFacts, asked: Asked) -> Judged:
    covered = _("covered") if facts.source.get("sensitive") else _("not covered")
    tag = str(facts.source.get("language") or "")
    return Level.OK, _("your pictures start {covered}; language of your posts: {language}").format(
        covered=covered, language=plain_words.language_named(tag) if tag else _("none")
    )


def _media(facts: MastodonFacts, asked: Asked) -> Judged:
    value = (facts.profile or {}).get("show_media")
    if value is None:
        return Level.OK, _("this server has no such setting")
    return wanted(
        good=not value,
        found={
            True: _("your profile has no page of all pictures"),
            False: _("your profile has a page of all your pictures"),
        },
        otherwise=Level.ADVICE,
    )


def _attribution(facts: MastodonFacts, asked: Asked) -> Judged:
    named = [str(d) for d in facts.source.get("attribution_domains") or ()]
    foreign = [d for d in named if d not in asked.domains]
    if foreign:
        return Level.ADVICE, _("may say that you made what they show: {foreign}").format(
            foreign=language.listed(foreign)
        )
    return Level.OK, _("no page that is not yours may say that you made what it shows")


def _robots(facts: MastodonFacts, asked: Asked) -> Judged:
    if facts.robots is None:
        return unseen(_("robots.txt could not be read"))
    inside = let_in(facts.robots, str(facts.account.get("url")))
    if not inside:
        return Level.OK, _("the server turns away all of {count} known AI crawlers").format(
            count=len(CRAWLERS)
        )
    return Level.WARNING, (
        _("the server lets in {count} of {all} known AI crawlers: {inside}").format(
            count=len(inside), all=len(CRAWLERS), inside=language.listed(inside)
        )
    )


def _pages(facts: MastodonFacts, asked: Asked) -> Judged:
    if not facts.pages:
        return unseen(_("your pages could not be read as a visitor"))
    if all("noai" in p.asks for p in facts.pages):
        return Level.OK, _("your pages ask not to be used for AI")
    bare = [p.url for p in facts.pages if not p.asks & {"noindex", "none"}]
    if bare:
        return Level.WARNING, _("nothing is asked of crawlers by {bare}").format(
            bare=language.listed(bare)
        )
    return Level.OK, _("your pages ask not to be indexed")


def _terms(facts: MastodonFacts, asked: Asked) -> Judged:
    said = speaks_of_ai(facts.terms)
    if said:
        return Level.OK, _("the server's terms or rules speak of it: {said}").format(said=said)
    return Level.ADVICE, _("the server's terms and rules say nothing of AI or scraping")


def _autodelete(facts: MastodonFacts, asked: Asked) -> Judged:
    return unseen(_("whether old posts are deleted by themselves cannot be seen from outside"))


def _recent(facts: MastodonFacts, asked: Asked) -> Judged:
    if facts.posts is None:
        return unseen(_("the server does not let postguard read your posts"))
    if not facts.posts:
        return Level.OK, _(NO_PICTURES)
    wider = [p for p in facts.posts if _is_wider(str(p.get("visibility")), asked.visibility)]
    bare = [p for p in facts.posts if any(not (m.get("description") or "") for m in _media_of(p))]
    large = [p for p in facts.posts if _exceeds(p, asked.side)]
    wrong = [
        f"{some(len(found), len(facts.posts))} {what} ({_ids(found)})"
        for found, what in (
            (
                wider,
                _("are seen by more people than {visibility}").format(visibility=_audience(asked)),
            ),
            (bare, _("lack an alt text")),
            (large, _("are larger than your recipe's {side} pixels").format(side=asked.side)),
        )
        if found
    ]
    if not wrong:
        return (
            Level.OK,
            _("the {count} newest posts with pictures are as the config says").format(
                count=len(facts.posts)
            ),
        )
    return (Level.WARNING if wider or large else Level.ADVICE), _("; ").join(wrong)


def _audience(asked: Asked) -> str:
    return names.of_audience(asked.visibility)


def _exceeds(post: Mapping[str, Any], side: int | None) -> bool:
    return side is not None and any(_side(m) > side for m in _media_of(post))


def _is_wider(made: str, asked: Visibility) -> bool:
    known = made in _WIDEST_FIRST
    return known and _WIDEST_FIRST.index(made) < _WIDEST_FIRST.index(asked.value)


def _media_of(post: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return post.get("media_attachments") or ()


def _side(media: Mapping[str, Any]) -> int:
    shape = ((media.get("meta") or {}).get("original")) or {}
    return max(int(shape.get("width") or 0), int(shape.get("height") or 0))


def _ids(posts: Sequence[Mapping[str, Any]]) -> str:
    return few([str(p.get("id")) for p in posts])


CHECKS: tuple[Check[MastodonFacts], ...] = (
    Check("masto.token", about.TOKEN, _token),
    Check("masto.version", about.VERSION, _version),
    Check("masto.indexable", about.INDEXABLE, _indexable),
    Check("masto.noindex", about.NOINDEX, _noindex),
    Check("masto.discoverable", about.DISCOVERABLE, _discoverable),
    Check("masto.hide_collections", about.COLLECTIONS, _collections),
    Check("masto.locked", about.LOCKED, _locked),
    Check("masto.privacy", about.PRIVACY, _privacy),
    Check("masto.quote", about.QUOTE, _quote),
    Check("masto.sensitive", about.SENSITIVE, _sensitive),
    Check("masto.show_media", about.MEDIA, _media),
    Check("masto.attribution", about.ATTRIBUTION, _attribution),
    Check("masto.robots", about.ROBOTS, _robots),
    Check("masto.pageheaders", about.PAGES, _pages),
    Check("masto.tos", about.TERMS, _terms),
    Check("masto.autodelete", about.AUTODELETE, _autodelete),
    Check("masto.recent", about.RECENT, _recent),
)
