"""Which concept a picture shows, told from its post's words, and which other stands against it.

The words are only read: what is posted stays true to the picture. They are looked up in a table,
`concepts.toml`; ours lies beside this module, and the artist may lay their own over it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from postguard.errors import PostguardError
from postguard.language import _

BUNDLED = Path(__file__).with_name("concepts.toml")
_KEYS = ("name", "words", "anchor")
_TOP = ("concept", "ignore", "replace")
_NAME = re.compile(r"\w[\w -]*")  # anchors are names of files as well

_KANJI = "々〆㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff"
_KATAKANA = "ァ-ヺー"
_UNSPACED = f"{_KANJI}{_KATAKANA}ぁ-ゟ가-힣"  # written without spaces between words
_PLURAL = "(?:(?<=[hosxz])es|s)?"
_LONGEST_ALONE = 3  # katakana: パン is in ジャパン and カメ in カメラ
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_GAP = re.compile(r"[\s_\-‐‑・#＃]+")


class UnknownConcepts(PostguardError):  # noqa: N818  # named as its kin in errors are
    """A table of concepts cannot be used; names the file, what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One entry of the table.

    Attributes:
        name: of what the picture shows; "" for words that show nothing (`ignore`).
        words: any of which says so.
        anchor: name of the picture that stands for another concept.
    """

    name: str
    words: tuple[str, ...]
    anchor: str


@dataclass(frozen=True, slots=True)
class Pair:
    """What a picture shows ("": no word told), and the anchor that its latents are drawn to."""

    concept: str
    anchor: str


def tables(config: Path) -> tuple[Path, ...]:
    """Return the tables there are: ours, and the artist's if their config folder has one."""
    own = config / BUNDLED.name
    return (BUNDLED, own) if own.exists() else (BUNDLED,)


def read_table(paths: Sequence[Path]) -> tuple[Concept, ...]:
    """Read tables, each laid over those before it: its entries come first, and an entry of the
    same name takes the place of the older one.

    Raises:
        UnknownConcepts: a file cannot be read or understood, or no concept is left.
    """
    table: tuple[Concept, ...] = ()
    for path in paths:
        entries, alone = _Reader(path).read()
        named = {entry.name for entry in entries if entry.name}
        below = () if alone else tuple(entry for entry in table if entry.name not in named)
        table = (*entries, *below)
    if not any(entry.name for entry in table):
        where = paths[-1] if paths else BUNDLED
        raise UnknownConcepts(
            _("{where}: no concept is in it; write one, or take `replace` out").format(where=where)
        )
    return table


def pair(tags: Sequence[str], alt: str, table: tuple[Concept, ...], seed: bytes) -> Pair:
    """Return the pair for a post: of the first tag that names a concept, else of the alt text,
    else of the secret seed.

    Where one text names several, the one that stands higher in the table counts: somebody with a
    cat below the sky is no picture of the sky.
    """
    for text in (*tags, alt):
        if (found := _shown(text, table)) is not None:
            return Pair(found.name, found.anchor)
    anchors = list(dict.fromkeys(entry.anchor for entry in table if entry.name))
    chance = hmac.new(seed, b"concept", hashlib.sha256).digest()
    return Pair("", anchors[int.from_bytes(chance) % len(anchors)])


def _shown(text: str, table: tuple[Concept, ...]) -> Concept | None:
    pattern, owners = _pattern(table)
    found = {_owner(match[0], owners) for match in pattern.finditer(_plain(text))}
    places = [place for place in found if table[place].name]
    return table[min(places)] if places else None


def _owner(match: str, owners: Mapping[str, int]) -> int:
    """Return the place of the entry whose word was matched, perhaps in its plural."""
    word = match.replace(" ", "")
    forms = word, word.removesuffix("s"), word.removesuffix("es")
    return next(owners[form] for form in forms if form in owners)


@lru_cache(maxsize=4)
def _pattern(table: tuple[Concept, ...]) -> tuple[re.Pattern[str], Mapping[str, int]]:
    """Return one pattern for all words, and for each word without spaces the entry it is of.

    Longer words come first and a match uses its characters up: 女の子 of 彼女の子 is not found.
    What stands with spaces around it ends where letters end, and may be plural. Japanese may stand
    anywhere, but what is short is part of many other words (海 of 海外, パン of ジャパン): one
    kanji, or up to three katakana, must stand alone among their kind.
    """
    owners: dict[str, int] = {}
    kinds: dict[str, list[str]] = {"inside": [], _KATAKANA: [], _KANJI: [], "spaced": []}
    for place, entry in enumerate(table):
        for word in map(_plain, entry.words):
            owners.setdefault(word.replace(" ", ""), place)
            kinds[_kind(word)].append(word)
    spaced = rf"(?<![^\W{_UNSPACED}]){_any(kinds['spaced'])}{_PLURAL}(?![^\W{_UNSPACED}])"
    alone = [f"(?<![{kind}]){_any(kinds[kind])}(?![{kind}])" for kind in (_KATAKANA, _KANJI)]
    return re.compile("|".join([_any(kinds["inside"]), *alone, spaced])), owners


