"""A held post that the artist lets go on is read anew, as its folder is now."""

from __future__ import annotations

from postguard.model import Place, PostState
from tests.unit.intake.rig import ALT, Rig, png


def released(rig: Rig, post_id: int = 1) -> None:
    rig.store.posts.move_to(post_id, PostState.RELEASED, rig.now)
    rig.wait(2)


def test_a_released_post_is_taken_with_the_words_that_were_added(rig: Rig) -> None:
    rig.drop("fox.png")
    rig.run()
    (rig.outbox / "held/1-fox/fox.toml").write_text(ALT + 'text = "now"', encoding="utf-8")
    released(rig)
    post = rig.only()
    assert (post.state, post.place) == (PostState.TAKEN, Place.HELD)
    assert (post.artworks[0].alt, post.artworks[0].source) == ("a fox in the snow", "fox.png")
    assert {d.words.text for d in rig.store.deliveries.of_post(1)} == {"now"}
    assert rig.tree() == {"held/1-fox/fox.png", "held/1-fox/fox.toml"}


def test_a_released_post_that_still_lacks_words_is_held_again(rig: Rig) -> None:
    rig.drop("fox.png")
    rig.run()
    released(rig)
    assert rig.only().state is PostState.HELD
    assert "no alt text" in rig.only().reason
    assert "into fox.toml beside it" in rig.only().reason


def test_release_lets_a_repeated_picture_and_a_first_start_pass(rig: Rig) -> None:
    rig.first_start = True
    rig.drop("fox.png")
    rig.drop("fox.toml", ALT)
    rig.restarted()
    rig.rescan()
    rig.wait(3)
    released(rig, 1)
    rig.drop("again.png")
    rig.drop("again.toml", ALT)
    rig.run()
    assert rig.store.posts.get(2).state is PostState.HELD
    released(rig, 2)
    assert {p.state for p in rig.posts()} == {PostState.TAKEN}


def test_a_set_can_be_mended_in_held_and_released(rig: Rig) -> None:
    rig.drop("pages/1.png", png(1))
    rig.drop("pages/notes.pdf", "x")
    rig.run()
    folder = rig.outbox / "held/1-pages"
    (folder / "notes.pdf").unlink()
    (folder / "post.toml").write_text(ALT)
    released(rig)
    post = rig.only()
    assert post.state is PostState.TAKEN
    assert [(a.name, a.source) for a in post.artworks] == [("1.png", "pages/1.png")]


def test_a_released_post_without_files_is_held_again(rig: Rig) -> None:
    rig.drop("fox.png")
    rig.run()
    (rig.outbox / "held/1-fox/fox.png").unlink()
    released(rig)
    assert "its pictures are gone" in rig.only().reason


# Odd folders and files


def test_a_picture_called_reason_keeps_its_words(rig: Rig) -> None:
    rig.drop("reason.png")
    rig.drop("reason.txt", "an unfounded reason")
    (post,) = rig.run()
    assert post.state is PostState.HELD
    kept = rig.outbox / "held/1-reason/reason.txt"
    assert kept.read_text() == "an unfounded reason"
    kept.write_text(f"+++\n{ALT}+++\na good reason")
    released(rig)
    assert rig.only().state is PostState.TAKEN
    assert rig.store.deliveries.of_post(1)[0].words.text == "a good reason"


def test_a_picture_exported_beside_its_painters_file_is_taken_with_its_words(rig: Rig) -> None:
    """As the reason asks for it, under its own name or another."""
    for exported in ("art.png", "out.png"):
        rig.drop("art.psd", b"8BPS")
        rig.drop("art.toml", ALT)
        rig.run()
        post = rig.posts()[-1]
        assert (post.state, post.place) == (PostState.HELD, Place.HELD)
        (rig.outbox / "held" / post.folder / exported).write_bytes(png(post.id))
        released(rig, post.id)
        post = rig.store.posts.get(post.id)
        assert (post.state, post.reason) == (PostState.TAKEN, "")
        assert [(a.name, a.alt) for a in post.artworks] == [(exported, "a fox in the snow")]


def test_what_was_not_exported_yet_is_not_forgotten(rig: Rig) -> None:
    rig.drop("pages/1.png", png(1))
    rig.drop("pages/2.psd", b"8BPS")
    rig.drop("pages/post.toml", 'alt = ["a", "b"]')
    rig.run()
    released(rig)
    assert rig.only().state is PostState.HELD
    assert "2.psd" in rig.only().reason
