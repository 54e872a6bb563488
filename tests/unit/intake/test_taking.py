"""From files in the outbox to posts: on a real disk, a real database, and real pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from postguard.model import Edit, Place, PostState, Visibility, Words
from postguard.system import folders
from tests.unit.intake.rig import ALT, Rig, config, png

RigWith = Callable[..., Rig]


def test_a_picture_with_words_is_taken_as_soon_as_both_have_settled(rig: Rig) -> None:
    rig.drop("fox.toml", ALT + 'text = "新作"\ntags = ["狐"]')
    rig.drop("fox.png")
    rig.wait(3)
    post = rig.only()
    assert (post.state, post.place, post.name) == (PostState.TAKEN, Place.QUEUED, "fox.png")
    assert rig.tree() == {"queued/1-fox/fox.png", "queued/1-fox/fox.toml"}
    assert post.sidecars == (("fox.toml", "fox.toml"),)
    (artwork,) = post.artworks
    assert (artwork.width, artwork.height, artwork.alt) == (6, 4, "a fox in the snow")


def test_each_account_gets_its_own_words(rig: Rig) -> None:
    rig.drop("fox.toml", ALT + 'text = "long"\nat = "now"\n[bsky]\ntext = "short"')
    rig.drop("fox.png")
    (post,) = rig.run()
    found = {d.account: d for d in rig.store.deliveries.of_post(post.id)}
    assert {name: d.words.text for name, d in found.items()} == {"bsky": "short", "fedi": "long"}
    assert found["fedi"].words.visibility is Visibility.UNLISTED
    assert found["bsky"].words.langs == ("ja",)
    assert {(d.asked, d.fit) for d in found.values()} == {("now", "bsky"), ("now", "fedi")}


def test_a_picture_without_words_waits_for_them(rig: Rig) -> None:
    rig.drop("fox.png")
    rig.wait(20)
    assert rig.posts() == []
    rig.drop("fox.toml", ALT)
    rig.wait(3)
    assert rig.only().state is PostState.TAKEN


def test_a_picture_without_words_is_held_when_it_has_waited(rig: Rig) -> None:
    rig.drop("fox.png")
    rig.wait(23)
    post = rig.only()
    assert (post.state, post.place) == (PostState.HELD, Place.HELD)
    assert "fox.png: there is no alt text" in post.reason
    assert 'write alt = "…" into fox.toml' in post.reason
    assert rig.tree() == {"held/1-fox/fox.png", "held/1-fox/reason.txt"}
    told = (rig.outbox / "held/1-fox/reason.txt").read_text(encoding="utf-8")
    assert folders.told(post, post.reason) in told


def test_missing_alt_text_is_asked_for_in_the_file_of_words_that_is_there(rig: Rig) -> None:
    """`add` writes fox.png.toml; a fox.toml beside it would be a second file of words."""
    rig.drop("fox.png")
    rig.drop("fox.png.toml", 'text = "now"')
    rig.wait(23)
    assert 'write alt = "…" into fox.png.toml' in rig.only().reason
    rig.store.posts.move_to(rig.only().id, PostState.RELEASED, rig.now)
    rig.wait(2)
    assert 'write alt = "…" into fox.png.toml' in rig.only().reason


def test_the_log_says_what_is_held_and_why(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.first_start = True
    rig.restarted()
    rig.drop("fox.png")
    rig.wait(23)
    assert "post 1 (fox.png) is held: It lay in the outbox before" in caplog.text
    assert "`postguard release 1`" in caplog.text
    rig.store.posts.move_to(rig.only().id, PostState.RELEASED, rig.now)
    caplog.clear()
    rig.wait(3)
    assert "post 1 (fox.png) is held: fox.png: there is no alt text" in caplog.text


def test_alt_text_may_be_waived_in_the_config(rig_with: RigWith) -> None:
    rig = rig_with(intake={"require_alt": False})
    rig.drop("fox.png")
    assert rig.run()[0].state is PostState.TAKEN


def test_words_without_a_picture_wait_where_they_are(rig: Rig) -> None:
    rig.drop("fox.toml", ALT)
    rig.drop("notes.txt", "buy ink")
    assert rig.run() == []
    assert rig.tree() == {"fox.toml", "notes.txt"}
    assert rig.taking.at_rest()
    rig.drop("fox.png")
    rig.wait(3)
    assert rig.only().state is PostState.TAKEN
    assert "notes.txt" in rig.tree()


def test_words_may_be_called_by_the_whole_name_and_belong_to_that_picture_only(rig: Rig) -> None:
    rig.drop("fox.png.toml", 'alt = "png"')
    rig.drop("fox.jpg.toml", 'alt = "jpg"')
    rig.drop("fox.png", png(1))
    rig.drop("fox.jpg", png(2))
    posts = rig.run()
    assert {p.name: p.artworks[0].alt for p in posts} == {"fox.png": "png", "fox.jpg": "jpg"}


def test_words_that_two_pictures_claim_hold_both(rig: Rig) -> None:
    rig.drop("fox.toml", ALT)
    rig.drop("fox.png", png(1))
    rig.drop("fox.jpg", png(2))
    posts = rig.run()
    assert {p.state for p in posts} == {PostState.HELD}
    assert "fox.jpg, fox.png have the same name" in posts[0].reason


def test_a_painters_file_beside_the_picture_does_not_claim_its_words(rig: Rig) -> None:
    rig.drop("fox.psd", b"8BPS")
    rig.drop("fox.png")
    rig.drop("fox.toml", ALT)
    posts = {p.name: p for p in rig.run()}
    assert posts["fox.png"].state is PostState.TAKEN
    assert posts["fox.psd"].state is PostState.HELD
    assert "fox.psd: this is not a picture" in posts["fox.psd"].reason


def test_a_damaged_picture_is_held_with_the_reason_and_still_there(rig: Rig) -> None:
    rig.drop("fox.png", png(0, (60, 40))[:-30])
    rig.drop("fox.toml", ALT)
    (post,) = rig.run()
    assert post.state is PostState.HELD
    assert "fox.png: " in post.reason
    assert (rig.outbox / "held/1-fox/fox.png").read_bytes() == png(0, (60, 40))[:-30]


def test_a_folder_is_one_post_in_natural_order(rig: Rig) -> None:
    for number in (10, 2, 1):
        rig.drop(f"pages/p{number}.png", png(number))
    rig.drop("pages/post.toml", 'text = "a set"\nalt = ["one", "two", "ten"]')
    rig.drop("pages/.hidden", "x")
    rig.wait(20)
    assert rig.posts() == []
    rig.wait(5)
    post = rig.only()
    assert post.state is PostState.TAKEN
    assert [(a.name, a.alt) for a in post.artworks] == [
        ("p1.png", "one"),
        ("p2.png", "two"),
        ("p10.png", "ten"),
    ]
    assert rig.tree() == {
        f"queued/1-pages/{n}" for n in ("p1.png", "p2.png", "p10.png", "post.toml", ".hidden")
    }
    assert not (rig.outbox / "pages").exists()


def test_a_set_is_complete_when_nothing_new_came_for_a_while(rig: Rig) -> None:
    rig.drop("pages/post.md", '+++\nalt = ["a", "b", "c"]\n+++\nA set')
    for number in (1, 2, 3):
        rig.drop(f"pages/{number}.png", png(number))
        rig.wait(15)
    assert rig.posts() == []
    rig.wait(10)
    assert len(rig.only().artworks) == 3


def test_a_file_of_a_set_whose_event_was_lost_is_not_left_out(rig: Rig) -> None:
    rig.drop("pages/1.png", png(1))
    rig.drop("pages/post.toml", 'alt = ["a", "b"]')
    (rig.outbox / "pages/2.png").write_bytes(png(2))
    (post,) = rig.run()
    assert [a.name for a in post.artworks] == ["1.png", "2.png"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("pages/more/2.png", "there is a folder inside the set (more)"),
        ("pages/notes.pdf", "notes.pdf: this is not a picture"),
        ("pages/2.sync-conflict-20261123-101010-ABC.txt", "this is not a picture"),
    ],
)
def test_a_set_with_something_else_inside_is_held_whole(rig: Rig, name: str, told: str) -> None:
    rig.drop("pages/1.png", png(1))
    rig.drop(name, png(2) if name.endswith("png") else "words")
    (post,) = rig.run()
    assert post.state is PostState.HELD
    assert told in post.reason
    assert f"held/1-{name}" in rig.tree()


def test_a_picture_twice_in_a_set_is_held(rig: Rig) -> None:
    rig.drop("pages/1.png")
    rig.drop("pages/2.png")
    rig.drop("pages/post.toml", 'alt = ["a", "b"]')
    assert "1.png and 2.png are the same picture" in rig.run()[0].reason


def test_the_same_bytes_dropped_twice_are_held_with_a_pointer_to_the_first(rig: Rig) -> None:
    rig.drop("fox.png")
    rig.drop("fox.toml", ALT)
    rig.run()
    rig.drop("again.png")
    rig.drop("again.toml", ALT)
    _, second = rig.run()
    assert second.state is PostState.HELD
    assert (
        "again.png is the same picture as post 1 (fox.png), dropped on 2026-11-23" in second.reason
    )


def test_two_copies_in_one_drop_are_posted_once(rig: Rig) -> None:
    for name in ("a", "b"):
        rig.drop(f"{name}.toml", ALT)
        rig.drop(f"{name}.png")
    assert sorted(p.state for p in rig.run()) == [PostState.HELD, PostState.TAKEN]


def test_a_dry_run_may_repeat_a_post_and_be_repeated(rig: Rig) -> None:
    for name in ("a", "b"):
        rig.drop(f"{name}.toml", ALT + "dry_run = true")
        rig.drop(f"{name}.png")
        rig.run()
    rig.drop("c.toml", ALT)
    rig.drop("c.png")
    assert {p.state for p in rig.run()} == {PostState.TAKEN}


def test_a_picture_moved_back_from_held_is_taken_again(rig: Rig) -> None:
    rig.drop("fox.png")
    rig.run()
    rig.drop("fox.toml", ALT)
    held = rig.outbox / "held/1-fox/fox.png"
    rig.taking.nominate(held.rename(rig.outbox / "fox.png"))
    (second,) = rig.run()
    assert second.state is PostState.TAKEN
    assert rig.store.posts.get(1).state is PostState.WITHDRAWN


def test_what_was_edited_goes_on_with_files_that_are_moved_back(rig: Rig) -> None:
    """And the history of the new post says where its words come from."""
    rig.drop("fox.png")
    rig.run()
    said = Edit(text="月の狐", alts={"fox.png": "赤い狐"})
    rig.store.posts.keep_edit(1, "bsky", said)
    rig.store.posts.keep_edit(1, "bsky", Edit(cw="眩しい"))
    rig.drop("fox.toml", f'{ALT}text = "a fox"\n')
    held = rig.outbox / "held/1-fox/fox.png"
    rig.taking.nominate(held.rename(rig.outbox / "fox.png"))
    rig.run()
    second = rig.store.posts.get(2)
    assert second.state is PostState.TAKEN
    words = {d.account: d.words for d in rig.store.deliveries.of_post(2)}
    assert (words["bsky"].text, words["bsky"].cw) == ("月の狐", "眩しい")
    assert words["bsky"].alts == ("赤い狐",)
    assert (words["fedi"].text, words["fedi"].alts) == ("a fox", ("a fox in the snow",))
    assert dict(second.edits) == {"bsky": replace(said, cw="眩しい")}
    told = [e.detail for _, e in rig.store.posts.history(2) if e.what == "edited"]
    assert told == ["bsky, before you moved its files back"]


def test_a_folder_moved_back_from_held_is_taken_again(rig: Rig) -> None:
    rig.drop("fox.png")
    rig.run()
    back = (rig.outbox / "held/1-fox").rename(rig.outbox / "1-fox")
    (back / "fox.toml").write_text(ALT)
    rig.rescan()
    rig.run()
    assert rig.store.posts.get(2).state is PostState.TAKEN
    assert [a.name for a in rig.store.posts.get(2).artworks] == ["fox.png"]


def test_one_picture_of_a_held_set_moved_back_leaves_the_rest_held(rig: Rig) -> None:
    rig.drop("pages/1.png", png(1))
    rig.drop("pages/2.png", png(2))
    rig.run()
    rig.drop("1.toml", ALT)
    rig.taking.nominate((rig.outbox / "held/1-pages/1.png").rename(rig.outbox / "1.png"))
    first, second = rig.run()
    assert (first.state, second.state) == (PostState.HELD, PostState.TAKEN)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ('to = ["bsky", "off"]', "account off is switched off"),
        ('to = ["nobody"]', "fox.toml:2: to: there is no account nobody"),
        ('recipe = "smal"', "there is no recipe smal in the config; did you mean small?"),
        ('[bsky]\nrecipe = "small"', "its accounts want different recipes"),
        ('visiblity = "public"', "fox.toml:2: visiblity: unknown key; did you mean visibility?"),
    ],
)
def test_what_cannot_be_done_as_asked_is_held_before_anything_is_rendered(
    rig_with: RigWith, words: str, told: str
) -> None:
    rig = rig_with(
        accounts={
            "bsky": {"network": "bluesky", "handle": "a.bsky.social"},
            "fedi": {"network": "preview"},
            "off": {"network": "preview", "enabled": False},
        },
        recipes={name: [{"step": "downscale", "long_side": 800}] for name in ("default", "small")},
    )
    rig.drop("fox.toml", f"{ALT}{words}")
    rig.drop("fox.png")
    (post,) = rig.run()
    assert post.state is PostState.HELD
    assert told in post.reason
    assert "held/1-fox/fox.toml" in rig.tree()


def test_without_any_account_a_post_is_held(rig_with: RigWith) -> None:
    rig = rig_with(accounts={})
    rig.drop("fox.png")
    assert "no account is set up" in rig.run()[0].reason


def test_what_a_network_objects_to_is_told_with_the_account(rig: Rig) -> None:
    def objections(account: str, words: Words, images: int) -> list[str]:
        return [f"{images} pictures and {len(words.text)} letters"] if account == "bsky" else []

    rig.objections = objections
    rig.restarted()
    rig.drop("fox.toml", ALT + 'text = "abc"')
    rig.drop("fox.png")
    assert rig.run()[0].reason == "bsky: 1 pictures and 3 letters"


def test_to_chooses_the_accounts(rig: Rig) -> None:
    rig.drop("fox.toml", ALT + 'to = "fedi"')
    rig.drop("fox.png")
    (post,) = rig.run()
    assert [d.account for d in rig.store.deliveries.of_post(post.id)] == ["fedi"]


def test_all_reasons_are_told_at_once(rig: Rig) -> None:
    rig.drop("fox.toml", 'recipe = "x"')
    rig.drop("fox.png")
    reason = rig.run()[0].reason
    assert "no recipe x" in reason
    assert "no alt text" in reason


# First start


def test_what_lay_there_at_the_first_start_is_held(rig: Rig) -> None:
    rig.first_start = True
    rig.drop("fox.png", png(1))
    rig.drop("fox.toml", ALT)
    rig.drop("pages/1.png", png(2))
    rig.restarted()
    rig.rescan()
    assert not rig.taking.first_start_over
    rig.wait(3)
    assert rig.taking.first_start_over
    assert {p.state for p in rig.posts()} == {PostState.HELD}
    assert all("lay in the outbox before" in p.reason for p in rig.posts())
    rig.drop("new.png", png(3))
    rig.drop("new.toml", ALT)
    rig.wait(3)
    assert rig.store.posts.get(3).state is PostState.TAKEN


def test_what_was_added_before_the_first_start_goes_on(rig: Rig) -> None:
    rig.first_start, rig.added = True, frozenset({"fox.png", "pages/"})
    for number, name in enumerate(("fox.png", "pages/1.png", "old.png")):
        rig.drop(name, png(number))
        rig.drop(f"{name}.toml", ALT)
    rig.restarted()
    rig.rescan()
    states = {post.name: post.state for post in rig.run()}
    assert states.pop("old.png") is PostState.HELD
    assert set(states.values()) == {PostState.TAKEN}


def test_a_first_start_that_was_cut_short_still_holds_what_lay_there(rig: Rig) -> None:
    rig.first_start = True
    rig.drop("fox.png")
    rig.drop("fox.toml", ALT)
    rig.restarted()
    rig.wait(1)
    rig.restarted()
    rig.rescan()
    assert rig.run()[0].state is PostState.HELD


def test_an_empty_outbox_ends_the_first_start_at_once(rig: Rig) -> None:
    rig.first_start = True
    rig.drop("notes.txt", "words alone are nothing that could be posted")
    rig.restarted()
    rig.wait(1)
    assert rig.taking.first_start_over


# Release


def test_a_link_is_held_and_not_followed(rig: Rig) -> None:
    art = rig.home / "art.png"
    art.write_bytes(png())
    (rig.outbox / "fox.png").symlink_to(art)
    rig.drop("fox.toml", ALT)
    rig.rescan()
    (post,) = rig.run()
    assert "only a link" in post.reason
    assert (rig.outbox / "held/1-fox/fox.png").is_symlink()
    assert art.exists()


def test_a_conflict_of_two_versions_is_told_and_left_alone(rig: Rig) -> None:
    name = "fox.sync-conflict-20261123-101010-ABCDEFG.png"
    rig.drop(name)
    assert rig.run() == []
    assert rig.tree() == {name}
    assert len(rig.notes) == 1
    assert "one of two versions" in rig.notes[0]


def test_a_name_that_is_not_utf8_is_told_and_left_alone(rig: Rig) -> None:
    rig.drop("狐.png".encode("cp932").decode("utf-8", "surrogateescape"))
    assert rig.run() == []
    assert "rename it" in rig.notes[0]


def test_japanese_names_go_the_whole_way(rig: Rig) -> None:
    rig.drop("雪の狐　完成版.png")
    rig.drop("雪の狐　完成版.txt", '+++\nalt = "狐"\n+++\n新作'.encode("cp932"))
    (post,) = rig.run()
    assert post.state is PostState.TAKEN
    assert f"queued/{post.folder}/雪の狐　完成版.png" in rig.tree()


def test_nothing_is_concluded_while_the_outbox_is_away(rig: Rig) -> None:
    rig.drop("fox.png")
    rig.drop("fox.toml", ALT)
    rig.wait(1)
    away = rig.outbox.rename(rig.home / "unmounted")
    rig.wait(5)
    assert rig.posts() == []
    assert rig.taking.next_look(rig.now) is None
    away.rename(rig.outbox)
    rig.wait(3)
    assert rig.only().state is PostState.TAKEN


def test_another_outbox_in_the_config_is_followed(rig: Rig) -> None:
    rig.drop("fox.png")
    rig.wait(1)
    other = rig.home / "other"
    other.mkdir()
    rig.settings = config(other)
    (other / "owl.png").write_bytes(png(5))
    (other / "owl.toml").write_text(ALT)
    for path in other.iterdir():
        rig.taking.nominate(path)
    (post,) = rig.run()
    assert post.name == "owl.png"
    assert (other / "queued/1-owl/owl.png").exists()


def test_the_next_look_is_when_something_may_happen_by_itself(rig: Rig) -> None:
    rig.taking.tick(rig.now)
    assert rig.taking.next_look(rig.now) is None
    assert rig.taking.at_rest()
    rig.drop("fox.png")
    assert rig.taking.next_look(rig.now) == rig.now
    rig.taking.tick(rig.now)
    assert (rig.taking.next_look(rig.now) - rig.now).total_seconds() == 2
    assert not rig.taking.at_rest()
    rig.wait(3)
    assert (rig.taking.next_look(rig.now) - rig.now).total_seconds() == 19
    rig.wait(25)
    assert rig.taking.at_rest()


def test_three_hundred_files_are_each_taken_once(rig: Rig) -> None:
    for i in range(150):
        rig.drop(f"{i}.png", png(i))
        rig.drop(f"{i}.toml", ALT)
    rig.rescan()
    rig.wait(5)
    assert [p.name for p in rig.posts()] == [f"{i}.png" for i in range(150)]
    assert {p.state for p in rig.posts()} == {PostState.TAKEN}
    assert len(rig.tree()) == 300
    rig.rescan()
    assert len(rig.run()) == 150
