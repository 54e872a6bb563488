"""Pictures as browsers can show them, drawn by a child process when they are first asked for.
Implements `web.desk.Pictures`."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from postguard.app import previewing
from postguard.app.installation import Installation
from postguard.errors import Unusable
from postguard.language import _
from postguard.model import Artwork, Post, Rendition
from postguard.networks import child, plain_words
from postguard.networks.proofs import Order, Orders
from postguard.system import files, wire
from postguard.system.folders import RENDITIONS, folder_of
from postguard.web.desk import NoPictureError

_THUMB = (640, 640)
_PICTURES = {".webp", ".jpg", ".png"}
_SECONDS = 300.0
_MODULE = "postguard.networks.proofs"


@dataclass(slots=True)
class Proofs:
    """The pictures of one installation. Each file is named after the bytes that it shows, so that
    it never has to be drawn again; those that are wanted at once are drawn by one child."""

    installation: Installation
    _wanted: dict[Path, Order] = field(default_factory=dict)
    _failed: dict[Path, str] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def thumb(self, post_id: int, position: int) -> Path:
        """Return a small copy of the protected file; of the original, while there is none."""
        post = self.installation.store.posts.get(post_id)
        made = [r for r in self._renditions(post) if r.position == position]
        source, sha256 = (
            (made[0].path, made[0].sha256) if made else self.original(post_id, position)
        )
        return self._drawn(Order(source, self._folder() / f"{sha256}-small.webp", _THUMB))

    def original(self, post_id: int, position: int) -> tuple[Path, str]:
        """Return the artist's own file, which may be gone, and the SHA-256 of what was taken."""
        post, artwork = self._artwork(post_id, position)
        if post.place == "outbox":
            return self.installation.outbox / artwork.source, artwork.sha256
        return folder_of(self.installation.outbox, post) / artwork.name, artwork.sha256

    def reduced(self, source: Path, sha256: str, side: int) -> Path:
        """Return a copy of a picture of at most `side` pixels each way."""
        return self._drawn(Order(source, self._folder() / f"{sha256}-{side}.webp", (side, side)))

    def after(self, post_id: int, position: int, fit: str) -> Path:
        """Return the protected file itself."""
        return self._rendition(post_id, position, fit).path

    def before(self, post_id: int, position: int, fit: str) -> Path:
        """Return the original in the very size of the protected art, to lay one over the other."""
        post, artwork = self._artwork(post_id, position)
        rendition = self._rendition(post_id, position, fit)
        rows = max(1, round(rendition.height * plain_words.share_of_art(rendition)))
        target = self._folder() / f"{artwork.sha256}-{rendition.width}x{rows}.webp"
        source = folder_of(self.installation.outbox, post) / artwork.name
        return self._drawn(Order(source, target, (rendition.width, rows), exact=True))

    def page(self, post_id: int, account: str, name: str) -> Path:
        """Draw the post as its network would show it and return the page, or a picture of it."""
        if name:
            drawn = self.installation.home.previews / previewing.folder(post_id, account)
            found = [each for each in drawn.glob("*.*") if each.name == name]
            if not found or found[0].suffix not in _PICTURES:
                raise Unusable(_("that page has no such picture"))
            return found[0]
        view = previewing.views(self.installation, post_id, account)[0]
        if view.page is None:
            raise Unusable(view.no_page)
        return view.page

    def _artwork(self, post_id: int, position: int) -> tuple[Post, Artwork]:
        post = self.installation.store.posts.get(post_id)
        for artwork in post.artworks:
            if artwork.position == position:
                return post, artwork
        raise Unusable(_("post {post} has no such picture").format(post=post_id))

    def _rendition(self, post_id: int, position: int, fit: str) -> Rendition:
        post = self.installation.store.posts.get(post_id)
        for rendition in self._renditions(post):
            if (rendition.position, rendition.fit) == (position, fit):
                return rendition
        raise Unusable(_("post {post} has no such protected file").format(post=post_id))

    def _renditions(self, post: Post) -> list[Rendition]:
        folder = folder_of(self.installation.outbox, post) / RENDITIONS
        return self.installation.store.renditions.of_post(post.id, folder)

    def _folder(self) -> Path:
        return files.private_dir(self.installation.home.cache / "dashboard")

    def _drawn(self, order: Order) -> Path:
        """Return a file, drawn if it is not there; who waits for the turn meanwhile is served
        with it. Raises NoPictureError."""
        if order.target.is_file():
            return order.target
        self._failed.pop(order.target, None)
        self._wanted[order.target] = order
        with self._turn:
            if order.target in self._wanted:
                self._draw_wanted()
        if not order.target.is_file():
            raise NoPictureError(self._failed.get(order.target, _("the picture cannot be shown")))
        return order.target

    def _draw_wanted(self) -> None:
        wanted = dict(self._wanted)
        job = Orders(tuple(wanted.values()), self.installation.settings.intake.max_megapixels)
        try:
            ended = child.run(_MODULE, job, _SECONDS, _("drawing pictures"))
            if ended.returncode == 0:
                said = wire.load(list[str], ended.stdout)
                self._failed |= {p: s for p, s in zip(wanted, said, strict=True) if s}
        finally:
            for path in wanted:
                self._wanted.pop(path, None)
