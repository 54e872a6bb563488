"""What an edit does to a post that is not sent yet: held, being protected, or protected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from postguard.app import releasing, wording
from postguard.app.editing import NewWords, edit
from postguard.app.installation import Installation
from postguard.app.moving import move
from postguard.app.roles import make_roles
from postguard.app.steering import hold, release, retry
from postguard.errors import BadFields, Unusable
from postguard.language import SPOKEN, in_language
from postguard.model import DeliveryState, Edit, Inspection, Place, PostState
from postguard.protect.workshop import InProcessWorkshop
from postguard.system import folders
from postguard.system.folders import RENDITIONS, folder_of
from tests.making import new_post
from tests.unit.app.working import FAR, dropped, picture, work


def changed(made: Installation, new: NewWords, account: str | None = None) -> list[str]:
    """What the artist is told of an edit."""
    return [o.said for o in edit(made, 1, new, account, made.clock.now())]


def alts(made: Installation) -> set[tuple[str, ...]]:
    return {d.words.alts for d in made.store.deliveries.of_post(1)}


def in_files(made: Installation, words: str) -> set[bool]:
    """Whether the words stand inside the files that are to be sent."""
    folder = folder_of(made.outbox, made.store.posts.get(1)) / RENDITIONS
    files = made.store.renditions.of_post(1, folder)
    return {words.encode() in each.path.read_bytes() for each in files}


def test_a_new_text_brings_its_language_unless_the_artist_said_one(made: Installation) -> None:
    dropped(made, FAR + 'text = "月の下の狐です"\nalt = "赤い狐"\n[fedi]\nlang = "fr"\n')
    changed(made, NewWords(text="A fox below the moon."))
    said = {d.account: d.words.langs for d in made.store.deliveries.of_post(1)}
    assert said == {"sky": ("en",), "fedi": ("fr",)}


def test_a_post_that_lacks_its_alt_text_goes_on_when_it_has_one(made: Installation) -> None:
    """It is held again and released again: what was said stays said."""
    post = dropped(made, FAR + 'text = "月"\n')
    assert post.state is PostState.HELD
    told = changed(made, NewWords(alts={1: "赤い狐"}))
    assert told == ["will say so; the post was held for its words alone, so it goes on"] * 2
    work(made)
    assert made.store.posts.get(1).state is PostState.PROTECTED
    assert (alts(made), in_files(made, "赤い狐")) == ({("赤い狐",)}, {True})


@pytest.mark.parametrize("held_in", SPOKEN)
@pytest.mark.parametrize("edited_in", SPOKEN)
def test_what_was_held_for_its_words_goes_on_whatever_is_spoken_by_then(
    made: Installation, held_in: str, edited_in: str
) -> None:
    with in_language(held_in):
        dropped(made, FAR + 'text = "月"\n')
    with in_language(edited_in):
        changed(made, NewWords(alts={1: "赤い狐"}))
    assert made.store.posts.get(1).state is not PostState.HELD


def test_an_alt_text_that_is_missing_again_is_asked_for_in_the_file_of_words_that_is_there(
    made: Installation,
) -> None:
    (made.outbox / "1.png").write_bytes(picture(1))
    (made.outbox / "1.png.toml").write_text(FAR + 'text = "月"\n')
    work(made)
    told = changed(made, NewWords(text="雪"))
    assert all('write alt = "…" into 1.png.toml beside it' in each for each in told)
    assert "goes on" in changed(made, NewWords(alts={1: "赤い狐"}))[0]


def test_a_time_that_a_held_post_was_moved_to_stays_when_its_files_are_read_anew(
    made: Installation,
) -> None:
    """It went out two minutes after the release, weeks before the time that was promised."""
    dropped(made, 'text = "月"\n')
    move(made.store, 1, "2034-12-24 19:30", None, UTC, made.clock.now())
    changed(made, NewWords(alts={1: "赤い狐"}))
    work(made)
    post = made.store.posts.get(1)
    assert post.state is PostState.PROTECTED
    assert {d.asked for d in made.store.deliveries.of_post(1)} == {"2034-12-24T19:30:00+00:00"}


def test_a_retry_forgets_the_time_that_a_held_post_was_moved_to_and_that_is_past(
    made: Installation,
) -> None:
    """Its files are read anew, and would ask for that time again: late, it would be held again."""
    post = dropped(made, 'text = "月"\n')
    move(made.store, 1, "2034-12-24 19:30", None, UTC, made.clock.now())
    (folder_of(made.outbox, post) / "post.toml").write_text('alt = "赤い狐"\n')
    retry(made.store, 1, datetime(2035, 1, 1, tzinfo=UTC))
    work(made)
    assert {d.asked for d in made.store.deliveries.of_post(1)} == {"now"}
    assert made.store.posts.get(1).state is PostState.POSTED


def test_one_of_two_missing_alt_texts_is_taken_and_the_other_asked_for(made: Installation) -> None:
    dropped(made, FAR, pictures=2)
    told = changed(made, NewWords(alts={2: "白い狐"}))
    assert all("it stays held: 1.png: there is no alt text" in each for each in told)
    post = made.store.posts.get(1)
    assert post.reason.startswith("1.png: there is no alt text")
    assert (
        folders.told(post, post.reason)
        in (folder_of(made.outbox, post) / "reason.txt").read_text()
    )
    changed(made, NewWords(alts={1: "赤い狐"}))
    work(made)
    assert alts(made) == {("赤い狐", "白い狐")}


@pytest.mark.parametrize("let_go", [releasing.release, releasing.retry], ids=["release", "retry"])
def test_a_release_says_at_once_which_alt_text_is_missing_and_what_says_it(
    made: Installation, let_go: Callable[..., str]
) -> None:
    """It said that the post goes on, and a second later it was held again."""
    post = dropped(made, FAR, pictures=2)
    assert '`postguard edit N --alt "1=…" --alt "2=…"`' in post.reason
    changed(made, NewWords(alts={2: "白い狐"}))
    with pytest.raises(Unusable, match=r'alt text of 1\.png.*: postguard edit 1 --alt "1=…"$'):
        let_go(made.settings, made.store, 1, made.clock.now())
    assert made.store.posts.get(1).state is PostState.HELD
    (folder_of(made.outbox, post) / "post.toml").write_text(FAR + 'alt = { "1" = "赤い狐" }\n')
    assert "goes on" in let_go(made.settings, made.store, 1, made.clock.now()) or let_go is retry
    work(made)
    assert made.store.posts.get(1).state in {PostState.PROTECTED, PostState.POSTED}
    assert alts(made) == {("赤い狐", "白い狐")}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("post.toml", b"alt = [unfinished\n"),  # what is wrong with it is told when it is read
        ("1.png", picture(3)),  # another picture, which may say it inside
        ("2.png", picture(2)),
    ],
)
def test_what_only_reading_the_files_anew_can_tell_is_let_go_on(
    made: Installation, name: str, content: bytes
) -> None:
    post = dropped(made, FAR)
    (folder_of(made.outbox, post) / name).write_bytes(content)
    assert "goes on" in releasing.release(made.settings, made.store, 1, made.clock.now())


def test_words_that_are_too_long_are_shortened_and_the_template_stays(made: Installation) -> None:
    long = f'title = "雪"\nalt = "狐"\ntext = "{"狐" * 320}"\n'
    assert dropped(made, FAR + long).state is PostState.HELD
    with pytest.raises(BadFields, match="nothing was changed") as refused:
        changed(made, NewWords(text="狐" * 310, alts={1: ""}))
    assert list(refused.value.at) == ["text", "alt1"]
    assert refused.value.at["alt1"][0] == "sky: a picture would have no alt text"
    assert "goes on" in changed(made, NewWords(text="短い"))[0]
    work(made)
    assert [d.words.text for d in made.store.deliveries.of_post(1)] == ["雪\n短い", "短い"]


def test_what_is_held_by_hand_takes_new_words_and_stays_held(made: Installation) -> None:
    dropped(made, FAR)
    made.store.posts.move_to(1, PostState.HELD, made.clock.now(), "held by you")
    told = changed(made, NewWords(alts={1: "赤い狐"}))
    assert all(each.endswith("it stays held: held by you") for each in told)
    assert made.store.posts.get(1).reason == "held by you"


def test_a_protected_post_is_protected_anew_with_its_new_words(made: Installation) -> None:
    """Its time stays, and what is held and released meanwhile is not lost either."""
    dropped(made, FAR + 'alt = "赤い狐"\n')
    due = [d.due_at for d in made.store.deliveries.of_post(1)]
    told = changed(made, NewWords(alts={1: "白い狐"}))
    assert told == ["will say so; its files carry the words too and are protected anew first"] * 2
    assert made.store.posts.get(1).state is PostState.TAKEN
    hold(made.store, 1, made.clock.now())
    release(made.store, 1, made.clock.now())
    work(made)
    assert made.store.posts.get(1).state is PostState.PROTECTED
    assert (in_files(made, "白い狐"), in_files(made, "赤い狐")) == ({True}, {False})
    assert [d.due_at for d in made.store.deliveries.of_post(1)] == due


@pytest.mark.parametrize(
    ("words", "new"),
    [
        ('recipe = "plain"\nalt = "赤い狐"\n', NewWords(alts={1: "白い狐"})),
        ('alt = "赤い狐"\n', NewWords(cw="雪")),
    ],
)
def test_files_that_do_not_carry_the_words_stay(
    made: Installation, words: str, new: NewWords
) -> None:
    dropped(made, FAR + words)
    assert changed(made, new, "fedi") == ["will say so"]
    assert made.store.posts.get(1).state is PostState.PROTECTED


def test_files_of_which_a_copy_may_be_out_stay(made: Installation) -> None:
    dropped(made, FAR + 'alt = "赤い狐"\n')
    store, now = made.store, made.clock.now()
    store.wishes.make_due(1, now)
    store.attempts.claim(now, ("fedi",))
    told = changed(made, NewWords(alts={1: "白い狐"}))
    assert "the tags inside its files keep the old words" in told[0]
    assert told[1] == "it is being sent at this moment; run this again in a minute"
    assert store.renditions.has(1)


def test_work_that_is_under_way_is_given_up_for_the_new_words(made: Installation) -> None:
    store, now = made.store, made.clock.now()
    store.posts.create(new_post(accounts=("sky", "fedi")), now)
    store.posts.placed(1, Place.QUEUED)
    store.posts.move_to(1, PostState.TAKEN, now)
    store.posts.progress.begin(1)
    changed(made, NewWords(cw="snow"), "fedi")
    assert store.posts.progress.tell(1, None)
    told = changed(made, NewWords(alts={1: "a white fox"}))
    assert all("protected anew" in each for each in told)
    assert not store.posts.progress.tell(1, None)
    assert store.posts.get(1).state is PostState.TAKEN


def test_one_account_held_for_its_words_goes_on_and_the_other_keeps_its_time(
    made: Installation,
) -> None:
    """Its server took longer texts when it was taken in."""
    dropped(made, FAR + f'alt = "赤い狐"\ntext = "{"狐" * 200}"\n')
    store, now = made.store, made.clock.now()
    delivery = store.deliveries.get(1)
    long = replace(delivery.words, text="狐" * 310)
    store.wishes.reword(delivery, long, Edit(), now)
    (why,) = made.accounts.objections("sky", long, 1)
    store.attempts.hold(1, why, now)
    told = changed(made, NewWords(text="短い"), "sky")
    assert told[0].endswith("what was held for its words goes on")
    assert [d.state for d in store.deliveries.of_post(1)] == [
        DeliveryState.WAITING,
        DeliveryState.SCHEDULED,
    ]


def test_a_post_that_is_let_go_on_is_stopped_before_it_is_changed(made: Installation) -> None:
    dropped(made, FAR)
    release(made.store, 1, made.clock.now())
    with pytest.raises(Unusable, match="postguard hold 1"):
        changed(made, NewWords(alts={1: "赤い狐"}))


def test_a_hold_that_comes_while_a_released_post_is_read_leaves_nothing_in_its_way(
    made: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped(made, FAR)
    (made.outbox / "held/1-fox/post.toml").write_text(FAR + 'alt = "赤い狐"\n')
    roles, now = make_roles(made, lambda: None, InProcessWorkshop), made.clock.now()
    shelving, taking = roles.protection.shelving, roles.intake.taking
    inspect = taking.workshop.inspect

    def held_meanwhile(path: Path) -> Inspection:
        seen = inspect(path)
        hold(made.store, 1, now)
        shelving.tick(now)
        return seen

    release(made.store, 1, now)
    shelving.tick(now)
    monkeypatch.setattr(taking.workshop, "inspect", held_meanwhile)
    taking.tick(now)
    roles.release()
    assert made.store.posts.get(1).place is Place.HELD
    assert not (made.outbox / "queued/1-fox").exists()
    release(made.store, 1, now)
    work(made)
    assert made.store.posts.get(1).state is PostState.PROTECTED


def test_our_own_advice_taken_word_for_word_is_no_alt_text(made: Installation) -> None:
    dropped(made, FAR)
    with pytest.raises(Unusable, match="stands for your own words"):
        changed(made, NewWords(alts={1: " … "}))
    assert made.store.posts.get(1).state is PostState.HELD


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen once between the look at a post and its change. There is no way in
    between but a patch."""
    looked, left = wording.objections, [happens]

    def objections(*args: Any) -> list[str]:
        if left:
            left.pop()()
        return looked(*args)

    monkeypatch.setattr(wording, "objections", objections)


