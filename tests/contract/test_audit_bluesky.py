"""The audit of a Bluesky account on a real PDS: what each check sees, what a fix leaves behind."""

import hashlib
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from PIL import Image

from postguard.errors import LoggedOut, Refused
from postguard.language import in_language
from postguard.model import Change, Finding, Level, Quotes, Replies
from postguard.networks.audit.about import Asked
from postguard.networks.audit.bluesky_checks import CHECKS, findings, logged_out
from postguard.networks.audit.bluesky_facts import BlueskyFacts, BlueskyReader
from postguard.networks.audit.bluesky_settings import BlueskySettings, proposals
from postguard.networks.bluesky.session import Access, BlueskySession
from postguard.settings.schema import BlueskyAccount
from tests.contract.stages import FakeClock, SavedSession
from tests.servers.fixtures import NewAccount
from tests.servers.pds import Account, PdsServer

POST, POSTGATE = "app.bsky.feed.post", "app.bsky.feed.postgate"
THREADGATE, PROFILE = "app.bsky.feed.threadgate", "app.bsky.actor.profile"
AI = "community.lexicon.preference.ai"
GATES = "app.bsky.actor.defs#postInteractionSettingsPref"
ADULT = "app.bsky.actor.defs#adultContentPref"
GPS = Image.Exif()
GPS.get_ifd(0x8825)[1] = "N"
KEYS = (f"3n35n5onma2{a}{b}" for a, b in itertools.product("234567abcd", repeat=2))


@dataclass
class Artist:
    """An artist with an app of their own, and postguard's view of the account."""

    pds: PdsServer
    account: Account
    session: BlueskySession
    saved: SavedSession
    ours: set[str] = field(default_factory=set)

    def put(self, collection: str, rkey: str = "self", **value: Any) -> str:
        """Write a record as another app does; return its cid."""
        record = {"$type": collection, **value}
        body = {"repo": self.account.did, "collection": collection, "rkey": rkey, "record": record}
        return str(self._done("com.atproto.repo.putRecord", body)["cid"])

    def prefer(self, *preferences: dict[str, Any]) -> None:
        """Set the preferences as another app does."""
        method = "app.bsky.actor.putPreferences"
        reply = self.pds.procedure(method, {"preferences": list(preferences)}, self.account.token)
        assert reply.status == 200, reply.text

    def preferences(self) -> list[dict[str, Any]]:
        """All preferences."""
        reply = self.pds.query("app.bsky.actor.getPreferences", self.account.token)
        return list(reply.json["preferences"])

    def value(self, collection: str, rkey: str = "self") -> dict[str, Any]:
        """A record as it stands."""
        found: dict[str, Any] = self.pds.get_record(self.account.did, collection, rkey)["value"]
        return found

    def gone(self, collection: str, rkey: str = "self") -> bool:
        """Whether there is no such record."""
        method, repo = "com.atproto.repo.getRecord", self.account.did
        return self.pds.query(method, repo=repo, collection=collection, rkey=rkey).status == 400

    def post(self, alt: str = "狐の絵", *, ours: bool = False, **options: Any) -> str:
        """Post a picture; return the post's key."""
        number, file = next(_colours), io.BytesIO()
        size = options.pop("size", (60, 40))
        Image.new("RGB", size, (number % 256, 80, 9)).save(file, "JPEG", **options)
        data, rkey = file.getvalue(), next(KEYS)
        if ours:
            self.ours.add(hashlib.sha256(data).hexdigest())
        blob = self.pds.upload_blob(data, "image/jpeg", self.account.token).json["blob"]
        shape = {"width": size[0], "height": size[1]}
        images = [{"image": blob, "alt": alt, "aspectRatio": shape}]
        embed = {"$type": "app.bsky.embed.images", "images": images}
        self.put(POST, rkey, text="絵", createdAt="2026-01-01T00:00:00Z", embed=embed)
        return rkey

    def gate(self, collection: str, rkey: str, **rules: Any) -> None:
        """Write a gate of a post."""
        uri = f"at://{self.account.did}/{POST}/{rkey}"
        self.put(collection, rkey, post=uri, createdAt="2026-01-01T00:00:00Z", **rules)

    def facts(self, **more: Any) -> BlueskyFacts:
        """What postguard reads; no server beyond this PC is asked for its bridge."""
        given = {"bridge": "nobody.test", **more}
        reader = BlueskyReader(
            self.session, self.pds.url, self.saved.load, self.ours.intersection, **given
        )
        return reader.read()

    def finding(self, name: str, asked: Asked | None = None, **more: Any) -> Finding:
        """What one check says now."""
        found = findings(self.facts(**more), asked or Asked())
        return next(f for f in found if f.id == name)

    def changes(self, name: str) -> list[Change]:
        """What would mend one finding."""
        facts = self.facts()
        found = [f for f in findings(facts, Asked()) if f.id == name]
        return proposals(facts, found, FakeClock().now())

    def make(self, *changes: Change) -> None:
        """Write changes."""
        for change in changes:
            BlueskySettings(self.session).make(change, FakeClock().now())

    def _done(self, method: str, body: dict[str, Any]) -> Any:
        reply = self.pds.procedure(method, body, self.account.token)
        assert reply.status == 200, reply.text
        return reply.json


