"""Compares what was asked for with what the network shows. Pure.

What a network does not tell is no difference. Neither is what every server may do to a text: form
of letters, spaces, the scheme of a link, the server in a mention.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from postguard.language import _, marked
from postguard.model import Quotes, Rendition, Shown, Visibility, Words, body

LEAST_KEPT = 0.5  # share of its contrast below which a mark no longer does its work
_LONGEST_QUOTE = 60
_WIDEST_FIRST = tuple(Visibility)
_FOR_SOME = {Visibility.PRIVATE, Visibility.DIRECT}  # nobody may quote these anyway
_SCHEME = re.compile(r"https?://(\S+?)/?(?=\s|$)", re.IGNORECASE)
_LAST = re.compile(r"\s*\S+\s*\Z")
_MENTION = re.compile(r"(?<![/\w])@([a-z0-9_.-]*[a-z0-9_])@[\w.-]+\w", re.IGNORECASE)
_MARKS = {"notice": marked("the notice"), "watermark": marked("the watermark")}
_LARGER = marked("look at it there; a larger or stronger one in the recipe survives better")
_SMALLER = marked(
    "a higher strength survives better; so does a smaller long_side of the downscale, where the "
    "network made the picture smaller"
)
_EDIT = marked(
    "`postguard edit N` sets it anew; where the network cannot, `postguard retract N` deletes it"
)
_RETRACT = marked("`postguard retract N` deletes it there, and it can be posted anew")
_LOOK = marked("look at it there; `postguard retract N` deletes it if it must not stay so")
_WHO = {
    Visibility.PUBLIC: marked("everyone"),
    Visibility.UNLISTED: marked("everyone, outside public timelines"),
    Visibility.PRIVATE: marked("followers"),
    Visibility.DIRECT: marked("the people it mentions"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was asked for.

    Attributes:
        what: `gone`, `text`, `pictures`, `bytes`, `alt`, `cw`, `sensitive`, `labels`, `audience`,
            `replies`, `quotes`, `languages`, `marks` or `cloak`.
        says: what differs and what that means, without a full stop.
        do: what to do about it; `N` stands for the post's number.
    """

    what: str
    says: str
    do: str

    def words(self, post_id: int) -> str:
        """Return it as a sentence, with the post's number in its advice."""
        return f"{_(self.says)}: {re.sub(r'(?<= )N(?=`)', str(post_id), _(self.do))}"


GONE = Difference(
    "gone",
    marked(
        "the post is not there: it was deleted, or its server hides it, so nobody sees your work"
    ),
    marked("look at it there; `postguard retract N` has postguard forget it as well"),
)


def differences(
    words: Words, renditions: Sequence[Rendition], shown: Shown
) -> tuple[Difference, ...]:
    """Return in what a post differs from what was asked, what opens it wider first."""
    return (
        *_audience(words, shown),
        *_covers(words, shown),
        *_pictures(renditions, shown),
        *_alts(words, renditions, shown),
        *_text(words, shown),
        *_languages(words, shown),
    )


def faded(kept: Sequence[Mapping[str, float | None]]) -> Iterator[Difference]:
    """Yield what no longer does its work in a picture as it is served.

    Args:
        kept: of each picture, in order: `notice`, `watermark` or `cloak` -> share of its contrast,
            or of its change, that is left; None or missing: it has none, or that could not be
            measured.
    """
    for number, marks in enumerate(kept, start=1):
        for name, mark in _MARKS.items():
            share = marks.get(name)
            if share is not None and share < LEAST_KEPT:
                says = _(
                    "{mark} on picture {number} keeps only {share:.0%} of its contrast"
                ).format(mark=_(mark), number=number, share=max(share, 0))
                yield Difference("marks", _("{says} as it is served").format(says=says), _LARGER)
        share = marks.get("cloak")
        if share is not None and share < LEAST_KEPT:
            says = _("the cloak of picture {number} keeps only {share:.0%} of its change").format(
                number=number, share=max(share, 0)
            )
            means = _("so it protects this copy less than was measured before it was sent")
            yield Difference(
                "cloak",
                _("{says} as it is served, {means}").format(says=says, means=means),
                _SMALLER,
            )


