"""The same bytes dropped twice are held with a pointer to the first post."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path

from postguard.language import _, marked
from postguard.model import Artwork, Edit, NewPost, Place, Post, PostState
from postguard.ports import Posts

_WHERE = {PostState.POSTED: marked("which is posted"), PostState.HELD: marked("which is held")}
_ELSEWHERE = marked("which is on its way")


def edited(replaced: Iterable[Post]) -> dict[str, Edit]:
    """Return the words that the artist changed of posts that a new one stands in for, by account;
    the new one's time is what its own files say."""
    found = dict[str, Edit]()
    for post in replaced:
        for account, edit in post.edits.items():
            said = replace(edit, at=None)
            if said != Edit():
                found[account] = said.after(found.get(account, Edit()))
    return found


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Compares new posts with all earlier ones."""

    posts: Posts
    outbox: Path
    zone: tzinfo

    def judge(self, new: NewPost) -> tuple[NewPost, list[Post]]:
        """Return the post, held where it repeats another, and the held posts that it replaces.

        Files moved out of `held/` are no repetition: when all of an earlier post's pictures have
        left its folder, the new post stands in for it, unless an account has posted it already. A
        dry run may repeat anything, and what was only drawn on this PC may be posted after it.
        """
        if new.deliveries and all(d.dry_run for d in new.deliveries):
            return new, []
        told, replaced = list[str](), dict[int, Post]()
        for artwork in (a for a in new.artworks if a.sha256):
            for earlier in self.posts.with_bytes(artwork.sha256):
                if self._left(earlier, artwork.sha256):
                    replaced[earlier.id] = earlier
                else:
                    told.append(self._pointer(artwork.name, earlier))
        if told:
            new = replace(new, reason="\n".join(filter(None, [new.reason, *dict.fromkeys(told)])))
        return new, [post for post in replaced.values() if self._empty(post)]

    def _left(self, earlier: Post, sha256: str) -> bool:
        """Return whether these bytes are no longer in the folder of a held post."""
        if earlier.state is not PostState.HELD or self.posts.went_out(earlier.id):
            return False
        mine = [a for a in earlier.artworks if a.sha256 == sha256]
        return not any(self._there(earlier, a) for a in mine)

    def _empty(self, earlier: Post) -> bool:
        return not any(self._there(earlier, a) for a in earlier.artworks)

    def _there(self, post: Post, artwork: Artwork) -> bool:
        if post.place is Place.OUTBOX:
            return True  # its files are still on their way
        return (self.outbox / post.place / post.folder / artwork.name).exists()

    def _pointer(self, name: str, earlier: Post) -> str:
        day = earlier.created_at.astimezone(self.zone).date().isoformat()
        state = _(_WHERE.get(earlier.state, _ELSEWHERE))
        return _(
            "{name} is the same picture as post {earlier_id} ({earlier_name}), dropped on {day}, "
            "{state}; `postguard release N` posts it once more"
        ).format(name=name, earlier_id=earlier.id, earlier_name=earlier.name, day=day, state=state)
