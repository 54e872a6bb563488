"""The audit of an account on the Mastodon stand-in: what each check sees, what a fix leaves."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from PIL import Image

from postguard.errors import LoggedOut, Refused, Retryable
from postguard.model import Change, Finding, Level, Quotes, Visibility
from postguard.networks.audit.about import Asked
from postguard.networks.audit.mastodon_checks import CHECKS, findings, logged_out
from postguard.networks.audit.mastodon_facts import MastodonReader
from postguard.networks.audit.mastodon_settings import MastodonSettings, proposals
from postguard.networks.audit.pages import CRAWLERS
from postguard.networks.mastodon.login import POSTING, SETTINGS
from tests.servers.mastodon import Account, MastodonServer
from tests.servers.mastodon.state import App
from tests.servers.rawhttp import call, send_form

ENOUGH = " ".join(("profile", *POSTING))
WIDER = " ".join(SETTINGS)
AT_THE_DOOR = "".join(f"User-agent: {name}\nDisallow: /\n\n" for name in CRAWLERS)


@dataclass
class Artist:
    """An artist on the stand-in, and postguard's view of the account."""

    server: MastodonServer
    account: Account
    token: str
    wide: str

    def finding(self, name: str, asked: Asked | None = None) -> Finding:
        """What one check says now."""
        facts = MastodonReader(self.server.url, lambda: self.token).read()
        return next(f for f in findings(facts, asked or Asked()) if f.id == name)

    def change(self, name: str, asked: Asked | None = None) -> Change:
        """What would mend one finding."""
        facts = MastodonReader(self.server.url, lambda: self.token).read()
        wish = asked or Asked()
        found = [f for f in findings(facts, wish) if f.id == name]
        (change,) = proposals(facts, wish, found)
        return change

    def make(self, change: Change) -> None:
        """Write a change."""
        reader = MastodonReader(self.server.url, lambda: self.token)
        MastodonSettings(self.server.url, reader, lambda: self.wide).make(change)

    def post(self, alt: str = "狐の絵", size: tuple[int, int] = (60, 40), **more: str) -> None:
        """Post a picture."""
        file = io.BytesIO()
        Image.new("RGB", size, "teal").save(file, "PNG")
        head = f'--b\r\nContent-Disposition: form-data; name="description"\r\n\r\n{alt}\r\n--b\r\n'
        part = 'Content-Disposition: form-data; name="file"; filename="a.png"\r\n'
        body = f"{head}{part}Content-Type: image/png\r\n\r\n".encode() + file.getvalue()
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        headers["Authorization"] = f"Bearer {self.token}"
        url = f"{self.server.url}/api/v2/media"
        media = call("POST", url, body=body + b"\r\n--b--\r\n", headers=headers)
        fields = {"status": "絵", "media_ids[]": media.json["id"], **more}
        made = send_form("POST", f"{self.server.url}/api/v1/statuses", fields, self.token)
        assert made.status == 200, made.text


@pytest.fixture
def artist(mastodon: MastodonServer) -> Iterator[Artist]:
    """An account that nobody has set up, with the least access that posting needs."""
    account = mastodon.add_account("hanako", discoverable=True, indexable=True)
    made = Artist(mastodon, account, mastodon.token_for(account, ENOUGH), "")
    register(mastodon, made.token, ENOUGH)
    made.wide = mastodon.token_for(account, WIDER)
    yield made
    assert mastodon.unknown_parameters == []


def register(server: MastodonServer, token: str, scopes: str) -> None:
    """Let a token's app be one that was registered for these scopes."""
    server.state.tokens[token].app = App(7, "postguard", None, [], scopes.split())


def level(finding: Finding) -> Level:
    """The level, after a look that every sentence is there."""
    assert finding.found
    assert finding.recommended
    assert finding.why
    assert finding.by_hand
    assert finding.limit
    return finding.level


def test_every_check_says_something_of_a_fresh_account(artist: Artist) -> None:
    """None is left out, and none breaks on an account where nothing is set."""
    facts = MastodonReader(artist.server.url, lambda: artist.token).read()
    found = findings(facts, Asked())
    assert [f.id for f in found] == [check.id for check in CHECKS]
    assert Level.BLOCKING not in {level(f) for f in found}


def test_a_token_that_is_refused_blocks(artist: Artist) -> None:
    """Nothing can be posted with it."""
    artist.server.revoke(artist.token)
    with pytest.raises(LoggedOut) as caught:
        artist.finding("masto.token")
    finding = logged_out(str(caught.value))
    assert (finding.id, level(finding)) == ("masto.token", Level.BLOCKING)


@pytest.mark.parametrize("body", [b"<html>Attention required", b""])
def test_a_wall_before_the_server_blocks_nothing(artist: Artist, body: bytes) -> None:
    """Its word is not the server's: posting takes it for an outage too."""
    artist.server.fail_next("/api/v1/accounts/verify_credentials", status=403, body=body)
    with pytest.raises(Retryable):
        artist.finding("masto.token")


