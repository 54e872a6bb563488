"""Writes a post as a page on this PC, as its viewers would see it: the demo and every dry run."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from postguard import language, model
from postguard.errors import Refused, Retryable
from postguard.language import _
from postguard.model import Draft, Json, Limits, Receipt, Rendition, Words
from postguard.networks import child, plain_words
from postguard.networks.bluesky import network as bluesky
from postguard.networks.bluesky.pds import IMAGE_BYTES
from postguard.networks.drawing import Drawing, Job, Pair
from postguard.networks.mastodon import network as mastodon
from postguard.networks.mastodon.instance import QUOTES_SINCE, limits_of
from postguard.networks.outgoing import Outgoing, Piece, outgoing, pieces
from postguard.networks.plain_words import NAMES, Line, Shows
from postguard.networks.text import alt_of
from postguard.system import files, wire

if TYPE_CHECKING:
    from jinja2 import Template

PAGE = "index.html"
PLAN = "plan.json"
_DRAWING_SECONDS = 300.0
_FRESH_MASTODON = {"api_versions": {"mastodon": QUOTES_SINCE}}


@dataclass(frozen=True, slots=True)
class Look:
    """As what a page shows a draft.

    Attributes:
        handle: as whom; empty: the account's name.
        at: when, in the zone that it is told in.
        posted: where it stands; empty: it was not posted.
    """

    shows: Shows
    limits: Limits
    at: datetime
    handle: str = ""
    posted: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture on the page."""

    drawing: Drawing
    alt: str
    lines: tuple[Line, ...]
    weight: str


@dataclass(frozen=True, slots=True)
class Part:
    """One post on the page; a thread has several."""

    pieces: list[Piece]
    counted: str
    pictures: list[Shown]


class Preview:
    """A `ports.Network` without a network.

    Args:
        shows: which network's look, re-encoding and limits.
        previews: the folder that holds one folder for each page.
        originals: returns the artist's files of a post, by position; they may be gone.
        known: returns what the server takes whose account this is a dry run of.
        handle: as whom the post is shown.
        zone: the artist's, in which times are told; None: this PC's.
    """

    def __init__(
        self,
        shows: Shows,
        previews: Path,
        originals: Callable[[int], Sequence[Path]],
        *,
        known: Callable[[], Limits] | None = None,
        handle: str = "",
        max_megapixels: float = 200.0,
        zone: tzinfo | None = None,
    ) -> None:
        self._shows = shows
        self._previews = previews
        self._originals = originals
        self._known = known
        self._handle = handle
        self._max_megapixels = max_megapixels
        self._zone = zone

    def limits(self) -> Limits:
        """Return the limits of the network that is shown. No I/O."""
        if self._known is not None:
            return self._known()
        if self._shows == "bluesky":
            return bluesky.limits_for(IMAGE_BYTES)
        return limits_of(_FRESH_MASTODON)

    def objections(self, words: Words, images: int, limits: Limits) -> list[str]:
        """Return what that network would object to."""
        ask = bluesky.objections if self._shows == "bluesky" else mastodon.objections
        return ask(words, images, limits)

    def plan(self, draft: Draft, now: datetime) -> dict[str, Json]:
        """Name the page's folder and what tells this page from one of an earlier attempt."""
        folder = f"{draft.post_id}-{draft.account}"
        return {"folder": folder, "key": str(uuid4()), "at": now.isoformat()}

    def send(self, draft: Draft, plan: Mapping[str, Json]) -> Receipt:
        """Draw everything into a new folder, then put it in place whole.

        Raises:
            Refused: a protected picture cannot be opened.
            Retryable: the page cannot be written now.
        """
        target = self._folder(plan)
        try:
            files.private_dir(self._previews)
            with tempfile.TemporaryDirectory(dir=self._previews, prefix=".new-") as new:
                page = Path(new) / "page"
                files.private_dir(page)
                self._write(page, draft, plan)
                _replace(page, target, Path(new) / "old")
        except OSError as exc:
            raise Retryable(
                _("the preview cannot be written: {strerror}").format(strerror=exc.strerror or exc)
            ) from exc
        return self._receipt(plan)

    def find(
        self, draft: Draft, plan: Mapping[str, Json], taken: Collection[str] = ()
    ) -> Receipt | None:
        """Return the receipt when the page of this very plan stands there."""
        del draft
        try:
            written = wire.load(dict[str, Json], (self._folder(plan) / PLAN).read_bytes())
        except (OSError, ValueError):
            return None
        return self._receipt(plan) if written == dict(plan) else None

    def look_for(
        self, drafts: Sequence[Draft], since: datetime, taken: Collection[str] = ()
    ) -> list[list[model.Sighting]]:
        """A page that is drawn again does no harm: none is looked for."""
        del since, taken
        return [[] for _ in drafts]

    def read_back(self, receipt: Receipt) -> model.Shown | None:
        """A page is what was written: nothing is asked."""
        del receipt
        return None

    def draw(self, draft: Draft, folder: str, now: datetime, posted: str = "") -> Path:
        """Write a page that no plan knows of and return it; `posted`: where the post stands.

        Raises:
            Refused, Retryable: as `send`.
        """
        plan: dict[str, Json] = {"folder": folder, "at": now.isoformat(), "posted": posted}
        self.send(draft, plan)
        return self._folder(plan) / PAGE

    def edit(self, draft: Draft, receipt: Receipt) -> Receipt:
        """Draw the page anew."""
        folder = receipt.uri.rsplit("/", 2)[-2]
        plan = wire.load(dict[str, Json], (self._previews / folder / PLAN).read_bytes())
        return self.send(draft, plan)

    def retract(self, receipt: Receipt) -> None:
        """Remove the page."""
        shutil.rmtree(self._previews / receipt.uri.rsplit("/", 2)[-2], ignore_errors=True)

    def check(self) -> str:
        """Return where pages are written."""
        return _("writes pages into {folder}").format(folder=self._previews)

    def close(self) -> None:
        """Nothing is open."""

    def _folder(self, plan: Mapping[str, Json]) -> Path:
        return self._previews / str(plan["folder"])

    def _receipt(self, plan: Mapping[str, Json]) -> Receipt:
        address = (self._folder(plan) / PAGE).absolute().as_uri()
        at = datetime.fromisoformat(str(plan["at"])).astimezone(UTC)
        return Receipt(uri=address, url=address, at=at)

    def _write(self, folder: Path, draft: Draft, plan: Mapping[str, Json]) -> None:
        originals = self._originals(draft.post_id)
        pairs = tuple(
            Pair(r.path, _at(originals, r.position), plain_words.share_of_art(r))
            for r in draft.renditions
        )
        job = Job(self._shows, pairs, folder, self._max_megapixels)
        drawings = _drawn(job) if pairs else ()
        at = datetime.fromisoformat(str(plan["at"])).astimezone(self._zone)
        posted = str(plan.get("posted", ""))
        look = Look(self._shows, self.limits(), at, self._handle, posted)
        page = render(draft, drawings, look)
        files.write_whole(folder / PAGE, page.encode())
        files.write_whole(folder / PLAN, wire.dump(dict(plan)).encode())


