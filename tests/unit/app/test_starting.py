"""Whatever is answered to `init`, the config that it writes loads and says what was answered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.app.starting import Answers, config_text, known_zone
from postguard.cloak.machine import Power
from postguard.errors import Unusable
from postguard.settings.load import parse
from postguard.settings.steps import Cloak

# Names as people type them: anything but control characters and halves of characters.
NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)
ANSWERS = st.builds(
    Answers,
    name=NAMES,
    lang=st.sampled_from(["ja", "en", "both"]),
    timezone=st.sampled_from(["Asia/Tokyo", "UTC", "America/Sao_Paulo", "Asia/Kathmandu"]),
    outbox=st.sampled_from(["~/outbox", "/srv/絵 の箱", 'a "quoted" \\ folder']),
    bluesky=st.sampled_from(["", "hanako.bsky.social"]),
    service=st.sampled_from(["", "https://pds.example"]),
    mastodon=st.sampled_from(["", "https://mastodon.example"]),
    fear=st.sampled_from(["training", "image-to-image", "both"]),
    visible=st.sampled_from(["subtle", "clear", "sample"]),
    preset=st.sampled_from(["portfolio", "sns", "small", "sample"]),
    reach=st.sampled_from(["wide", "usual", "close"]),
)


@given(ANSWERS, st.sampled_from(Power))
def test_every_answer_gives_a_config_that_loads(answers: Answers, power: Power) -> None:
    config = parse(config_text(answers, power), Path("config.toml"))
    assert config.outbox == Path(answers.outbox)
    assert config.timezone.key == answers.timezone
    assert config.artist.name == answers.name
    wanted = {"bsky": answers.bluesky, "fedi": answers.mastodon}
    assert set(config.accounts) == ({n for n, said in wanted.items() if said} or {"preview"})


@given(ANSWERS, st.sampled_from(Power))
def test_every_recipe_limits_the_size_and_states_the_wish_in_order(
    answers: Answers, power: Power
) -> None:
    config = parse(config_text(answers, power), Path("config.toml"))
    steps = [step.step for step in config.recipes["default"]]
    assert steps[0] == "downscale"
    assert steps[-1] == "tags"
    assert {"notice"} <= set(steps)
    (cloak,) = (s for s in config.recipes["default"] if isinstance(s, Cloak))
    assert (cloak.modes == ("instant",)) == (power is Power.NO_TORCH)
    assert (cloak.time_limit < 900) == (power is Power.CPU)
    if answers.fear != "training":
        assert "watermark" in steps


@given(ANSWERS.map(lambda answers: replace(answers, bluesky="", mastodon="")))
def test_who_has_no_account_yet_finds_the_answers_below_a_remark(answers: Answers) -> None:
    text = config_text(answers, Power.NO_TORCH)
    above, _, tables = text.partition("# [accounts.bsky]")
    later, _, below = tables.partition("\n\n[schedule]")
    told = "\n".join(line.removeprefix("# ").removeprefix("#") for line in later.split("\n"))
    whole = f"{above}[accounts.bsky]{told}\n\n[schedule]{below}"
    accounts = parse(whole, Path("config.toml")).accounts
    assert list(accounts) == ["preview", "bsky", "fedi"]
    told_of = replace(answers, bluesky="a.example", mastodon="https://b.example")
    asked = parse(config_text(told_of, Power.NO_TORCH), Path("config.toml")).accounts
    for name, chosen in (("bsky", "replies"), ("bsky", "quotes"), ("fedi", "visibility")):
        assert getattr(accounts[name], chosen) == getattr(asked[name], chosen)


@given(ANSWERS)
def test_a_server_of_ones_own_is_kept(answers: Answers) -> None:
    config = parse(config_text(answers, Power.NO_TORCH), Path("config.toml"))
    if answers.bluesky:
        account = config.accounts["bsky"]
        assert account.network == "bluesky"
        assert account.service == (answers.service or "https://bsky.social")


def test_the_zone_that_an_abbreviation_means_is_asked_for() -> None:
    with pytest.raises(Unusable, match='"JST"; did you mean "Asia/Tokyo"'):
        known_zone("JST")
