"""What the tags say, byte by byte and in any script."""

from __future__ import annotations

import re
import struct
import xml.etree.ElementTree as ET
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postguard.imaging import Picture
from postguard.model import Artist
from postguard.protect.metadata import exif, iim, xmp
from postguard.protect.metadata.statement import Statement, clean, cut
from postguard.protect.packets import Packets
from postguard.protect.steps import Scene
from postguard.protect.steps.tags import Tags
from postguard.settings import recipes, steps

HANAKO = Artist("山田花子", "© 2026 山田花子", "https://hanako.example/rights", ("ja", "en"))
FAMILY = "👩‍👩‍👧"  # one grapheme, 18 bytes
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
any_text = st.text(st.characters(), max_size=60)  # lone surrogates and controls included


def scene(artist: Artist = HANAKO, alt: str = "雪の上の赤い狐", description: str = "") -> Scene:
    return Scene(
        artist=artist,
        alt=alt,
        description=description,
        seed=bytes(32),
        year=2026,
        work=Path(),
        engine=None,
        on_fraction=lambda fraction: None,
    )


def options(**said: str) -> steps.Tags:
    return steps.Tags.model_validate({"step": "tags", **said})


def packets(at: Scene | None = None, **said: str) -> Packets:
    return Tags(options(**said)).packets(at or scene())


def properties(packet: bytes) -> dict[str, list[tuple[str | None, str]]]:
    """Read a packet as any XML parser does: name -> (language, text) of each value."""
    root = ET.fromstring(packet)
    described = root.find(f".//{RDF}Description")
    assert described is not None
    found = {}
    for prop in described:
        items = [(li.get(LANG), li.text or "") for li in prop.iter(f"{RDF}li")]
        found[prop.tag.rpartition("}")[2]] = items or [(None, prop.text or "")]
    return found


def datasets(block: bytes) -> list[tuple[int, int, bytes]]:
    """Read an APP13 payload as IIM readers do."""
    assert block.startswith(b"Photoshop 3.0\x008BIM\x04\x04\0\0")
    size = struct.unpack(">I", block[22:26])[0]
    record, found, at = block[26 : 26 + size], [], 0
    while at < size:
        marker, number, name, length = struct.unpack(">BBBH", record[at : at + 5])
        assert marker == 0x1C
        found.append((number, name, record[at + 5 : at + 5 + length]))
        at += 5 + length
    return found


def exif_texts(block: bytes) -> dict[int, bytes]:
    """Read the ASCII tags of the first directory."""
    assert block[:4] == b"II*\0"
    at = struct.unpack("<I", block[4:8])[0]
    count = struct.unpack("<H", block[at : at + 2])[0]
    texts = {}
    for i in range(count):
        entry = block[at + 2 + 12 * i : at + 14 + 12 * i]
        tag, kind, length = struct.unpack("<HHI", entry[:8])
        start = struct.unpack("<I", entry[8:])[0]
        if kind == 2:
            texts[tag] = entry[8 : 8 + length] if length <= 4 else block[start : start + length]
    return texts


@pytest.mark.parametrize(
    ("said", "term"),
    [
        ({"mining": "ai-training"}, "DMI-PROHIBITED-AIMLTRAINING"),
        ({"mining": "generative-ai-training"}, "DMI-PROHIBITED-GENAIMLTRAINING"),
        ({"mining": "all-but-search"}, "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING"),
        ({"mining": "all"}, "DMI-PROHIBITED"),
        ({"mining": "see-constraints", "constraints": "x"}, "DMI-PROHIBITED-SEECONSTRAINT"),
        (
            {"mining": "see-linked-rights", "policy": "https://a.example/p"},
            "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR",
        ),
        (
            {"mining": "see-embedded-rights", "policy": "{}"},
            "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR",
        ),
        ({"mining": "unspecified"}, "DMI-UNSPECIFIED"),
        ({"mining": "allowed"}, "DMI-ALLOWED"),
    ],
)
def test_each_mining_option_states_its_plus_term_as_a_whole_uri(
    said: dict[str, str], term: str
) -> None:
    found = properties(packets(**said).xmp)
    assert found["DataMining"] == [(None, f"http://ns.useplus.org/ldf/vocab/{term}")]


