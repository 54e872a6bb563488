import tomllib
from pathlib import Path

import pytest

from postguard.app.starting import Answers, config_text, handle_of, instance_of
from postguard.cloak.machine import Power
from postguard.model.layers import Door, Layers, closed, uses
from postguard.model.measures import MEASURES
from postguard.settings import load
from postguard.settings.load import parse


def test_yes_asks_nothing_and_writes_a_config_that_loads(terminal):
    done = terminal.run("init", "--yes", "--name", "山田花子", "--timezone", "Asia/Tokyo")
    assert done.exit_code == 0
    settings = load(terminal.config)
    assert (settings.artist.name, settings.timezone.key) == ("山田花子", "Asia/Tokyo")
    assert settings.artist.copyright == "© {year} 山田花子"
    assert terminal.outbox.is_dir()
    assert "postguard check" in done.stdout


def test_both_networks_are_written_and_their_logins_named(terminal):
    done = terminal.run(
        *("init", "--yes", "--bluesky", "hanako.bsky.social"),
        *("--mastodon", "@hanako@mastodon.example"),
    )
    accounts = load(terminal.config).accounts
    assert accounts["bsky"].handle == "hanako.bsky.social"
    assert accounts["fedi"].instance == "https://mastodon.example"
    assert "postguard login bsky" in done.stdout
    assert "postguard login fedi" in done.stdout


@pytest.mark.parametrize(
    ("option", "said", "example"),
    [
        ("--mastodon", "mastodon", "@hanako@mastodon.social"),
        ("--mastodon", "@hanako", "@hanako@mastodon.social"),
        ("--bluesky", "@hanako", "hanako.bsky.social"),
        ("--bluesky", "hanako@example.com", "hanako.bsky.social"),
    ],
)
def test_an_account_without_its_server_is_refused_with_an_example(terminal, option, said, example):
    done = terminal.run("init", "--yes", option, said)
    assert (done.exit_code, terminal.config.exists()) == (1, False)
    assert f'"{said}"' in done.stderr
    assert example in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("said", "instance"),
    [
        ("mastodon.social/", "https://mastodon.social"),
        ("https://mastodon.social/@hanako", "https://mastodon.social"),
        ("mastodon.social/@hanako", "https://mastodon.social"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://nas", "https://nas"),
        (" ", ""),
    ],
)
def test_the_address_of_ones_page_names_its_server(said, instance):
    assert instance_of(said) == instance


def test_the_address_of_ones_page_on_bluesky_names_the_handle():
    assert handle_of("https://bsky.app/profile/hanako.bsky.social") == "hanako.bsky.social"
    assert handle_of("did:plc:z72i7hdynmk6r22z27h6tvur") == "did:plc:z72i7hdynmk6r22z27h6tvur"


def test_questions_that_are_left_in_the_middle_write_nothing_and_say_so(terminal):
    done = terminal.run("init", typed="雪乃\n")
    assert done.exit_code == 130
    assert "Nothing was written; begin anew with: postguard init" in done.stderr
    assert not terminal.config.exists()


def test_the_questions_take_what_is_typed(terminal):
    typed = ["雪乃", "both", "Asia/Tokyo", "~/絵", "yukino.example", "mastodon.example"]
    typed += ["training", "subtle", "small", "close"]
    done = terminal.run("init", typed="\n".join(typed) + "\n")
    assert done.exit_code == 0, done.output
    settings = load(terminal.config)
    assert settings.artist.name == "雪乃"
    assert settings.artist.lang == ("ja", "en")
    assert settings.outbox.expanduser() == terminal.home / "絵"
    assert settings.recipes["default"][0].long_side == 800
    assert settings.artist.fear == "training"
    assert settings.accounts["bsky"].replies == "followers"
    assert settings.accounts["fedi"].visibility == "private"
    assert [s.step for s in settings.recipes["default"]][-1] == "tags"


def test_a_wrong_answer_is_asked_again_with_the_reason(terminal):
    typed = ["", "en", "Tokio", "Asia/Tokyo", "", "hanako", "", "mastodon", ""]
    typed += ["both", "loud", "clear", "sns", "wide"]
    done = terminal.run("init", typed="\n".join(typed) + "\n")
    assert done.exit_code == 0, done.output
    assert 'there is no time zone "Tokio"' in done.output
    assert '"hanako" is no whole Bluesky handle' in done.output
    assert '"mastodon" names no Mastodon server' in done.output
    assert "'loud' is not one of" in done.output
    assert load(terminal.config).timezone.key == "Asia/Tokyo"