_colours = itertools.count()


@pytest.fixture
def artist(pds: PdsServer, pds_account: Account) -> Iterator[Artist]:
    """A fresh account that nobody has set up."""
    made = logged_in(pds, pds_account, pds_account.app_password)
    yield made
    made.session.close()


def logged_in(pds: PdsServer, account: Account, password: str) -> Artist:
    """An artist whose postguard was given this password."""
    saved = SavedSession()
    settings = BlueskyAccount(network="bluesky", handle=account.handle, service=pds.url)
    session = BlueskySession(
        "bsky", settings, Access(lambda: password, saved.load, saved.save), FakeClock()
    )
    return Artist(pds, account, session, saved)


def level(finding: Finding) -> Level:
    """The level, after a look that every sentence is there."""
    assert finding.found
    assert finding.recommended
    assert finding.why
    assert finding.by_hand
    assert finding.limit
    return finding.level


def disabled() -> list[dict[str, str]]:
    """The rule that nobody may quote."""
    return [{"$type": f"{POSTGATE}#disableRule"}]


def test_every_check_says_something_of_a_fresh_account(artist: Artist) -> None:
    """None is left out, and none breaks on an account where nothing is set."""
    found = findings(artist.facts(), Asked())
    assert [f.id for f in found] == [check.id for check in CHECKS]
    assert Level.BLOCKING not in {level(f) for f in found}


def test_an_account_without_posts_is_told_in_the_artists_language(artist: Artist) -> None:
    """The sentence stands in a table that several checks share."""
    facts = artist.facts()
    with in_language("ja"):
        told = [f.found for f in findings(facts, Asked())]
    assert "there is no post with pictures yet" not in told
    assert told.count("画像付きの投稿がまだありません") == 3


def test_two_sentences_are_not_joined_as_two_names_are_in_japanese(artist: Artist) -> None:
    facts = artist.facts()
    lacking = replace(facts, session={"emailConfirmed": False, "emailAuthFactor": False})
    with in_language("ja"):
        told = findings(lacking, Asked())[0].found
    assert "未確認です。ログイン時" in told


def test_a_session_that_is_not_active_blocks(artist: Artist) -> None:
    """An unconfirmed address and no code by mail are advice only."""
    assert level(artist.finding("bsky.session")) is Level.ADVICE
    reply = artist.pds.procedure("com.atproto.server.deactivateAccount", {}, artist.account.token)
    assert reply.status == 200, reply.text
    with pytest.raises(LoggedOut, match="deactivated") as caught:
        artist.facts()
    finding = logged_out(str(caught.value))
    assert (finding.id, level(finding)) == ("bsky.session", Level.BLOCKING)


def test_a_good_session_is_ok(artist: Artist) -> None:
    """A confirmed address and a code by mail."""
    facts = artist.facts()
    good = replace(
        facts, session={**facts.session, "emailConfirmed": True, "emailAuthFactor": True}
    )
    assert findings(good, Asked())[0].level is Level.OK


