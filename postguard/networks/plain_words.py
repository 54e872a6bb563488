"""Says in plain words what was done to a picture, who sees it, and what a viewer meets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from postguard.language import _, marked
from postguard.model import Quotes, Rendition, Replies, Visibility, Words, names
from postguard.model.measures import is_rough
from postguard.networks import step_words

Shows = Literal["bluesky", "mastodon"]

KB, MB = 1_000, 1_000_000
NAMES: Mapping[str, str] = {"bluesky": "Bluesky", "mastodon": "Mastodon"}
_AUDIENCE = {
    Visibility.PUBLIC: marked("Everyone can see it"),
    Visibility.UNLISTED: marked("Everyone can see it, but it is not in public timelines"),
    Visibility.PRIVATE: marked("Only your followers can see it"),
    Visibility.DIRECT: marked("Only the people it mentions can see it"),
}
_REPLIES = {
    Replies.EVERYONE: marked("Everyone may reply"),
    Replies.MENTIONED: marked("Only the people it mentions may reply"),
    Replies.FOLLOWING: marked("Only the people you follow may reply"),
    Replies.FOLLOWERS: marked("Only your followers may reply"),
    Replies.LISTS: marked("Only the people on the lists you named may reply"),
    Replies.NOBODY: marked("Nobody may reply"),
}
_QUOTES = {
    Quotes.EVERYONE: marked("Everyone may quote it"),
    Quotes.FOLLOWERS: marked("Only your followers may quote it"),
    Quotes.NOBODY: marked("Nobody may quote it"),
}
_LANGUAGES = {"ja": "日本語", "en": "English", "de": "Deutsch", "fr": "français", "ko": "한국어"}
_LABELS = {
    "sexual": marked("suggestive"),
    "nudity": marked("nudity"),
    "porn": marked("adult content"),
    "graphic-media": marked("graphic content"),
}
# A gain is told from its controls, and from nothing, by these.
_NOISE, _CLEARLY = 0.01, 3
_KINDS = {"webp": "WebP"}  # the others are written in capitals
_FINISHING = {"encode", "credentials"}  # their work is in the file, which is told last
_USING = marked("using it")
_AGAINST = {
    "style": marked("learning your style from it"),
    "poison": marked("training on it"),
    "immunise": marked("editing it with AI"),
    "instant": marked("learning from it and editing it, a little"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was done: its name and a sentence."""

    name: str
    words: str


def audience(words: Words) -> list[str]:
    """Return who sees the post, who may reply and who may quote."""
    return [_(_AUDIENCE[words.visibility]), _(_REPLIES[words.replies]), _(_QUOTES[words.quotes])]


def languages(words: Words) -> list[str]:
    """Return the languages in their own names, where we know them."""
    return [language_named(tag) for tag in words.langs]


def language_named(tag: str) -> str:
    """Return a language in its own name, where we know it."""
    return _LANGUAGES.get(tag.partition("-")[0].lower(), tag)


def ties(words: Words) -> list[str]:
    """Return what a post is tied to besides its audience, and how it is found."""
    found = []
    if words.reply_to:
        found.append(_("It answers {reply_to}").format(reply_to=words.reply_to))
    if words.link_to:
        found.append(
            _("Behind its text stands a link to the copy on {link_to}").format(
                link_to=words.link_to
            )
        )
    if words.lists:
        found.append(_("The lists of who may reply: {lists}").format(lists=", ".join(words.lists)))
    if words.hidden_tags:
        found.append(
            _("Found by, but not shown: {hidden_tags}").format(
                hidden_tags=", ".join(words.hidden_tags)
            )
        )
    return found


def cover(words: Words, shows: Shows) -> str:
    """Return what stands over the picture until it is opened; empty: nothing does."""
    if shows == "mastodon":
        return _("Sensitive content") if words.cw or words.labels else ""
    return ", ".join(_(_LABELS.get(label, label)) for label in words.labels)


