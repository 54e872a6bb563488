"""Limits, objections and comparisons of Mastodon, without a server."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.model import Quotes, Replies, Visibility, Words
from postguard.networks.mastodon.client import MastodonClient
from postguard.networks.mastodon.instance import limits_of, plain_text, print_of, shown_text
from postguard.networks.mastodon.rules import lacking, objections, wider
from tests.contract.stages import FakeClock

LIMITS = limits_of({"api_versions": {"mastodon": 7}})


def status(**more: Any) -> dict[str, Any]:
    """A status as asked for, but for what is said."""
    return {
        "visibility": "unlisted",
        "spoiler_text": "cw",
        "sensitive": True,
        "media_attachments": [{"id": "1", "description": "狐の絵"}],
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
        (status(quote_approval={"automatic": ["public"]}), "open to be quoted"),
        (status(quote_approval={"automatic": ["followers"]}), "open to be quoted"),
    ],
)
def test_a_status_that_shows_more_than_asked_is_seen(made: dict[str, Any], says: str) -> None:
    """It must not stay."""
    words = Words(cw="cw", visibility=Visibility.UNLISTED, quotes=Quotes.NOBODY)
    (wrong,) = wider(made, words)
    assert says in wrong


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (status(media_attachments=[]), "with 0 of its 1 pictures"),
        (status(media_attachments=[{"id": "1"}]), "without the alt text of picture 1"),
        (status(media_attachments=[{"description": "別"}]), "without the alt text of picture 1"),
    ],
)
def test_a_status_that_is_not_whole_is_seen(made: dict[str, Any], says: str) -> None:
    """Servers have posted without the pictures (ihabunek/toot#286)."""
    (wrong,) = lacking(made, ["狐の絵"])
    assert says in wrong


def test_a_status_as_asked_or_narrower_is_fine() -> None:
    """A narrower audience harms nobody."""
    words = Words(cw="cw", visibility=Visibility.UNLISTED, quotes=Quotes.FOLLOWERS)
    for visibility in ("unlisted", "private", "list", "direct"):
        assert wider(status(visibility=visibility), words) == []
    assert wider(status(quote_approval={"automatic": ["followers"]}), words) == []
    assert lacking(status(), ["狐の絵"]) == []


def test_pleromas_audience_of_one_server_is_narrower_than_public_only() -> None:
    """It stands in that server's public timeline, where an unlisted post does not."""
    assert wider(status(visibility="local"), Words()) == []
    assert len(wider(status(visibility="local"), Words(visibility=Visibility.UNLISTED))) == 1


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


def test_words_that_are_told_without_html_are_taken_so() -> None:
    """Pleroma tells both, and makes of some texts HTML that cannot be read back."""
    told = {"content": "<p>x</p>", "pleroma": {"content": {"text/plain": "1 < 2"}}}
    assert plain_text(told) == "1 < 2"
    assert plain_text({"content": "<p>x</p>", "pleroma": {}}).strip() == "x"


@pytest.mark.parametrize(
    ("version", "once"),
    [
        ("4.6.4", True),
        ("4.4.1+glitch", True),
        ("3.0.1", True),
        ("2.7.2 (compatible; Pleroma 2.9.1)", True),
        ("2.7.2 (compatible; Akkoma 3.15.2)", True),
        ("0.20.1+git-5109fbd", False),  # GoToSocial
        ("4.3.0 (compatible; GoToSocial 0.20.1)", False),
        ("0.11.0", False),
        ("4.0.0 (not true; really snac/2.80)", False),
        ("3.5.3 (compatible; Pixelfed 0.12.4)", False),
        ("", False),
    ],
)
def test_only_servers_that_are_known_to_honour_a_key_are_trusted_with_it(
    version: str, *, once: bool
) -> None:
    """On all others a doubt that reading cannot settle holds the post."""
    assert limits_of({"version": version}).once is once


def test_a_server_before_configuration_says_its_limits_elsewhere() -> None:
    """Pleroma before 2.6; the numbers are then on the first level."""
    limits = limits_of({"max_toot_chars": 5000, "description_limit": 999, "upload_limit": 1000})
    assert (limits.text, limits.alt, limits.image_bytes) == (5000, 999, 1000)


def test_a_thread_takes_what_one_post_does_not() -> None:
    """Both its text and its pictures go on in answers to itself."""
    words = Words(text="狐。" * 600, thread=True)
    assert objections(words, 9, LIMITS) == []
    assert len(objections(Words(text=words.text), 9, LIMITS)) == 2
    (endless,) = objections(Words(text="狐。" * 9000, thread=True), 1, LIMITS)
    assert "at most 25" in endless
    (warned,) = objections(Words(text="x", cw="あ" * 300, thread=True), 1, LIMITS)
    assert "300 characters" in warned


def test_the_link_to_the_other_copy_counts_before_it_is_known() -> None:
    """As 23 and the two line breaks before it."""
    assert objections(Words(text="あ" * 475, link_to="bsky"), 1, LIMITS) == []
    assert len(objections(Words(text="あ" * 476, link_to="bsky"), 1, LIMITS)) == 1


@given(st.text(), st.text())
def test_prints_differ_where_words_differ(one: str, other: str) -> None:
    """A print keeps every letter."""
    letters = "".join(c for c in one if c.isascii() and c.isalnum()).lower()
    assert "".join(c for c in print_of(letters)) == letters
    assert print_of(f"{letters}x{other}") != print_of(letters)


def test_a_client_shows_no_token() -> None:
    """Not even in the repr of what it holds."""
    client = MastodonClient("fedi", "https://mastodon.example", lambda: "the-token", FakeClock())
    assert "the-token" not in repr(vars(client)) + json.dumps(list(vars(client)))
