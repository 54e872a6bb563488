"""What every network must keep to, run on each of them: the contract of `ports.Network`."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from postguard.errors import Unsure
from postguard.model import Json, Words
from postguard.networks.preview import Preview
from postguard.system import wire
from tests.contract.stages import (
    TOKEN,
    FakeClock,
    SavedSession,
    Stage,
    bluesky,
    draft,
    mastodon_network,
    picture,
)
from tests.servers.mastodon import MastodonServer
from tests.servers.pds import Account, PdsServer

WORDS = Words(
    text="新作です #オリジナル https://example.com/狐", alts=("狐の絵", "空の絵"), langs=("ja",)
)


@pytest.fixture
def bluesky_stage(pds: PdsServer, pds_account: Account) -> Iterator[Stage]:
    """The real PDS."""
    network = bluesky(pds, pds_account, SavedSession())
    yield Stage(
        network, lambda: len(pds.list_records(pds_account.did)), (pds_account.app_password,)
    )
    network.close()


@pytest.fixture
def mastodon_stage(mastodon: MastodonServer) -> Iterator[Stage]:
    """The strict stand-in."""
    network = mastodon_network(mastodon)
    yield Stage(network, lambda: len(mastodon.statuses), (TOKEN,))
    network.close()


@pytest.fixture
def preview_stage(tmp_path: Path) -> Stage:
    """The page on this PC."""
    previews = tmp_path / "previews"
    network = Preview("bluesky", previews, lambda _: [])
    return Stage(network, lambda: len(list(previews.glob("*"))))


@pytest.fixture(params=["bluesky", "mastodon", "preview"])
def stage(request: pytest.FixtureRequest) -> Stage:
    """Each network in turn."""
    found: Stage = request.getfixturevalue(f"{request.param}_stage")
    return found


def through_a_row(plan: dict[str, Json]) -> dict[str, Json]:
    """The plan as the store gives it back."""
    return wire.load(dict[str, Json], wire.dump(plan))


def test_the_limits_leave_room_for_art(stage: Stage) -> None:
    """Renditions are fitted to these numbers, so none may be nothing."""
    limits = stage.network.limits()
    assert min(limits.text, limits.alt, limits.images) > 0
    assert limits.image_bytes >= 1_000_000
    assert {"image/jpeg", "image/png"} <= set(limits.mimes)


def test_words_within_the_limits_meet_no_objection(stage: Stage) -> None:
    """What a network can give, it gives."""
    limits = stage.network.limits()
    words = replace(WORDS, text="あ" * limits.text, alts=("い" * limits.alt,))
    assert stage.network.objections(words, limits.images, limits) == []


@pytest.mark.parametrize("which", ["text", "alt", "images"])
def test_one_more_than_the_limit_is_an_objection(stage: Stage, which: str) -> None:
    """Nothing is cut silently: the artist is told, before anything is rendered."""
    limits = stage.network.limits()
    text = "あ" * (limits.text + (which == "text"))
    alts = ("い" * (limits.alt + (which == "alt")),)
    images = limits.images + (which == "images")
    found = stage.network.objections(replace(WORDS, text=text, alts=alts), images, limits)
    assert len(found) == 1


def test_hashtags_that_are_added_count_too(stage: Stage) -> None:
    """The text is measured as it will be posted."""
    limits = stage.network.limits()
    words = replace(WORDS, text="あ" * limits.text, tags=("art",))
    assert stage.network.objections(words, 1, limits) != []


def test_planning_posts_nothing(stage: Stage, tmp_path: Path) -> None:
    """A plan is stored before the first attempt; until then the account shows nothing."""
    what = draft(WORDS, picture(tmp_path))
    plan = stage.network.plan(what, FakeClock().now())
    assert stage.network.find(what, plan) is None
    assert stage.posts() == 0


def test_two_plans_are_two_posts(stage: Stage, tmp_path: Path) -> None:
    """Two deliveries never share what identifies them."""
    now, what = FakeClock().now(), draft(WORDS, picture(tmp_path))
    assert stage.network.plan(what, now) != stage.network.plan(what, now)


def test_what_was_sent_is_found_by_its_plan(stage: Stage, tmp_path: Path) -> None:
    """After a crash only the stored plan is left, and it is enough."""
    what = draft(WORDS, picture(tmp_path), picture(tmp_path, 1))
    plan = through_a_row(stage.network.plan(what, FakeClock().now()))
    sent = stage.network.send(what, plan)
    found = stage.network.find(what, plan)
    assert found is not None
    assert (found.uri, found.url) == (sent.uri, sent.url)
    assert found.at.utcoffset() is not None
    assert stage.posts() == 1


def test_sending_a_plan_twice_posts_once(stage: Stage, tmp_path: Path) -> None:
    """The key of the plan holds even if somebody forgot to ask first."""
    what = draft(WORDS, picture(tmp_path))
    plan = stage.network.plan(what, FakeClock().now())
    first = stage.network.send(what, plan)
    try:
        assert stage.network.send(what, plan).uri == first.uri
    except Unsure:
        found = stage.network.find(what, plan)
        assert found is not None
        assert found.uri == first.uri
    assert stage.posts() == 1


def test_another_post_is_not_taken_for_the_planned_one(stage: Stage, tmp_path: Path) -> None:
    """The same picture with other words stands there; the planned post does not."""
    now, image = FakeClock().now(), picture(tmp_path)
    planned, other = draft(WORDS, image), draft(replace(WORDS, text="別の絵"), image)
    plan = stage.network.plan(planned, now)
    stage.network.send(other, stage.network.plan(other, now))
    assert stage.network.find(planned, plan) is None


def test_a_post_without_pictures_goes_out_too(stage: Stage) -> None:
    """A thread's text-only part is a post."""
    what = draft(replace(WORDS, alts=()))
    plan = stage.network.plan(what, FakeClock().now())
    stage.network.send(what, plan)
    assert stage.posts() == 1