def test_the_artist_forbids_training_where_nothing_else_is_said() -> None:
    assert options().mining == "ai-training"


@pytest.mark.parametrize("mining", ["unspecified", "allowed"])
def test_what_is_not_forbidden_is_not_forbidden_in_other_words_either(mining: str) -> None:
    made = packets(mining=mining)
    found = properties(made.xmp)
    assert not {"OtherConstraints", "UsageTerms", "subject"} & set(found)
    assert not {25, 40} & {name for _, name, _ in datasets(made.iim)}
    assert not re.search(rb"NO AI|noai|AI\xe5\xad\xa6\xe7\xbf\x92", made.xmp + made.iim)
    assert found["creator"] == [(None, "山田花子")]
    _, record = Tags(options(mining=mining)).apply(Picture(np.zeros((1, 1, 3), np.uint8)), scene())
    assert record["states"] == ""


def test_the_artists_own_words_stand_instead_of_ours() -> None:
    own = "AIに使う時は必ずご連絡ください"
    for mining in ("ai-training", "see-constraints"):
        made = packets(mining=mining, constraints=own)
        found = properties(made.xmp)
        assert found["OtherConstraints"] == [("x-default", own), ("ja", own)]
        assert own in found["UsageTerms"][0][1]
        assert "2019/790" in found["UsageTerms"][2][1]
        assert (2, 40, own.encode()) in datasets(made.iim)


def test_a_policy_in_odrl_is_linked_or_embedded() -> None:
    linked = packets(mining="see-linked-rights", policy="https://a.example/p?a=1&b=2").xmp
    embedded = packets(mining="see-embedded-rights", policy='{"@type": "Set"}').xmp
    for packet, name, text in (
        (linked, "LinkedRightsExpr", "https://a.example/p?a=1&b=2"),
        (embedded, "EncRightsExpr", '{"@type": "Set"}'),
    ):
        fields = {
            element.tag.rpartition("}")[2]: element.text
            for element in ET.fromstring(packet).iter()
        }
        assert fields[name] == text
        assert fields["RightsExprLangId"] == "http://www.w3.org/ns/odrl/2/"
        assert fields["RightsExprEncType"] == "application/ld+json"
        assert "subject" not in fields  # its own terms count, not our keywords


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ({"mining": "allowed", "constraints": "no"}, "take constraints out"),
        ({"mining": "unspecified", "constraints": "no"}, "take constraints out"),
        ({"mining": "see-constraints"}, "constraints = "),
        ({"mining": "see-constraints", "constraints": " "}, "constraints = "),
        ({"mining": "see-linked-rights"}, "https://"),
        ({"mining": "see-linked-rights", "policy": "{}"}, "https://"),
        ({"mining": "see-embedded-rights"}, "JSON"),
        ({"mining": "see-embedded-rights", "policy": "https://a.example"}, "JSON"),
        ({"mining": "see-embedded-rights", "policy": '{"@type": "Set"'}, "JSON"),
        ({"policy": "https://a.example"}, "see-linked-rights"),
        ({"mining": "none"}, "'allowed'"),
    ],
)
def test_options_that_contradict_or_lack_their_words_are_refused(
    said: dict[str, str], advice: str
) -> None:
    with pytest.raises(ValueError, match=advice):
        options(**said)


def test_blanks_alone_are_no_words_of_ones_own() -> None:
    """Else they would stand in the place of ours, and nothing be forbidden."""
    assert packets(constraints=" \n", credit=" ") == packets()


