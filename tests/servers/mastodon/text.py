"""Count a status's text as Mastodon counts it, and write it as HTML as Mastodon does."""

import html
from collections.abc import Callable, Iterator

import regex  # type: ignore[import-untyped, unused-ignore]  # its stubs are a package of their own

# After the host Mastodon takes everything that is no white space, bracket or closing point.
URL = regex.compile(
    r"(?<![\w@#＃$])https?://[^\s<>()]*[^\s<>().,:;!?'\"。、」』]", regex.IGNORECASE
)
MENTION = regex.compile(
    r"(?<![=/\w])@(?P<name>[a-z0-9_]+(?:[a-z0-9_.-]+[a-z0-9_]+)?)(?:@[\w.-]+\w+)?",
    regex.IGNORECASE,
)
HASHTAG = regex.compile(r"(?<![=/)\w])[#＃](?P<tag>[\w_]*[\p{L}\p{M}_][\w_]*)")
GRAPHEME = regex.compile(r"\X")
SHOWN_OF_URL = 30


def countable_length(text: str, spoiler: str, per_url: int) -> int:
    """Graphemes of text and spoiler; a URL counts as one length, a mention without its host."""
    shortened = URL.sub("x" * per_url, text)
    shortened = MENTION.sub(lambda found: f"@{found['name']}", shortened)
    return len(GRAPHEME.findall(spoiler + shortened))


def hashtags(text: str) -> list[str]:
    """The names of the hashtags, once each, in lower case."""
    without_urls = URL.sub(" ", text)
    return list(dict.fromkeys(found["tag"].lower() for found in HASHTAG.finditer(without_urls)))


def mentions(text: str) -> list[str]:
    """The names mentioned, once each, without their hosts."""
    without_urls = URL.sub(" ", text)
    return list(dict.fromkeys(found["name"] for found in MENTION.finditer(without_urls)))


def link(address: str) -> str:
    """A link that shows the first thirty characters after the scheme."""
    start = regex.match(r"https?://(?:www\.)?", address)
    prefix = start[0] if start else ""
    shown = address[len(prefix) :][:SHOWN_OF_URL]
    rest = address[len(prefix) + SHOWN_OF_URL :]
    if len(rest) == 1:  # an ellipsis would be no shorter
        shown, rest = shown + rest, ""
    ellipsis = "ellipsis" if rest else ""
    return (
        f'<a href="{html.escape(address)}" target="_blank" rel="nofollow noopener" '
        f'translate="no"><span class="invisible">{html.escape(prefix)}</span>'
        f'<span class="{ellipsis}">{html.escape(shown)}</span>'
        f'<span class="invisible">{html.escape(rest)}</span></a>'
    )


def to_html(text: str, base_url: str, names: set[str]) -> str:
    """Paragraphs with links, hashtags and mentions of the people who are here."""

    def hashtag(name: str) -> str:
        return (
            f'<a href="{base_url}/tags/{html.escape(name.lower())}" class="mention hashtag" '
            f'rel="tag">#<span>{html.escape(name)}</span></a>'
        )

    def mention(whole: str, name: str) -> str:
        if name not in names:
            return html.escape(whole)
        return (
            f'<span class="h-card" translate="no"><a href="{base_url}/@{name}" '
            f'class="u-url mention">@<span>{name}</span></a></span>'
        )

    marked = "".join(_pieces(text, hashtag, mention))
    paragraphs = regex.split(r"\n{2,}", marked.strip())
    return "".join("<p>{}</p>".format(each.replace("\n", "<br />")) for each in paragraphs if each)


def _pieces(
    text: str, hashtag: Callable[[str], str], mention: Callable[[str, str], str]
) -> Iterator[str]:
    """The text in order, each entity marked up and all else escaped."""
    end = 0
    entities = regex.compile(
        f"(?P<url>{URL.pattern})|{HASHTAG.pattern}|{MENTION.pattern}", regex.I
    )
    for found in entities.finditer(text):
        yield html.escape(text[end : found.start()])
        if found["url"]:
            yield link(found[0])
        elif found["tag"]:
            yield hashtag(found["tag"])
        else:
            yield mention(found[0], found["name"])
        end = found.end()
    yield html.escape(text[end:])
