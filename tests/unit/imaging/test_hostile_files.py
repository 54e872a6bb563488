"""Whatever is dropped: it opens whole, or a sentence says why not. Nothing else happens."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from postguard.errors import BadPicture
from postguard.imaging import inspect, open_picture
from tests.unit.imaging.making import art, chunk, png, saved

STILL = Image.fromarray(art(64, 48))
FILES = {
    "png": saved(STILL, "PNG"),
    "jpeg": saved(STILL, "JPEG", quality=90),
    "progressive jpeg": saved(STILL, "JPEG", progressive=True),
    "webp": saved(STILL, "WEBP", lossless=True),
    "lossy webp": saved(STILL, "WEBP"),
    "tiff": saved(STILL, "TIFF"),
    "tiff lzw": saved(STILL, "TIFF", compression="tiff_lzw"),
    "avif": saved(STILL, "AVIF", speed=9),
    "gif": saved(STILL, "GIF"),
}


def refusal(data: bytes, max_megapixels: float = 1.0) -> str:
    with pytest.raises(BadPicture) as caught:
        open_picture(data, max_megapixels=max_megapixels)
    return str(caught.value)


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("tenth", range(10))
def test_a_file_cut_off_at_any_tenth_is_refused(kind, tenth):
    """A copy that broke off must not be posted with a gray lower half."""
    data = FILES[kind]
    refusal(data[: len(data) * tenth // 10])


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_flipped_bytes_open_or_are_refused_in_words(data):
    file = bytearray(FILES[data.draw(st.sampled_from(sorted(FILES)))])
    for _ in range(data.draw(st.integers(1, 8))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    with suppress(BadPicture):
        picture = open_picture(bytes(file), max_megapixels=0.1)
        assert 0 < picture.width * picture.height <= 100_000


def test_an_orderly_file_opens():
    assert open_picture(FILES["png"], max_megapixels=1).width == 64


def header_only(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds a few pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def test_a_bomb_is_refused_by_its_header():
    said = refusal(header_only(60_000, 60_000), max_megapixels=200)
    assert "3,600.0 megapixels" in said
    assert "intake.max_megapixels" in said


def test_a_small_file_that_claims_an_allowed_size_is_refused_as_damaged():
    assert "damaged" in refusal(header_only(1_000, 900))


@pytest.mark.parametrize("size", [(70_000, 1), (1, 70_000)])
def test_an_absurd_side_is_refused(size):
    assert "no size for a picture" in refusal(header_only(*size))


def test_the_limit_is_the_configs_and_not_pillows():
    """Pillow alone warns at 89 megapixels; an artist's canvas may be larger."""
    assert "limit is 0.003" in refusal(FILES["png"], 0.003)
    with pytest.raises(BadPicture, match="damaged"):
        open_picture(header_only(14_000, 14_000), max_megapixels=200)


def test_pillows_own_limits_are_put_back():
    before = (Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK)
    open_picture(FILES["png"], max_megapixels=1)
    refusal(b"")
    assert before == (Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK)


def test_a_megabyte_of_history_in_the_metadata_is_no_reason_to_refuse():
    history = chunk(b"zTXt", b"History\0\0" + zlib.compress(bytes(3 << 20)))
    assert open_picture(png(art(4, 4), 8, 2, history), max_megapixels=1).width == 4


ENCAPSULATED = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"fox",
        ENCAPSULATED,
        b"%PDF-1.7\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        saved(STILL, "BMP"),
        saved(STILL, "ICO"),
        saved(STILL, "JPEG2000"),
        b"PK\3\4" + bytes(100),
    ],
    ids=["empty", "text", "eps", "pdf", "svg", "bmp", "ico", "jpeg 2000", "zip"],
)
def test_what_is_no_picture_of_ours_is_refused(data):
    assert "export it as PNG" in refusal(data)


def test_a_script_behind_a_picture_is_only_a_picture():
    """Polyglots: the decoder reads its own part, and a rendition is rebuilt from pixels."""
    for kind in ("png", "jpeg", "gif"):
        assert open_picture(FILES[kind] + ENCAPSULATED + b"<script>", max_megapixels=1).width == 64
    refusal(ENCAPSULATED + FILES["png"])


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF"])
def test_an_animation_is_refused(kind):
    frames = [Image.fromarray(art(16, 16, i)) for i in range(3)]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
    assert "animation" in refusal(data)


def test_a_tiff_of_several_pages_is_refused():
    data = saved(STILL, "TIFF", save_all=True, append_images=[STILL])
    assert "several pages" in refusal(data)


def test_a_tiff_with_a_small_copy_of_itself_opens():
    file = io.BytesIO()
    small = STILL.resize((8, 6))
    small.encoderinfo = {"tiffinfo": {254: 1}}
    STILL.save(file, "TIFF", save_all=True, append_images=[small])
    assert open_picture(file.getvalue(), max_megapixels=1).width == 64


@pytest.mark.parametrize("mode", ["I", "F"])
def test_pixels_of_32_bit_numbers_are_refused(mode):
    assert "8 or 16 bits" in refusal(saved(Image.new(mode, (4, 4)), "TIFF"))


def test_broken_exif_is_no_reason_to_refuse_the_picture():
    data = saved(STILL, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x03\0" * 9)
    assert open_picture(data, max_megapixels=1).width == 64


def test_inspect_says_what_is_in_the_file(tmp_path):
    path = tmp_path / "狐.png"
    path.write_bytes(FILES["png"])
    found = inspect(path, 1)
    assert (found.kind, found.width, found.height) == ("PNG", 64, 48)
    assert len(found.sha256) == 64
    assert (found.description, found.alt) == ("", "")


def test_inspect_gives_the_upright_size(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "photo.jpg"
    path.write_bytes(saved(STILL, "JPEG", exif=exif))
    assert (inspect(path, 1).width, inspect(path, 1).height) == (48, 64)


def test_inspect_refuses_what_it_cannot_decode_whole(tmp_path):
    path = tmp_path / "half.png"
    path.write_bytes(FILES["png"][:3000])
    with pytest.raises(BadPicture, match="damaged"):
        inspect(path, 1)
    with pytest.raises(BadPicture, match="cannot be read"):
        inspect(tmp_path / "gone.png", 1)


def test_a_file_far_larger_than_its_pixels_could_need_is_not_read(tmp_path):
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate(100 << 20)
    with pytest.raises(BadPicture, match="more than any picture"):
        inspect(path, 1)