def test_the_main_password_is_told_from_an_app_password(artist: Artist) -> None:
    """By the scope that the server wrote into the token."""
    assert level(artist.finding("bsky.auth.apppw")) is Level.OK
    main = logged_in(artist.pds, artist.account, artist.account.password)
    assert "main password" in main.finding("bsky.auth.apppw").found
    main.session.close()


def test_an_app_password_that_reads_messages_is_a_warning(artist: Artist) -> None:
    """It is more than posting needs."""
    body = {"name": "powerful", "privileged": True}
    made = artist.pds.procedure("com.atproto.server.createAppPassword", body, artist.account.token)
    other = logged_in(artist.pds, artist.account, made.json["password"])
    assert level(other.finding("bsky.auth.apppw")) is Level.WARNING
    other.session.close()
    assert "powerful" in artist.finding("bsky.auth.list").found


def test_one_app_password_is_enough(artist: Artist) -> None:
    """A second one is worth a look."""
    assert level(artist.finding("bsky.auth.list")) is Level.OK
    artist.pds.create_app_password(artist.account.did, artist.account.password, "old phone")
    assert level(artist.finding("bsky.auth.list")) is Level.ADVICE


def test_posts_are_hidden_from_the_logged_out_by_a_label(artist: Artist) -> None:
    """Whatever other labels there are."""
    assert level(artist.finding("bsky.loggedout")) is Level.WARNING
    values = [{"val": "nudity"}, {"val": "!no-unauthenticated"}]
    artist.put(PROFILE, labels={"$type": "com.atproto.label.defs#selfLabels", "values": values})
    assert level(artist.finding("bsky.loggedout")) is Level.OK


def test_all_three_uses_must_be_refused(artist: Artist) -> None:
    """What is not said is not refused; embedding is the artist's choice."""
    scope = {"$type": f"{AI}#globalScope"}
    no = {"allow": False, "updatedAt": "2026-01-01T00:00:00Z"}
    artist.put(AI, scope=scope, preferences={"training": no, "inference": no})
    finding = artist.finding("bsky.ai.pref")
    assert (level(finding), "generation: not said" in finding.found) == (Level.WARNING, True)
    artist.put(
        AI, scope=scope, preferences={"training": no, "inference": no, "syntheticContent": no}
    )
    assert level(artist.finding("bsky.ai.pref")) is Level.OK


def test_an_exception_that_allows_is_reported(artist: Artist) -> None:
    """With whom it is for."""
    assert level(artist.finding("bsky.ai.override")) is Level.OK
    scope = {"$type": f"{AI}#entityScope", "entity": "did:web:collector.example"}
    artist.put(AI, "collector", scope=scope, preferences={"training": {"allow": True}})
    finding = artist.finding("bsky.ai.override")
    assert (level(finding), "collector.example" in finding.found) == (Level.WARNING, True)


def test_a_declared_intent_that_allows_is_reported(artist: Artist) -> None:
    """Of the proposal, where an app has written one."""
    assert level(artist.finding("bsky.ai.intents")) is Level.OK
    artist.put("org.user-intents.declaration", bulkDataset={"allow": True})
    assert level(artist.finding("bsky.ai.intents")) is Level.ADVICE


def test_the_default_gates_are_read_from_the_preferences(artist: Artist) -> None:
    """They are the app's, not postguard's."""
    assert level(artist.finding("bsky.gates.default")) is Level.ADVICE
    artist.prefer({"$type": GATES, "postgateEmbeddingRules": disabled()})
    assert level(artist.finding("bsky.gates.default")) is Level.OK
    wish = Asked(replies=Replies.NOBODY)
    assert level(artist.finding("bsky.gates.default", wish)) is Level.ADVICE


def test_posts_without_their_gates_are_found(artist: Artist) -> None:
    """A warning where the config wanted them closed, advice where it did not."""
    key = artist.post()
    name, wish = "bsky.gates.recent", Asked(quotes=Quotes.NOBODY, replies=Replies.NOBODY)
    assert level(artist.finding(name)) is Level.ADVICE
    finding = artist.finding(name, wish)
    assert level(finding) is Level.WARNING
    assert "quoted" in finding.found
    assert "answered" in finding.found
    artist.gate(POSTGATE, key, embeddingRules=disabled())
    artist.gate(THREADGATE, key, allow=[])
    assert level(artist.finding(name, wish)) is Level.OK


