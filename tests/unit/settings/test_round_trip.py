"""Any config that is valid can be written and is read back the same."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from postguard.model import Late, Quotes, Replies, Visibility
from postguard.settings import schema as s
from postguard.settings import steps
from postguard.settings.load import parse
from postguard.settings.recipes import ORDER
from postguard.settings.values import RESERVED, Slot
from tests.unit.settings.toml_text import written

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,8}", fullmatch=True).filter(
    lambda name: name not in RESERVED
)
HANDLES = st.from_regex(r"[a-z0-9]{1,8}\.[a-z]{2,5}", fullmatch=True)
DURATIONS = st.integers(0, 10**12).map(lambda n: timedelta(microseconds=n))
DAYS = st.sampled_from(["", "mon ", "mon..fri ", "sat,sun ", "fri..mon,wed ", "mon,mon "])
TIMES = st.lists(st.tuples(st.integers(0, 23), st.integers(0, 59)), min_size=1, max_size=3)
SLOTS = st.builds(
    lambda days, times: Slot.parse(days + " ".join(f"{h}:{m:02}" for h, m in times)), DAYS, TIMES
)
LANGS = st.lists(st.sampled_from(["ja", "en", "pt-BR", "zh-Hant"]), max_size=3).map(tuple)
SHARED = {
    "visibility": st.sampled_from(Visibility),
    "replies": st.sampled_from(Replies),
    "quotes": st.sampled_from(Quotes),
    "lang": LANGS,
    "labels": st.lists(TEXT, max_size=2).map(tuple),
    "tags": st.lists(TEXT, max_size=2).map(tuple),
    "slots": st.none() | st.lists(SLOTS, max_size=2).map(tuple),
    "enabled": st.booleans(),
}
WEB = HANDLES.map("https://{}".format) | st.just("http://localhost:3000")


def floats(low, high):
    return st.floats(low, high, allow_subnormal=False)


STEPS = {
    "downscale": st.builds(
        steps.Downscale,
        step=st.just("downscale"),
        long_side=st.integers(64, 20_000),
        megapixels=st.none() | floats(0.1, 400),
        networks=st.none()
        | st.dictionaries(st.sampled_from(["bluesky", "mastodon"]), st.integers(64, 20_000)),
    ),
    "watermark": st.builds(
        steps.Watermark,
        step=st.just("watermark"),
        text=TEXT.filter(bool),
        preset=st.sampled_from([None, "sample", "no-repost"]),
        strength=st.sampled_from([None, "subtle", "clear", "sample"]),
        opacity=floats(0.01, 1),
        size=floats(0.01, 0.5),
        spacing=floats(0, 5),
        angle=floats(-90, 90),
        outline=st.booleans(),
    ),
    "notice": st.builds(
        steps.Notice,
        step=st.just("notice"),
        text=TEXT,
        langs=st.lists(st.sampled_from(["ja", "en"]), max_size=2).map(tuple),
        place=st.sampled_from(["auto", "footer"]),
        size=floats(0.01, 0.2),
    ),
    "noise": st.builds(
        steps.Noise,
        step=st.just("noise"),
        strength=st.sampled_from(["low", "medium", "high"]),
        look=st.sampled_from(["grain", "canvas", "screentone"]),
        soften=st.booleans(),
    ),
    "cloak": st.builds(
        steps.Cloak,
        step=st.just("cloak"),
        strength=st.sampled_from(["low", "medium", "high"]),
        time_limit=floats(5, 86_400),
    ),
    "hidden": st.builds(steps.Hidden, step=st.just("hidden")),
    "tags": st.builds(
        steps.Tags,
        step=st.just("tags"),
        mining=st.sampled_from(["all", "ai-training"]),
        credit=TEXT,
    ),
    "encode": st.builds(
        steps.Encode, step=st.just("encode"), format=st.sampled_from(["auto", "webp", "avif"])
    ),
    "credentials": st.builds(steps.Credentials, step=st.just("credentials")),
}


@st.composite
def recipes(draw):
    chosen = draw(st.sets(st.sampled_from(ORDER)))
    return tuple(draw(STEPS[name]) for name in ORDER if name in chosen)


@st.composite
def configs(draw):
    known = draw(st.dictionaries(TEXT.filter(bool), recipes(), max_size=3))
    shared = SHARED | {"recipe": st.sampled_from([None, *known])}
    accounts = st.one_of(
        st.builds(s.MastodonAccount, network=st.just("mastodon"), instance=WEB, **shared),
        st.builds(s.PreviewAccount, network=st.just("preview"), **shared),
        st.builds(
            s.BlueskyAccount, network=st.just("bluesky"), handle=HANDLES, service=WEB, **shared
        ),
    )
    return s.Config(
        outbox=Path(draw(TEXT)),
        timezone=ZoneInfo(draw(st.sampled_from(["UTC", "Asia/Tokyo", "Asia/Kathmandu"]))),
        artist=s.ArtistTable(
            name=draw(TEXT), copyright=draw(TEXT), web=draw(TEXT), lang=draw(LANGS)
        ),
        accounts=draw(st.dictionaries(NAMES, accounts, max_size=3).filter(no_handle_twice)),
        schedule=s.ScheduleTable(
            grace=draw(DURATIONS),
            slots=draw(st.lists(SLOTS, max_size=2)),
            max_late=draw(DURATIONS),
            if_later=draw(st.sampled_from(Late)),
        ),
        intake=s.IntakeTable(
            settle=draw(DURATIONS),
            require_alt=draw(st.booleans()),
            max_megapixels=draw(floats(0.1, 2000)),
            watch=draw(st.sampled_from(["auto", "events", "polling"])),
        ),
        models=s.ModelsTable(dir=draw(st.none() | st.just(Path("~/models")))),
        secrets=s.SecretsTable(store=draw(st.sampled_from(["file", "keyring"]))),
        recipes=known,
    )


def no_handle_twice(accounts):
    handles = [a.handle for a in accounts.values() if a.network == "bluesky"]
    return len(handles) == len(set(handles))


@settings(max_examples=60, deadline=None)
@given(configs())
def test_a_config_that_is_written_is_read_back_the_same(config):
    assert parse(written(config), Path("config.toml")) == config


def test_an_empty_config_is_all_defaults():
    assert parse("", Path("config.toml")) == s.Config()


def test_the_environment_may_move_the_folders(monkeypatch):
    monkeypatch.setenv("POSTGUARD_OUTBOX", "/srv/art")
    monkeypatch.setenv("POSTGUARD_MODELS", "/srv/models")
    config = parse("", Path("config.toml"))
    assert config.outbox == Path("/srv/art")
    assert config.models.dir == Path("/srv/models")
    assert config.schedule == s.ScheduleTable()
