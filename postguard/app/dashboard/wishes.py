"""What the artist asks for on the dashboard: the very functions of the commands.
Implements `web.desk.Wishes`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from postguard.app import bell, editing, moving, recipes, releasing, retracting, steering
from postguard.app.dashboard import details
from postguard.app.dashboard.rows import Rows
from postguard.app.installation import Installation
from postguard.app.outcomes import Outcome
from postguard.errors import Unusable
from postguard.language import _
from postguard.model import Delivery, Words
from postguard.networks.plain_words import Shows
from postguard.web.facts import Told
from postguard.web.post_facts import Counted

_RELEASING: Mapping[str, Callable[..., str]] = {
    "release": releasing.release,
    "retry": releasing.retry,
}


@dataclass(frozen=True, slots=True)
class Commands:
    """The commands of one installation."""

    installation: Installation
    rows: Rows

    def act(self, post_id: int, action: str) -> Told:
        """Hold, release or retry a post."""
        store, now = self.installation.store, self.installation.clock.now()
        if action == "hold":
            return _rung(steering.hold(store, post_id, now))
        if action not in _RELEASING:
            raise Unusable(_("a post cannot be asked to {action}").format(action=action))
        return _rung(_RELEASING[action](self.installation.settings, store, post_id, now))

    def move(self, post_id: int, where: str, account: str | None) -> Told:
        """Give a post another time or place."""
        store, zone = self.installation.store, self.rows.zone
        now = self.installation.clock.now()
        return _rung(moving.move(store, post_id, where, account, zone, now))

    def edit(self, post_id: int, words: Mapping[str, str], account: str | None) -> Told:
        """Change those words of a post that differ from what it says now."""
        new = self._changed(post_id, words, account)
        if new == editing.NewWords():
            return Told((_("Nothing was changed: it says so already."),))
        now = self.installation.clock.now()
        return _each(editing.edit(self.installation, post_id, new, account, now))

    def retract(self, post_id: int, account: str | None) -> Told:
        """Take a post back, from one account or from all."""
        post, chosen = retracting.to_retract(self.installation.store, post_id, account)
        now = self.installation.clock.now()
        return _each(retracting.retract(self.installation, post, chosen, now))

    def protect_with(self, post_id: int, recipe: str) -> Told:
        """Have a post protected anew with another recipe."""
        now = self.installation.clock.now()
        return _rung(recipes.protect_with(self.installation, post_id, recipe, now))

    def pause(self, account: str | None, *, paused: bool) -> Told:
        """Stop or resume posting."""
        installation = self.installation
        said = steering.pause(installation.path, account, installation.store, paused=paused)
        return _rung(said)

    def count(self, post_id: int, words: Mapping[str, str], account: str | None) -> list[Counted]:
        """Return how each account counts these words."""
        facts = self.rows.one(post_id)
        new = self._changed(post_id, words, account)
        edit = new.of(facts.post)
        names = [a.name for a in facts.post.artworks]
        found = []
        for d in steering.deliveries_of(self.installation.store, facts.post, account):
            said = edit.of(d.words, names)
            if edit.text is not None:
                said = replace(said, text=details.said(self.installation, d, edit.text).text)
            found.append(self._counted(d, said, len(names), facts.shows[d.account]))
        return found

    def _counted(self, delivery: Delivery, said: Words, pictures: int, shows: str) -> Counted:
        look: Shows = "mastodon" if shows == "mastodon" else "bluesky"
        return details.counted(self.installation, delivery, said, pictures, look)

    def _changed(
        self, post_id: int, words: Mapping[str, str], account: str | None
    ) -> editing.NewWords:
        """Return those words that no chosen copy, or not every one, says now."""
        facts = self.rows.one(post_id)
        chosen = steering.deliveries_of(self.installation.store, facts.post, account)
        texts = {details.own_text(self.installation, facts, d) for d in chosen}
        alts = {number: _alts(chosen, number) for number in range(1, len(facts.post.artworks) + 1)}
        return editing.NewWords(
            _unless(words.get("text"), texts),
            _unless(words.get("cw"), {d.words.cw for d in chosen}),
            {
                number: words[f"alt{number}"]
                for number, known in alts.items()
                if _unless(words.get(f"alt{number}"), known) is not None
            },
        )


def _alts(deliveries: Sequence[Delivery], number: int) -> set[str]:
    return {d.words.alts[number - 1] if number <= len(d.words.alts) else "" for d in deliveries}


def _unless(new: str | None, known: set[str]) -> str | None:
    return None if new is None or {new} == known else new


def _rung(said: str) -> Told:
    bell.ring()
    return Told(tuple(said.splitlines()))


def _each(outcomes: Sequence[Outcome]) -> Told:
    bell.ring()
    said = tuple(f"{o.account}: {o.said}".rstrip(".") + "." for o in outcomes)
    return Told(said, all(o.done for o in outcomes))
