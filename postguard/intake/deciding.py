"""Draws up the post that a bundle of files is to become, whole or with every reason it is held."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from types import MappingProxyType

from postguard.errors import BadWords, Held
from postguard.intake import names, words
from postguard.intake.grouping import Bundle
from postguard.intake.sidecar import Dropped
from postguard.language import _
from postguard.model import Edit, Inspection, NewArtwork, NewDelivery, NewPost, Visibility, Words
from postguard.ports import Workshop
from postguard.settings import Settings
from postguard.system import files, folders


@dataclass(frozen=True, slots=True)
class Panel:
    """Who is asked whether a post can go on.

    Attributes:
        objections: (account, words, number of pictures) -> why the account's network cannot post
            them exactly as asked.
        fit_of: (account, dry run) -> name of the limits its renditions must fit.
    """

    settings: Settings
    workshop: Workshop
    objections: Callable[[str, Words, int], list[str]]
    fit_of: Callable[[str, bool], str]


def draw_up(
    bundle: Bundle,
    root: Path,
    panel: Panel,
    source_of: Callable[[PurePath], str],
    reasons: Sequence[str] = (),
    edits: Mapping[str, Edit] = MappingProxyType({}),
) -> NewPost:
    """Inspect the pictures, read the words, and collect all that is in the way at once.

    Args:
        root: the folder that the bundle's paths are relative to.
        source_of: where in the outbox one of the files was found.
        reasons: known already why the post must be held.
        edits: what the artist changed since the words were written, by account.

    Raises:
        Retryable: a picture could not be inspected now.
    """
    told = [*reasons, *bundle.problems]
    inspections, artworks = list[Inspection](), list[NewArtwork]()
    for path in bundle.files:
        seen, problem = _inspect(root / path, panel.workshop)
        told += [problem] if problem else []
        inspections.append(seen)
        artworks.append(
            NewArtwork(seen.sha256, str(path), source_of(path), seen.width, seen.height)
        )
    told += _repeated(artworks)
    try:
        dropped = _read(bundle, root, panel.settings)
        recipe, deliveries, problems = _deliveries(bundle, dropped, panel, inspections, edits)
    except BadWords as exc:
        dropped, recipe, deliveries, problems = Dropped(), "default", [], [str(exc)]
    reason = "\n".join(dict.fromkeys([*told, *problems]))
    return NewPost(
        name=bundle.name,
        recipe=recipe,
        artworks=_with_alts(artworks, inspections, deliveries),
        sidecars=tuple((source_of(path), str(path)) for path in bundle.words),
        deliveries=tuple(deliveries),
        reason=reason,
        series=dropped.top.series or "",
        edits=edits,
    )


def _read(bundle: Bundle, root: Path, settings: Settings) -> Dropped:
    """Return the words beside the pictures. Raises BadWords."""
    paths = [root / path for path in bundle.words]
    return words.read(paths, settings.accounts, settings.timezone)


def _inspect(path: Path, workshop: Workshop) -> tuple[Inspection, str]:
    """Return what the file holds, and the problem with it, if any."""
    if path.is_symlink():
        problem = _("{name} is only a link to a picture; copy the picture itself").format(
            name=path.name
        )
        return Inspection(hash_of(path), "", 0, 0), problem
    try:
        return workshop.inspect(path), ""
    except Held as exc:
        problem = str(exc) if path.name in str(exc) else f"{path.name}: {exc}"
        return Inspection(hash_of(path), "", 0, 0), problem


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file; empty where it may not be read (it can still be moved)."""
    try:
        return files.sha256_of(path)
    except OSError:
        return ""


def _repeated(artworks: Sequence[NewArtwork]) -> list[str]:
    first = dict[str, str]()
    told = list[str]()
    for artwork in artworks:
        name = first.setdefault(artwork.sha256 or artwork.name, artwork.name)
        if name != artwork.name:
            told.append(
                _("{name} and {artwork_name} are the same picture; keep one of them").format(
                    name=name, artwork_name=artwork.name
                )
            )
    return told


def _deliveries(
    bundle: Bundle,
    dropped: Dropped,
    panel: Panel,
    inspections: Sequence[Inspection],
    edits: Mapping[str, Edit],
) -> tuple[str, list[NewDelivery], list[str]]:
    """Return the recipe, what each account is to post, and the problems with it."""
    settings = panel.settings
    targets, problems = targets_of(dropped, settings)
    recipe, unclear = _recipe(dropped, targets, settings)
    problems += unclear
    deliveries = list[NewDelivery]()
    for account in targets:
        try:
            said = words.resolve(
                *(dropped, account, settings.accounts[account], settings.artist.lang),
                *([str(path) for path in bundle.files], inspections),
                edit=edits.get(account, Edit()),
            )
        except BadWords as exc:
            problems.append(_with_file(bundle, str(exc)))
            continue
        deliveries.append(_delivery(dropped, account, said, panel, edits.get(account, Edit())))
    deliveries = _linked(deliveries)
    for each in deliveries:
        if settings.intake.require_alt:
            problems += _without_alt(each.words, bundle, inspections)
        found = panel.objections(each.account, each.words, len(inspections))
        problems += [f"{each.account}: {objection}" for objection in found]
    return recipe, deliveries, problems