def render(draft: Draft, drawings: Sequence[Drawing], look: Look) -> str:
    """Return the page as HTML."""
    words, shows = draft.words, look.shows
    shown = [_shown(words, r, d) for r, d in zip(draft.renditions, drawings, strict=True)]
    return _template().render(
        network=NAMES[shows],
        spoken=language.spoken(),
        shows=shows,
        handle=look.handle or draft.account,
        at=look.at,
        posted=look.posted,
        parts=_parts(outgoing(draft, look.limits, shows), shown, shows),
        lang=words.langs[0] if words.langs else "",
        cover=plain_words.cover(words, shows),
        hides_text=bool(words.cw) and shows == "mastodon",
        audience=plain_words.audience(words),
        languages=plain_words.languages(words),
        labels=words.labels,
        cw=words.cw,
        more=plain_words.ties(words),
        pictures=shown,
    )


def _parts(posts: Sequence[Outgoing], shown: Sequence[Shown], shows: Shows) -> list[Part]:
    """Give each post its pictures, which follow each other as they do in the draft."""
    ends = accumulate((len(post.renditions) for post in posts), initial=0)
    return [
        Part(pieces(post.text, shows), post.counted(), list(shown[start:end]))
        for post, (start, end) in zip(posts, pairwise(ends), strict=True)
    ]


def _shown(words: Words, rendition: Rendition, drawing: Drawing) -> Shown:
    lines = tuple(plain_words.done(rendition))
    weight = plain_words.bytes_in_words(drawing.served.size)
    return Shown(drawing, alt_of(words, rendition), lines, weight)


def _drawn(job: Job) -> tuple[Drawing, ...]:
    """Draw in a child process. Raises Refused or Retryable."""
    module, doing = "postguard.networks.drawing", _("drawing the preview")
    ended = child.run(module, job, _DRAWING_SECONDS, doing)
    if ended.returncode == 1:
        raise Refused(_("the preview cannot be drawn: {why}").format(why=ended.stderr.strip()))
    if ended.returncode != 0:
        raise Retryable(
            _("{doing} was cut off (code {code})").format(doing=doing, code=ended.returncode)
        )
    return wire.load(tuple[Drawing, ...], ended.stdout)


def _replace(new: Path, target: Path, old: Path) -> None:
    """Put a finished folder in the place of an earlier one."""
    if target.exists():
        target.rename(old)
    files.move(new, target)
    shutil.rmtree(old, ignore_errors=True)


def _at(paths: Sequence[Path], position: int) -> Path | None:
    return paths[position] if position < len(paths) else None


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("postguard.networks")
    environment = Environment(
        loader=loader,
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # the extension's
        language.gettext, language.ngettext, newstyle=True
    )
    return environment.get_template("preview.html.j2")
