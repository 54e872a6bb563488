"""Says in plain words what was done to a picture, who sees it, and what a viewer meets. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from postguard.model import Quotes, Rendition, Replies, Visibility, Words
from postguard.networks import step_words

Shows = Literal["bluesky", "mastodon"]

KB, MB = 1_000, 1_000_000
NAMES: Mapping[str, str] = {"bluesky": "Bluesky", "mastodon": "Mastodon"}
_AUDIENCE = {
    Visibility.PUBLIC: "Everyone can see it",
    Visibility.UNLISTED: "Everyone can see it, but it is not in public timelines",
    Visibility.PRIVATE: "Only your followers can see it",
    Visibility.DIRECT: "Only the people it mentions can see it",
}
_REPLIES = {
    Replies.EVERYONE: "Everyone may reply",
    Replies.MENTIONED: "Only the people it mentions may reply",
    Replies.FOLLOWING: "Only the people you follow may reply",
    Replies.FOLLOWERS: "Only your followers may reply",
    Replies.LISTS: "Only the people on the lists you named may reply",
    Replies.NOBODY: "Nobody may reply",
}
_QUOTES = {
    Quotes.EVERYONE: "Everyone may quote it",
    Quotes.FOLLOWERS: "Only your followers may quote it",
    Quotes.NOBODY: "Nobody may quote it",
}
_LANGUAGES = {"ja": "日本語", "en": "English", "de": "Deutsch", "fr": "français", "ko": "한국어"}
_LABELS = {
    "sexual": "suggestive",
    "nudity": "nudity",
    "porn": "adult content",
    "graphic-media": "graphic content",
}
# A gain is told from its controls, and from nothing, by these.
_NOISE, _CLEARLY = 0.01, 3
_KINDS = {"webp": "WebP"}  # the others are written in capitals
_FINISHING = {"encode", "credentials"}  # their work is in the file, which is told last
_AGAINST = {
    "style": "learning your style from it",
    "poison": "training on it",
    "immunise": "editing it with AI",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was done: its name and a sentence."""

    name: str
    words: str


def audience(words: Words) -> list[str]:
    """Return who sees the post, who may reply and who may quote."""
    return [_AUDIENCE[words.visibility], _REPLIES[words.replies], _QUOTES[words.quotes]]


def languages(words: Words) -> list[str]:
    """Return the languages in their own names, where we know them."""
    return [_LANGUAGES.get(tag.partition("-")[0].lower(), tag) for tag in words.langs]


def ties(words: Words) -> list[str]:
    """Return what a post is tied to besides its audience, and how it is found."""
    found = []
    if words.reply_to:
        found.append(f"It answers {words.reply_to}")
    if words.link_to:
        found.append(f"Behind its text stands a link to the copy on {words.link_to}")
    if words.lists:
        found.append(f"The lists of who may reply: {', '.join(words.lists)}")
    if words.hidden_tags:
        found.append(f"Found by, but not shown: {', '.join(words.hidden_tags)}")
    return found


def cover(words: Words, shows: Shows) -> str:
    """Return what stands over the picture until it is opened; empty: nothing does."""
    if shows == "mastodon":
        return "Sensitive content" if words.cw or words.labels else ""
    return ", ".join(_LABELS.get(label, label) for label in words.labels)


def done(rendition: Rendition) -> list[Line]:
    """Return what the recipe did to a picture, in order, and how it was saved."""
    steps = rendition.record.get("steps")
    measured = _table(rendition.record.get("measured"))
    encode = _table(rendition.record.get("encode"))
    lines = []
    for step in [s for s in steps if isinstance(s, dict)] if isinstance(steps, list) else []:
        if step.get("step") in _FINISHING:
            continue
        lines.append(Line(str(step.get("step", "")).capitalize(), step_words.of_step(step)))
        if measured and step.get("step") == "cloak":
            lines.append(Line("Measured", _measured(measured, rendition.fit)))
    lines.append(_saved(rendition, encode))
    signed = _table(encode.get("credentials"))
    return [*lines, Line("Signed", step_words.of_signature(signed))] if signed else lines


def share_of_art(rendition: Rendition) -> float:
    """Return which part of a file's height is art, from above; 1 where no strip is below it."""
    steps = rendition.record.get("steps")
    for step in steps if isinstance(steps, list) else []:
        at = _table(step).get("at")
        if _table(step).get("place") == "footer" and isinstance(at, list):
            top, height = int(cast("int", at[1])), int(cast("int", at[3]))
            return top / (top + height)
    return 1.0


def visibility(found: Mapping[str, Any]) -> str:
    """Return how visible a cloak was measured to be; empty: that was not measured."""
    parts = []
    if found.get("ssimulacra2") is not None:
        parts.append(f"likeness {found['ssimulacra2']} of 100 (SSIMULACRA2)")
    if found.get("flat_largest") is not None:
        parts.append(f"flat areas change by at most {found['flat_largest']} in 255")
    return "; ".join(parts)


