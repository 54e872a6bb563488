"""What the daemon finds at its start of a run that was cut off."""

from __future__ import annotations

from postguard.app.installation import Installation
from postguard.app.roles import make_roles
from postguard.model import PostState, Progress
from tests.making import NOW, new_post


def test_a_start_after_a_crash_takes_the_old_progress_away(installation: Installation) -> None:
    posts = installation.store.posts
    post = posts.create(new_post(), NOW)
    posts.move_to(post.id, PostState.TAKEN, NOW)
    posts.progress.begin(post.id)
    posts.progress.tell(post.id, Progress(0, "cloak", done=False, fraction=0.4))
    assert posts.progress.now() is not None
    make_roles(installation, lambda: None).release()
    assert posts.progress.now() is None
    assert posts.get(post.id).state is PostState.TAKEN