def _audience(words: Words, shown: Shown) -> Iterator[Difference]:
    if shown.visibility not in (None, words.visibility):
        asked, made = (_(_WHO[v]) for v in (words.visibility, shown.visibility))
        wider = _WIDEST_FIRST.index(shown.visibility) < _WIDEST_FIRST.index(words.visibility)
        means = _("more people see your work than you want") if wider else _("fewer people see it")
        says = _("it is shown to {made} although you asked for {asked}, so {means}").format(
            made=made, asked=asked, means=means
        )
        yield Difference("audience", says, _RETRACT if wider else _LOOK)
    if shown.replies not in (None, words.replies):
        says = _("the reply rule there is “{made}”, you asked for “{asked}”").format(
            made=shown.replies, asked=words.replies
        )
        yield Difference(
            "replies", _("{says}, so others may answer than you wanted").format(says=says), _LOOK
        )
    if _quotable(words, shown):
        says = _("it may be quoted by {made} although you asked for {asked}").format(
            made=shown.quotes, asked=words.quotes
        )
        means = _("others can carry your work to readers whom you did not choose")
        yield Difference(
            "quotes", _("{says}, so {means}").format(says=says, means=means), _RETRACT
        )


def _quotable(words: Words, shown: Shown) -> bool:
    """Return whether more may quote it; fewer is an account's own default, and does no harm."""
    if shown.quotes is None or words.visibility in _FOR_SOME:
        return False
    order = list(Quotes)
    return order.index(shown.quotes) < order.index(words.quotes)


def _covers(words: Words, shown: Shown) -> Iterator[Difference]:
    if shown.cw is not None and _print(shown.cw) != _print(words.cw):
        if words.cw:
            said = (
                _("says {quoted}").format(quoted=_quoted(shown.cw))
                if shown.cw
                else _("is missing")
            )
            says = _("the content warning {said}, you asked for {quoted}").format(
                said=said, quoted=_quoted(words.cw)
            )
        else:
            says = _("there is a content warning that you did not ask for: {quoted}").format(
                quoted=_quoted(shown.cw)
            )
        yield Difference(
            "cw", _("{says}, so readers meet your work in another way").format(says=says), _EDIT
        )
    asked = bool(words.cw or words.labels)
    if shown.sensitive not in (None, asked):
        says = (
            _("it is not marked as sensitive, so your pictures are shown uncovered")
            if asked
            else _("it is marked as sensitive, so your pictures are covered until they are opened")
        )
        yield Difference("sensitive", says, _EDIT)
    yield from _labels(words, shown)


def _labels(words: Words, shown: Shown) -> Iterator[Difference]:
    if shown.labels is None:
        return
    missing, more = set(words.labels) - set(shown.labels), set(shown.labels) - set(words.labels)
    if missing:
        says = _("the label {labels} is missing, so your pictures are shown uncovered").format(
            labels=_listed(missing)
        )
        yield Difference("labels", says, _RETRACT)
    if more:
        says = _("it has the label {labels} that you did not ask for").format(labels=_listed(more))
        yield Difference(
            "labels",
            _("{says}, so fewer people see your pictures at once").format(says=says),
            _LOOK,
        )


def _pictures(renditions: Sequence[Rendition], shown: Shown) -> Iterator[Difference]:
    made, asked = len(shown.alts), len(renditions)
    if made != asked:
        says = _("it stands there with {made} of its {asked} pictures").format(
            made=made, asked=asked
        )
        if made > asked:
            says = _("it stands there with {made} pictures instead of {asked}").format(
                made=made, asked=asked
            )
        yield Difference(
            "pictures",
            _("{says}, so readers do not see the whole post").format(says=says),
            _RETRACT,
        )
    elif shown.sha256 is not None:
        yield from _bytes([r.sha256 for r in renditions], list(shown.sha256))


