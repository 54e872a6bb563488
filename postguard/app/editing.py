"""Changes a post's words, before it is posted and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from postguard.app import wording
from postguard.app.installation import Installation
from postguard.app.outcomes import Outcome, outcome_of
from postguard.app.steering import deliveries_of
from postguard.errors import BadFields, Unusable
from postguard.intake import templates, tongues, written
from postguard.language import _, marked
from postguard.model import Delivery, DeliveryState, Edit, Post, PostState, Words

_ON_ITS_WAY = {
    DeliveryState.SENDING: marked("it is being sent at this moment; run this again in a minute"),
    DeliveryState.UNSURE: marked(
        "it may be posted already; that is looked at first, so try again later"
    ),
    DeliveryState.RETRACTED: marked("it was taken back there"),
}
_UNFILLED = "{text}"


@dataclass(frozen=True, slots=True)
class NewWords:
    """What is to be said otherwise; None: as before.

    Attributes:
        alts: alt texts by the number of the picture, from 1.
    """

    text: str | None = None
    cw: str | None = None
    alts: Mapping[int, str] = field(default_factory=dict)

    def of(self, post: Post) -> Edit:
        """Return them for this post's pictures.

        Raises:
            Unusable: there are not so many pictures, or an alt text only stands for one.
        """
        pictures = len(post.artworks)
        if wrong := [number for number in self.alts if not 1 <= number <= pictures]:
            raise Unusable(
                _("there is no picture {number}; the post has {pictures}").format(
                    number=wrong[0], pictures=pictures
                )
            )
        try:
            alts = {post.artworks[n - 1].name: written.seen(alt) for n, alt in self.alts.items()}
        except written.Unclear as exc:
            raise Unusable(str(exc)) from None
        return Edit(self.text, self.cw, alts)


def edit(
    installation: Installation, post_id: int, new: NewWords, account: str | None, now: datetime
) -> list[Outcome]:
    """Change what a post says on all its accounts, or on one; say of each how it went. A post that
    was held for its words alone goes on, and one whose files carry them is protected anew.

    Raises:
        Unusable: nothing was changed, since an account could not post these words.
    """
    post = installation.store.posts.get(post_id)
    chosen = deliveries_of(installation.store, post, account)
    _refuse_unread(post, chosen)
    edit = new.of(post)
    wanted = {d.id: _said(installation, post, d, edit) for d in chosen}
    if worse := list(_worse(installation, post, chosen, wanted)):
        said = dict.fromkeys(each for _name, each in worse)
        raise BadFields(_("nothing was changed:\n") + "\n".join(said), worse)
    told = _reworded(installation, chosen, wanted, edit, now)
    for d in installation.store.deliveries.of_post(post_id):
        if d.id in wanted and d.id not in told:
            told[d.id] = _restated(installation, d, wanted[d.id], now)
    return [told[d.id] for d in chosen]


def _refuse_unread(post: Post, chosen: Sequence[Delivery]) -> None:
    if post.state is PostState.RELEASED:
        raise Unusable(
            _(
                "post {post_id} is let go on, and its words are about to be read anew; "
                "`postguard hold {post_id}` stops it, then change them"
            ).format(post_id=post.id)
        )
    if not chosen:
        raise Unusable(
            _(
                "the words of post {post_id} cannot be read yet: {reason}\n"
                "Change the files in {place}/{folder}, then `postguard release {post_id}`"
            ).format(post_id=post.id, reason=post.reason, place=post.place, folder=post.folder)
        )


def _refuse_overtaken(
    post: Post, chosen: Sequence[Delivery], now_there: Sequence[Delivery]
) -> None:
    """Refuse new words that were made of words that are not there any more."""
    _refuse_unread(post, now_there)
    words = {d.id: d.words for d in now_there}
    if any(words.get(d.id) != d.words for d in chosen):
        raise Unusable(
            _(
                "the words of post {post_id} were changed at this very moment by something else, "
                "and this changed nothing; run it again"
            ).format(post_id=post.id)
        )


def _said(installation: Installation, post: Post, delivery: Delivery, edit: Edit) -> Words:
    """Return what a delivery will say: a new text is put into the account's template anew."""
    words = edit.of(delivery.words, [a.name for a in post.artworks])
    if edit.text is None:
        return words
    usual = installation.settings.artist.lang
    if delivery.words.langs == tongues.of_words(delivery.words, usual):  # nobody has said them
        words = replace(words, langs=tongues.of_words(words, usual))
    account = installation.settings.accounts.get(delivery.account)
    return replace(
        words, text=templates.filled(_UNFILLED if account is None else account.text, words)
    )


