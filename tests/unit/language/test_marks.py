"""A sentence that nobody marked for translation is found here, not by the artist."""

import ast
import functools
import re
from collections.abc import Iterator

import pytest

from tools.language import KEYWORDS, PACKAGE, name_of

WINGS = (
    *("app", "cli", "imaging", "intake", "model", "networks", "protect", "publish", "settings"),
    *("cloak", "cluster", "system"),
)
SENTENCE = re.compile(r"[a-z]{2,} [a-z]{2,}|[a-z]{3,}[:;,] [a-z]{2,}")
# What is no sentence of ours: names of states and steps that rows keep, and what programs read.
KEPT = {
    *("try again", "read back", "not to be sent", "link stays", "retracted from", "looking ahead"),
    *("allocate memory", "out of memory", "could not create a memory", "no torch"),
    "could not create a primitive",
    *("hub cache", "not here", "picture without the cloak", "there already"),
    *("see plus:OtherConstraints", "see plus:LinkedEncodedRightsExpr"),
    *("see plus:EmbeddedEncodedRightsExpr", "--why=a post is being sent", "asked to end"),
    *("the server says", "the answer is no JSON", "connect to bus", "search engines may index it"),
    *("drawn, not posted (dry run)", "Value error, ", "system volume information"),
    # tomllib's
    *("Unterminated string", "Illegal character '\\n'", "Found invalid character '\\n'"),
    *("Invalid value", "Unclosed array"),
}
# Files whose every word is of another kind.
OTHERWISE = {
    "app/bugreport.py": "read by whoever mends postguard",
    "cluster/machines.py": "a program for another machine",
    "cloak/targets.py": "prompts for Stable Diffusion",
    "cloak/diffusion/drawing.py": "prompts for Stable Diffusion",
    "app/demo.py": "the words of the demo's post, in two languages",
    "imaging/words.py": "what cameras and programs write",
    "networks/mastodon/loopback.py": "a page in two languages",
    "settings/notices.py": "drawn into pictures, in the language of the recipe",
    "protect/steps/tags.py": "written into pictures, in the artist's languages",
}
# Texts handed to these are for the log, for programmers, or patterns; `option` is read from click.
NOT_SAID = frozenset(
    {
        *("debug", "info", "warning", "error", "exception", "critical"),
        *(
            "option",
            "argument",
            "compile",
            "filterwarnings",
            "TypeError",
            "search",
            "sub",
            "add_argument",
            "Stray",  # of bytes, told to whoever mends them
        ),
    }
)
# What a wrong call raises; pydantic hands on to the artist what settings raise so.
PROGRAMMERS = NOT_SAID | {"ValueError", "AssertionError"}
FOR_THE_ARTIST = {"settings"}


@functools.cache
def modules(wing: str) -> list[tuple[str, ast.Module]]:
    """Return the modules of a wing, each by its path in the package."""
    return [
        (str(path.relative_to(PACKAGE)), ast.parse(path.read_text(encoding="utf-8")))
        for path in sorted((PACKAGE / wing).rglob("*.py"))
        if not {"walks", "metadata"} & set(path.parts)  # of bytes, told to whoever mends them
    ]


def unmarked(tree: ast.Module, not_said: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Yield texts that read as a sentence and are not marked."""
    for node, parent, call in texts(tree):
        parts = [node] if isinstance(node, ast.Constant) else node.values
        text = "".join(str(p.value) if isinstance(p, ast.Constant) else "{}" for p in parts)
        if not SENTENCE.search(text) or text in KEPT or is_typed(text):
            continue
        if call not in {*KEYWORDS, *not_said} and not stands_apart(node, parent):
            yield node.lineno, text


def texts(tree: ast.Module) -> Iterator[tuple[ast.Constant | ast.JoinedStr, ast.AST, str]]:
    """Yield every text, what it stands in, and the name of what it is handed to."""
    left: list[tuple[ast.AST, ast.AST, str]] = [(tree, tree, "")]
    while left:
        node, parent, call = left.pop()
        if isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and not isinstance(parent, ast.JoinedStr)
        ):
            yield node, parent, call
        inner = name_of(node) or "a value" if isinstance(node, ast.Call) else call
        left += [(child, node, inner) for child in ast.iter_child_nodes(node)]


def is_typed(text: str) -> bool:
    """Commands, pages and paths are no sentences."""
    return bool(
        re.match(r"\s*(`?postguard |pip install|mkdir|https?:|# )|.*[<{|]\w", text, re.DOTALL)
    )


def stands_apart(node: ast.AST, parent: ast.AST) -> bool:
    """Return whether a text is a docstring, a key, or what something is compared with."""
    if isinstance(parent, ast.Dict):
        return node in parent.keys
    return isinstance(parent, ast.Expr | ast.Compare | ast.Subscript)


@pytest.mark.parametrize("wing", WINGS)
def test_every_sentence_is_marked(wing: str):
    """Say it as _("… {name} …").format(name=name); in a table, as marked("…"), with _() where it
    is said."""
    forgotten = [
        f"{file}:{line}: {text}"
        for file, tree in modules(wing)
        if file not in OTHERWISE
        for line, text in unmarked(tree, NOT_SAID if wing in FOR_THE_ARTIST else PROGRAMMERS)
    ]
    assert forgotten == []


@pytest.mark.parametrize("file", sorted(OTHERWISE))
def test_what_is_excepted_is_there_and_would_be_found(file):
    tree = ast.parse((PACKAGE / file).read_text(encoding="utf-8"))
    assert list(unmarked(tree, NOT_SAID))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('raise Unusable("nothing was changed")', 1),
        ('raise Unusable(f"post {number} is not there")', 1),
        ('raise Unusable(_("nothing was changed"))', 0),
        ('raise Unusable(_("post {n} is not there").format(n=n))', 0),
        ('SAID = {"a": "nothing was changed"}', 1),
        ('SAID = {"a": marked("nothing was changed")}', 0),
        ('click.echo("all is well here")', 1),
        ('log.info("post %d is taken now")', 0),
        ('"""What this module is for."""', 0),
    ],
)
def test_the_search_finds_what_is_not_marked(source, found):
    assert len(list(unmarked(ast.parse(source), NOT_SAID))) == found


@pytest.mark.parametrize("wing", WINGS)
def test_what_is_marked_is_a_plain_text(wing: str):
    """A catalogue is looked up by the text itself, so values come by .format() behind it."""
    wrong = [
        f"{file}:{call.lineno}"
        for file, tree in modules(wing)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and name_of(call) in {"_", "marked"}
        for argument in call.args
        if isinstance(argument, ast.JoinedStr)
    ]
    assert wrong == []


@pytest.mark.parametrize("wing", WINGS)
def test_nothing_else_is_called_as_the_translator_is(wing: str):
    """A loop variable `_` in a function that says something is a fault at run time only."""
    wrong = [
        f"{file}:{node.lineno}: {node.name}"
        for file, tree in modules(wing)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if speaks(node) and binds(node)
    ]
    assert wrong == []


def speaks(function: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_"
        for node in ast.walk(function)
    )


def binds(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether `_` is a name of the function itself; comprehensions have their own."""
    own = {a.arg for a in (*function.args.args, *function.args.kwonlyargs)}
    inside = {
        id(name)
        for node in ast.walk(function)
        if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp)
        for name in ast.walk(node)
    }
    stored = (
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id == "_" and isinstance(node.ctx, ast.Store)
    )
    return "_" in own or any(id(name) not in inside for name in stored)
