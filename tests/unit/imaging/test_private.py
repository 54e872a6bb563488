"""What a picture file tells of its maker is found, and what is meant to be read is not."""

import io
import struct

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
        ('stRef:filePath="C:\\Users\\hanako\\fox.clip"', "folders"),
        ('stRef:filePath="file:///media/hanako/fox.psd"', "folders"),
    ],
)
def test_what_xmp_tells_of_the_maker_is_found(field, word):
    assert word in " ".join(told_by(saved(xmp=XMP.format(field).encode())).private)


def test_a_generators_prompt_is_found():
    texts = PngImagePlugin.PngInfo()
    texts.add_text("parameters", "a fox, Steps: 20")
    assert "prompt" in " ".join(told_by(saved("PNG", pnginfo=texts)).private)


@pytest.mark.parametrize(
    "comment", [b"ASCII\0\0\0a fox\nSteps: 20", b"UNICODE\0" + "狐\nSteps: 20".encode("utf-16-le")]
)
def test_a_prompt_in_the_comment_of_a_jpeg_is_found(comment):
    told = told_by(saved(exif=exif(0x9286, comment, 0x8769)))
    assert told.private == ("a generator's prompt",)


def test_a_comment_and_a_second_picture_are_found():
    assert told_by(saved(comment=b"by Hanako")).private == ("a comment",)
    second = Image.new("RGB", (60, 40), "red")
    told = told_by(saved("MPO", save_all=True, append_images=[second]))
    assert told.private == ("a second picture",)


def test_photoshops_thumbnail_is_found():
    small = b"8BIM\x04\x0c\0\0" + struct.pack(">I", 4) + b"\xff\xd8\xff\xd9"
    resources = b"Photoshop 3.0\0" + small
    made = saved()
    size = struct.pack(">H", len(resources) + 2)
    data = made[:2] + b"\xff\xed" + size + resources + made[2:]
    assert "thumbnail" in " ".join(told_by(data).private)


def test_a_makers_name_and_copyright_are_meant_to_be_read():
    made = Image.Exif()
    made[0x013B], made[0x8298] = "山田花子", "© 2026 山田花子"
    assert told_by(saved(exif=made.tobytes())).private == ()


def test_what_is_no_picture_tells_nothing_at_all():
    assert told_by(b"not a picture") is None