def test_an_edit_that_a_release_overtakes_changes_nothing(
    made: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else intake, which has read the edits of before already, would put the old words back."""
    dropped(made, FAR)
    meanwhile(monkeypatch, lambda: release(made.store, 1, made.clock.now()))
    with pytest.raises(Unusable, match="postguard hold 1"):
        changed(made, NewWords(alts={1: "赤い狐"}))
    assert alts(made) == {("",)}


def test_an_edit_that_another_overtakes_does_not_undo_it(
    made: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped(made, FAR)
    meanwhile(monkeypatch, lambda: changed(made, NewWords(cw="雪"), "fedi"))
    with pytest.raises(Unusable, match="run it again"):
        changed(made, NewWords(text="月"), "fedi")
    assert {d.words.cw for d in made.store.deliveries.of_post(1)} == {"", "雪"}
    changed(made, NewWords(text="月"), "fedi")
    said = {(d.words.cw, d.words.text) for d in made.store.deliveries.of_post(1)}
    assert said == {("", ""), ("雪", "月")}


def test_an_answer_to_no_post_is_held_when_it_is_taken_in(made: Installation) -> None:
    post = dropped(made, FAR + 'alt = "赤い狐"\nreply_to = "#99"\n')
    assert post.state is PostState.HELD
    assert "sky: it answers post 99 (reply_to), but there is none" in post.reason