@pytest.mark.parametrize("mining", ["unspecified", "allowed"])
def test_a_recipe_that_says_no_in_the_picture_and_else_in_its_tags_is_refused(mining: str) -> None:
    tags = {"step": "tags", "mining": mining}
    steps = [{"step": "notice"}, tags]
    problem = recipes.order_problem(recipes.read(steps))
    assert problem is not None
    assert problem[0] == 0
    assert mining in problem[1]
    assert recipes.order_problem(recipes.read([{"step": "notice"}, {"step": "tags"}])) is None
    own = [{"step": "notice", "text": "ご自由に"}, tags]
    assert recipes.order_problem(recipes.read(own)) is None
    signed = [tags, {"step": "credentials"}]  # a signature says what the tags say
    assert recipes.order_problem(recipes.read(signed)) is None


@given(any_text, st.text(max_size=200))
def test_any_own_words_and_policy_survive(own: str, policy: str) -> None:
    said = Statement(constraints={"ja": own}, usage={"ja": own}, policy="{" + policy)
    found = properties(xmp.packet(said))
    for name in ("OtherConstraints", "UsageTerms"):
        assert found.get(name, [("", "")])[0][1] == clean(own)
    assert f"<Iptc4xmpExt:EncRightsExpr>{escape(clean('{' + policy))}<".encode() in xmp.packet(
        said
    )


def test_the_artists_page_is_where_licences_are_asked_for() -> None:
    fields = [element for element in ET.fromstring(packets().xmp).iter() if element.text]
    said = {element.tag.rpartition("}")[2]: element.text for element in fields}
    assert said["LicensorName"] == "山田花子"
    assert said["LicensorURL"] == said["WebStatement"] == "https://hanako.example/rights"
    assert b"Licensor" not in packets(scene(Artist("山田花子", ""))).xmp


def test_a_description_that_says_more_than_the_alt_text_is_the_long_one() -> None:
    longer = scene(alt="狐", description="雪の上を歩く赤い狐。遠くに塔が見える。")
    said = properties(packets(longer).xmp)
    assert said["ExtDescrAccessibility"] == [("x-default", longer.description)]
    assert said["AltTextAccessibility"] == [("x-default", "狐")]
    for shorter in (scene(alt="雪の上の狐", description="冬"), scene(alt="狐", description="狐")):
        assert "ExtDescrAccessibility" not in properties(packets(shorter).xmp)


def test_terms_stand_in_the_artists_language_first_and_in_both() -> None:
    said = properties(packets().xmp)
    for name in ("OtherConstraints", "UsageTerms"):
        langs = [lang for lang, _ in said[name]]
        assert langs == ["x-default", "ja", "en"]
        assert said[name][0][1] == said[name][1][1]
        assert "AI" in said[name][2][1]


def test_the_creator_and_the_rights_are_named_in_all_three_blocks() -> None:
    made = packets(credit="スタジオ狐")
    said, texts = properties(made.xmp), exif_texts(made.exif)
    assert said["creator"] == [(None, "山田花子")]
    assert said["rights"] == [("x-default", "© 2026 山田花子")]
    assert said["Marked"] == [(None, "True")]
    assert said["WebStatement"] == [(None, "https://hanako.example/rights")]
    assert said["Credit"] == [(None, "スタジオ狐")]
    assert said["subject"] == [(None, "noai"), (None, "noimageai")]
    assert said["DigitalSourceType"][0][1].endswith("/digitalCreation")
    assert texts[0x013B] == "山田花子".encode() + b"\0"
    assert texts[0x8298] == "© 2026 山田花子".encode() + b"\0"
    assert (2, 80, "山田花子".encode()) in datasets(made.iim)
    assert (2, 110, "スタジオ狐".encode()) in datasets(made.iim)


def test_iim_says_first_that_it_is_utf8() -> None:
    assert datasets(packets().iim)[0] == (1, 90, b"\x1b%G")


def test_the_posts_description_goes_before_the_alt_text_as_caption_but_not_instead_of_it() -> None:
    said = properties(packets(at=scene(alt="狐", description="冬の絵です")).xmp)
    assert said["description"] == [("x-default", "冬の絵です")]
    assert said["AltTextAccessibility"] == [("x-default", "狐")]


def test_an_artist_without_name_rights_page_or_words_leaves_no_empty_fields() -> None:
    made = packets(at=scene(Artist("", ""), alt=""))
    assert not {"creator", "rights", "Credit", "WebStatement", "description"} & set(
        properties(made.xmp)
    )
    assert made.exif == b""
    assert {name for _, name, _ in datasets(made.iim)} == {90, 0, 25, 40}