@pytest.mark.parametrize("thread", [False, True])
def test_what_was_posted_can_be_deleted_again(stage: Stage, tmp_path: Path, thread: bool) -> None:
    """All of a thread; and what is gone already is no fault, whoever deleted it."""
    text = "狐は森で眠る。" * 100 if thread else WORDS.text
    what = draft(replace(WORDS, text=text, thread=thread), picture(tmp_path))
    plan = stage.network.plan(what, FakeClock().now())
    receipt = stage.network.send(what, plan)
    assert stage.posts() >= 1
    stage.network.retract(receipt)
    stage.network.retract(receipt)
    assert stage.posts() == 0


@pytest.mark.parametrize("which", ["bluesky", "mastodon"])
def test_a_post_is_read_back_until_it_is_gone(
    request: pytest.FixtureRequest, which: str, tmp_path: Path
) -> None:
    """As the network shows it, with its pictures in their order."""
    network = request.getfixturevalue(f"{which}_stage").network
    what = draft(WORDS, picture(tmp_path), picture(tmp_path, 1))
    receipt = network.send(what, network.plan(what, FakeClock().now()))
    shown = network.read_back(receipt)
    assert shown is not None
    assert (shown.text, shown.alts, shown.langs) == (WORDS.text, WORDS.alts, WORDS.langs)
    assert len(shown.pictures) == 2
    network.retract(receipt)
    assert network.read_back(receipt) is None


def test_no_secret_is_in_a_repr(stage: Stage, tmp_path: Path) -> None:
    """Whatever is logged of an adapter or a plan tells no password."""
    network = stage.network
    plan = network.plan(draft(WORDS, picture(tmp_path)), FakeClock().now())
    shown = repr(network) + repr(vars(network)) + repr(plan)
    assert not [secret for secret in stage.secrets if secret in shown]