def _with_file(bundle: Bundle, problem: str) -> str:
    """Return what is wrong with fields behind the name of their file: the `.toml`, where text and
    fields have a file each."""
    tables = [path for path in bundle.words if path.suffix.casefold() == ".toml"]
    file = next(iter(tables or bundle.words), None)
    return problem if file is None else f"{file.name}: {problem}"


def _delivery(
    dropped: Dropped, account: str, said: Words, panel: Panel, edit: Edit
) -> NewDelivery:
    dry = words.dry_run(dropped, account, panel.settings.accounts[account])
    return NewDelivery(
        account=account,
        words=said,
        asked=words.asked(dropped, account) if edit.at is None else edit.at,
        fit=panel.fit_of(account, dry),
        dry_run=dry,
        not_before=words.not_before(dropped, account),
    )


def _linked(deliveries: Sequence[NewDelivery]) -> list[NewDelivery]:
    """Drop links to a copy that is not made, or that is no public page: only the artist, or only
    followers, could open it."""
    leads = {
        d.account
        for d in deliveries
        if not d.dry_run and d.words.visibility in {Visibility.PUBLIC, Visibility.UNLISTED}
    }
    return [
        d if d.words.link_to in leads else replace(d, words=replace(d.words, link_to=""))
        for d in deliveries
    ]


def targets_of(dropped: Dropped, settings: Settings) -> tuple[list[str], list[str]]:
    """Return the accounts to post to, in the config's order, and what is wrong with the choice."""
    enabled = [name for name, account in settings.accounts.items() if account.enabled]
    wanted = dropped.top.to
    if wanted is not None and "all" not in wanted:
        off = [name for name in wanted if name not in enabled]
        problems = [
            _("account {name} is switched off in the config (enabled = false)").format(name=n)
            for n in off
        ]
        return [name for name in enabled if name in wanted], problems
    if not enabled:
        return [], [_("no account is set up to post to; `postguard init` sets one up")]
    return enabled, []


def _recipe(dropped: Dropped, targets: Sequence[str], settings: Settings) -> tuple[str, list[str]]:
    """Return the one recipe of the post: all its renditions come from one protected picture."""
    wanted = {name: words.recipe(dropped, name, settings.accounts[name]) for name in targets}
    chosen = list(dict.fromkeys(wanted.values()))
    if len(chosen) > 1:
        told = ", ".join(f"{name} {recipe}" for name, recipe in wanted.items())
        return chosen[0], [
            _(
                "its accounts want different recipes ({told}), but one post has one recipe: write"
                ' recipe = "…" beside the picture, or drop it once for each account with to = "…"'
            ).format(told=told)
        ]
    for recipe in chosen:
        if recipe not in settings.recipes:
            near = difflib.get_close_matches(recipe, list(settings.recipes), n=1)
            meant = _("; did you mean {near}?").format(near=near[0]) if near else ""
            return recipe, [
                _("there is no recipe {recipe} in the config{meant}").format(
                    recipe=recipe, meant=meant
                )
            ]
    return (chosen or ["default"])[0], []


def _without_alt(said: Words, bundle: Bundle, inspections: Sequence[Inspection]) -> list[str]:
    """Name the pictures that say nothing to who cannot see them; what is no picture need not."""
    told = enumerate(zip(bundle.files, said.alts, inspections, strict=True), start=1)
    bare = {n: str(file) for n, (file, alt, seen) in told if seen.width and not alt.strip()}
    if not bare:
        return []
    first = next(iter(bare.values()))
    beside = words_file(bundle.words) or usual_words(first, is_set=bundle.is_set)
    return no_alt_text(bare, len(bundle.files), beside)


def words_file(paths: Iterable[PurePath]) -> str:
    """Return the file of words among these that takes more; a second one would be refused."""
    return next((path.name for path in sorted(paths) if path.suffix.lower() == ".toml"), "")


def usual_words(picture: str, *, is_set: bool) -> str:
    """Return what the file of words is called where there is none yet."""
    return f"{names.SET_WORDS if is_set else PurePath(picture).stem}.toml"


def no_alt_text(bare: Mapping[int, str], pictures: int, beside: str) -> list[str]:
    """Return why a post is held whose pictures say nothing, and what else than writing into the
    file `beside` them says it; `bare`: their names, by number."""
    named = list(bare.values())
    example = f'alt = {{ "{named[0]}" = "…" }}' if pictures > 1 else 'alt = "…"'
    why = _(
        "{bare}: there is no alt text, which people who cannot see the picture need; write "
        "{example} into {beside} beside it"
    ).format(bare=", ".join(named), example=example, beside=beside)
    command = folders.alt_command(list(bare), pictures)
    return [_("; ").join((why, _("`{command}` says it as well").format(command=command)))]


def _with_alts(
    artworks: Sequence[NewArtwork],
    inspections: Sequence[Inspection],
    deliveries: Sequence[NewDelivery],
) -> tuple[NewArtwork, ...]:
    """Give each artwork the alt text that its first account posts."""
    alts = (
        deliveries[0].words.alts if deliveries else [i.alt or i.description for i in inspections]
    )
    return tuple(
        NewArtwork(a.sha256, a.name, a.source, a.width, a.height, alt)
        for a, alt in zip(artworks, alts, strict=True)
    )
