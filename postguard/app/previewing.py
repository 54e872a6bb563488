"""What exactly will be sent for a post, or was: as values to print, and as a page to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from postguard.app.installation import Installation
from postguard.errors import PostguardError, Refused, Unusable
from postguard.language import _
from postguard.model import Delivery, Draft, Limits, Receipt, Rendition
from postguard.networks.outgoing import Outgoing, outgoing
from postguard.networks.plain_words import NAMES, Shows
from postguard.networks.preview import Preview
from postguard.settings.schema import BlueskyAccount, PreviewAccount


@dataclass(frozen=True, slots=True)
class View:
    """One delivery as its network gets it.

    Attributes:
        posts: one, or each of a thread.
        objections: why the network would not take it as it is.
        page: the page that was written; None: there is none, and `no_page` says why.
        receipt: where it stands; None: it was not posted.
    """

    delivery: Delivery
    shows: Shows
    draft: Draft
    posts: tuple[Outgoing, ...]
    objections: tuple[str, ...] = ()
    page: Path | None = None
    no_page: str = ""
    receipt: Receipt | None = None


def views(installation: Installation, post_id: int, wanted: str) -> list[View]:
    """Return what a post sends to an account, or to all accounts on a network.

    Args:
        wanted: an account of the config, or `bluesky` or `mastodon`. A network that the post goes
            to by no account gets the words of its first one.

    Raises:
        Unusable: there is no such post, or it does not go there.
    """
    installation.store.posts.get(post_id)
    deliveries = installation.store.deliveries.of_post(post_id)
    found = [d for d in deliveries if d.account == wanted]
    if not found and wanted in NAMES:
        found = [d for d in deliveries if _shows(installation, d.account) == wanted]
        found = found or deliveries[:1]
    if not found:
        names = ", ".join(dict.fromkeys([*(d.account for d in deliveries), *NAMES]))
        raise Unusable(
            _("post {post_id} does not go to {wanted}; it can be shown as: {names}").format(
                post_id=post_id, wanted=wanted, names=names
            )
        )
    return [_view(installation, each, wanted) for each in found]


def folder(post_id: int, account: str) -> str:
    """Return the name of the folder, among the previews, that such a page is drawn into."""
    return f"shown-{post_id}-{account}"


def _view(installation: Installation, delivery: Delivery, wanted: str) -> View:
    own = _shows(installation, delivery.account)
    shows = cast("Shows", wanted) if wanted in NAMES and delivery.account != wanted else own
    network = _network(installation, delivery.account, shows, own)
    renditions, missing = _renditions(installation, delivery)
    receipts = installation.store.deliveries.receipts(delivery.post_id)
    stands = shows == own and not _is_page(installation, delivery)
    receipt = receipts.get(delivery.account) if stands else None
    draft = _draft(delivery, renditions, receipts.get(delivery.words.link_to))
    limits = network.limits()
    pictures = len(installation.store.posts.get(delivery.post_id).artworks)
    page, why = _page(installation, network, draft, receipt) if not missing else (None, missing)
    return View(
        delivery,
        shows,
        draft,
        outgoing(draft, limits, shows),
        tuple(network.objections(delivery.words, pictures, limits)),
        page,
        why,
        receipt,
    )


def _shows(installation: Installation, account: str) -> Shows:
    """Return how posts of an account look; as on Bluesky for one that the config no longer has."""
    table = installation.settings.accounts.get(account)
    if table is None:
        return "bluesky"
    return table.shows if isinstance(table, PreviewAccount) else table.network


def _is_page(installation: Installation, delivery: Delivery) -> bool:
    """Return whether the delivery becomes a page on this PC, and its receipt leads to that."""
    table = installation.settings.accounts.get(delivery.account)
    return delivery.dry_run or isinstance(table, PreviewAccount)


def _network(installation: Installation, account: str, shows: Shows, own: Shows) -> Preview:
    """Return what draws the page; the server's own limits hold where it is shown as itself."""
    table = installation.settings.accounts.get(account)
    usual = table is None or isinstance(table, PreviewAccount) or shows != own

    def known() -> Limits:
        return installation.accounts.limits(account)

    return Preview(
        shows,
        installation.home.previews,
        installation.originals,
        known=None if usual else known,
        handle=table.handle if isinstance(table, BlueskyAccount) else "",
        max_megapixels=installation.settings.intake.max_megapixels,
        zone=installation.settings.timezone,
    )


def _renditions(
    installation: Installation, delivery: Delivery
) -> tuple[tuple[Rendition, ...], str]:
    """Return the protected files, or none and why."""
    try:
        return installation.renditions(delivery), ""
    except Refused:
        return (), _("its pictures are not protected yet; the page is drawn when they are")


def _draft(delivery: Delivery, renditions: Sequence[Rendition], other: Receipt | None) -> Draft:
    words = delivery.words
    link = other.url if other is not None and words.link_to else ""
    made = tuple(renditions)
    return Draft(words, made, delivery.post_id, delivery.account, words.reply_to, link)


def _page(
    installation: Installation, network: Preview, draft: Draft, receipt: Receipt | None
) -> tuple[Path | None, str]:
    name, posted = folder(draft.post_id, draft.account), "" if receipt is None else receipt.url
    try:
        return network.draw(draft, name, installation.clock.now(), posted), ""
    except PostguardError as exc:
        return None, str(exc)
