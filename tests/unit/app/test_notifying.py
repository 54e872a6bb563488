"""What the artist hears of, and what they do not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from postguard.app import notifying
from postguard.app.installation import Installation
from postguard.app.notifying import Notifying
from postguard.model import Receipt
from postguard.model.news import Message, News
from postguard.store.foretelling import FORETOLD
from postguard.store.news import Happened
from postguard.store.posts import Event
from postguard.system import folders
from tests.making import NOW, protected_post


def happened(number: int, what: str, detail: str, post: int = 1) -> Happened:
    return Happened(number, post, f"fox{post}.png", Event(NOW, what, detail))


def test_one_message_tells_of_all_accounts_of_a_post():
    (told,) = notifying.messages(
        [happened(1, "sent", "sky https://a"), happened(2, "sent", "fedi https://b")]
    )
    assert told == Message(News.POSTED, "Posted: fox1.png", "sky https://a\nfedi https://b")


def test_what_is_held_says_why_and_where_to_look():
    held = [happened(1, "held", "sky: no alt"), happened(2, "held", "sky: no alt text")]
    (told,) = notifying.messages(held)
    assert told.news is News.HELD
    assert told.text == "sky: no alt text\npostguard show 1 says more."


def test_advice_in_a_message_names_the_post():
    advice = '`postguard edit N --alt "…"` says it as well; `postguard release N` goes on'
    (told,) = notifying.messages([happened(1, "held", advice, post=7)])
    assert '`postguard edit 7 --alt "…"`' in told.text
    assert "`postguard release 7`" in told.text


def test_what_will_be_late_says_what_is_in_its_way():
    (told,) = notifying.messages([happened(1, FORETOLD, "sky: it is due within 1 h")])
    assert (told.news, told.title) == (News.LATE, "Will be late: fox1.png")


def test_of_many_only_the_number_is_told():
    many = [happened(n, "held", "no alt text", post=n) for n in range(1, 301)]
    (told,) = notifying.messages(many)
    assert told.title == "300 posts are held"


@pytest.mark.parametrize(
    "quiet",
    [
        ("sent", "sky file:///previews/1-sky/index.html"),
        ("held", folders.BY_HAND),
        ("held", "あなたが保留しました"),
    ],
    ids=["a page on this PC", "held by the artist", "held by the artist, in Japanese"],
)
def test_what_the_artist_knows_is_no_news(quiet):
    assert notifying.messages([happened(1, *quiet)]) == []


class Heard:
    """A courier that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def send(self, message: Message) -> bool:
        self.messages.append(message)
        return True

    @property
    def titles(self) -> list[str]:
        return [message.title for message in self.messages]


def wanting(installation: Installation, **wanted: object) -> None:
    """Have the config want messages."""
    table = installation.settings.notify.model_copy(update={"desktop": True, **wanted})
    installation.settings = installation.settings.model_copy(update={"notify": table})


def role(installation: Installation) -> tuple[Notifying, Heard]:
    made, heard = Notifying(installation), Heard()
    made.courier = heard
    return made, heard


def post_one(installation: Installation, name: str) -> None:
    store, now = installation.store, installation.clock.now()
    post = protected_post(store, name=name, now=now)
    (delivery,) = store.deliveries.of_post(post.id)
    store.attempts.finish(delivery.id, Receipt("at://1", "https://1", now), now)


def test_only_what_happens_from_now_on_is_told(installation):
    post_one(installation, "old.png")
    wanting(installation)
    made, heard = role(installation)
    now = installation.clock.now()
    made.tick(now)
    post_one(installation, "new.png")
    made.tick(now)
    made.tick(now)
    assert heard.titles == ["Posted: new.png"]


def test_what_happened_during_a_restart_is_told_and_nothing_twice(installation):
    wanting(installation)
    role(installation)[0].tick(installation.clock.now())
    post_one(installation, "fox.png")
    made, heard = role(installation)
    made.tick(installation.clock.now())
    assert heard.titles == ["Posted: fox.png"]
    made, heard = role(installation)
    made.tick(installation.clock.now())
    assert heard.titles == []


def test_what_is_a_day_old_is_no_news(installation):
    wanting(installation)
    made, heard = role(installation)
    made.tick(installation.clock.now())
    post_one(installation, "fox.png")
    made.tick(installation.clock.now() + timedelta(days=2))
    assert heard.titles == []


def test_each_kind_can_be_silenced(installation):
    wanting(installation, about=(News.HELD,))
    made, heard = role(installation)
    made.tick(installation.clock.now())
    post_one(installation, "fox.png")
    store = installation.store
    post = protected_post(store, name="cat.png", now=installation.clock.now())
    (delivery,) = store.deliveries.of_post(post.id)
    store.attempts.hold(delivery.id, "the network refuses it", installation.clock.now())
    made.tick(installation.clock.now())
    assert heard.titles == ["Held: cat.png"]


def test_a_logout_is_told_once_and_again_after_the_next(installation):
    wanting(installation)
    made, heard = role(installation)
    now = installation.clock.now()
    made.tick(now)
    for _ in range(2):
        installation.store.accounts.log_out("sky", "token revoked")
        made.tick(now)
        made.tick(now)
        role(installation)[0].tick(now)  # a restart in between
        installation.store.accounts.log_in("sky")
        made.tick(now)
    assert heard.titles == ["sky is logged out", "sky is logged out"]
    assert "postguard login sky" in heard.messages[0].text


def test_where_no_message_is_wanted_nothing_is_kept_for_later(installation):
    made, heard = role(installation)
    made.tick(installation.clock.now())
    post_one(installation, "fox.png")
    made.tick(installation.clock.now())
    wanting(installation)
    made.tick(installation.clock.now())
    assert heard.titles == []
