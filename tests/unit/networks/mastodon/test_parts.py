"""How a draft becomes one status or a thread."""

from pathlib import Path

from postguard.model import Draft, Rendition, Words
from postguard.networks.mastodon.instance import limits_of
from postguard.networks.mastodon.parts import Part, parts_in, parts_of, pictures_of, rows_of
from postguard.system import wire

LIMITS = limits_of({"version": "4.6.4"})


def image(position: int) -> Rendition:
    """A protected picture."""
    path = Path(f"{position}.png")
    return Rendition(position, "any", path, "00" * 32, "image/png", 30 + position, 20, 9, {})


def cut(words: Words, images: int, link: str = "") -> list[Part]:
    """The parts of a draft, whose keys count up."""
    heap = tuple(image(n) for n in range(images))
    keys = iter(range(99))
    return parts_of(Draft(words, heap, 1, "me", link=link), LIMITS, lambda: next(keys))


def test_what_is_no_thread_stays_whole() -> None:
    """Whatever its length: the network has objected before."""
    (part,) = cut(Words(text="あ" * 600, tags=("fox",), alts=("狐",)), 5)
    assert part.text == "あ" * 600 + "\n\n#fox"
    assert part.alts == ("狐", "", "", "", "")


def test_pictures_go_with_the_first_parts_and_the_warning_with_all() -> None:
    """In their order, four at a time, each with its alt text."""
    words = Words(text="狐。" * 600, cw="流血", alts=tuple("abcdef"), thread=True)
    parts = cut(words, 6)
    assert [part.alts for part in parts] == [tuple("abcd"), tuple("ef"), ()]
    assert {part.cw for part in parts} == {"流血"}
    assert [part.key for part in parts] == ["0", "1", "2"]
    assert "".join(part.text for part in parts) == words.text
    assert max(len(part.text) for part in parts) <= 498


def test_more_pictures_than_text_are_a_thread_too() -> None:
    """Its later parts say nothing."""
    parts = cut(Words(text="狐", thread=True), 9)
    assert [(part.text, len(part.sizes)) for part in parts] == [("狐", 4), ("", 4), ("", 1)]


def test_the_link_to_the_other_copy_stands_behind_the_hashtags() -> None:
    """Alone where there is no text."""
    link = "https://bsky.app/profile/a/post/1"
    (part,) = cut(Words(text="狐", tags=("fox",)), 0, link)
    assert part.text == f"狐\n\n#fox\n\n{link}"
    assert cut(Words(), 1, link)[0].text == link


def test_each_part_has_the_pictures_that_it_was_planned_with() -> None:
    """After the plan went through a row."""
    draft = Draft(Words(text="狐", thread=True), tuple(image(n) for n in range(6)), 1, "me")
    plan = wire.load(dict, wire.dump({"parts": rows_of(parts_of(draft, LIMITS, str))}))
    heaps = pictures_of(draft, parts_in(plan))
    assert [[each.position for each in heap] for heap in heaps] == [[0, 1, 2, 3], [4, 5]]
