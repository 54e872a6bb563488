"""The page that shows a post as its viewers would see it."""

import hashlib
import io
import re
import stat
import typing
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from postguard.errors import Refused
from postguard.model import Draft, Quotes, Rendition, Replies, Visibility, Words
from postguard.networks.drawing import Drawing, Drawn, served_size
from postguard.networks.mastodon.instance import limits_of
from postguard.networks.outgoing import pieces
from postguard.networks.plain_words import Shows, bytes_in_words, done, verdict
from postguard.networks.preview import Look, Preview, render

NOW = datetime(2026, 11, 23, tzinfo=UTC)
WORDS = Words(
    text="狐の絵 #オリジナル https://example.com", alts=("夕日の狐",), langs=("ja", "en")
)
RECORD = {
    "steps": [
        {"step": "downscale", "from": [4000, 2000], "to": [1600, 800]},
        {"step": "watermark", "text": "© 山田花子", "marks": 12, "legible": True},
        {"step": "notice", "text": "AI学習禁止"},
        {"step": "noise", "amount": 3.0, "measured": 2.9, "blur": 0.5},
        {"step": "cloak", "mode": "immunise", "strength": "medium", "ceiling": 10},
        {"step": "tags", "mining": "DMI-PROHIBITED-AIMLTRAINING", "creator": "山田花子"},
        {"step": "sparkle", "note": "a step of tomorrow"},
    ],
    "encode": {"quality": 93},
}


class Addresses(HTMLParser):
    """Everything that a page would fetch or lead to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the addresses."""
        self.found += [v or "" for name, v in attrs if name in {"src", "href", "srcset", "action"}]