def done(rendition: Rendition) -> list[Line]:
    """Return what the recipe did to a picture, in order, and how it was saved."""
    steps = rendition.record.get("steps")
    measured = _table(rendition.record.get("measured"))
    encode = _table(rendition.record.get("encode"))
    lines = []
    for step in [s for s in steps if isinstance(s, dict)] if isinstance(steps, list) else []:
        if step.get("step") in _FINISHING:
            continue
        name = names.of_step(str(step.get("step", "")))
        lines.append(Line(name.capitalize(), step_words.of_step(step)))
        if measured and step.get("step") == "cloak":
            lines.append(Line(_("Measured"), _measured(measured, rendition.fit)))
    lines.append(_saved(rendition, encode))
    signed = _table(encode.get("credentials"))
    return [*lines, Line(_("Signed"), step_words.of_signature(signed))] if signed else lines


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
        parts.append(
            _("likeness {ssimulacra2} of 100 (SSIMULACRA2)").format(
                ssimulacra2=found["ssimulacra2"]
            )
        )
    if found.get("flat_largest") is not None:
        parts.append(
            _("flat areas of the file change by at most {flat_largest} in 255").format(
                flat_largest=found["flat_largest"]
            )
        )
    return _("; ").join(parts)


def verdict(
    mode: str, gains: Mapping[str, Mapping[str, float]], encoders: Iterable[object]
) -> str:
    """Return what was measured of one mode, in sentences: behind the worse platform.

    Args:
        gains: platform -> 1 - R as `r`, and the same of the controls `signs` and `shuffled`.
        encoders: the names of those that read it.
    """
    platform, left, noise = _left(gains)
    worse = _(", the worse of the platforms,") if len(gains) > 1 else ""
    moved = _(
        "Behind {platform}{worse} what models read moved {left:z.1%} of the way to where {mode} "
        "leads; noise of the same size moves it {noise:z.1%}."
    ).format(platform=platform, worse=worse, left=left, mode=names.of_mode(mode), noise=noise)
    if is_rough(encoders):
        return _(
            "{moved} It was read by postguard's own encoder alone, which is a rough judge: do not "
            "rely on it."
        ).format(moved=moved)
    if left <= max(noise, _NOISE):
        return _(
            "{moved} That is no more than noise does: here it does not protect the picture."
        ).format(moved=moved)
    if left < _CLEARLY * max(noise, _NOISE):
        return _("{moved} That is not much more than noise does: do not rely on it.").format(
            moved=moved
        )
    return _("{moved} That raises the cost of {use}; it is no lock.").format(
        moved=moved, use=_(_AGAINST.get(mode, _USING))
    )


def shown(seen: Mapping[str, Any], fit: str) -> list[str]:
    """Return what reading a post back has shown, in sentences; empty: it was not read yet.

    Args:
        seen: as `app.verifying` keeps it.
        fit: of the delivery; it begins with the network's name.
    """
    where = _("As {network} shows it").format(
        network=NAMES.get(fit.partition("-")[0], _("its network"))
    )
    if seen.get("problem"):
        return [f"{where}: {seen['problem']}"]
    if "differences" not in seen:
        return []
    found = [str(d.get("says")) for d in seen["differences"]] or [_("as you asked for")]
    return [*(f"{where}: {said}" for said in found), *served(seen)]


def served(seen: Mapping[str, Any]) -> list[str]:
    """Return what each picture is where it is served, and what of its protection is left; `seen`
    as in `shown`."""
    pictures = enumerate(seen.get("pictures") or (), start=1)
    return [
        _("picture {number}: {survived}").format(number=number, survived=_survived(picture))
        for number, picture in pictures
    ]


def _survived(picture: Mapping[str, Any]) -> str:
    if picture.get("problem"):
        return str(picture["problem"])
    size = _("{size} pixels").format(size=step_words.size([picture["width"], picture["height"]]))
    parts = [
        _("{size}, {bytes} of {kind}").format(
            size=size,
            bytes=bytes_in_words(picture["size"]),
            kind=picture["kind"] or _("a picture"),
        )
    ]
    if picture["same"]:
        parts.append(_("the very file that was sent"))
    elif picture.get("likeness") is not None:
        parts.append(
            _("likeness to what was sent {likeness} of 100 (SSIMULACRA2)").format(
                likeness=picture["likeness"]
            )
        )
    parts += [
        _("the {mark} keeps {share:.0%} of its contrast").format(
            mark=_(name), share=min(max(picture[name], 0), 1)
        )
        for name in (marked("notice"), marked("watermark"))
        if picture.get(name) is not None
    ]
    return _("; ").join([*parts, *_cloak_left(picture)])


