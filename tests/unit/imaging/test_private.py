"""What a picture file tells of its maker is found, and what is meant to be read is not."""

import io

import pytest
from PIL import Image, PngImagePlugin

from postguard.imaging.private import told_by

XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description {}/></x:xmpmeta>'


def saved(kind="JPEG", **options):
    file = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(file, kind, **options)
    return file.getvalue()


def exif(tag, value, ifd=None):
    made = Image.Exif()
    if ifd is None:
        made[tag] = value
    else:
        made.get_ifd(ifd)[tag] = value
    return made.tobytes()


def test_a_plain_file_tells_its_size_and_nothing_else():
    told = told_by(saved())
    assert (told.private, told.width, told.height) == ((), 60, 40)


@pytest.mark.parametrize(
    ("packet", "word"),
    [
        (exif(1, "N", 0x8825), "GPS"),
        (exif(0xA431, "12345", 0x8769), "serial number"),
        (exif(0x9003, "2026:01:02 03:04:05", 0x8769), "when it was made"),
        (exif(0x0110, "EOS 5D"), "model"),
        (exif(0x013C, "花子のPC"), "computer"),
    ],
)
def test_what_exif_tells_of_the_maker_is_found(packet, word):
    assert word in " ".join(told_by(saved(exif=packet)).private)


@pytest.mark.parametrize(
    ("field", "word"),
    [
        ('exif:GPSLatitude="35,0N"', "GPS"),
        ('aux:SerialNumber="12"', "serial number"),
        ('xmpMM:History="saved"', "history"),
    ],
)
def test_what_xmp_tells_of_the_maker_is_found(field, word):
    assert word in " ".join(told_by(saved(xmp=XMP.format(field).encode())).private)


def test_a_generators_prompt_is_found():
    texts = PngImagePlugin.PngInfo()
    texts.add_text("parameters", "a fox, Steps: 20")
    assert "prompt" in " ".join(told_by(saved("PNG", pnginfo=texts)).private)


def test_a_makers_name_and_copyright_are_meant_to_be_read():
    made = Image.Exif()
    made[0x013B], made[0x8298] = "山田花子", "© 2026 山田花子"
    assert told_by(saved(exif=made.tobytes())).private == ()


def test_what_is_no_picture_tells_nothing_at_all():
    assert told_by(b"not a picture") is None