def picture(
    folder: Path,
    mode: str = "RGB",
    suffix: str = "jpg",
    side: int = 90,
    record: dict[str, Any] = RECORD,
) -> Rendition:
    """A protected file."""
    buffer = io.BytesIO()
    kind = {"jpg": "JPEG", "png": "PNG"}[suffix]
    Image.new(mode, (side, side // 2), 120).save(buffer, kind)
    path = folder / f"rendition.{suffix}"
    path.write_bytes(buffer.getvalue())
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    size = len(buffer.getvalue())
    mime = f"image/{kind.lower()}"
    return Rendition(0, "any", path, digest, mime, side, side // 2, size, record)


def written(
    tmp_path: Path, words: Words = WORDS, shows: Shows = "bluesky", **more: Any
) -> tuple[Path, str]:
    """Write a page; return its folder and its HTML."""
    original = tmp_path / "original.png"
    Image.new("RGB", (400, 200), (200, 90, 40)).save(original)
    network = Preview(shows, tmp_path / "previews", lambda _: [original], handle="@hanako")
    draft = Draft(words, (picture(tmp_path, **more),), 7, "demo")
    receipt = network.send(draft, network.plan(draft, NOW))
    page = Path(unquote(urlsplit(receipt.url).path))
    return page.parent, page.read_text()


def shown(words: Words, shows: Shows = "bluesky", posted: str = "") -> str:
    """The page of these words, without drawing anything."""
    drawn = Drawn("1.webp", 10, 10, 1000)
    rendition = Rendition(0, "any", Path("x"), "00", "image/png", 10, 10, 1000, RECORD)
    draft = Draft(words, (rendition,), 1, "demo")
    limits = Preview(shows, Path(), lambda _: []).limits()
    look = Look(shows, limits, NOW, posted=posted)
    return render(draft, [Drawing(drawn, None, drawn, drawn)], look)


def test_the_page_stands_whole_in_its_folder(tmp_path: Path) -> None:
    """Named by post and account, readable by this user only, with all its pictures."""
    folder, page = written(tmp_path)
    assert folder == tmp_path / "previews" / "7-demo"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = [a for a in Addresses(page).found if a]
    assert all((folder / name).is_file() for name in files)
    assert {p.name for p in (tmp_path / "previews").iterdir()} == {"7-demo"}
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}


def test_the_page_asks_nobody_for_anything(tmp_path: Path) -> None:
    """It works without a network, from a file; a link in the text is only shown."""
    _, page = written(tmp_path)
    assert not [a for a in Addresses(page).found if "/" in a or ":" in a]
    assert "url(" not in page
    assert "@import" not in page


def test_bluesky_serves_webp_in_two_sizes(tmp_path: Path) -> None:
    """Inside 2000 and inside 1000 pixels."""
    folder, _ = written(tmp_path, side=2400)
    sizes = {}
    for name in ("1-served.webp", "1-small.webp"):
        with Image.open(folder / name) as image:
            sizes[name] = (image.format, image.size)
    assert sizes == {
        "1-served.webp": ("WEBP", (2000, 1000)),
        "1-small.webp": ("WEBP", (1000, 500)),
    }


@pytest.mark.parametrize(("suffix", "kind"), [("jpg", "JPEG"), ("png", "PNG")])
def test_mastodon_keeps_the_kind(tmp_path: Path, suffix: str, kind: str) -> None:
    """JPEG at quality 90, PNG as PNG."""
    folder, _ = written(tmp_path, shows="mastodon", suffix=suffix)
    (path,) = folder.glob("1-served.*")
    with Image.open(path) as image:
        assert image.format == kind


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_a_served_picture_is_never_larger(width: int, height: int) -> None:
    """Nor more than the network keeps, nor nothing."""
    for shows in ("bluesky", "mastodon"):
        served = served_size(shows, width, height)
        assert 1 <= served[0] <= width
        assert 1 <= served[1] <= height
    assert max(served_size("bluesky", width, height)) <= 2000
    wide, high = served_size("mastodon", width, height)
    assert wide * high <= 8_294_400


@pytest.mark.parametrize("mode", ["RGBA", "LA", "L", "P"])
def test_transparent_and_gray_pictures_are_drawn(tmp_path: Path, mode: str) -> None:
    """Whatever the pipeline may hand over as PNG."""
    folder, _ = written(tmp_path, mode=mode, suffix="png")
    assert (folder / "1-after.webp").is_file()


def test_before_and_after_have_the_same_size(tmp_path: Path) -> None:
    """Or the slider would compare two places."""
    folder, _ = written(tmp_path)
    sizes = set()
    for name in ("1-before.webp", "1-after.webp"):
        with Image.open(folder / name) as image:
            sizes.add(image.size)
    assert sizes == {(90, 45)}


def test_beside_a_notice_in_a_strip_the_original_keeps_its_place(tmp_path: Path) -> None:
    """Drawn over the strip too, it would be stretched away from the art that it is compared to."""
    notice = {"step": "notice", "text": "禁", "place": "footer", "at": [0, 30, 90, 15]}
    folder, _ = written(tmp_path, record={"steps": [notice]})
    with Image.open(folder / "1-before.webp") as image:
        before = image.convert("RGBA")
    assert before.size == (90, 45)
    assert before.getchannel("A").getbbox() == (0, 0, 90, 30)


def test_without_the_original_the_page_says_so(tmp_path: Path) -> None:
    """The artist may have taken it back."""
    network = Preview("bluesky", tmp_path / "previews", lambda _: [tmp_path / "gone.png"])
    draft = Draft(WORDS, (picture(tmp_path),), 7, "demo")
    network.send(draft, network.plan(draft, NOW))
    page = (tmp_path / "previews" / "7-demo" / "index.html").read_text()
    assert "nothing to compare with" in page
    assert "before" not in "".join(Addresses(page).found)


def test_a_protected_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    """In words, and without half a page."""
    network = Preview("bluesky", tmp_path / "previews", lambda _: [])
    rendition = picture(tmp_path)
    rendition.path.unlink()
    draft = Draft(WORDS, (rendition,), 7, "demo")
    with pytest.raises(Refused, match="cannot be drawn"):
        network.send(draft, network.plan(draft, NOW))
    assert list((tmp_path / "previews").iterdir()) == []


def test_a_second_page_takes_the_place_of_the_first(tmp_path: Path) -> None:
    """And the first one's plan is not found any more."""
    network = Preview("bluesky", tmp_path, lambda _: [])
    draft = Draft(replace(WORDS, alts=()), (), 7, "demo")
    first, second = network.plan(draft, NOW), network.plan(draft, NOW)
    network.send(draft, first)
    network.send(draft, second)
    assert network.find(draft, first) is None
    assert network.find(draft, second) is not None


def test_the_words_are_marked_as_a_network_would() -> None:
    """Hashtags and links in their own colour, everything else as written."""
    page = shown(WORDS)
    assert '<span class="tag">#オリジナル</span>' in page
    assert '<span class="link">https://example.com</span>' in page
    assert 'lang="ja"' in page
    assert "夕日の狐" in page


@given(st.text())
def test_pieces_put_together_are_the_text(text: str) -> None:
    """Nothing is lost between the marks."""
    shown: Shows
    for shown in ("bluesky", "mastodon"):
        assert "".join(piece.text for piece in pieces(text, shown)) == text


def test_each_network_marks_a_text_in_its_own_way() -> None:
    """Links on Mastodon end before Japanese, and a mention there names a server."""
    text = "https://example.com/狐 @ken@art.example #イラスト ＃タグ a#b #123 #1枚目"
    marked = {
        shows: [piece.text for piece in pieces(text, shows) if piece.kind]
        for shows in typing.get_args(Shows)
    }
    assert marked == {
        "bluesky": ["https://example.com/狐", "#イラスト", "＃タグ", "#1枚目"],
        "mastodon": ["https://example.com/", "@ken@art.example", "#イラスト", "＃タグ", "#1枚目"],
    }


def test_nothing_in_the_words_is_markup() -> None:
    """An artist's < is a <, and nobody's alt text runs a script."""
    evil = "<script>alert(1)</script>\"'><img src=x onerror=y>"
    page = shown(
        Words(text=evil, alts=(evil,), cw=evil, labels=(evil,), langs=(evil,)), "mastodon"
    )
    assert page.count("<script>") == 1
    assert "<img src=x" not in page
    assert "x" not in Addresses(page).found


@pytest.mark.parametrize(
    ("words", "shows", "says"),
    [
        (Words(labels=("nudity",)), "bluesky", "nudity"),
        (Words(cw="流血"), "mastodon", "流血"),
        (Words(visibility=Visibility.PRIVATE), "mastodon", "Only your followers can see it"),
        (Words(replies=Replies.MENTIONED), "bluesky", "Only the people it mentions may reply"),
        (Words(quotes=Quotes.NOBODY), "bluesky", "Nobody may quote it"),
        (Words(langs=("ja", "fi")), "bluesky", "日本語"),
        (Words(), "bluesky", "has none"),
    ],
)
def test_what_readers_meet_is_said(words: Words, shows: Shows, says: str) -> None:
    """Covers, audience, languages, and a missing alt text."""
    assert says in shown(words, shows)


@pytest.mark.parametrize(
    ("words", "covered"), [(Words(), False), (Words(labels=("sexual",)), True)]
)
def test_only_a_labelled_picture_is_covered(words: Words, *, covered: bool) -> None:
    """As on the network."""
    assert bool(re.search(r'<label class="cover">', shown(words))) is covered


def test_every_step_is_said_in_plain_words() -> None:
    """In the order of the recipe; a step that we have no words for says its own."""
    rendition = Rendition(0, "any", Path("x"), "00", "image/jpeg", 1600, 800, 1_234_567, RECORD)
    lines = [f"{line.name}: {line.words}" for line in done(rendition)]
    assert lines == [
        "Downscale: 4000 × 2000 pixels became 1600 × 800",
        "Watermark: “© 山田花子”, 12 times over the picture",
        "Notice: “AI学習禁止”",
        "Noise: fine noise of 2.9 in 255, after a blur of 0.5 pixels",
        "Cloak: mode immunise, strength medium: at most 10 in 255 of change in any pixel "
        "before it is saved",
        "Tags: machines can read: no training of AI, 山田花子",
        "Sparkle: a step of tomorrow",
        "Saved: as JPEG at quality 93: 1600 × 800 pixels, 1.23 MB",
    ]


MEASURED = {
    "gains": {
        "style": {
            "bluesky": {"r": 0.09, "signs": -0.01, "shuffled": -0.0001},
            "mastodon": {"r": 0.12, "signs": 0.02, "shuffled": 0.01},
        }
    },
    "ssimulacra2": 65.2,
    "flat_largest": 4,
}


def measured(found: dict[str, Any], fit: str) -> list[str]:
    """What is said between the cloak and how it was saved."""
    record = {"steps": [{"step": "cloak"}, {"step": "tags"}], "measured": found}
    lines = done(Rendition(0, fit, Path("x"), "00", "image/png", 1, 1, 1, record))
    return [f"{line.name}: {line.words}" for line in lines[1:-2]]


def test_what_is_left_of_a_cloak_is_said_behind_the_platform_it_goes_to() -> None:
    """Beside the better control; never as a lock."""
    assert measured(MEASURED, "mastodon-123") == [
        "Measured: style: behind Mastodon, what models read moved 12.0% of the way to where it "
        "leads (noise of the same size: 2.0%); likeness 65.2 of 100 (SSIMULACRA2); flat areas "
        "of the file change by at most 4 in 255; it is no lock"
    ]
    assert "behind Bluesky, what models read moved 9.0%" in measured(MEASURED, "bluesky-2")[0]


def test_a_file_for_nobody_is_measured_behind_the_worse_platform() -> None:
    assert "behind Bluesky" in measured(MEASURED, "file")[0]


def test_a_picture_too_small_to_be_scored_says_nothing_of_likeness() -> None:
    small = MEASURED | {"ssimulacra2": None, "flat_largest": None}
    assert measured(small, "file")[0].endswith("(noise of the same size: 0.0%); it is no lock")
    assert "likeness" not in measured(small, "file")[0]
    assert "; ;" not in measured(small, "file")[0]


@pytest.mark.parametrize(
    ("left", "noise", "said"),
    [
        (0.12, 0.01, "raises the cost of learning your style from it; it is no lock."),
        (0.12, -0.2, "raises the cost of"),
        (0.12, 0.05, "not much more than noise"),
        (0.02, -0.2, "not much more than noise"),
        (0.05, 0.05, "does not protect"),
        (0.01, -0.2, "does not protect"),
    ],
)
def test_a_gain_is_judged_by_what_noise_gains(left: float, noise: float, said: str) -> None:
    looks = {"r": left, "signs": noise, "shuffled": noise - 0.1}
    told = verdict("style", {"bluesky": looks, "mastodon": looks | {"r": 0.9}}, ["taef2"])
    assert told.startswith("Behind Bluesky, the worse of the platforms,")
    assert said in told


@pytest.mark.parametrize("left", [0.01, 0.12, 0.9])
def test_what_our_own_encoder_alone_has_read_is_told_as_a_rough_judgement(left: float) -> None:
    """It is moved too far by what was drawn against it, and on flat art by noise."""
    looks = {"r": left, "signs": 0.02, "shuffled": 0.0}
    told = verdict("style", {"bluesky": looks, "mastodon": looks}, ["surrogate"])
    assert told.endswith(
        "read by postguard's own encoder alone, which is a rough judge: do not rely on it."
    )
    assert "raises the cost" not in told
    alone, others = (
        measured(MEASURED | {"encoders": names}, "file")[0]
        for names in (["surrogate"], ["taesd", "surrogate"])
    )
    assert "; read by postguard's own encoder alone, which is a rough judge; " in alone
    assert "; read by taesd, surrogate; " in others


def test_a_record_of_another_shape_does_no_harm() -> None:
    """Records are data of an earlier version, too."""
    for record in ({}, {"steps": None}, {"steps": [None, {}, {"step": "downscale"}]}):
        rendition = Rendition(0, "any", Path("x"), "00", "image/png", 1, 1, 1, record)
        assert done(rendition)[-1].words.endswith("1 × 1 pixels, 1 bytes")


def test_bytes_are_said_as_people_do() -> None:
    """Like the networks, in thousands."""
    assert [bytes_in_words(n) for n in (999, 1000, 345_678, 2_000_000)] == [
        "999 bytes",
        "1 kB",
        "346 kB",
        "2.00 MB",
    ]


def test_a_dry_run_has_the_limits_of_the_real_server() -> None:
    known = replace(limits_of({}), text=5000)
    dry = Preview("mastodon", Path("/nowhere"), lambda _: [], known=lambda: known)
    assert dry.limits() == known
    assert dry.objections(Words(text="x" * 4000), 1, dry.limits()) == []
    assert dry.objections(Words(text="x" * 6000), 1, dry.limits()) != []


def test_a_page_of_a_posted_post_says_where_it_stands() -> None:
    page = shown(WORDS, posted="https://bsky.app/profile/a/post/1")
    assert "This was posted" in page
    assert "Nothing was posted" not in page
    assert Addresses(page).found[0] == "https://bsky.app/profile/a/post/1"


def test_an_address_that_is_none_is_no_link() -> None:
    """It comes from a server."""
    page = shown(WORDS, posted="javascript:alert(1)")
    assert not [a for a in Addresses(page).found if "javascript" in a]


@pytest.mark.parametrize(
    ("shows", "counts"),
    [
        ("bluesky", ("254 of 300 characters, 762 of 3,000 bytes", "1 of 2")),
        ("mastodon", ("304 of 500 characters",)),
    ],
)
def test_a_thread_is_shown_post_by_post_with_what_each_counts(
    shows: Shows, counts: tuple[str, ...]
) -> None:
    """Where the network would cut it, and not where another one would."""
    text = "あ" * 253 + "。" + "い" * 50
    page = shown(Words(text=text, thread=True), shows)
    assert page.count('<article class="card post"') == len(counts)
    for said in counts:
        assert f"<li>{said}</li>" in page
    assert "あ" * 253 in page


def test_what_a_post_is_tied_to_is_said() -> None:
    words = Words(reply_to="#12", link_to="fedi", hidden_tags=("狐",), lists=("at://list",))
    page = shown(words)
    for said in ("It answers #12", "the copy on fedi", "not shown: 狐", "at://list"):
        assert said in page


def test_a_page_that_no_plan_knows_of_stands_beside_the_dry_runs(tmp_path: Path) -> None:
    network = Preview("bluesky", tmp_path, lambda _: [])
    draft = Draft(replace(WORDS, alts=()), (), 7, "demo")
    plan = network.plan(draft, NOW)
    network.send(draft, plan)
    page = network.draw(draft, "shown-7-demo", NOW, "https://bsky.app/1")
    assert page == tmp_path / "shown-7-demo" / "index.html"
    assert "This was posted" in page.read_text()
    assert network.find(draft, plan) is not None
