from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from postguard import language
from postguard.app import roles
from postguard.app.installation import Installation
from postguard.errors import BadPicture, ConfigError, Refused, Retryable
from postguard.model import (
    Draft,
    NewArtwork,
    NewDelivery,
    Place,
    Post,
    PostState,
    Quotes,
    Visibility,
    Words,
)
from postguard.store import DRAWING
from postguard.system.folders import folder_of
from tests.making import NOW, new_post, protected_post


def taken(installation: Installation, deliveries: tuple[NewDelivery, ...] = ()) -> Post:
    artworks = (NewArtwork("ab" * 32, "fox.png", "fox.png"),)
    other = {"deliveries": deliveries} if deliveries else {}
    post = installation.store.posts.create(new_post(artworks=artworks, **other), NOW)
    installation.store.posts.placed(post.id, Place.QUEUED)
    installation.store.posts.move_to(post.id, PostState.TAKEN, NOW)
    post = installation.store.posts.get(post.id)
    folder_of(installation.outbox, post).mkdir(parents=True)
    return post


def rewrite(installation: Installation, old: str, new: str) -> None:
    text = installation.path.read_text()
    assert old in text
    installation.path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("outbox = ", 'outbox = "elsewhere"\n#', "outbox"),
        ("[artist]", '[intake]\nwatch = "polling"\n[artist]', "intake.watch"),
        (
            "[artist]",
            "[intake]\nmax_megapixels = 5\n[artist]",
            "intake.max_megapixels",
        ),
        ("[artist]", '[secrets]\nstore = "keyring"\n[artist]', "secrets.store"),
    ],
)
def test_a_reload_takes_all_of_a_config_or_nothing_of_it(
    installation: Installation, old: str, new: str, key: str
) -> None:
    before = installation.settings
    rewrite(installation, old, new)
    with pytest.raises(ConfigError, match=f"{key}: it can only be changed by a restart"):
        installation.reload()
    assert installation.settings is before


def test_a_reload_speaks_another_language(installation: Installation) -> None:
    rewrite(installation, "[artist]", 'language = "ja"\n[artist]')
    text = installation.path.read_text()
    installation.path.write_text('language = "ja"\n' + text.replace('language = "ja"\n', "", 1))
    before = language.spoken()
    try:
        installation.reload()
        assert language.spoken() == "ja"
    finally:
        language.choose(before)


def test_an_account_that_draws_pages_only_posts_nothing(installation: Installation) -> None:
    rewrite(installation, "[accounts.sky]", "[accounts.sky]\ndry_run = true")
    installation.reload()
    assert list(installation.accounts.ready()) == ["fedi"]
    assert list(installation.accounts.only_dry()) == ["sky"]
    assert installation.store.meta.get(DRAWING) == '["sky"]'


def test_a_reload_takes_new_accounts_and_recipes(installation: Installation) -> None:
    rewrite(installation, "[accounts.fedi]", "[accounts.second]")
    installation.reload()
    assert list(installation.settings.accounts) == ["sky", "second"]


def test_times_that_were_given_in_another_zone_stay_and_are_told(
    installation: Installation,
) -> None:
    store, path = installation.store, installation.path
    own = protected_post(store, asked="2030-12-24T19:30:00+09:00", now=NOW)
    slot = protected_post(store, name="b.png", asked="slot", now=NOW)
    path.write_text('timezone = "America/New_York"\n' + path.read_text())
    installation.reload()
    installation.reload()
    told = [e.detail for _, e in store.posts.history(own.id) if e.what == "told"]
    assert len(told) == 1
    assert "the time zone is America/New_York now" in told[0]
    assert f"2030-12-24 05:30 there. `postguard move {own.id} TIME`" in told[0]
    assert not [e for _, e in store.posts.history(slot.id) if e.what == "told"]
    assert store.deliveries.of_post(own.id)[0].asked == "2030-12-24T19:30:00+09:00"


def test_a_recipe_that_the_config_lost_holds_the_post_in_words(installation: Installation) -> None:
    post = replace(taken(installation), recipe="gone")
    with pytest.raises(ConfigError, match="there is no recipe gone"):
        installation.order_of(post)


def test_an_account_that_the_config_lost_holds_the_post_in_words(
    installation: Installation,
) -> None:
    post = taken(installation)
    rewrite(installation, "[accounts.sky]", "[accounts.other]")
    installation.reload()
    with pytest.raises(Refused, match="the config has no account sky any more"):
        installation.order_of(post)


def test_words_for_a_few_stand_in_no_file_that_everybody_can_get(
    installation: Installation,
) -> None:
    """The account for followers comes first in the config."""
    said = {"alts": ("庭の狐",), "visibility": Visibility.PRIVATE}
    deliveries = (
        NewDelivery("sky", Words("私の家の狐", **said), "now", "bluesky"),  # type: ignore[arg-type]
        NewDelivery("fedi", Words("狐", ("赤い狐",)), "now", "mastodon"),
    )
    order = installation.order_of(taken(installation, deliveries))
    assert (order.description, order.artworks[0].alt) == ("狐", "赤い狐")


