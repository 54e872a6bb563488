"""What was recorded against a real Mastodon 4.6 is what the stand-in answers."""

import pytest

from tests.servers.mastodon import MastodonServer, replay

# The headers that a client may act on.
HEADERS = ("content-type", "x-ratelimit-limit")


@pytest.mark.parametrize("name", replay.recordings())
def test_a_recording_is_answered_as_it_was(mastodon: MastodonServer, name: str) -> None:
    """Every recorded request, sent by raw HTTP, gets the recorded status and answer."""
    exchanges = replay.read(name)
    player = replay.Replay(mastodon, exchanges)
    for recorded in exchanges:
        reply = player.send(recorded)
        assert reply.status == recorded.status, reply.text
        ours = replay.alike(reply.json, mastodon.url)
        assert ours == replay.alike(recorded.answer, replay.RECORDED_AT)
        for header in HEADERS:
            assert reply.headers.get(header) == recorded.answer_headers.get(header)
