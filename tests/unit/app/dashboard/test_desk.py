"""The dashboard asks for the very things that the commands do, and shows the very rows."""

from __future__ import annotations

import errno
import io
import shutil
from pathlib import Path

import pytest
from PIL import Image

from postguard.app.dashboard import details
from postguard.app.dashboard.dropping import Drops, plain_name
from postguard.app.dashboard.freshness import Freshness
from postguard.app.dashboard.opening import desk
from postguard.app.installation import Installation
from postguard.cli import happening
from postguard.errors import ConfigError, Unusable
from postguard.model import NewArtwork, NewDelivery, Place, PostState, Words
from postguard.store import glance
from postguard.web.desk import Desk
from postguard.web.post_facts import Stage
from tests.making import MINUTE, NOW, new_post, protected_post


@pytest.fixture
def made(installation: Installation) -> Desk:
    return desk(installation, happening.event)


def picture(size: tuple[int, int] = (60, 40)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 80, 40)).save(out, "PNG")
    return out.getvalue()


def bare(installation: Installation) -> int:
    """A post that is held since its picture has no alt text."""
    words = Words(text="A fox", alts=("",))
    art = NewArtwork("a" * 64, "fox.png", "fox.png", 60, 40)
    accounts = tuple(NewDelivery(n, words, "now", "bluesky") for n in ("sky", "fedi"))
    reason = (
        "fox.png: there is no alt text, which people who cannot see the picture need; write "
        'alt = "…" into fox.toml beside it'
    )
    held = new_post(artworks=(art,), deliveries=accounts, reason=reason)
    return installation.store.posts.create(held, NOW).id


def test_advice_in_what_happened_names_the_post(installation: Installation, made: Desk):
    """`postguard release N` was to be copied from the log."""
    reason = "It is the same picture; `postguard release N` posts it once more"
    post = installation.store.posts.create(new_post(reason=reason), NOW)
    history = made.reading.detail(post.id).history
    assert [e.words for e in (*history, *made.reading.log(None))] == [
        f"held: It is the same picture; `postguard release {post.id}` posts it once more"
    ] * 2


def test_what_lacks_an_alt_text_asks_for_just_that(installation: Installation, made: Desk):
    post_id = bare(installation)
    need = made.reading.needs()[0]
    assert (need.detail.facts.post.id, need.bare, need.weak) == (post_id, (0,), False)
    assert made.reading.standing().held == 1


def test_a_step_that_could_not_do_its_work_offers_another_recipe(
    installation: Installation, made: Desk
):
    post = protected_post(installation.store, accounts=("sky",))
    installation.store.posts.move_to(post.id, PostState.HELD, NOW, "notice: it broke")
    assert made.reading.needs()[0].weak
    with pytest.raises(ConfigError, match="no recipe nonesuch"):
        made.wishes.protect_with(post.id, "nonesuch")
    told = made.wishes.protect_with(post.id, "default")
    assert "protected anew" in told.sentences[0]
    after = installation.store.posts.get(post.id)
    assert after.state is PostState.TAKEN
    assert not installation.store.renditions.has(post.id)


def test_only_what_a_login_keeps_asks_for_one(installation: Installation, made: Desk):
    """What waits for a login is not held; a login mends no picture that is broken."""
    post = protected_post(installation.store, accounts=("sky",))
    installation.store.accounts.log_out("sky", "the token is gone")
    installation.store.posts.move_to(post.id, PostState.HELD, NOW, "held by you")
    assert made.reading.needs()[0].logged_out == ()
    reason = "sky is logged out: the token is gone"
    installation.store.posts.move_to(post.id, PostState.HELD, NOW, reason)
    assert made.reading.needs()[0].logged_out == ("sky",)


def test_an_instant_cloak_is_told_as_the_weakest_form_of_its_measures():
    noise = {"step": "noise", "strength": "low"}
    instant = {"step": "cloak", "modes": ["instant"]}
    assert details.measures_of({"steps": [instant]}) == ((1, 3), {1, 3})
    assert details.measures_of({"steps": [noise, instant]}) == ((1, 3), {1})


def test_another_recipe_never_lets_a_post_go_that_waits_for_something_else(
    installation: Installation, made: Desk
):
    post_id = bare(installation)
    with pytest.raises(Unusable, match="something else"):
        made.wishes.protect_with(post_id, "default")
    assert installation.store.posts.get(post_id).state is PostState.HELD