def test_what_is_only_shown_on_this_pc_stands_in_no_file_that_is_posted(
    installation: Installation,
) -> None:
    private = Words("私の家の狐", ("庭の狐",), visibility=Visibility.PRIVATE)
    deliveries = (
        NewDelivery("sky", Words("下書き", ("下書き",)), "now", "bluesky", dry_run=True),
        NewDelivery("fedi", private, "now", "mastodon"),
    )
    order = installation.order_of(taken(installation, deliveries))
    assert (order.description, order.artworks[0].alt) == ("私の家の狐", "庭の狐")


def test_a_folder_that_was_taken_away_is_told_from_a_drive_that_is_not_there(
    installation: Installation,
) -> None:
    post = taken(installation)
    folder_of(installation.outbox, post).rmdir()
    with pytest.raises(BadPicture, match="is gone"):
        installation.order_of(post)
    shutil.rmtree(installation.outbox)
    with pytest.raises(Retryable):
        installation.order_of(post)


def test_a_post_without_all_its_protected_pictures_is_not_sent(installation: Installation) -> None:
    post = protected_post(installation.store)
    delivery = installation.store.deliveries.of_post(post.id)[0]
    assert len(installation.renditions(delivery)) == 1
    with pytest.raises(Refused, match="0 of its 1 pictures are protected"):
        installation.renditions(replace(delivery, fit="mastodon"))


def test_the_config_may_be_read_anew_while_another_thread_asks_for_an_account(
    installation: Installation,
) -> None:
    class Forgetful(dict):  # type: ignore[type-arg]
        """Keeps nothing, as when `forget` comes right behind the making."""

        def __setitem__(self, key: object, value: object) -> None: ...

    installation.accounts._made = Forgetful()
    assert installation.accounts.network("sky").check().startswith("writes pages into")


def test_a_logo_lies_beside_the_config(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(b"")
    rewrite(installation, '{ step = "notice" }', '{ step = "watermark", logo = "logo.png" }')
    installation.reload()
    assert installation.steps("default")[0]["logo"] == str(tmp_path / "logo.png")


def test_a_dry_run_takes_what_the_accounts_server_was_heard_to_take(
    installation: Installation,
) -> None:
    account = '[accounts.fedi]\nnetwork = "mastodon"\ninstance = "https://fedi.example"\n#'
    rewrite(installation, '[accounts.fedi]\nnetwork = "preview"\nshows', account + " shows")
    installation.reload()
    told = replace(installation.accounts.limits("fedi"), text=5000)
    installation.store.accounts.keep_limits("fedi", told, NOW)
    assert installation.accounts.network("fedi", dry_run=True).limits() == told


def test_a_page_tells_times_in_the_artists_zone(installation: Installation) -> None:
    """Whatever the zone of the PC that draws it."""
    zone = {"timezone": ZoneInfo("Pacific/Kiritimati")}
    installation.settings = installation.settings.model_copy(update=zone)
    sky, post = installation.accounts.network("sky"), protected_post(installation.store)
    draft = Draft(Words("A fox"), (), post.id, "sky")
    sky.send(draft, sky.plan(draft, NOW))
    (page,) = installation.home.previews.glob("1-sky/*.html")
    assert "Made 2026-11-24 02:00" in page.read_text()


def test_a_paused_account_waits_for_more_than_a_login(installation: Installation) -> None:
    installation.store.accounts.log_out("sky", "revoked")
    installation.store.accounts.log_out("fedi", "revoked")
    installation.store.accounts.pause("fedi", paused=True)
    assert installation.accounts.ready() == []
    assert installation.accounts.only_dry() == ["sky"]


def test_a_server_that_was_never_heard_holds_nobody_up(installation: Installation) -> None:
    """Whether it can limit quotes is asked before anything is sent to it."""
    account = '[accounts.fedi]\nnetwork = "mastodon"\ninstance = "https://fedi.example"\n#'
    rewrite(installation, '[accounts.fedi]\nnetwork = "preview"\nshows', account + " shows")
    installation.reload()
    words = Words(text="a fox", quotes=Quotes.NOBODY)
    assert installation.accounts.objections("fedi", words, 1) == []
    heard = replace(installation.accounts.limits("fedi"), quote_policy=False)
    installation.store.accounts.keep_limits("fedi", heard, NOW)
    assert "cannot limit quotes" in installation.accounts.objections("fedi", words, 1)[0]


def test_a_first_start_tells_that_it_made_the_outbox(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    installation.outbox.rmdir()
    roles.do_what_is_due(installation)
    assert installation.outbox.is_dir()
    assert f"there was no outbox {installation.outbox}" in caplog.text
