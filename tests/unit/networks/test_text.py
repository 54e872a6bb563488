"""Links, mentions and hashtags, and what each network counts."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postguard.networks.text import facets, graphemes, mastodon_length, short_mentions

# Pieces that make facets, so that hypothesis does not have to invent a domain by itself.
PIECES = st.sampled_from(
    [
        "#",
        "＃",
        "@",
        "https://",
        "a.jp",
        "狐",
        "👩‍🎨",
        " ",
        "　",
        "\n",
        "(",
        ")",
        "。",
        "x.test",
        "1",
    ]
)
TEXTS = st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=3))).map("".join))


def found(text: str) -> list[tuple[str, str, str]]:
    """(kind, value, the bytes it names) of each facet."""
    data = text.encode()
    return [(f.kind, f.value, data[f.start : f.end].decode()) for f in facets(text)]


@given(TEXTS)
@example("＃狐 https://例え.jp/狐。 @a.test")
def test_a_facet_always_slices_to_what_it_names(text: str) -> None:
    """Whatever Unicode stands around it; never half a character, never one over another."""
    end = 0
    for kind, value, shown in found(text):
        assert value.lower() in shown.lower() or value == f"https://{shown}"
        assert kind != "tag" or shown[0] in "#＃"
        assert kind != "mention" or shown[0] == "@"
    for facet in facets(text):
        assert end <= facet.start < facet.end <= len(text.encode())
        end = facet.end


@given(st.text(alphabet=st.characters(categories=["L"]), min_size=1, max_size=30))
def test_any_letters_make_a_hashtag(letters: str) -> None:
    """In every script, with either sign."""
    for sign in "#＃":
        assert ("tag", letters, sign + letters) in found(f"あ {sign}{letters} い")


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#オリジナル", ["オリジナル"]),
        ("＃オリジナル　＃狐", ["オリジナル", "狐"]),
        ("新作#くっつき", []),
        ("#1 #2025 #１", ["１"]),
        ("#1girl #art2025", ["1girl", "art2025"]),
        ("#狐、 #fox. #(a) #a-b! #狐」", ["狐", "fox", "(a", "a-b", "狐"]),
        ("# #! ##", []),
        ("#️⃣", []),
        ("#" + "あ" * 64, ["あ" * 64]),
        ("#" + "あ" * 65, []),
        ("#" + "👩‍🎨" * 3, ["👩"]),
    ],
)
def test_hashtags_are_those_of_bluesky(text: str, tags: list[str]) -> None:
    """Its official detection is the rule: a space before, no number alone, 64 graphemes."""
    assert [value for kind, value, _ in found(text) if kind == "tag"] == tags


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("https://example.com/a?b=c#d", ["https://example.com/a?b=c#d"]),
        ("see example.com/x.", ["https://example.com/x"]),
        ("(https://example.com)", ["https://example.com"]),
        ("https://en.wikipedia.org/wiki/Fox_(animal)", None),
        ("https://例え.jp/狐。", ["https://例え.jp/狐"]),
        ("「絵」 https://example.com/」", ["https://example.com/"]),
        ("file.png a.b 3.14 e.g. mail@example.com", []),
        ("EXAMPLE.COM", ["https://EXAMPLE.COM"]),
    ],
)
def test_links_end_before_punctuation(text: str, links: list[str] | None) -> None:
    """Japanese punctuation too; a bare domain needs a top-level domain that exists."""
    expected = [text] if links is None else links
    assert [value for kind, value, _ in found(text) if kind == "link"] == expected


@pytest.mark.parametrize(
    ("text", "handles"),
    [
        ("@hanako.bsky.social", ["hanako.bsky.social"]),
        ("(@Hanako.bsky.social)", ["hanako.bsky.social"]),
        ("@hanako.bsky.socialさん", ["hanako.bsky.social"]),
        ("@fox.test.", ["fox.test"]),
        ("@hanako a@fox.test @nobody.nosuchtld @.test @-a.test", []),
    ],
)
def test_mentions_are_handles(text: str, handles: list[str]) -> None:
    """A name without a domain is plain text."""
    assert [value for kind, value, _ in found(text) if kind == "mention"] == handles


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("abc", 3), ("が", 1), ("か\u3099", 1), ("👩‍🎨", 1), ("🇯🇵🇯🇵", 2), ("\r\n", 1)],
)
def test_a_grapheme_is_what_a_reader_sees(text: str, count: int) -> None:
    """Combining marks, joined emoji and flags are one each."""
    assert graphemes(text) == count


@pytest.mark.parametrize(
    ("text", "cw", "count"),
    [
        ("新作です", "", 4),
        ("新作です", "流血", 6),
        ("https://example.com/" + "a" * 200, "", 23),
        ("http://a.jp", "", 23),
        ("見てhttps://example.com/aを", "", 26),
        ("https://a.jp。", "", 24),
        ("@friend@elsewhere.example", "", 7),
        ("@friend@elsewhere.example さん", "", 10),
        ("mail@example.com", "", 16),
        ("👩‍🎨が", "", 2),
    ],
)
def test_mastodon_counts_links_and_mentions_in_its_own_way(text: str, cw: str, count: int) -> None:
    """As its documentation on posting says."""
    assert mastodon_length(text, cw) == count


@given(st.text(), st.text())
def test_more_text_never_counts_less_than_its_graphemes_allow(text: str, cw: str) -> None:
    """Without links and mentions the count is plain."""
    plain = text.replace("@", "").replace("://", "")
    assert mastodon_length(plain, cw) == graphemes(plain) + graphemes(cw)


def test_the_server_says_what_a_link_counts() -> None:
    """`characters_reserved_per_url` of the instance."""
    assert mastodon_length("https://example.com", link_length=30) == 30


def test_mentions_are_shown_without_their_server() -> None:
    """So a post can be compared with what its server shows of it."""
    assert short_mentions("@a@b.example と @c") == "@a と @c"