def test_a_post_is_held_and_let_go_by_the_commands_themselves(
    installation: Installation, made: Desk
):
    post = protected_post(installation.store)
    assert "is held" in made.wishes.act(post.id, "hold").sentences[0]
    assert installation.store.posts.get(post.id).state is PostState.HELD
    assert "goes on" in made.wishes.act(post.id, "release").sentences[0]
    with pytest.raises(Unusable):
        made.wishes.act(post.id, "explode")


def test_only_words_that_differ_are_changed(installation: Installation, made: Desk):
    post = protected_post(installation.store, accounts=("sky", "fedi"))
    same = made.wishes.edit(post.id, {"text": "A fox", "cw": "", "alt1": "a fox"}, None)
    assert "says so already" in same.sentences[0]
    made.wishes.edit(post.id, {"text": "Two foxes", "cw": "", "alt1": "a fox"}, None)
    assert [c.text for c in made.reading.detail(post.id).copies] == ["Two foxes", "Two foxes"]
    edits = installation.store.posts.get(post.id).edits
    assert (edits["sky"].text, edits["sky"].alts) == ("Two foxes", {})


def test_words_are_counted_as_each_network_counts(installation: Installation, made: Desk):
    post = protected_post(installation.store, accounts=("sky", "fedi"))
    sky, fedi = made.wishes.count(post.id, {"text": "狐" * 301}, None)
    assert "301" in sky.wrong["text"][0]
    assert fedi.wrong == {}
    assert fedi.counts == ("301 of 500 characters",)


def test_an_accounts_template_is_not_put_around_its_own_words_again(
    installation: Installation, made: Desk
):
    text = installation.path.read_text()
    installation.path.write_text(
        text.replace("[accounts.sky]", '[accounts.sky]\ntext = "{text} 🦊"')
    )
    installation.reload()
    words = Words(text="A fox 🦊", alts=("a fox",))
    given = (NewDelivery("sky", words, "now", "bluesky"),)
    post = protected_post(installation.store, deliveries=given)
    copy = made.reading.detail(post.id).copies[0]
    assert (copy.text, copy.template) == ("A fox", "{text} 🦊")
    made.wishes.edit(post.id, {"text": "A fox!"}, None)
    assert installation.store.deliveries.of_post(post.id)[0].words.text == "A fox! 🦊"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("fox.png", "fox.png"),
        ("../../.ssh/keys", "keys"),
        ("C:\\art\\狐 の絵.PNG", "狐 の絵.PNG"),
        (".hidden.png", "hidden.png"),
        ("a\x00b:c?.png", "a-b-c-.png"),
        ("..", "picture"),
        ("x" * 300 + ".png", "x" * 80 + ".png"),
    ],
)
def test_a_dropped_picture_keeps_a_name_that_leads_nowhere(given: str, kept: str):
    assert plain_name(given) == kept


def test_a_drop_becomes_a_post_in_the_outbox_with_its_words(installation: Installation):
    drops = Drops(installation)
    key = drops.begin()
    for number, name in enumerate(("one.png", "one.png"), start=1):
        drops.place(key, number, name).write_bytes(picture())
    told = drops.finish(key, {"text": "Two", "alt1": "first", "alt2": "", "at": "now"})
    assert "one/ is in the outbox" in told.sentences[0]
    folder = installation.outbox / "one"
    assert sorted(p.name for p in folder.iterdir()) == ["01-one.png", "02-one.png", "post.toml"]
    assert 'text = "Two"' in (folder / "post.toml").read_text()
    with pytest.raises(Unusable, match="is over"):
        drops.finish(key, {})


def test_a_drop_onto_a_disk_that_is_all_but_full_is_said_to_wait(installation: Installation):
    config = installation.path.read_text()
    installation.path.write_text(f"{config}\n[disk]\nfloor_mb = 1_000_000\n")
    drops = Drops(installation)
    key = drops.begin()
    drops.place(key, 1, "one.png").write_bytes(picture())
    said = drops.finish(key, {}).sentences
    assert said[0] == "one.png is in the outbox."
    assert "is taken when there is room" in said[1]