def test_the_step_leaves_the_pixels_and_records_what_is_stated() -> None:
    picture = Picture(np.zeros((2, 3, 3), np.uint8))
    same, record = Tags(options()).apply(picture, scene())
    assert same is picture
    assert record["mining"] == "DMI-PROHIBITED-AIMLTRAINING"
    assert record["creator"] == "山田花子"
    assert "AI" in str(record["states"])


def test_a_novel_as_alt_text_is_cut_to_one_segment_and_nothing_else_is() -> None:
    novel = "吾輩は猫である。名前はまだ無い。&<>" * 5_000
    made = packets(at=scene(alt=novel, description="短い"))
    said = properties(made.xmp)
    assert xmp.LIMIT - 40 < len(made.xmp) <= xmp.LIMIT
    assert novel.startswith(said["AltTextAccessibility"][0][1])
    assert said["description"] == [("x-default", "短い")]
    assert said["creator"] == [(None, "山田花子")]


def test_the_longest_policy_and_page_leave_room_in_one_segment() -> None:
    said = Statement(policy="{" + "&" * 7_999, web="https://" + "&" * 1_990, alt="狐" * 9_000)
    packet = xmp.packet(said)
    assert len(packet) <= xmp.LIMIT
    assert packet.count(b"&amp;") == 7_999 + 2 * 1_990


@given(any_text, any_text, any_text)
@example("", "\ud800", "")
def test_any_text_survives_xmp_but_for_what_xml_forbids(a: str, b: str, c: str) -> None:
    credit = clean(b)  # a config holds no lone surrogates, which TOML refuses
    said = properties(packets(at=scene(Artist(a, b, "", ("en",)), alt=c), credit=credit).xmp)
    for name, text in (("creator", a), ("rights", b), ("AltTextAccessibility", c)):
        assert [value for _, value in said.get(name, [("", "")])] == [clean(text)]


@given(any_text, any_text)
def test_any_text_survives_exif_and_iim_within_their_limits(name: str, words: str) -> None:
    said = Statement(creator=name, description=words)
    texts = exif_texts(exif.block(said)) if clean(name) or clean(words) else {}
    assert texts.get(0x013B, b"\0") == clean(name).encode() + b"\0"
    assert texts.get(0x010E, b"\0") == clean(words).encode() + b"\0"
    block = iim.block(said)
    by_line = {d: data for _, d, data in (datasets(block) if block else [])}
    assert by_line.get(80, b"") == cut(clean(name), 32).encode()


@given(any_text, st.integers(0, 40))
def test_a_cut_keeps_whole_graphemes_and_the_byte_limit(text: str, size: int) -> None:
    text = clean(text)
    short = cut(text, size)
    assert len(short.encode()) <= size
    assert text.startswith(short)
    assert cut(text, len(text.encode())) == text


def test_a_cut_does_not_break_an_emoji_family_or_an_accented_letter() -> None:
    assert cut("狐" + FAMILY, 20) == "狐"
    assert cut("狐" + FAMILY, 21) == "狐" + FAMILY
    assert cut("cafe\u0301", 5) == "caf"


@pytest.mark.parametrize(
    ("dirty", "tidy"),
    [
        ("a\x00b\x1b[31mc", "ab[31mc"),
        ("\ud83d\udc3a", "🐺"),  # a pair that JSON brought in halves
        ("x\ud83dy", "xy"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("\ufffe\uffff狐\x85", "狐"),
        ("  \n狐\t", "狐"),
    ],
)
def test_text_is_cleaned_of_what_no_block_can_hold(dirty: str, tidy: str) -> None:
    assert clean(dirty) == tidy


def test_a_limit_below_the_fixed_parts_is_an_error_and_not_a_torn_packet() -> None:
    with pytest.raises(ValueError, match="needs"):
        xmp.packet(Statement(creator="a" * 500), limit=300)
