"""Uploads to the Mastodon stand-in: worked on, stripped of metadata, attached once."""

import io
import secrets
from typing import Any

import pytest
from PIL import Image, ImageCms

from tests.servers.mastodon import Account, MastodonServer
from tests.servers.rawhttp import Reply, call, get, send_form

UNREADY = "Cannot attach files that have not finished processing. Try again in a moment!"


@pytest.fixture
def hanako(mastodon: MastodonServer) -> Account:
    """An artist with an account."""
    return mastodon.add_account("hanako")


@pytest.fixture
def token(mastodon: MastodonServer, hanako: Account) -> str:
    """Her token."""
    return mastodon.token_for(hanako)


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    """A plain picture."""
    out = io.BytesIO()
    Image.new("RGB", size, (200, 40, 90)).save(out, kind, **options)
    return out.getvalue()


def upload(server: MastodonServer, token: str, data: bytes, **fields: str) -> Reply:
    """Send a multipart form, as written in RFC 7578."""
    boundary = secrets.token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = 'Content-Disposition: form-data; name="file"; filename="fox.png"'
    parts.append(f"--{boundary}\r\n{head}\r\nContent-Type: image/png\r\n\r\n")
    body = "".join(parts).encode() + data + f"\r\n--{boundary}--\r\n".encode()
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": f"multipart/form-data; boundary={boundary}",
    }
    return call("POST", f"{server.url}/api/v2/media", body=body, headers=headers)


def post(server: MastodonServer, token: str, *ids: str, text: str = "") -> Reply:
    """Post pictures."""
    fields = [("status", text), *(("media_ids[]", each) for each in ids)]
    return send_form("POST", f"{server.url}/api/v1/statuses", fields, token)


def test_a_picture_is_posted_with_its_words(mastodon: MastodonServer, token: str) -> None:
    """Uploaded at once, described, attached, and served to anybody."""
    made = upload(mastodon, token, picture(), description="狐", focus="0.5,-0.5")
    assert (made.status, made.json["description"]) == (200, "狐")
    assert made.json["meta"]["focus"] == {"x": 0.5, "y": -0.5}
    status = post(mastodon, token, made.json["id"], text="fox").json
    (shown,) = status["media_attachments"]
    served = get(shown["url"])
    assert served.headers["content-type"] == "image/png"
    assert served.body == mastodon.media[0].data
    assert mastodon.media[0].uploaded == picture()
    assert mastodon.statuses[0].media == mastodon.media


