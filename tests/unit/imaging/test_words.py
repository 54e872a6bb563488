"""Words that the artist wrote into a file are found; what machines wrote is not taken for them."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, PngImagePlugin

from postguard.imaging import inspect
from postguard.imaging.charsets import decoded, exif_comment, tidy
from postguard.imaging.words import said_by_nobody
from tests.unit.imaging.making import saved

FOX = "雪の中の狐、夕暮れ"
ALT = "一匹の狐が雪の上に立っている"
STILL = Image.new("RGB", (8, 8), "white")


@pytest.fixture
def found(tmp_path):
    def of(data: bytes) -> tuple[str, str]:
        path = tmp_path / "art"
        path.write_bytes(data)
        inspection = inspect(path, 1)
        return inspection.description, inspection.alt

    return of


def xmp(inner: str, charset: str = "utf-8", before: str = "") -> bytes:
    packet = f"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>{before}
    <x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
     xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
     xmlns:dc="http://purl.org/dc/elements/1.1/"
     xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/">
    <rdf:Description rdf:about="">{inner}</rdf:Description></rdf:RDF></x:xmpmeta>
    <?xpacket end="w"?>"""
    return packet.encode(charset)


def alternatives(name: str, **texts: str) -> str:
    items = "".join(
        f'<rdf:li xml:lang="{lang.replace("_", "-")}">{text}</rdf:li>'
        for lang, text in texts.items()
    )
    return f"<{name}><rdf:Alt>{items}</rdf:Alt></{name}>"


BOTH = alternatives("dc:description", x_default=FOX) + alternatives(
    "Iptc4xmpCore:AltTextAccessibility", x_default=ALT
)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_xmp_gives_description_and_alt_text(found, kind):
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp(BOTH).decode())
        data = saved(STILL, kind, pnginfo=info)
    elif kind == "TIFF":
        data = saved(STILL, kind, tiffinfo={700: xmp(BOTH)})
    else:
        data = saved(STILL, kind, xmp=xmp(BOTH))
    assert found(data) == (FOX, ALT)


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_xmp_in_any_unicode_charset_is_read(found, charset):
    assert found(saved(STILL, "JPEG", xmp=xmp(BOTH, charset))) == (FOX, ALT)


def test_the_default_language_comes_first_then_any(found):
    two = alternatives("dc:description", en="a fox", x_default=FOX)
    assert found(saved(STILL, "JPEG", xmp=xmp(two)))[0] == FOX
    one = alternatives("dc:description", en="a fox", ja=FOX)
    assert found(saved(STILL, "JPEG", xmp=xmp(one)))[0] == "a fox"


BOMB = "<!DOCTYPE x [<!ENTITY a 'fox'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>"


def test_xmp_with_entities_is_not_read(found):
    inner = alternatives("dc:description", x_default="&b;")
    assert found(saved(STILL, "JPEG", xmp=xmp(inner, before=BOMB))) == ("", "")


def test_xmp_that_reaches_for_a_file_is_not_read(found):
    outside = "<!DOCTYPE x [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>"
    inner = alternatives("dc:description", x_default="&b;")
    assert found(saved(STILL, "JPEG", xmp=xmp(inner, before=outside))) == ("", "")


@given(st.binary(max_size=200))
def test_broken_xmp_is_as_none(junk):
    from postguard.imaging.words import embedded

    image = Image.new("L", (1, 1))
    image.info["xmp"] = junk
    assert embedded(image) == ("", "")


def iim(text: bytes, charset: bytes | None) -> bytes:
    fields = (
        b"" if charset is None else b"\x1c\x01\x5a" + struct.pack(">H", len(charset)) + charset
    )
    fields += b"\x1c\x02\x78" + struct.pack(">H", len(text)) + text
    block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(fields)) + fields + bytes(len(fields) % 2)
    body = b"Photoshop 3.0\0" + block
    jpeg = saved(STILL, "JPEG")
    return jpeg[:2] + b"\xff\xed" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


@pytest.mark.parametrize(
    ("charset", "named"),
    [
        ("utf-8", b"\x1b%G"),
        ("utf-8", None),
        ("cp932", None),
        ("euc_jp", None),
        ("iso2022_jp", None),
        ("cp932", b"\x1b%G"),  # named wrongly, as some programs do
    ],
)
def test_an_iptc_caption_is_read_in_japanese(found, charset, named):
    assert found(iim(FOX.encode(charset), named))[0] == FOX


