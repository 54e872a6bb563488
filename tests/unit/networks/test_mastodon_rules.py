"""Limits, objections and comparisons of Mastodon, without a server."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.model import Draft, Quotes, Rendition, Replies, Visibility, Words
from postguard.networks.mastodon import differences, objections
from postguard.networks.mastodon_client import MastodonClient
from postguard.networks.mastodon_instance import limits_of, print_of, shown_text

LIMITS = limits_of({"api_versions": {"mastodon": 7}})
IMAGE = Rendition(0, "any", Path("x"), "00" * 32, "image/png", 3, 2, 9, {})


def status(**more: Any) -> dict[str, Any]:
    """A status as asked for, but for what is said."""
    return {
        "visibility": "unlisted",
        "spoiler_text": "cw",
        "sensitive": True,
        "media_attachments": [{"id": "1"}],
        **more,
    }


def test_a_silent_server_gets_the_limits_of_a_fresh_one() -> None:
    """And nothing is taken for granted of quotes."""
    limits = limits_of({})
    assert (limits.text, limits.images, limits.alt, limits.link_length) == (500, 4, 1500, 23)
    assert (limits.image_bytes, limits.pixels) == (16_777_216, 8_294_400)
    assert not limits.quote_policy


@given(st.dictionaries(st.sampled_from(["configuration", "api_versions"]), st.none() | st.text()))
def test_nonsense_is_no_limit(said: dict[str, Any]) -> None:
    """Relatives of Mastodon answer in many ways."""
    assert limits_of(said).text == 500
    nested = {"configuration": {"statuses": said, "media_attachments": {"image_size_limit": "x"}}}
    assert limits_of(nested).image_bytes == 16_777_216


def test_only_kinds_that_the_server_takes_are_made() -> None:
    """JPEG is taken everywhere; PNG may be missing."""
    said = {"configuration": {"media_attachments": {"supported_mime_types": ["image/jpeg"]}}}
    assert limits_of(said).mimes == ("image/jpeg",)


def test_same_limits_share_their_renditions() -> None:
    """`fit` names what matters for a picture and nothing else."""
    longer = limits_of({"configuration": {"statuses": {"max_characters": 5000}}})
    assert longer.fit == limits_of({}).fit
    smaller = limits_of({"configuration": {"media_attachments": {"image_size_limit": 1_000_000}}})
    assert smaller.fit != limits_of({}).fit


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (Words(text="あ" * 501), "501 characters"),
        (Words(text="あ" * 499, cw="流血"), "501 characters"),
        (Words(alts=("", "い" * 1501)), "picture 2"),
        (Words(replies=Replies.FOLLOWERS), 'replies = "everyone"'),
        (Words(replies=Replies.NOBODY, visibility=Visibility.PRIVATE), "cannot limit replies"),
    ],
)
def test_what_mastodon_cannot_give_is_objected_to(words: Words, says: str) -> None:
    """In words that say what to do."""
    (objection,) = objections(words, 1, LIMITS)
    assert says in objection


@pytest.mark.parametrize("visibility", [Visibility.PRIVATE, Visibility.DIRECT])
def test_a_post_for_few_cannot_be_quoted_anyway(visibility: Visibility) -> None:
    """So no policy is needed, whatever the server."""
    words = Words(quotes=Quotes.NOBODY, visibility=visibility)
    assert objections(words, 1, limits_of({})) == []
    assert len(objections(Words(quotes=Quotes.NOBODY), 1, limits_of({}))) == 1


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (status(visibility="public"), "as public although unlisted"),
        (status(visibility="local"), "as local"),
        (status(spoiler_text=""), "without its content warning"),
        (status(sensitive=False), "sensitive"),
        (status(media_attachments=[]), "with 0 of its 1 pictures"),
        (status(quote_approval={"automatic": ["public"]}), "open to be quoted"),
        (status(quote_approval={"automatic": ["followers"]}), "open to be quoted"),
    ],
)
def test_a_status_that_is_not_as_asked_is_seen(made: dict[str, Any], says: str) -> None:
    """Shown more widely than asked, or without its pictures (ihabunek/toot#286)."""
    words = Words(cw="cw", visibility=Visibility.UNLISTED, quotes=Quotes.NOBODY)
    (wrong,) = differences(made, Draft(words, (IMAGE,), 1, "me"))
    assert says in wrong


def test_a_status_as_asked_or_narrower_is_fine() -> None:
    """A narrower audience harms nobody."""
    words = Words(cw="cw", visibility=Visibility.UNLISTED, quotes=Quotes.FOLLOWERS)
    draft = Draft(words, (IMAGE,), 1, "me")
    for visibility in ("unlisted", "private", "direct"):
        assert differences(status(visibility=visibility), draft) == []
    assert differences(status(quote_approval={"automatic": ["followers"]}), draft) == []


def test_the_words_of_a_recorded_status_are_those_that_were_written() -> None:
    """Links have invisible parts, mentions lose their server, paragraphs their blank lines."""
    html = (
        '<p>見て <a href="https://example.com/狐"><span class="invisible">https://</span>'
        '<span class="ellipsis">example.com/</span><span class="invisible">狐</span></a><br>'
        'by <span class="h-card"><a href="https://b.example/@a" class="u-url mention">@<span>a'
        '</span></a></span> &amp; &lt;co&gt;</p><p><a href="#">#<span>絵</span></a></p>'
    )
    text = "見て https://example.com/狐\nby @a@b.example & <co>\n\n＃絵"
    assert print_of(shown_text(html)) == print_of(text)


@given(st.text(), st.text())
def test_prints_differ_where_words_differ(one: str, other: str) -> None:
    """A print keeps every letter."""
    letters = "".join(c for c in one if c.isascii() and c.isalnum()).lower()
    assert "".join(c for c in print_of(letters)) == letters
    assert print_of(f"{letters}x{other}") != print_of(letters)


def test_a_client_shows_no_token() -> None:
    """Not even in the repr of what it holds."""
    client = MastodonClient("fedi", "https://mastodon.example", lambda: "the-token")
    assert "the-token" not in repr(vars(client)) + json.dumps(list(vars(client)))