def verdict(mode: str, gains: Mapping[str, Mapping[str, float]]) -> str:
    """Return what was measured of one mode, in sentences: behind the worse platform.

    Args:
        gains: platform -> 1 - R as `r`, and the same of the controls `signs` and `shuffled`.
    """
    platform, left, noise = _left(gains)
    worse = ", the worse of the platforms," if len(gains) > 1 else ""
    moved = (
        f"Behind {platform}{worse} what models read moved {left:z.1%} of the way to where {mode} "
        f"leads; noise of the same size moves it {noise:z.1%}."
    )
    if left <= max(noise, _NOISE):
        return f"{moved} That is no more than noise does: here it does not protect the picture."
    if left < _CLEARLY * max(noise, _NOISE):
        return f"{moved} That is not much more than noise does: do not rely on it."
    return f"{moved} That raises the cost of {_AGAINST.get(mode, 'using it')}; it is no lock."


def shown(seen: Mapping[str, Any], fit: str) -> list[str]:
    """Return what reading a post back has shown, in sentences; empty: it was not read yet.

    Args:
        seen: as `app.verifying` keeps it.
        fit: of the delivery; it begins with the network's name.
    """
    where = f"As {NAMES.get(fit.partition('-')[0], 'its network')} shows it"
    if seen.get("problem"):
        return [f"{where}: {seen['problem']}"]
    if "differences" not in seen:
        return []
    found = [str(d.get("says")) for d in seen["differences"]] or ["as you asked for"]
    return [*(f"{where}: {said}" for said in found), *served(seen)]


def served(seen: Mapping[str, Any]) -> list[str]:
    """Return what each picture is where it is served, and what of its protection is left; `seen`
    as in `shown`."""
    pictures = enumerate(seen.get("pictures") or (), start=1)
    return [f"picture {number}: {_survived(picture)}" for number, picture in pictures]


def _survived(picture: Mapping[str, Any]) -> str:
    if picture.get("problem"):
        return str(picture["problem"])
    size = f"{step_words.size([picture['width'], picture['height']])} pixels"
    parts = [f"{size}, {bytes_in_words(picture['size'])} of {picture['kind'] or 'a picture'}"]
    if picture["same"]:
        parts.append("the very file that was sent")
    elif picture.get("likeness") is not None:
        parts.append(f"likeness to what was sent {picture['likeness']} of 100 (SSIMULACRA2)")
    parts += [
        f"the {name} keeps {min(max(picture[name], 0), 1):.0%} of its contrast"
        for name in ("notice", "watermark")
        if picture.get(name) is not None
    ]
    return "; ".join([*parts, *_cloak_left(picture)])


def _cloak_left(picture: Mapping[str, Any]) -> list[str]:
    """Return what of the cloak is left, beside what chance alone would seem to leave."""
    share, chance = picture.get("cloak"), picture.get("chance")
    if share is None or chance is None:
        return []
    said = f"the cloak keeps {min(max(share, 0), 1):.0%} of its change"
    if share <= chance:
        said += ", no more than by chance: nothing of it is left"
    return [f"{said} (a change that never was in it: {chance:.0%})"]


def kind_of(mime: str) -> str:
    """Return the name of a kind of file, as `WebP` of `image/webp`."""
    name = mime.rpartition("/")[2]
    return _KINDS.get(name, name.upper())


def bytes_in_words(size: int) -> str:
    """Return a number of bytes as people say it."""
    if size >= MB:
        return f"{size / MB:.2f} MB"
    return f"{size / KB:.0f} kB" if size >= KB else f"{size} bytes"


def _table(value: object) -> Mapping[str, Any]:
    """Return a table of a record; empty where an earlier version wrote something else."""
    return value if isinstance(value, dict) else {}


def _measured(found: Mapping[str, Any], fit: str) -> str:
    said = []
    for mode, gains in _table(found.get("gains")).items():
        own = {name: looks for name, looks in gains.items() if fit.startswith(name)}
        platform, left, noise = _left(own or gains)
        said.append(
            f"{mode}: behind {platform}, what models read moved {left:z.1%} of the way to where "
            f"it leads (noise of the same size: {noise:z.1%})"
        )
    return "; ".join(part for part in (*said, visibility(found), "it is no lock") if part)


def _left(gains: Mapping[str, Mapping[str, float]]) -> tuple[str, float, float]:
    """Return the platform behind which the least is left, what is, and the better control."""
    name = min(gains, key=lambda platform: gains[platform]["r"])
    looks = gains[name]
    noise = max(looks["signs"], looks["shuffled"])
    return NAMES.get(name, name), looks["r"], noise


def _saved(rendition: Rendition, encode: Mapping[str, Any]) -> Line:
    quality = f" at quality {encode['quality']}" if encode.get("quality") else ""
    why = f" ({encode['why']})" if encode.get("why") else ""
    size = f"{rendition.width} × {rendition.height} pixels, {bytes_in_words(rendition.size)}"
    found = _table(encode.get("ssimulacra2"))
    over = f", over {found['over']}" if found.get("over") else ""
    like = f"; likeness to what was made {found.get('score')} of 100 (SSIMULACRA2{over})"
    return Line(
        "Saved", f"as {kind_of(rendition.mime)}{quality}{why}: {size}{like if found else ''}"
    )
