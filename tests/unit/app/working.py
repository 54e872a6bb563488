"""A daemon's work in one thread, on an installation that writes pages."""

from __future__ import annotations

import io

from PIL import Image

from postguard.app.installation import Installation
from postguard.app.roles import make_roles
from postguard.daemon import run_once
from postguard.model import Post
from postguard.protect.workshop import InProcessWorkshop

CONFIG = """
outbox = "{outbox}"
[artist]
name = "花"
[accounts.sky]
network = "preview"
text = "{{title}}\\n{{text}}"
[accounts.fedi]
network = "preview"
shows = "mastodon"
[intake]
settle = "0.2s"
words_wait = "0.3s"
[recipes]
default = [{{ step = "tags" }}]
plain = [{{ step = "downscale", long_side = 320 }}]
"""
FAR = 'at = "2034-12-24 12:00"\n'


def work(made: Installation) -> None:
    """Do all that can be done now, as the daemon does."""
    roles = make_roles(made, lambda: None, InProcessWorkshop)
    run_once(roles.all(), made.clock, lambda _: roles.intake.taking.at_rest())
    roles.release()


def picture(number: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (80, 60), (200, 90, 10 * number)).save(out, "PNG")
    return out.getvalue()


def dropped(made: Installation, words: str, pictures: int = 1) -> Post:
    """What became of a drop when all was done that could be."""
    folder = made.outbox / "fox"
    folder.mkdir()
    for number in range(1, pictures + 1):
        (folder / f"{number}.png").write_bytes(picture(number))
    (folder / "post.toml").write_text(words)
    work(made)
    return made.store.posts.get(1)