def test_a_picture_without_alt_text_is_found(artist: Artist) -> None:
    """By its post's key."""
    artist.post()
    assert level(artist.finding("bsky.alt.recent")) is Level.OK
    key = artist.post(alt=" ")
    finding = artist.finding("bsky.alt.recent")
    assert (level(finding), key in finding.found) == (Level.ADVICE, True)


def test_pictures_of_postguards_own_are_ok(artist: Artist) -> None:
    """The ledger knows their bytes."""
    artist.post(ours=True)
    assert level(artist.finding("bsky.blob.exif")) is Level.OK
    artist.post()
    assert level(artist.finding("bsky.blob.exif")) is Level.ADVICE


def test_a_file_that_tells_where_it_was_made_is_a_warning(artist: Artist) -> None:
    """The PDS gives everybody the bytes as they were uploaded."""
    key = artist.post(exif=GPS.tobytes())
    finding = artist.finding("bsky.blob.exif")
    assert level(finding) is Level.WARNING
    assert "GPS" in finding.found
    assert key in finding.found


def test_a_picture_larger_than_the_recipe_is_a_warning(artist: Artist) -> None:
    """By the file itself, not by what the post says of it."""
    artist.post(size=(300, 200))
    assert level(artist.finding("bsky.blob.exif", Asked(side=200))) is Level.WARNING
    assert level(artist.finding("bsky.blob.exif", Asked(side=300))) is Level.ADVICE


def test_an_account_on_another_server_than_the_configs_is_found(artist: Artist) -> None:
    """Its DID document says where it lies."""
    assert level(artist.finding("bsky.pds")) is Level.OK
    moved = replace(artist.facts(), service="old.example")
    found = {f.id: f for f in findings(moved, Asked())}
    assert level(found["bsky.pds"]) is Level.WARNING


def test_messages_from_everybody_are_found(artist: Artist) -> None:
    """Bluesky's own default is better."""
    assert level(artist.finding("bsky.contact")) is Level.OK
    artist.put("chat.bsky.actor.declaration", allowIncoming="all")
    assert level(artist.finding("bsky.contact")) is Level.ADVICE


def test_a_bridge_that_is_followed_is_found(artist: Artist, new_pds_account: NewAccount) -> None:
    """One that cannot be looked up is said to be unknown."""
    assert level(artist.finding("bsky.bridge", bridge="nobody.test")) is Level.UNKNOWN
    bridge = new_pds_account()
    assert level(artist.finding("bsky.bridge", bridge=bridge.handle)) is Level.OK
    artist.put(
        "app.bsky.graph.follow", next(KEYS), subject=bridge.did, createdAt="2026-01-01T00:00:00Z"
    )
    assert level(artist.finding("bsky.bridge", bridge=bridge.handle)) is Level.ADVICE


def test_an_account_that_nobody_lets_in_raises(artist: Artist) -> None:
    """The caller makes the blocking finding of it."""
    with pytest.raises(LoggedOut):
        logged_in(artist.pds, artist.account, "wrong").facts()


def test_a_label_is_added_and_the_rest_of_the_profile_stays(artist: Artist) -> None:
    """Also the labels that were there."""
    labels = {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "nudity"}]}
    before = {"displayName": "花子", "description": "絵", "labels": labels}
    artist.put(PROFILE, **before)
    (change,) = artist.changes("bsky.loggedout")
    artist.make(change)
    assert level(artist.finding("bsky.loggedout")) is Level.OK
    now = artist.value(PROFILE)
    assert [v["val"] for v in now["labels"]["values"]] == ["nudity", "!no-unauthenticated"]
    assert (now["displayName"], now["description"]) == ("花子", "絵")
    artist.make(change.reversed())
    assert artist.value(PROFILE) == {"$type": PROFILE, **before}


def test_a_concurrent_edit_is_kept(artist: Artist) -> None:
    """Of another field: both stand. Of the same: nothing is written."""
    artist.put(PROFILE, displayName="花子")
    (change,) = artist.changes("bsky.loggedout")
    artist.put(PROFILE, displayName="山田花子")
    artist.make(change)
    assert artist.value(PROFILE)["displayName"] == "山田花子"
    with pytest.raises(Refused, match="changed"):
        artist.make(change)