def _bytes(sent: list[str], kept: list[str]) -> Iterator[Difference]:
    if sent == kept:
        return
    if Counter(sent) == Counter(kept):
        says = _("the pictures stand in another order, so readers see your work in another order")
        yield Difference("pictures", says, _RETRACT)
        return
    numbers = [i for i, (a, b) in enumerate(zip(sent, kept, strict=True), start=1) if a != b]
    says = _("the file kept of picture {numbers} is not the one that postguard sent").format(
        numbers=_listed(numbers)
    )
    yield Difference(
        "bytes",
        _("{says}, so nobody knows what of its protection is in it").format(says=says),
        _RETRACT,
    )


def _alts(words: Words, renditions: Sequence[Rendition], shown: Shown) -> Iterator[Difference]:
    asked = [_alt(words, rendition) for rendition in renditions]
    if len(asked) != len(shown.alts):
        return  # told as a difference of pictures
    wanted, found = [_print(a) for a in asked], [_print(a) for a in shown.alts]
    if wanted != found and Counter(wanted) == Counter(found):
        says = _(
            "the alt texts stand with other pictures than yours did, or the pictures in another"
        )
        yield Difference(
            "alt", _("{says} order, so some are described wrongly").format(says=says), _EDIT
        )
        return
    for number, (alt, there) in enumerate(zip(asked, shown.alts, strict=True), start=1):
        if _print(alt) != _print(there):
            yield Difference("alt", _other_alt(number, alt, there), _EDIT)


def _other_alt(number: int, asked: str, there: str) -> str:
    if not there:
        return _(
            "picture {number} stands there without its alt text, so people who cannot see it "
            "learn nothing of it"
        ).format(number=number)
    if asked and _print(asked).startswith(_print(there)):
        return _(
            "the alt text of picture {number} was cut short there, so its end is missing"
        ).format(number=number)
    return _("picture {number} has another alt text there than you wrote: {quoted}").format(
        number=number, quoted=_quoted(there)
    )


def _text(words: Words, shown: Shown) -> Iterator[Difference]:
    asked, there = _print(body(words)), _print(shown.text)
    if not asked and words.cw:
        return  # a server fills an empty text that has a content warning
    if there == asked or (words.link_to and _print(_LAST.sub("", shown.text)) == asked):
        return  # behind the text there may be a link to the copy on the other account
    if not there:
        says = _("the text is missing, so readers see the pictures alone")
    elif asked.startswith(there):
        says = _("the text was cut short there, so readers miss its end")
    else:
        says = _("the text there is not yours: {quoted}").format(quoted=_quoted(shown.text))
    yield Difference("text", says, _EDIT)


def _languages(words: Words, shown: Shown) -> Iterator[Difference]:
    """Some networks keep only the main language; that one must be right."""
    if shown.langs is None or not words.langs:
        return
    asked, there = [_tongue(tag) for tag in words.langs], [_tongue(tag) for tag in shown.langs]
    if asked[0] in there and set(there) <= set(asked):
        return
    said = (
        _("as {languages}").format(languages=_listed(shown.langs))
        if shown.langs
        else _("without a language")
    )
    says = _("it is marked {said} instead of {languages}").format(
        said=said, languages=_listed(words.langs)
    )
    means = _("filters and translation take it for another language")
    yield Difference("languages", _("{says}, so {means}").format(says=says, means=means), _EDIT)


def _tongue(tag: str) -> str:
    return tag.partition("-")[0].lower()


def _alt(words: Words, rendition: Rendition) -> str:
    return words.alts[rendition.position] if rendition.position < len(words.alts) else ""


def _print(text: str) -> str:
    """Return what is left of a text when all is gone that a server may change."""
    plain = _MENTION.sub(r"@\1", _SCHEME.sub(r"\1", text))
    same = unicodedata.normalize("NFKC", plain).casefold()
    return "".join(sign for sign in same if not _blank(sign))


def _blank(sign: str) -> bool:
    """White space, and what only joins or varies other signs (the selectors of emoji)."""
    return sign.isspace() or sign in "\ufe0e\ufe0f" or unicodedata.category(sign) == "Cf"


def _quoted(text: str) -> str:
    short = " ".join(text.split())
    return f"“{short[:_LONGEST_QUOTE]}…”" if len(short) > _LONGEST_QUOTE else f"“{short}”"


def _listed(values: Sequence[object] | set[str]) -> str:
    return ", ".join(map(str, sorted(values) if isinstance(values, set) else values))