def test_how_each_strength_of_a_mark_looks_is_said_where_it_is_asked_and_written(terminal):
    """The usual one is dense on fine art, and an artist has not seen any of them yet."""
    asked = " ".join(terminal.run("init", typed="\n" * 10).output.split())
    assert "subtle (faint letters" in asked
    assert "clear (read at a glance, and dense on fine art)" in asked
    assert "subtle is faint" in terminal.config.read_text()


def test_questions_and_their_answers_fit_the_terminal(terminal, monkeypatch):
    """A terminal broke them in the middle of words: `imag` and `e-to-image`."""
    monkeypatch.setenv("COLUMNS", "60")
    typed = "Hanako\nen\nUTC\n~/outbox\n\n\nimage-to-image\nsample\nportfolio\nusual\n"
    done = terminal.run("init", typed=typed)
    assert done.exit_code == 0, done.output
    asked = done.stdout[: done.stdout.index("\nconfig:")].splitlines()
    fear = asked.index(next(line for line in asked if line.startswith("What do you fear")))
    assert max(map(len, asked[fear:])) <= 60
    assert "(training, image-to-image, both) [both]: image-to-image" in " ".join(asked)


def test_enter_takes_what_the_options_said(terminal):
    done = terminal.run("init", "--name", "花", "--preset", "portfolio", typed="\n" * 10)
    assert done.exit_code == 0, done.output
    settings = load(terminal.config)
    assert settings.artist.name == "花"
    assert settings.recipes["default"][0].long_side == 2000


def test_a_config_is_never_overwritten_and_nothing_is_asked(terminal):
    terminal.configure()
    before = terminal.config.read_text()
    done = terminal.run("init")
    assert done.exit_code == 1
    assert "is there already" in done.stderr
    assert "Your name" not in done.stdout
    assert terminal.config.read_text() == before


def test_the_config_explains_itself(terminal):
    terminal.run("init", "--yes", "--name", "花")
    text = terminal.config.read_text()
    recipe = text[text.index("[recipes]") :].splitlines()[2:-1]
    assert all(line.strip().startswith("#") for line in recipe[::2])
    example = terminal.config.with_name("config.example.toml")
    assert tomllib.loads(example.read_text())["accounts"]


def test_an_own_explanation_beside_it_stays(terminal):
    terminal.config.parent.mkdir(parents=True)
    example = terminal.config.with_name("config.example.toml")
    example.write_text("# mine\n")
    terminal.run("init", "--yes")
    assert example.read_text() == "# mine\n"


FEARS = ["training", "image-to-image", "both"]
VISIBLE = ["subtle", "clear", "sample"]
NETWORKS = {"bluesky": "hanako.example", "mastodon": "https://mastodon.example"}


def settings_of(*, power=Power.GPU, **answers):
    text = config_text(Answers(**answers), power)
    return parse(text, Path("config.toml"))


@pytest.mark.parametrize("power", list(Power))
@pytest.mark.parametrize("reach", ["wide", "usual", "close"])
@pytest.mark.parametrize("preset", ["portfolio", "sns", "small", "sample"])
@pytest.mark.parametrize("visible", VISIBLE)
@pytest.mark.parametrize("fear", FEARS)
def test_every_answer_gives_all_three_directions(fear, visible, preset, reach, power):
    asked = {"fear": fear, "visible": visible, "preset": preset, "reach": reach}
    settings = settings_of(power=power, name="花", **asked, **NETWORKS)
    steps = [step.model_dump(mode="json") for step in settings.recipes["default"]]
    doors = {
        name: Door(a.network, closed(a.visibility, a.replies, a.quotes))
        for name, a in settings.accounts.items()
    }
    layers = Layers(uses(steps, ("bluesky", "mastodon")), doors, settings.artist.fear)
    assert layers.gaps() == {}
    assert {5, 6, 7} <= layers.used
    assert any(MEASURES[m].against(settings.artist.fear) for m in layers.used - {5, 6, 7})


@pytest.mark.parametrize(
    ("fear", "modes", "marked"),
    [
        ("training", ("style",), False),
        ("image-to-image", ("immunise",), True),
        ("both", ("style",), True),
    ],
)
def test_what_is_feared_chooses_the_cloak_and_the_mark(fear, modes, marked):
    steps = {s.step: s for s in settings_of(fear=fear).recipes["default"]}
    assert steps["cloak"].modes == modes
    assert ("watermark" in steps) == marked