def _cloak_left(picture: Mapping[str, Any]) -> list[str]:
    """Return what of the cloak is left, beside what chance alone would seem to leave."""
    share, chance = picture.get("cloak"), picture.get("chance")
    if share is None or chance is None:
        return []
    said = _("the cloak keeps {share:.0%} of its change").format(share=min(max(share, 0), 1))
    if share <= chance:
        said += _(", no more than by chance: nothing of it is left")
    return [
        _("{said} (a change that never was in it: {chance:.0%})").format(said=said, chance=chance)
    ]


def kind_of(mime: str) -> str:
    """Return the name of a kind of file, as `WebP` of `image/webp`."""
    name = mime.rpartition("/")[2]
    return _KINDS.get(name, name.upper())


def bytes_in_words(size: int) -> str:
    """Return a number of bytes as people say it."""
    if size >= MB:
        return _("{size:.2f} MB").format(size=size / MB)
    return (
        _("{size:.0f} kB").format(size=size / KB)
        if size >= KB
        else _("{size} bytes").format(size=size)
    )


def _table(value: object) -> Mapping[str, Any]:
    """Return a table of a record; empty where an earlier version wrote something else."""
    return value if isinstance(value, dict) else {}


def _measured(found: Mapping[str, Any], fit: str) -> str:
    said = []
    for mode, gains in _table(found.get("gains")).items():
        own = {name: looks for name, looks in gains.items() if fit.startswith(name)}
        platform, left, noise = _left(own or gains)
        said.append(
            _(
                "{mode}: behind {platform}, what models read moved {left:z.1%} of the way to "
                "where it leads (noise of the same size: {noise:z.1%})"
            ).format(mode=names.of_mode(mode), platform=platform, left=left, noise=noise)
        )
    by = _read_by(found.get("encoders") or ())
    return _("; ").join(
        part for part in (*said, by, visibility(found), _("it is no lock")) if part
    )


def _read_by(encoders: Sequence[object]) -> str:
    if is_rough(encoders):
        return _("read by postguard's own encoder alone, which is a rough judge")
    asked = ", ".join(map(str, encoders))
    return _("read by {encoders}").format(encoders=asked) if asked else ""


def _left(gains: Mapping[str, Mapping[str, float]]) -> tuple[str, float, float]:
    """Return the platform behind which the least is left, what is, and the better control."""
    name = min(gains, key=lambda platform: gains[platform]["r"])
    looks = gains[name]
    noise = max(looks["signs"], looks["shuffled"])
    return NAMES.get(name, name), looks["r"], noise


def _saved(rendition: Rendition, encode: Mapping[str, Any]) -> Line:
    quality = (
        _(" at quality {quality}").format(quality=encode["quality"])
        if encode.get("quality")
        else ""
    )
    why = f" ({encode['why']})" if encode.get("why") else ""
    size = _("{width} × {height} pixels, {size}").format(
        width=rendition.width,
        height=rendition.height,
        size=bytes_in_words(rendition.size),
    )
    found = _table(encode.get("ssimulacra2"))
    over = _(", over {over}").format(over=found["over"]) if found.get("over") else ""
    like = _("; likeness to what was made {score} of 100 (SSIMULACRA2{over})").format(
        score=found.get("score"), over=over
    )
    advice = f"{_('. ')}{encode['advice']}" if encode.get("advice") else ""
    kind = kind_of(rendition.mime)
    return Line(
        _("Saved"),
        _("as {kind}{quality}{why}: {size}{like}{advice}").format(
            kind=kind,
            quality=quality,
            why=why,
            size=size,
            like=like if found else "",
            advice=advice,
        ),
    )