def test_served_files_have_no_metadata_but_the_profile(
    mastodon: MastodonServer, token: str
) -> None:
    """As Mastodon re-encodes: EXIF is used to turn the picture and then gone."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "where I live"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    sent = picture("JPEG", exif=exif, icc_profile=profile, comment=b"secret")
    made = upload(mastodon, token, sent).json
    served = Image.open(io.BytesIO(get(made["url"]).body))
    assert (served.format, served.size) == ("JPEG", (30, 40))
    assert served.info["icc_profile"] == profile
    assert (len(served.getexif()), served.info.get("comment")) == (0, None)


def test_large_pictures_are_made_smaller(mastodon: MastodonServer, token: str) -> None:
    """At most 8,294,400 pixels, and a small one beside it."""
    meta = upload(mastodon, token, picture(size=(4000, 3000))).json["meta"]
    sizes = [each["width"] * each["height"] for each in (meta["original"], meta["small"])]
    assert 8_250_000 < sizes[0] <= 8_294_400
    assert 220_000 < sizes[1] <= 230_400


def test_processing_may_take_its_time(mastodon: MastodonServer, token: str) -> None:
    """202 without an address, 206 while it is worked on, then 200; it cannot be posted before."""
    mastodon.processing.later = True
    made = upload(mastodon, token, picture())
    assert (made.status, made.json["url"]) == (202, None)
    early = post(mastodon, token, made.json["id"])
    assert (early.status, early.json["error"]) == (422, UNREADY)
    address = f"{mastodon.url}/api/v1/media/{made.json['id']}"
    assert [get(address, token).status for _ in range(3)] == [206, 206, 200]
    assert post(mastodon, token, made.json["id"]).status == 200


def test_processing_may_fail(mastodon: MastodonServer, token: str) -> None:
    """A failed upload is a 422 when it is asked for and when it is posted."""
    mastodon.processing.later, mastodon.processing.fails = True, True
    made = upload(mastodon, token, picture()).json
    address = f"{mastodon.url}/api/v1/media/{made['id']}"
    assert [get(address, token).status for _ in range(3)] == [206, 206, 422]
    assert post(mastodon, token, made["id"]).status == 422


def test_an_upload_serves_one_status_of_its_owner(mastodon: MastodonServer, token: str) -> None:
    """Used, foreign and unknown ids are refused by name, and a used one is no longer found."""
    other = mastodon.token_for(mastodon.add_account("taro"))
    used = upload(mastodon, token, picture()).json["id"]
    assert post(mastodon, token, used).status == 200
    foreign = upload(mastodon, other, picture()).json["id"]
    for each in (used, foreign, "1"):
        refused = post(mastodon, token, each)
        words = f"Media {each} not found or already attached to another post"
        assert (refused.status, refused.json) == (422, {"error": words})
    assert get(f"{mastodon.url}/api/v1/media/{used}", token).status == 404
    assert len(mastodon.statuses) == 1


def test_the_fifth_picture_is_too_many(mastodon: MastodonServer, token: str) -> None:
    """Four by default."""
    ids = [upload(mastodon, token, picture()).json["id"] for _ in range(5)]
    assert post(mastodon, token, *ids).json["error"] == "Cannot attach more than 4 files"
    assert post(mastodon, token, *ids[:4]).status == 200


def test_what_is_no_picture_is_refused(mastodon: MastodonServer, token: str) -> None:
    """By what the bytes are, not by what they are called."""
    text = upload(mastodon, token, b"not a picture")
    assert (text.status, "content type is invalid" in text.text) == (422, True)
    assert upload(mastodon, token, picture()[:60]).status == 500
    nothing = send_form("POST", f"{mastodon.url}/api/v2/media", {}, token)
    assert (nothing.status, "File can't be blank" in nothing.text) == (422, True)
    assert mastodon.media == []


def test_limits_of_pictures_are_the_servers_own(mastodon: MastodonServer, token: str) -> None:
    """Bytes, pixels, kinds and the length of the words."""
    mastodon.limits.description_limit = 3
    assert upload(mastodon, token, picture(), description="four").status == 422
    mastodon.limits.image_matrix_limit = 40 * 30 - 1
    refused = upload(mastodon, token, picture())
    assert refused.json == {"error": "40x30 images are not supported"}
    mastodon.limits.supported_mime_types.remove("image/webp")
    assert upload(mastodon, token, picture("WEBP", (8, 8))).status == 422
    mastodon.limits.image_size_limit = 1024 * 1024
    noise = Image.effect_noise((1100, 1100), 90).tobytes()
    grain = io.BytesIO()
    Image.frombytes("L", (1100, 1100), noise).save(grain, "PNG")
    refused = upload(mastodon, token, grain.getvalue())
    assert "must be less than 1 MB" in refused.json["error"]


def test_words_can_be_changed_until_it_is_posted(mastodon: MastodonServer, token: str) -> None:
    """PUT before, and the status's own edit afterwards."""
    made = upload(mastodon, token, picture(), description="one").json["id"]
    address = f"{mastodon.url}/api/v1/media/{made}"
    assert send_form("PUT", address, {"description": "two"}, token).json["description"] == "two"
    status = post(mastodon, token, made, text="fox").json["id"]
    assert send_form("PUT", address, {"description": "three"}, token).status == 404
    fields = [
        ("status", "fox"),
        ("media_ids[]", made),
        ("media_attributes[][id]", made),
        ("media_attributes[][description]", "four"),
    ]
    edited = send_form("PUT", f"{mastodon.url}/api/v1/statuses/{status}", fields, token).json
    assert edited["media_attachments"][0]["description"] == "four"
    assert mastodon.unknown_parameters == []


def test_a_deleted_status_lets_its_pictures_go(mastodon: MastodonServer, token: str) -> None:
    """They can be posted again, unless they were to be deleted with it."""
    made = upload(mastodon, token, picture()).json["id"]
    headers = {"Authorization": f"Bearer {token}"}
    for query, left in (("", 1), ("?delete_media=true", 0)):
        status = post(mastodon, token, made).json["id"]
        attached = call("DELETE", f"{mastodon.url}/api/v1/media/{made}", headers=headers)
        assert attached.status == 422
        call("DELETE", f"{mastodon.url}/api/v1/statuses/{status}{query}", headers=headers)
        assert len(mastodon.media) == left


def test_a_scheduled_status_keeps_its_pictures(mastodon: MastodonServer, token: str) -> None:
    """They are taken when it is scheduled, not when it goes out."""
    made = upload(mastodon, token, picture()).json["id"]
    fields = {"media_ids[]": made, "scheduled_at": "2999-01-01T00:00:00Z"}
    scheduled = send_form("POST", f"{mastodon.url}/api/v1/statuses", fields, token).json
    assert scheduled["media_attachments"][0]["id"] == made
    assert post(mastodon, token, made).status == 422