@pytest.mark.parametrize("fear", FEARS)
def test_without_torch_the_cloak_is_the_instant_one_and_a_mark_stands_beside_it(fear):
    power = Power.NO_TORCH
    steps = {s.step: s for s in settings_of(power=power, fear=fear).recipes["default"]}
    assert steps["cloak"].modes == ("instant",)
    assert "watermark" in steps
    assert ("noise" in steps) == (fear != "training")


@pytest.mark.parametrize(
    ("visible", "cloak"), [("subtle", "low"), ("clear", "medium"), ("sample", "high")]
)
def test_how_visible_it_may_be_sets_every_strength(visible, cloak):
    steps = {s.step: s for s in settings_of(visible=visible).recipes["default"]}
    assert steps["watermark"].force == visible
    assert steps["cloak"].strength == cloak


@pytest.mark.parametrize(
    ("preset", "side", "mark"),
    [
        ("portfolio", 2000, "© 花"),
        ("sns", 1200, "© 花"),
        ("small", 800, "© 花"),
        ("sample", 1000, "SAMPLE © 花"),
    ],
)
def test_each_common_wish_has_its_size_and_its_mark(preset, side, mark):
    steps = {s.step: s for s in settings_of(name="花", preset=preset).recipes["default"]}
    assert steps["downscale"].long_side == side
    assert steps["watermark"].text == mark
    assert steps["watermark"].force == ("sample" if preset == "sample" else "clear")


@pytest.mark.parametrize(
    ("lang", "visible", "mark"),
    [
        ("en", "clear", "Do not repost"),
        ("ja", "clear", "無断転載禁止"),
        ("both", "subtle", "無断転載禁止"),
        ("en", "sample", "SAMPLE"),
    ],
)
def test_without_a_name_the_mark_says_what_is_forbidden_as_the_notice_does(lang, visible, mark):
    steps = {s.step: s for s in settings_of(lang=lang, visible=visible).recipes["default"]}
    assert steps["watermark"].words == mark
    assert steps["watermark"].force == visible


@pytest.mark.parametrize(
    ("reach", "replies", "visibility", "quotes"),
    [
        ("wide", "everyone", "public", "followers"),
        ("usual", "everyone", "unlisted", "nobody"),
        ("close", "followers", "private", "nobody"),
    ],
)
def test_reach_sets_what_each_network_can_give(reach, replies, visibility, quotes):
    accounts = settings_of(reach=reach, **NETWORKS).accounts
    assert (accounts["bsky"].replies, accounts["bsky"].quotes) == (replies, "nobody")
    assert accounts["bsky"].visibility == "public"
    assert (accounts["fedi"].visibility, accounts["fedi"].quotes) == (visibility, quotes)
    assert accounts["fedi"].replies == "everyone"


@pytest.mark.parametrize("preset", ["portfolio", "sns", "small", "sample"])
def test_the_config_of_each_common_wish_passes_the_check(terminal, preset):
    terminal.run("init", "--yes", "--name", "花", "--preset", preset)
    done = terminal.run("check", "--offline")
    assert done.exit_code == 0, done.output


def test_a_bad_answer_writes_nothing(terminal):
    done = terminal.run(
        "init", "--yes", "--bluesky", "hanako.example", "--service", "http://pds.example"
    )
    assert done.exit_code == 1
    assert "plain http" in done.stderr
    assert not terminal.config.exists()


def test_the_config_lies_where_it_is_asked_for(terminal, monkeypatch):
    monkeypatch.setenv("POSTGUARD_CONFIG", str(terminal.home / "mine.toml"))
    assert terminal.run("init", "--yes").exit_code == 0
    assert (terminal.home / "mine.toml").is_file()
    other = terminal.home / "other.toml"
    assert terminal.run("--config", other, "init", "--yes").exit_code == 0
    assert other.is_file()


def test_a_japanese_pc_gets_a_japanese_notice(terminal, monkeypatch):
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    terminal.run("init", "--yes")
    assert load(terminal.config).artist.lang == ("ja",)


def test_the_config_and_its_folder_are_the_artists_alone(terminal):
    terminal.run("init", "--yes")
    assert terminal.config.stat().st_mode & 0o077 == 0
    assert terminal.config.parent.stat().st_mode & 0o077 == 0


def test_a_pen_name_cannot_break_out_of_the_config(terminal):
    name = 'ha"na\\ko\n[accounts.x] \x7f{year}'
    assert terminal.run("init", "--yes", "--name", name).exit_code == 0
    assert load(terminal.config).artist.name == name