def test_an_account_that_is_closed_blocks(artist: Artist) -> None:
    """The server says so itself."""
    said = b'{"error": "Your login is currently disabled"}'
    artist.server.fail_next("/api/v1/accounts/verify_credentials", status=403, body=said)
    with pytest.raises(LoggedOut):
        artist.finding("masto.token")


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        (ENOUGH, Level.OK),
        ("read write", Level.WARNING),
        (f"{ENOUGH} write:accounts", Level.WARNING),
        ("profile read:statuses write:media", Level.BLOCKING),
        ("profile read:statuses write:statuses write:media", Level.WARNING),
    ],
)
def test_postguard_should_be_allowed_what_it_needs(
    artist: Artist, scopes: str, expected: Level
) -> None:
    """Neither more nor less."""
    register(artist.server, artist.token, scopes)
    assert level(artist.finding("masto.token")) is expected


def test_a_server_that_cannot_limit_quotes_is_found(artist: Artist) -> None:
    """By its API version."""
    assert level(artist.finding("masto.version")) is Level.OK
    artist.server.limits.api_versions["mastodon"] = 6
    assert level(artist.finding("masto.version")) is Level.ADVICE
    assert "no quotes" in artist.finding("masto.quote").found


@pytest.mark.parametrize(
    ("name", "setting", "good", "bad", "expected"),
    [
        ("masto.indexable", "indexable", False, True, Level.WARNING),
        ("masto.noindex", "noindex", True, False, Level.WARNING),
        ("masto.discoverable", "discoverable", None, True, Level.ADVICE),
        ("masto.hide_collections", "hide_collections", True, None, Level.ADVICE),
        ("masto.show_media", "show_media", False, True, Level.ADVICE),
        ("masto.privacy", "default_privacy", "unlisted", "public", Level.ADVICE),
        ("masto.quote", "default_quote_policy", "nobody", "public", Level.ADVICE),
        ("masto.attribution", "attribution_domains", [], ["other.example"], Level.ADVICE),
    ],
)
def test_a_setting_is_judged(
    artist: Artist, name: str, setting: str, good: Any, bad: Any, expected: Level
) -> None:
    """One case that passes and one that fails."""
    setattr(artist.account, setting, good)
    assert level(artist.finding(name)) is Level.OK
    setattr(artist.account, setting, bad)
    assert level(artist.finding(name)) is expected


def test_followers_only_posts_want_approved_followers(artist: Artist) -> None:
    """Without them it does not matter who follows."""
    wish = Asked(visibility=Visibility.PRIVATE)
    assert level(artist.finding("masto.locked")) is Level.OK
    assert level(artist.finding("masto.locked", wish)) is Level.WARNING
    artist.account.locked = True
    assert level(artist.finding("masto.locked", wish)) is Level.OK


def test_a_default_that_is_wider_than_the_config_is_a_warning(artist: Artist) -> None:
    """Of the audience and of the quotes."""
    wish = Asked(visibility=Visibility.UNLISTED, quotes=Quotes.NOBODY)
    assert level(artist.finding("masto.privacy", wish)) is Level.WARNING
    assert level(artist.finding("masto.quote", wish)) is Level.WARNING
    artist.account.default_privacy = "private"
    assert level(artist.finding("masto.privacy", wish)) is Level.OK


def test_an_own_page_may_name_the_artist(artist: Artist) -> None:
    """It is the one in the config."""
    artist.account.attribution_domains = ["hanako.example"]
    wish = Asked(domains=("hanako.example",))
    assert level(artist.finding("masto.attribution", wish)) is Level.OK


def test_what_is_the_artists_own_taste_is_told_only(artist: Artist) -> None:
    """Covers and language have no better value; automatic deletion is not to be seen."""
    artist.account.default_sensitive, artist.account.default_language = True, "ja"
    finding = artist.finding("masto.sensitive")
    assert (level(finding), "日本語" in finding.found) == (Level.OK, True)
    assert level(artist.finding("masto.autodelete")) is Level.UNKNOWN


def test_a_server_without_the_setting_for_pictures_is_ok(artist: Artist) -> None:
    """It came with Mastodon 4.6."""
    artist.server.limits.api_versions["mastodon"] = 8
    assert level(artist.finding("masto.show_media")) is Level.OK


def test_crawlers_that_the_server_lets_in_are_named(artist: Artist) -> None:
    """Mastodon itself turns away only one."""
    finding = artist.finding("masto.robots")
    assert level(finding) is Level.WARNING
    assert "CCBot" in finding.found
    assert "GPTBot" not in finding.found
    artist.server.robots_txt = AT_THE_DOOR
    assert level(artist.finding("masto.robots")) is Level.OK


def test_a_door_for_everybody_turns_all_away(artist: Artist) -> None:
    """A rule for all agents counts for those that are not named."""
    artist.server.robots_txt = "User-agent: *\nDisallow: /\n"
    assert level(artist.finding("masto.robots")) is Level.OK


def test_a_robots_txt_that_cannot_be_read_is_unknown(artist: Artist) -> None:
    """It is not taken for an open door."""
    artist.server.fail_next("/robots.txt", status=503)
    assert level(artist.finding("masto.robots")) is Level.UNKNOWN


