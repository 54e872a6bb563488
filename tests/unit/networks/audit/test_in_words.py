"""An audit tells what it found by names, in the artist's language, and not by the network's own
words."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from postguard.language import in_language
from postguard.model import Level, Quotes, Visibility
from postguard.networks.audit import bluesky_checks, bluesky_settings, mastodon_checks
from postguard.networks.audit import mastodon_settings as settings
from postguard.networks.audit.about import Asked
from postguard.networks.audit.bluesky_facts import BlueskyFacts
from postguard.networks.audit.mastodon_facts import MastodonFacts
from postguard.networks.audit.pages import PageSays
from postguard.networks.bluesky.login import Health

NOW = datetime(2026, 11, 26, tzinfo=UTC)
BLUESKY = BlueskyFacts(
    session={"emailConfirmed": False, "emailAuthFactor": False},
    login=Health("hanako.example", "アプリパスワード", main=False, messages=True, ends=None),
    passwords=({"name": "家"}, {"name": "電話", "privileged": True}),
    profile=None,
    ai={"preferences": {"training": {"allow": False}}},
    overrides=(),
    intents={"bulkDataset": {"allow": True}},
    gates=None,
    preferences_told=True,
    posts=(),
    home="bsky.social",
    image_bytes=None,
    service="bsky.social",
    chat={"allowIncoming": "all"},
    notices=None,
    bridged=False,
)
MASTODON = MastodonFacts(
    account={
        "url": "https://art.example/@hanako",
        "source": {
            "privacy": "public",
            "quote_policy": "followers",
            "language": "ja",
            "attribution_domains": ["a.example", "b.example"],
        },
    },
    scopes=("read", "write"),
    instance={"version": "4.5.0", "api_versions": {"mastodon": 7}},
    profile=None,
    robots="User-agent: GPTBot\nDisallow: /\n",
    pages=(PageSays("https://art.example/@hanako", frozenset()),),
    terms=(),
    posts=({"id": "1", "visibility": "public", "media_attachments": [{}]},),
)
UNLISTED = Asked(visibility=Visibility.UNLISTED, quotes=Quotes.FOLLOWERS)
# What a network writes, and what English lists with.
RAW = re.compile(
    r"\b(following|followers|mutuals|training|generation|inference|embedding|archives|bridges|"
    r"public|unlisted|private|direct|nobody|all|none)\b|, |; "
)


def found_in(language: str) -> dict[str, str]:
    with in_language(language):
        both = [
            *bluesky_checks.findings(BLUESKY, Asked()),
            *mastodon_checks.findings(MASTODON, UNLISTED),
        ]
        return {finding.id: finding.found for finding in both}


def test_nothing_that_is_found_is_told_in_the_networks_own_words():
    found = found_in("ja")
    assert {name: said for name, said in found.items() if RAW.search(said)} == {}
    assert (
        found["bsky.ai.pref"] == "学習: 拒否、生成: 指定なし、推論: 指定なし、埋め込み: 指定なし"
    )
    assert found["bsky.contact"].startswith("メッセージを送れる人: 誰でも、")
    assert "設定はひかえめな公開" in found["masto.privacy"]
    assert "日本語" in found["masto.sensitive"]


def test_in_english_it_is_told_by_names_as_well():
    found = found_in("en")
    assert (
        found["bsky.contact"]
        == "messages from: everyone; told at once of your posts: your followers"
    )
    assert found["masto.privacy"].endswith("are public, but the config says quiet public")


def test_what_would_be_changed_is_told_by_names():
    with in_language("ja"):
        found = bluesky_checks.findings(BLUESKY, Asked())
        said = [c.says for c in bluesky_settings.proposals(BLUESKY, found, NOW)]
        found = mastodon_checks.findings(MASTODON, UNLISTED)
        said += [c.says for c in settings.proposals(MASTODON, UNLISTED, found)]
    assert [each for each in said if RAW.search(each)] == []
    assert any("生成" in each for each in said)


def test_a_password_that_reads_messages_is_a_warning_in_every_language():
    """In Japanese it was well: the English word was looked for in a sentence."""
    with in_language("ja"):
        (login,) = (
            f for f in bluesky_checks.findings(BLUESKY, Asked()) if f.id == "bsky.auth.apppw"
        )
    assert login.level is Level.WARNING