def test_an_edit_between_reading_and_writing_is_not_lost(
    artist: Artist, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write names the version that it was made from."""
    artist.put(PROFILE, displayName="花子")
    (change,) = artist.changes("bsky.loggedout")
    write = artist.session.write

    def edit_first(method: str, body: Any) -> dict[str, Any]:
        artist.put(PROFILE, displayName="他の人")
        return write(method, body)

    monkeypatch.setattr(artist.session, "write", edit_first)  # the moment that cannot be hit
    with pytest.raises(Refused, match="changed"):
        artist.make(change)
    assert artist.value(PROFILE) == {"$type": PROFILE, "displayName": "他の人"}


def test_each_refusal_of_ai_is_a_change_of_its_own(artist: Artist) -> None:
    """So that each is asked for; undone, the record is gone as it was never there."""
    changes = artist.changes("bsky.ai.pref")
    assert [c.intent for c in changes] == ["training", "generation", "inference"]
    artist.make(*changes)
    assert level(artist.finding("bsky.ai.pref")) is Level.OK
    assert artist.value(AI)["scope"] == {"$type": f"{AI}#globalScope"}
    artist.make(*[c.reversed() for c in reversed(changes)])
    assert artist.gone(AI)


def test_a_refusal_keeps_what_was_said_of_the_rest(artist: Artist) -> None:
    """Embedding stays as the artist chose."""
    yes = {"allow": True, "updatedAt": "2026-01-01T00:00:00Z"}
    artist.put(AI, scope={"$type": f"{AI}#globalScope"}, preferences={"embedding": yes})
    artist.make(*artist.changes("bsky.ai.pref"))
    assert artist.value(AI)["preferences"]["embedding"] == yes


def test_default_gates_are_set_and_other_preferences_stay(artist: Artist) -> None:
    """They are all written together, so none may be forgotten."""
    adult = {"$type": ADULT, "enabled": False}
    artist.prefer(adult, {"$type": GATES, "threadgateAllowRules": []})
    (change,) = artist.changes("bsky.gates.default")
    artist.make(change)
    assert level(artist.finding("bsky.gates.default")) is Level.OK
    assert adult in artist.preferences()
    artist.make(change.reversed())
    assert {"$type": GATES, "threadgateAllowRules": []} in artist.preferences()
    assert len(artist.preferences()) == 2


def test_posts_get_the_gates_that_they_lack(artist: Artist) -> None:
    """A gate that is there keeps its other rules; a new one is taken away again."""
    bare, gated = artist.post(), artist.post()
    detached = [f"at://{artist.account.did}/{POST}/{bare}"]
    artist.gate(POSTGATE, gated, detachedEmbeddingUris=detached)
    changes = artist.changes("bsky.gates.recent")
    artist.make(*changes)
    assert level(artist.finding("bsky.gates.recent", Asked(quotes=Quotes.NOBODY))) is Level.OK
    assert artist.value(POSTGATE, gated)["detachedEmbeddingUris"] == detached
    artist.make(*[c.reversed() for c in changes])
    assert artist.gone(POSTGATE, bare)
    assert "embeddingRules" not in artist.value(POSTGATE, gated)


def test_messages_are_closed_to_strangers(artist: Artist) -> None:
    """And opened again."""
    artist.put("chat.bsky.actor.declaration", allowIncoming="all")
    (change,) = artist.changes("bsky.contact")
    artist.make(change)
    assert level(artist.finding("bsky.contact")) is Level.OK
    artist.make(change.reversed())
    assert artist.value("chat.bsky.actor.declaration")["allowIncoming"] == "all"


def test_what_was_changed_since_is_not_undone(artist: Artist) -> None:
    """The artist's later choice stands."""
    (change,) = artist.changes("bsky.loggedout")
    artist.make(change)
    artist.put(PROFILE, displayName="花子")
    with pytest.raises(Refused, match="changed"):
        artist.make(change.reversed())
    assert artist.value(PROFILE)["displayName"] == "花子"