def _kind(word: str) -> str:
    """Return `spaced`, `inside`, or the script that the word must stand alone among."""
    if not re.search(f"[{_UNSPACED}]", word):
        return "spaced"
    if re.fullmatch(f"[{_KATAKANA}]{{1,{_LONGEST_ALONE}}}", word):
        return _KATAKANA
    return _KANJI if re.fullmatch(f"[{_KANJI}]", word) else "inside"


def _any(words: Iterable[str]) -> str:
    """Return a pattern for any of the words, longest first; for none, one that never matches."""
    known = sorted(set(words), key=lambda word: (-len(word), word))
    spaces = [re.escape(word).replace(r"\ ", " ?") for word in known]
    return f"(?:{'|'.join(spaces)})" if spaces else "(?!)"


def _plain(text: str) -> str:
    """Return text as it is compared: one width, one case, `DogArt`, `dog_art` as `dog art`."""
    spaced = _CAMEL.sub(" ", unicodedata.normalize("NFKC", text))
    return _GAP.sub(" ", spaced).strip().casefold()


class _Reader:
    """Reads one file; every fault becomes UnknownConcepts with its line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._text = path.read_text("utf-8-sig")
        except OSError as exc:
            raise UnknownConcepts(
                _("{path} cannot be read: {strerror}").format(
                    path=path, strerror=exc.strerror or exc
                )
            ) from exc
        except UnicodeDecodeError as exc:
            raise UnknownConcepts(
                _("{path} is not UTF-8 text; save it as UTF-8").format(path=path)
            ) from exc

    def read(self) -> tuple[tuple[Concept, ...], bool]:
        """Return the entries, what is ignored first, and whether they replace all others."""
        data = self._toml()
        self._know(data, _TOP, ())
        alone = data.get("replace", False)
        if not isinstance(alone, bool):
            raise self._bad(_("write true or false"), ("replace",))
        ignored = self._words(data.get("ignore", []), ("ignore",))
        entries = data.get("concept", [])
        if not isinstance(entries, list):
            raise self._bad(_("write [[concept]], with two brackets"), ("concept",))
        concepts = [self._concept(entry, place) for place, entry in enumerate(entries)]
        return (*([Concept("", ignored, "")] if ignored else []), *concepts), alone

    def _toml(self) -> dict[str, object]:
        try:
            return tomllib.loads(self._text)
        except (ValueError, RecursionError) as exc:
            raise self._not_toml(exc) from None

    def _not_toml(self, error: ValueError | RecursionError) -> UnknownConcepts:
        from postguard.settings import toml  # brings pydantic along: only when something is wrong

        why = toml.refused(error, self._text)
        said = _("is not valid TOML: {said}").format(said=why)
        return UnknownConcepts(f"{self._path}:{why.line}: {said}")

    def _concept(self, entry: object, place: int) -> Concept:
        here: tuple[str | int, ...] = ("concept", place)
        if not isinstance(entry, dict):
            raise self._bad(_('write a table: [[concept]] and its name = "…"'), here)
        self._know(entry, _KEYS, here)
        if missing := [key for key in _KEYS if not entry.get(key)]:
            raise self._bad(
                _("it has no {missing}; a concept needs {listed}").format(
                    missing=missing[0], listed=_listed(_KEYS)
                ),
                here,
            )
        words = self._words(entry["words"], (*here, "words"))
        return Concept(self._name(entry, here, "name"), words, self._name(entry, here, "anchor"))

    def _name(self, entry: Mapping[str, object], here: tuple[str | int, ...], key: str) -> str:
        name = entry[key]
        if isinstance(name, str) and _NAME.fullmatch(name):
            return name
        raise self._bad(
            _("{name!r} is no name; use letters, figures and spaces").format(name=name),
            (*here, key),
        )

    def _words(self, words: object, here: tuple[str | int, ...]) -> tuple[str, ...]:
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise self._bad(_('write a list of texts: ["dog", "犬"]'), here)
        if empty := [word for word in words if not _plain(word)]:
            raise self._bad(_("{empty!r} is no word; take it out").format(empty=empty[0]), here)
        return tuple(words)

    def _know(
        self, data: Mapping[str, object], keys: Iterable[str], here: tuple[str | int, ...]
    ) -> None:
        if unknown := [key for key in data if key not in keys]:
            problem = _("unknown; there are only {listed}").format(listed=_listed(keys))
            raise self._bad(problem, (*here, unknown[0]))

    def _bad(self, problem: str, where: tuple[str | int, ...]) -> UnknownConcepts:
        from postguard.settings import lines  # brings pydantic along: only when something is wrong

        line = lines.find(self._text, where)
        return UnknownConcepts(f"{self._path}:{line}: {lines.dotted(where)}: {problem}")


def _listed(keys: Iterable[str]) -> str:
    *most, last = keys
    return _("{most} and {last}").format(most=", ".join(most), last=last)