def _worse(
    installation: Installation,
    post: Post,
    chosen: Sequence[Delivery],
    wanted: Mapping[int, Words],
) -> Iterator[tuple[str, str]]:
    """Yield what is in the way of the new words and was not in the way of the old ones, behind
    the field of a form that it is about."""
    for delivery in chosen:
        before, after = delivery.words, wanted[delivery.id]
        said = partial(wording.objections, installation, post, delivery.account)
        known = said(before)
        for name, objections in wording.by_field(said, after).items():
            new = (each for each in objections if each not in known)
            yield from ((name, f"{delivery.account}: {each}") for each in new)
        if installation.settings.intake.require_alt:
            yield from _lost(delivery, after)


def _lost(delivery: Delivery, after: Words) -> Iterator[tuple[str, str]]:
    """Yield which pictures would have no alt text any more."""
    alts = zip(delivery.words.alts, after.alts, strict=False)
    for number, (old, new) in enumerate(alts, start=1):
        if old.strip() and not new.strip():
            said = _("{account}: a picture would have no alt text")
            yield f"alt{number}", said.format(account=delivery.account)


def _reworded(
    installation: Installation,
    chosen: Sequence[Delivery],
    wanted: Mapping[int, Words],
    edit: Edit,
    now: datetime,
) -> dict[int, Outcome]:
    """Change what was not sent yet, and what follows of that, in one transaction."""
    store, told = installation.store, dict[int, Outcome]()
    with store.db.change():
        post = store.posts.get(chosen[0].post_id)
        before = store.deliveries.of_post(post.id)
        _refuse_overtaken(post, chosen, before)
        changed = set[int]()
        for d in before:
            if d.id not in wanted or d.state is DeliveryState.POSTED:
                continue
            if why := _(_ON_ITS_WAY.get(d.state, "")):
                told[d.id] = Outcome(d.account, done=False, said=why)
            elif wanted[d.id] == d.words:
                told[d.id] = Outcome(d.account, done=True, said=_("says so already"))
            elif store.wishes.reword(d, wanted[d.id], edit, now):
                changed.add(d.id)
            else:
                told[d.id] = Outcome(
                    d.account, done=False, said=_(_ON_ITS_WAY[DeliveryState.UNSURE])
                )
        then = wording.follow_up(installation, post.id, before, now) if changed else ""
    said = _("will say so") + then
    told |= {d.id: Outcome(d.account, done=True, said=said) for d in before if d.id in changed}
    return told


def _restated(
    installation: Installation, delivery: Delivery, words: Words, now: datetime
) -> Outcome:
    """Change what stands on a network."""
    if delivery.words == words:
        return Outcome(delivery.account, done=True, said=_("says so already"))
    return outcome_of(installation, delivery, lambda: restate(installation, delivery, words, now))


def restate(installation: Installation, delivery: Delivery, words: Words, now: datetime) -> str:
    """Change a post that stands, then keep its words: cut off between, it is simply done again."""
    store = installation.store
    receipt = store.deliveries.receipts(delivery.post_id)[delivery.account]
    attempt = store.attempts.last(delivery.id)
    draft = installation.draft(delivery, words, {} if attempt is None else attempt.plan)
    new = installation.accounts.of_delivery(delivery).edit(draft, receipt)
    store.wishes.edited(delivery, words, new, now)
    return _("says so now: {url}").format(url=new.url)