def test_what_the_artists_pages_ask_is_read_as_a_visitor(artist: Artist) -> None:
    """In the page's head or in its headers; the profile and the newest post."""
    artist.post()
    assert level(artist.finding("masto.pageheaders")) is Level.WARNING
    artist.account.noindex = True
    assert level(artist.finding("masto.pageheaders")) is Level.OK
    artist.server.state.page_headers["X-Robots-Tag"] = "noai, noimageai"
    finding = artist.finding("masto.pageheaders")
    assert (level(finding), "AI" in finding.found) == (Level.OK, True)
    pages = [r.path for r in artist.server.requests if r.path.startswith("/@hanako/")]
    assert len(pages) == 3


@pytest.mark.parametrize("place", ["terms", "rules"])
def test_terms_or_rules_that_speak_of_ai_are_quoted(artist: Artist, place: str) -> None:
    """Wherever the server has written it."""
    assert level(artist.finding("masto.tos")) is Level.ADVICE
    text = "Be kind. You may not train machine learning models on posts."
    setattr(artist.server.state, place, f"<p>{text}</p>" if place == "terms" else [text])
    finding = artist.finding("masto.tos")
    assert (level(finding), "machine learning" in finding.found) == (Level.OK, True)


def test_recent_posts_are_compared_with_the_config(artist: Artist) -> None:
    """Their audience, their alt texts and their size."""
    artist.post(visibility="unlisted")
    assert level(artist.finding("masto.recent", Asked(side=60))) is Level.OK
    wish = Asked(visibility=Visibility.PRIVATE)
    assert level(artist.finding("masto.recent", wish)) is Level.WARNING
    assert level(artist.finding("masto.recent", Asked(side=50))) is Level.WARNING
    artist.post(alt="")
    finding = artist.finding("masto.recent")
    assert (level(finding), "alt text" in finding.found) == (Level.ADVICE, True)


def test_posts_that_cannot_be_read_are_unknown(artist: Artist) -> None:
    """They are not taken for good ones."""
    artist.server.fail_next(f"/api/v1/accounts/{artist.account.id}/statuses", status=403)
    assert level(artist.finding("masto.recent")) is Level.UNKNOWN


CLOSED = Asked(visibility=Visibility.PRIVATE, quotes=Quotes.FOLLOWERS)
FIXES = [
    ("masto.indexable", "indexable", True, False),
    ("masto.discoverable", "discoverable", True, False),
    ("masto.hide_collections", "hide_collections", False, True),
    ("masto.locked", "locked", False, True),
    ("masto.privacy", "default_privacy", "public", "private"),
    ("masto.quote", "default_quote_policy", "public", "followers"),
    ("masto.show_media", "show_media", True, False),
    ("masto.attribution", "attribution_domains", ["other.example"], []),
]


@pytest.mark.parametrize(("name", "setting", "before", "after"), FIXES)
def test_a_fix_changes_one_setting_and_is_taken_back(
    artist: Artist, name: str, setting: str, before: Any, after: Any
) -> None:
    """Every other setting of the account stays as it is."""
    for _, each, value, _ in FIXES:
        setattr(artist.account, each, value)
    artist.account.display_name, artist.account.note = "花子", "絵"
    untouched = {k: v for k, v in vars(artist.account).items() if k != setting}
    change = artist.change(name, CLOSED)
    artist.make(change)
    assert getattr(artist.account, setting) == after
    assert level(artist.finding(name, CLOSED)) is Level.OK
    assert {k: v for k, v in vars(artist.account).items() if k != setting} == untouched
    artist.make(change.reversed())
    assert getattr(artist.account, setting) == before


def test_a_config_that_is_public_is_offered_quiet_public(artist: Artist) -> None:
    """For posts by hand; the config itself stays the artist's."""
    artist.make(artist.change("masto.privacy"))
    assert artist.account.default_privacy == "unlisted"


def test_what_was_changed_since_is_left_alone(artist: Artist) -> None:
    """In both directions."""
    change = artist.change("masto.privacy", CLOSED)
    artist.account.default_privacy = "unlisted"
    with pytest.raises(Refused, match="changed"):
        artist.make(change)
    with pytest.raises(Refused, match="changed"):
        artist.make(change.reversed())
    assert artist.account.default_privacy == "unlisted"


def test_the_access_for_posting_changes_nothing(artist: Artist) -> None:
    """Settings need an access of their own, which is asked for."""
    change = artist.change("masto.indexable")
    artist.wide = artist.token
    with pytest.raises(LoggedOut):
        artist.make(change)
    assert artist.account.indexable


def test_a_lost_answer_is_read_back(artist: Artist) -> None:
    """What was written counts, not what was heard."""
    change = artist.change("masto.indexable")
    artist.server.fail_next("/api/v1/accounts/update_credentials", drop_answer=True)
    artist.make(change)
    assert not artist.account.indexable


def test_a_write_that_never_arrived_is_told(artist: Artist) -> None:
    """By reading back as well."""
    change = artist.change("masto.indexable")
    artist.server.fail_next("/api/v1/accounts/update_credentials", status=503)
    with pytest.raises(Refused, match="something else"):
        artist.make(change)
