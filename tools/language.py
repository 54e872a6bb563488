"""Catalogues of what postguard says: `make language` takes every sentence out of the code into
`postguard/locale/*/LC_MESSAGES/postguard.po`, and compiles the translations beside it.

Sentences are marked with `_`, `ngettext` or `marked` (see `postguard.language`), in templates with
`_` and `{% trans %}`. Help pages need no mark: they are read from the commands themselves, and
click's own words from click.

The compiled catalogues are committed, so that a checkout speaks without babel.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Container, Iterator
from io import BytesIO
from pathlib import Path
from typing import IO

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from postguard.cli import cli

PACKAGE = Path(__file__).parents[1] / "postguard"
LOCALE = PACKAGE / "locale"
KEYWORDS = {"_": None, "gettext": None, "marked": None, "ngettext": (1, 2)}
_OF_CLICK = {
    *("core.py", "decorators.py", "exceptions.py", "formatting.py", "parser.py", "termui.py"),
    "types.py",
}


def said() -> Catalog:
    """Return every sentence of postguard, untranslated."""
    catalog = _empty()
    methods = [("**.py", marked_in), ("**.html.j2", "jinja2")]
    found = extract_from_dir(PACKAGE, methods, keywords=KEYWORDS)  # type: ignore[arg-type]
    for name, _line, text, _comments, _context in found:  # a line moves with every edit
        catalog.add(text, locations=[(f"postguard/{name}", 0)])
    for where, text in sorted(set(of_help(cli))):
        catalog.add(text, locations=[(f"postguard {where}".strip(), 0)])
    return catalog


def marked_in(
    file: IO[bytes], keywords: Container[str], comment_tags: object, options: object
) -> Iterator[tuple[int, str, str | tuple[str, ...], list[str]]]:
    """Yield what is marked in a module, as babel's own extractor does; that one does not look
    into f-strings before Python 3.12."""
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.Call) and (name := name_of(node)) in keywords:
            texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
            said = tuple(text for text in texts if isinstance(text, str))
            if said:
                yield node.lineno, name, said if len(said) > 1 else said[0], []


def name_of(call: ast.Call) -> str:
    """Return the name of what is called, without what it belongs to."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def of_help(command: click.Command, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield what help pages say: the command they are of, and each text."""
    if command.help:
        yield path, inspect.cleandoc(command.help)
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.help:
            yield path, parameter.help
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from of_help(each, f"{path} {name}".strip())


def of_click() -> Catalog:
    """Return what click itself says: usage, errors in what was typed, questions."""
    catalog = _empty()
    folder = Path(click.__file__).parent
    for name, _line, text, _comments, _context in extract_from_dir(
        folder, [("*.py", "python")], keywords=KEYWORDS
    ):
        if name in _OF_CLICK:
            catalog.add(text, locations=[("click", 0)])
    return catalog


def kept(path: Path, language: str) -> Catalog:
    """Return the catalogue of a language as it is kept."""
    if not path.exists():
        return _empty(language)
    return read_po(BytesIO(path.read_bytes()), locale=language)


def compiled(catalog: Catalog) -> bytes:
    """Return a catalogue as gettext reads it."""
    made = BytesIO()
    write_mo(made, catalog)
    return made.getvalue()


def update(path: Path, language: str) -> Catalog:
    """Bring a catalogue up to date: new sentences wait for translation, gone ones are gone."""
    template = said()  # takes seconds: what another run writes meanwhile is not undone
    catalog = kept(path, language)
    for message in of_click():
        if message.id and message.id not in template:
            template.add(message.id, locations=message.locations)
    catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    written = BytesIO()
    write_po(written, catalog, width=98, sort_output=True, omit_header=False)
    path.write_bytes(written.getvalue())
    path.with_suffix(".mo").write_bytes(compiled(catalog))
    return catalog


def missing(catalog: Catalog) -> list[str]:
    """Return the sentences that are not translated."""
    return [str(m.id) for m in catalog if m.id and (m.fuzzy or not _whole(m.string))]


def _whole(translation: str | tuple[str, ...]) -> bool:
    """Forms of a plural that wait are a tuple of empty texts."""
    return bool(translation) and all(translation)


def _empty(language: str | None = None) -> Catalog:
    return Catalog(locale=language, domain="postguard", project="postguard", fuzzy=False)


def main() -> None:
    """Update and compile every catalogue, and say what waits for translation."""
    for path in sorted(LOCALE.glob("*/LC_MESSAGES/postguard.po")):
        language = path.parents[1].name
        for text in missing(update(path, language)):
            print(f"{language}: not translated yet: {text!r}")


if __name__ == "__main__":
    main()
