"""Reads what a server tells crawlers: its robots.txt, the headers and the head of a page. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.robotparser import RobotFileParser

# Who collects pictures and text for training, or says that it may.
CRAWLERS = (
    *("GPTBot", "CCBot", "Google-Extended", "ClaudeBot", "anthropic-ai", "Bytespider"),
    *("Applebot-Extended", "Meta-ExternalAgent", "Amazonbot", "PerplexityBot"),
)
# Words of terms and rules that speak of it, in the languages that servers mostly write.
_OF_AI = re.compile(
    r"\bAIs?\b|artificial intelligence|machine.learning|language models?|\bLLMs?\b|generative|"
    r"\bscrap(e|ing|er)|\bdata.?sets?\b|\bKI\b|intelligence artificielle|"
    r"生成AI|AI学習|人工知能|機械学習|スクレイピング",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class PageSays:
    """What one page asks of crawlers, in lower case: `noindex`, `noai`."""

    url: str
    asks: frozenset[str]


def let_in(robots: str, page: str) -> list[str]:
    """Return the crawlers that a robots.txt lets read a page."""
    rules = RobotFileParser()
    rules.parse(robots.splitlines())
    return [name for name in CRAWLERS if rules.can_fetch(name, page)]


def asks_of(url: str, headers: Mapping[str, str], html: str) -> PageSays:
    """Return what a page asks of crawlers, in its headers and in its head."""
    reader = _Robots()
    reader.feed(html)
    reader.close()
    said = [headers.get("x-robots-tag", ""), *reader.said]
    return PageSays(url, frozenset(_words(said)))


def speaks_of_ai(texts: Iterable[str]) -> str:
    """Return the sentence of terms or rules that speaks of AI or of scraping; empty: none does."""
    for text in texts:
        for sentence in re.split(r"(?<=[.!?。])\s+|[\n。]", text):
            if _OF_AI.search(sentence):
                return " ".join(sentence.split())
    return ""


def _words(said: Iterable[str]) -> list[str]:
    """Take apart `noindex, GPTBot: noai`."""
    return [w for text in said for w in re.split(r"[,:\s]+", text.lower()) if w]


class _Robots(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "meta" and (given.get("name") or "").lower() == "robots":
            self.said.append(given.get("content") or "")
