"""A hook of mkdocs, which knows one language for a whole site: the Japanese pages say theirs, for
the voice that reads them aloud and for the forms of their kanji."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.structure.pages import Page

_ENGLISH, _JAPANESE = '<html lang="en"', '<html lang="ja"'


def on_post_page(output: str, *, page: Page, **_: object) -> str:
    """Return a page as it is written, in its own language."""
    if page.file.src_uri.endswith(".ja.md"):
        return output.replace(_ENGLISH, _JAPANESE, 1)
    return output
