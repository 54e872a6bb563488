"""What postguard says is translated whole; a sentence that was forgotten fails here."""

import string

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo

from tools import language as tool

LANGUAGES = sorted(path.parents[1].name for path in tool.LOCALE.glob("*/*/postguard.po"))


def kept(language: str) -> Catalog:
    return tool.kept(tool.LOCALE / language / "LC_MESSAGES" / "postguard.po", language)


def texts(value: object) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def english(message: Message) -> str:
    """Plural forms hold the same places; a language without plurals has the last alone."""
    return texts(message.id)[-1]


def places(text: str) -> set[tuple[str, str, str]]:
    """Return the places in braces, with what is done to each. None where braces are TOML's, as in
    "must be a table: { … }", which nothing fills."""
    try:
        found = list(string.Formatter().parse(text))
    except ValueError:
        return set()
    named = {(name, spec or "", how or "") for _, name, spec, how in found if name is not None}
    return named if all(name.isidentifier() for name, *_ in named) else set()


@pytest.fixture(scope="module")
def said() -> Catalog:
    return tool.said()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated(said, language):
    """After a change of what is said: make language, then translate what it names."""
    catalog = kept(language)
    waiting = [m.id for m in said if m.id and (m.id not in catalog or not catalog[m.id].string)]
    assert waiting == []
    assert tool.missing(catalog) == []


def test_a_sentence_with_a_plural_waits_until_its_forms_are_written():
    catalog = Catalog(locale="ja", fuzzy=False)
    catalog.add(("one picture", "{count} pictures"), ("",))
    catalog.add("a picture", "絵")
    assert tool.missing(catalog) == [str(("one picture", "{count} pictures"))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_places_that_the_sentence_has(language):
    other = [
        (message.id, message.string)
        for message in kept(language)
        if message.id
        for text in texts(message.string)
        if places(text) != places(english(message))
    ]
    assert other == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_keeps_commands_as_they_are_typed(language):
    """What stands between ` and ` is typed, or looked for and replaced."""
    changed = [
        (message.id, message.string)
        for message in kept(language)
        if message.id
        for text in texts(message.string)
        if sorted(text.split("`")[1::2]) != sorted(english(message).split("`")[1::2])
    ]
    assert changed == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_begins_and_ends_lines_as_the_sentence_does(language):
    def edges(text: str) -> tuple[int, int]:
        return len(text) - len(text.lstrip("\n")), len(text) - len(text.rstrip("\n"))

    other = [
        message.id
        for message in kept(language)
        if message.id
        for text in texts(message.string)
        if edges(text) != edges(english(message))
    ]
    assert other == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_made_of_the_kept_one(language):
    catalog = kept(language)
    path = tool.LOCALE / language / "LC_MESSAGES" / "postguard.mo"
    with path.open("rb") as file:
        compiled = read_mo(file)
    spoken = {tuple(texts(m.id)): texts(m.string) for m in compiled if m.id}
    assert spoken == {tuple(texts(m.id)): texts(m.string) for m in catalog if m.id and m.string}


def test_japanese_is_spoken():
    assert "ja" in LANGUAGES
