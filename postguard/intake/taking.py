"""Makes posts of what lies in the outbox: the rows first, then the files, so that a crash at any
point loses nothing and takes nothing twice."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from postguard.errors import Retryable
from postguard.intake import duplicates, moving, rereading
from postguard.intake.arriving import Arrivals, Looks
from postguard.intake.deciding import Panel, draw_up, hash_of
from postguard.intake.duplicates import Duplicates
from postguard.intake.settling import look
from postguard.language import _, marked
from postguard.model import Artwork, Edit, NewPost, Place, Post, PostState, Words
from postguard.ports import Posts, Workshop
from postguard.settings import Settings
from postguard.system import folders

log = logging.getLogger(__name__)

FIRST_START = marked(
    "It lay in the outbox before postguard first started; `postguard release N` lets it go on."
)
AT_ONCE = 8  # posts made in one tick, so that the daemon can stop in between
_AGAIN = timedelta(seconds=30)


@dataclass
class Taking:
    """Turns nominated paths into posts. `nominate` may be called from any thread, all else from
    the one that ticks.

    Attributes:
        settings: the config as it is now.
        objections: (account, words, number of pictures) -> why they cannot be posted as asked.
        fit_of: (account, dry run) -> name of the limits its renditions must fit.
        first_start: what lies in the outbox at the first tick is held; pass True at every start
            until `first_start_over` was seen.
        added: whether what lies there by this name was added by command, and so is not held.
        polling: whether the outbox is polled, so that files must stay quiet for longer.
        note: takes sentences for the artist about files that stay where they are.
        on_taken: called when a post can be protected.
    """

    settings: Callable[[], Settings]
    posts: Posts
    workshop: Workshop
    objections: Callable[[str, Words, int], list[str]]
    fit_of: Callable[[str, bool], str]
    first_start: bool = False
    added: Callable[[str], bool] = lambda _: False
    polling: Callable[[], bool] = lambda: False
    note: Callable[[str], None] = log.warning
    on_taken: Callable[[], None] = lambda: None
    name: str = "intake"
    _nominated: deque[Path] = field(default_factory=deque, init=False)
    _arrivals: Arrivals | None = field(default=None, init=False)
    _stuck: dict[int, Post] = field(default_factory=dict, init=False)
    _stuck_until: datetime | None = field(default=None, init=False)
    _not_before: datetime | None = field(default=None, init=False)

    def nominate(self, path: Path) -> None:
        """Say that a file in the outbox may be new or changed."""
        self._nominated.append(path)

    def tick(self, now: datetime) -> bool:
        """Repair, release, settle and take; True: there is more to do at once."""
        arrivals = self._follow()
        if not arrivals.outbox.is_dir():
            return False
        self._repair(arrivals.outbox, now)
        self._release(arrivals.outbox, now)
        nominated = self._news(arrivals.outbox)
        arrivals.settle(nominated, now, self.settings().intake, polling=self.polling())
        return self._take(arrivals, now)

    def next_look(self, now: datetime) -> datetime | None:
        """Return when a file may have settled or a post be complete; None: not without news."""
        if self._arrivals is None:
            return now
        if not self._arrivals.outbox.is_dir():
            return None
        when = now if self._nominated else self._arrivals.next_look(now)
        return max(when, self._not_before or when) if when else None

    def at_rest(self) -> bool:
        """Return whether nothing in the outbox is about to become a post by itself."""
        return not self._nominated and self._arrivals is not None and self._arrivals.at_rest()

    @property
    def first_start_over(self) -> bool:
        """Whether all that lay in the outbox at the first start is held or gone."""
        return self._arrivals is not None and not self._arrivals.old

    def _follow(self) -> Arrivals:
        """Return what is known of the outbox; begin anew where the config names another one."""
        outbox = self.settings().outbox.expanduser()
        if self._arrivals is None or self._arrivals.outbox != outbox:
            first = self.first_start and self._arrivals is None
            self._arrivals = Arrivals(outbox, self.note, first_start=first, added=self.added)
        return self._arrivals

    def _repair(self, outbox: Path, now: datetime) -> None:
        """Bring home the files of posts whose taking was cut short."""
        posts = self.posts.unplaced()
        known = {post.id for post in posts}
        posts += [p for p in self.posts.in_state(PostState.TAKING) if p.id not in known]
        for post in posts:
            if post.id not in self._stuck or _reached(self._stuck_until, now):
                self._bring(outbox, post, now, _same_bytes)

    def _news(self, outbox: Path) -> list[Path]:
        """Return what was nominated, but for files that belong to a post already: where they
        cannot be moved, the rescan finds them again and again."""
        nominated = [self._nominated.popleft() for _ in range(len(self._nominated))]
        if not self._stuck:
            return nominated
        mine = {outbox / top for post in self._stuck.values() for top in moving.tops(post)}
        return [p for p in nominated if p not in mine and not mine.intersection(p.parents)]

    def _bring(self, outbox: Path, post: Post, now: datetime, unchanged: moving.Unchanged) -> None:
        """Move a post's files to where they belong, then say so in its row."""
        try:
            place, problem = moving.bring(outbox, post, unchanged)
            if problem:
                post = replace(post, state=PostState.HELD, reason=problem)
                self.posts.move_to(post.id, PostState.HELD, now, problem)
            if place is Place.HELD:
                folders.leave_reason(outbox / place / post.folder, post)
        except OSError as exc:
            self._stuck[post.id] = post
            self._stuck_until = now + _AGAIN
            log.error("%s cannot be moved out of the outbox yet: %s", post.name, exc)  # noqa: TRY400
            return
        self._stuck.pop(post.id, None)
        self.posts.placed(post.id, place)
        if post.state is PostState.TAKING:
            self.posts.move_to(post.id, PostState.TAKEN, now)
            self.on_taken()
            log.info("post %d taken: %s", post.id, post.name)
        elif post.state is PostState.HELD:
            _say_held(post, post.reason)

    def _release(self, outbox: Path, now: datetime) -> None:
        """Look again at posts that the artist let go on."""
        if not _reached(self._not_before, now):
            return
        for post in self.posts.in_state(PostState.RELEASED):
            if post.place is not Place.OUTBOX:
                self._look_again(outbox, post, now)

    def _look_again(self, outbox: Path, post: Post, now: datetime) -> None:
        """Take a held post as its folder is now; what the artist let pass is not asked again."""
        folder, bundle = folders.folder_of(outbox, post), rereading.bundle_of(outbox, post)
        sources = {a.name: a.source for a in post.artworks} | {n: s for s, n in post.sidecars}
        beneath = folder.relative_to(outbox)
        gone = (
            [] if bundle.files else [_("its pictures are gone; drop them into the outbox again")]
        )
        try:
            new = draw_up(
                bundle,
                folder,
                self._panel(),
                lambda path: sources.get(str(path), str(beneath / path)),
                gone,
                post.edits,
            )
        except Retryable as exc:
            self._wait(exc, now)
            return
        # The note first: after a crash it is looked at again.
        _leave_note(folder, replace(post, reason=new.reason))
        if not self.posts.reword(post.id, new, now, post.edits):
            _leave_note(folder, self.posts.get(post.id))
            log.info("post %d was held or changed again while its words were read", post.id)
        elif new.reason:
            _say_held(post, new.reason)
        else:
            self.on_taken()

    def _take(self, arrivals: Arrivals, now: datetime) -> bool:
        """Make posts of what is complete, a few in each tick."""
        if not _reached(self._not_before, now):
            return False
        complete = arrivals.complete(now, self.settings().intake.words_wait, AT_ONCE)
        for key in complete:
            try:
                self._take_one(arrivals, key, now)
            except Retryable as exc:
                self._wait(exc, now)
                return False
            except Exception:
                # One that breaks must not stand in the way of all the others.
                arrivals.put_back(key)
                raise
        return len(complete) == AT_ONCE

    def _take_one(self, arrivals: Arrivals, key: str, now: datetime) -> None:
        bundle = arrivals.bundle(key, now)
        if bundle is None:
            return
        root = arrivals.outbox / bundle.name if bundle.is_set else arrivals.outbox
        looks = arrivals.looks(root, bundle)
        if arrivals.changed(looks, now):
            return
        reasons = [_(FIRST_START)] if key in arrivals.old else []

        def drawn_up(edits: Mapping[str, Edit]) -> NewPost:
            return draw_up(
                bundle,
                root,
                self._panel(),
                lambda path: str((root / path).relative_to(arrivals.outbox)),
                reasons,
                edits,
            )

        new = drawn_up({})
        if edits := duplicates.edited(self._judged(arrivals, new)[1]):
            new = drawn_up(edits)
        if not arrivals.changed(looks, now):
            self._create(arrivals, key, new, looks, now)

    def _judged(self, arrivals: Arrivals, new: NewPost) -> tuple[NewPost, list[Post]]:
        return Duplicates(self.posts, arrivals.outbox, self.settings().timezone).judge(new)

    def _create(
        self, arrivals: Arrivals, key: str, new: NewPost, looks: Looks, now: datetime
    ) -> None:
        outbox = arrivals.outbox
        new, moved_back = self._judged(arrivals, new)
        for earlier in moved_back:
            why = _("its files were moved back to the outbox")
            self.posts.move_to(earlier.id, PostState.WITHDRAWN, now, why)
        post = self.posts.create(new, now)
        arrivals.taken(key)
        self._bring(outbox, post, now, lambda path, _known: look(path) == looks.get(path))

    def _panel(self) -> Panel:
        return Panel(self.settings(), self.workshop, self.objections, self.fit_of)

    def _wait(self, exc: Retryable, now: datetime) -> None:
        log.info("waiting to take pictures: %s", exc)
        self._not_before = now + _AGAIN


def _leave_note(folder: Path, post: Post) -> None:
    """Say beside the files why the post is held; no reason: it is not. A folder that was moved
    meanwhile is not made anew: it would stand in its own way back."""
    if not folder.is_dir():
        return
    if post.reason:
        folders.leave_reason(folder, post)
    else:
        folders.remove_reason(folder, post)


def _say_held(post: Post, reason: str) -> None:
    log.warning("post %d (%s) is held: %s", post.id, post.name, folders.told(post, reason))


def _reached(when: datetime | None, now: datetime) -> bool:
    """Return whether `when` has come; a time too far ahead is left from a clock set back."""
    return when is None or not now < when <= now + _AGAIN


def _same_bytes(path: Path, artwork: Artwork) -> bool:
    return look(path) is not None and hash_of(path) == artwork.sha256