@pytest.mark.parametrize("text", ["Un été à la mer — très beau", "Fuchs im Schnee, grün & blau"])
def test_western_text_without_charset_is_not_taken_for_japanese(text):
    assert decoded(text.encode("cp1252")) == text


@pytest.mark.parametrize("charset", ["utf-8", "cp932"])
@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG", "TIFF"])
def test_exifs_image_description_is_read(found, kind, charset):
    exif = Image.Exif()
    exif[0x010E] = FOX.encode(charset)
    assert found(saved(STILL, kind, exif=exif))[0] == FOX


@pytest.mark.parametrize(
    "comment",
    [
        b"UNICODE\0" + FOX.encode("utf-16-le"),
        b"UNICODE\0" + FOX.encode("utf-16-be"),
        b"UNICODE\0" + b"\xfe\xff" + FOX.encode("utf-16-be"),
        b"JIS\0\0\0\0\0" + FOX.encode("iso2022_jp"),
        b"ASCII\0\0\0" + FOX.encode(),
        bytes(8) + FOX.encode("cp932"),
    ],
    ids=["le", "be", "bom", "jis", "utf-8 as ascii", "undefined"],
)
def test_exifs_user_comment_is_read_in_each_charset(found, comment):
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[0x9286] = comment
    assert found(saved(STILL, "JPEG", exif=exif))[0] == FOX


def test_plain_english_in_a_user_comment_is_read_in_either_byte_order():
    for order, big in (("utf-16-le", False), ("utf-16-be", True), ("utf-16-be", False)):
        comment = b"UNICODE\0" + "A fox at dusk".encode(order)
        assert exif_comment(comment, big_endian=big) == "A fox at dusk"


@pytest.mark.parametrize("international", [True, False])
def test_a_png_description_is_read(found, international):
    info = PngImagePlugin.PngInfo()
    if international:
        info.add_itxt("Description", FOX)
    else:
        info.add(b"tEXt", b"Description\0" + FOX.encode())
    assert found(saved(STILL, "PNG", pnginfo=info))[0] == FOX


@pytest.mark.parametrize(
    ("key", "value"), [("Software", "NovelAI"), ("parameters", "1girl"), ("prompt", "{}")]
)
def test_a_generators_prompt_is_no_description(found, key, value):
    info = PngImagePlugin.PngInfo()
    info.add_text(key, value)
    info.add_text("Description", "1girl, fox ears, masterpiece")
    assert found(saved(STILL, "PNG", pnginfo=info)) == ("", "")


@pytest.mark.parametrize(
    "text",
    [
        "OLYMPUS DIGITAL CAMERA         ",
        "SONY DSC",
        "Created with GIMP",
        "Created with the GIMP.",
        "Made with Krita",
        "Processed with VSCO with a6 preset",
        "<Digimax i6 PMP, Samsung #1>",
        "IMG_20240101_1200.jpg",
        "Screenshot",
        "無題",
        '{"3": {"class_type": "KSampler", "inputs": {}}}',
        "a fox\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1",
        "a fox in snow --ar 3:2 --v 6 Job ID: 01234567-89ab-cdef-0123-456789abcdef",
    ],
)
def test_what_cameras_and_programs_write_is_no_description(found, text):
    assert said_by_nobody(text)
    exif = Image.Exif()
    exif[0x010E] = text.encode()
    assert found(saved(STILL, "JPEG", exif=exif)) == ("", "")


@pytest.mark.parametrize(
    "text",
    [
        "A fox, painted with watercolours at dusk",
        "Made with love for my sister",
        "Created with Krita over three weeks of rain. The fox looks back at the village.",
        FOX,
        "Camera lost in the snow",
    ],
)
def test_what_artists_write_is(text):
    assert not said_by_nobody(text)


def test_a_camera_default_does_not_hide_the_description_behind_it(found):
    exif = Image.Exif()
    exif[0x010E] = "OLYMPUS DIGITAL CAMERA"
    exif.get_ifd(ExifTags.IFD.Exif)[0x9286] = b"ASCII\0\0\0A fox at dusk"
    assert found(saved(STILL, "JPEG", exif=exif))[0] == "A fox at dusk"


@given(st.text())
def test_utf_8_comes_back_as_it_was(text):
    assert tidy(decoded(text.encode())) == tidy(text.removeprefix("\ufeff").rstrip("\0"))


@given(st.binary())
def test_any_bytes_give_some_text(data):
    assert isinstance(tidy(decoded(data)), str)
    assert isinstance(tidy(exif_comment(data, big_endian=True)), str)
