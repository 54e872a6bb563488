"""What a Mastodon server cannot give of a post's words, and in what a status differs from them.

Pure. What shows more than was asked is told apart from what is not whole: the first must not stay.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from postguard.language import _
from postguard.model import Limits, Quotes, Replies, Visibility, Words, body
from postguard.networks.mastodon.instance import print_of
from postguard.networks.mastodon.parts import Part, length_of, split_text
from postguard.networks.text import graphemes

MOST_PARTS = 25
OPEN = {Visibility.PUBLIC, Visibility.UNLISTED}
# Pleroma knows two more: everybody here, and the members of a list.
_WIDEST_FIRST = ("public", "local", "unlisted", "private", "list", "direct")
_QUOTERS = {Quotes.FOLLOWERS: {"public"}, Quotes.NOBODY: {"public", "followers"}}
_SOME_LINK = "https://a.example/"


def objections(words: Words, images: int, limits: Limits) -> list[str]:
    """Return why this server cannot post these words exactly as asked; empty: it can."""
    size = _thread_objections if words.thread else _size_objections
    return [
        *size(words, images, limits),
        *_alt_objections(words, limits),
        *_audience_objections(words, limits),
    ]


def wider(status: Mapping[str, Any], words: Words) -> list[str]:
    """Return in what a status shows more than was asked."""
    made, found = str(status.get("visibility")), []
    if wider_audience(made, words.visibility):
        found.append(
            _("as {made} although {visibility} was asked").format(
                made=made, visibility=words.visibility.value
            )
        )
    if words.cw and not status.get("spoiler_text"):
        found.append(_("without its content warning"))
    if sensitive(words) and not status.get("sensitive"):
        found.append(_("without being marked as sensitive"))
    if quoted_by_more(status, words):
        found.append(_("open to be quoted"))
    return found


def lacking(status: Mapping[str, Any], alts: Sequence[str]) -> list[str]:
    """Return what of its pictures and their alt texts a status has lost."""
    media = status.get("media_attachments") or ()
    if len(media) != len(alts):
        return [_("with {count} of its {all} pictures").format(count=len(media), all=len(alts))]
    shown = [print_of(str(each.get("description") or "")) for each in media]
    return [
        _("without the alt text of picture {number}").format(number=number)
        for number, (made, asked) in enumerate(zip(shown, alts, strict=True), start=1)
        if made != print_of(asked)
    ]


def to_mend(status: Mapping[str, Any], part: Part, words: Words) -> bool:
    """Return whether an edit could bring a status nearer to what was asked."""
    missing = (words.cw and not status.get("spoiler_text")) or (
        sensitive(words) and not status.get("sensitive")
    )
    asked, made = language_of(words.langs), status.get("language")
    # A server that keeps no languages keeps none of an edit either, but marks the post as edited.
    other = asked and made and _main(str(made)) != _main(asked)
    return bool(missing or other or lacking(status, part.alts))


def wider_audience(made: str, asked: Visibility) -> bool:
    """Return whether more people see what was made; an unknown audience counts as the widest."""
    if made not in _WIDEST_FIRST:
        return True
    return _WIDEST_FIRST.index(made) < _WIDEST_FIRST.index(asked.value)


def quoted_by_more(status: Mapping[str, Any], words: Words) -> bool:
    """Return whether more may quote a status than was asked."""
    automatic: Collection[str] = (status.get("quote_approval") or {}).get("automatic") or ()
    return bool(set(automatic) & _QUOTERS.get(words.quotes, set()))


def sensitive(words: Words) -> bool:
    """Return whether the pictures are to be covered."""
    return bool(words.cw or words.labels)


def language_of(langs: Sequence[str]) -> str | None:
    """Mastodon keeps one language; regions only where they change the script."""
    if not langs:
        return None
    return langs[0] if langs[0].lower().startswith("zh-") else _main(langs[0])


def _size_objections(words: Words, images: int, limits: Limits) -> list[str]:
    length, found = length_of(_whole(words), words.cw, limits), []
    if length > limits.text:
        found.append(
            _("text and content warning have {length} characters; the server takes {most}").format(
                length=length, most=limits.text
            )
        )
    if images > limits.images:
        found.append(
            _("{images} pictures in one post; the server takes {most}").format(
                images=images, most=limits.images
            )
        )
    return found


def _thread_objections(words: Words, images: int, limits: Limits) -> list[str]:
    if graphemes(words.cw) > limits.text // 2:
        return [
            _(
                "the content warning has {count} characters and stands over each post of the "
                "thread; the server takes {most} with the text"
            ).format(count=graphemes(words.cw), most=limits.text)
        ]
    texts = len(split_text(_whole(words), words.cw, limits))
    count = max(texts, -(-images // limits.images))
    if count > MOST_PARTS:
        return [
            _("the thread would have {count} posts; postguard makes at most {most}").format(
                count=count, most=MOST_PARTS
            )
        ]
    return []


def _whole(words: Words) -> str:
    """Return the text with a link in the place of that which is put behind it later."""
    return "\n\n".join(filter(None, (body(words), _SOME_LINK if words.link_to else "")))


def _alt_objections(words: Words, limits: Limits) -> list[str]:
    return [
        _(
            "the alt text of picture {number} has {long} characters; the server takes {most}"
        ).format(number=number, long=long, most=limits.alt)
        for number, alt in enumerate(words.alts, start=1)
        if (long := graphemes(alt)) > limits.alt
    ]


def _audience_objections(words: Words, limits: Limits) -> list[str]:
    found = []
    if words.replies is not Replies.EVERYONE:
        found.append(_('Mastodon cannot limit replies: say replies = "everyone"'))
    narrow = words.quotes is not Quotes.EVERYONE and words.visibility in OPEN
    if narrow and not limits.quote_policy:
        found.append(_('this server cannot limit quotes: say quotes = "everyone"'))
    return found


def _main(lang: str) -> str:
    return lang.partition("-")[0].lower()
