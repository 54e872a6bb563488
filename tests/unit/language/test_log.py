"""The log's own words are English. What is said to the artist stands at the end of its line, as it
was said: in Japanese an English clause went on behind it."""

import ast
import functools
import re

from tools.language import PACKAGE

LEVELS = {"log.info", "log.warning", "log.error"}
SAID = {"exc", "why", "reason", "told", "found", "title", "without"}  # names of what is said


@functools.cache
def lines():
    """Every line that is logged: where, its own words, and what is put into them."""
    calls = [
        (f"{path.name}:{node.lineno}", node)
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in LEVELS
    ]
    return [(where, ast.literal_eval(c.args[0]), given(c.args[1:])) for where, c in calls]


def given(arguments):
    """The names of what is put in; `*(a, b)` are two."""
    each = [getattr(getattr(a, "value", a), "elts", [a]) for a in arguments]
    return [ast.unparse(one).rpartition(".")[2] for many in each for one in many]


def test_no_english_goes_on_behind_what_was_said_to_the_artist():
    wrong = []
    for where, text, names in lines():
        behind = dict(zip(names, re.split(r"%[sd]", text)[1:], strict=True))
        wrong += [where for name in SAID & set(behind) if re.search(r"[a-z]{2}", behind[name])]
    assert wrong == []


def test_what_is_said_is_known_by_its_name():
    """Else the test above could not fail."""
    assert sum(bool(SAID & set(names)) for _, _, names in lines()) > 20