def test_a_drop_that_finds_the_disk_full_says_so_and_is_not_in_its_own_way(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
):
    drops = Drops(installation)
    key = drops.begin()
    drops.place(key, 1, "one.png").write_bytes(picture())

    def full(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(shutil, "copyfile", full)  # no disk can be told to be full
        with pytest.raises(Unusable, match="the disk is full; free"):
            drops.finish(key, {"text": "One"})
    assert list(installation.outbox.iterdir()) == []
    assert "one.png is in the outbox" in drops.finish(key, {"text": "One"}).sentences[0]


def test_an_empty_or_foreign_drop_is_refused(installation: Installation):
    drops = Drops(installation)
    with pytest.raises(Unusable, match="no picture"):
        drops.finish(drops.begin(), {})
    for key in ("..", "f" * 32, "x"):
        with pytest.raises(Unusable):
            drops.place(key, 1, "fox.png")
    with pytest.raises(Unusable, match="most"):
        drops.place(drops.begin(), 41, "fox.png")


def test_small_pictures_are_drawn_once_for_this_user_alone(installation: Installation, made: Desk):
    art = NewArtwork("c" * 64, "fox.png", "fox.png", 60, 40)
    post = installation.store.posts.create(new_post(artworks=(art,)), NOW)
    installation.store.posts.placed(post.id, Place.QUEUED)
    folder = installation.outbox / "queued" / post.folder
    folder.mkdir(parents=True)
    (folder / "fox.png").write_bytes(picture((1600, 800)))
    drawn = made.pictures.thumb(post.id, 0)
    with Image.open(drawn) as image:
        assert image.size == (640, 320)
    assert (drawn.stat().st_mode & 0o777, drawn.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    (folder / "fox.png").unlink()
    assert made.pictures.thumb(post.id, 0) == drawn


def test_a_picture_that_cannot_be_opened_says_so(installation: Installation, made: Desk):
    art = NewArtwork("d" * 64, "fox.png", "fox.png", 60, 40)
    post = installation.store.posts.create(new_post(artworks=(art,)), NOW)
    (installation.outbox / "fox.png").write_bytes(b"no picture")
    with pytest.raises(Unusable, match="picture"):
        made.pictures.thumb(post.id, 0)


def test_every_change_of_a_row_is_seen_and_told_of_the_right_post(
    installation: Installation, made: Desk
):
    first = protected_post(installation.store)
    second = protected_post(installation.store, name="owl.png")
    pulse, before = made.watching.pulse(), made.watching.prints()
    installation.store.posts.progress.end()
    made.wishes.act(second.id, "hold")
    assert made.watching.pulse() != pulse
    after = made.watching.prints()
    assert after[first.id] == before[first.id]
    assert after[second.id] != before[second.id]


def test_what_goes_out_first_comes_first_and_what_is_behind_is_counted(
    installation: Installation, made: Desk
):
    for number in (3, 1, 2):
        post = protected_post(installation.store, name=f"{number}.png")
        copy = installation.store.deliveries.of_post(post.id)[0]
        installation.store.deliveries.schedule(copy.id, NOW + number * MINUTE, None, NOW)
    found = made.reading.queue(2)
    assert [each.post.name for each in found.posts] == ["1.png", "2.png"]
    assert found.more[Stage.DUE] == 1


def test_the_log_goes_back_page_by_page(installation: Installation, made: Desk):
    post = protected_post(installation.store)
    for number in range(3):
        installation.store.posts.note(post.id, NOW, "told", f"line {number}")
    newest = made.reading.log(None)
    assert [line.words for line in newest[:2]] == ["line 2", "line 1"]
    assert newest[0].name == "fox.png"
    assert made.reading.log(newest[1].id)[0].words == "line 0"
    assert glance.events(installation.store.db, None, 1)[0].id == newest[0].id


def test_a_changed_config_is_taken_and_a_broken_one_told(installation: Installation):
    fresh = Freshness(installation)
    assert fresh.problem() == ""
    good = installation.path.read_text()
    installation.path.write_text(good + "\nnonsense = 1\n")
    assert "nonsense" in fresh.problem()
    assert "nonsense" in fresh.problem()
    installation.path.write_text(good.replace("default =", "other ="))
    assert fresh.problem() == ""
    assert list(installation.settings.recipes) == ["other"]


def test_accounts_and_recipes_are_shown_as_the_config_has_them(
    installation: Installation, made: Desk
):
    accounts = made.surroundings.accounts()
    assert [(a.name, a.shows) for a in accounts] == [("sky", "bluesky"), ("fedi", "mastodon")]
    assert made.surroundings.shows() == {"sky": "bluesky", "fedi": "mastodon"}
    recipe = made.surroundings.recipes()[0]
    assert (recipe.name, recipe.steps) == ("default", ({"step": "notice"},))
    made.wishes.pause("sky", paused=True)
    assert made.surroundings.accounts()[0].paused


def test_a_page_of_a_post_is_drawn_and_only_its_pictures_are_given_out(
    installation: Installation, made: Desk, tmp_path: Path
):
    post = protected_post(installation.store)
    with pytest.raises(Unusable, match="no such picture"):
        made.pictures.page(post.id, "sky", "plan.json")
    with pytest.raises(Unusable):
        made.pictures.page(post.id, "..", "x.webp")
