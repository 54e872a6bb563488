import tomllib

import pytest

from postguard.settings import load


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


def test_the_questions_take_what_is_typed(terminal):
    typed = ["雪乃", "both", "Asia/Tokyo", "~/絵", "yukino.example", "mastodon.example"]
    typed += ["training", "subtle", "small"]
    done = terminal.run("init", typed="\n".join(typed) + "\n")
    assert done.exit_code == 0, done.output
    settings = load(terminal.config)
    assert settings.artist.name == "雪乃"
    assert settings.artist.lang == ("ja", "en")
    assert settings.outbox.expanduser() == terminal.home / "絵"
    assert settings.recipes["default"][0].long_side == 800
    assert [s.step for s in settings.recipes["default"]][-1] == "tags"


def test_a_wrong_answer_is_asked_again_with_the_reason(terminal):
    typed = ["", "en", "Tokio", "Asia/Tokyo", *[""] * 3, "both", "loud", "clear", "sns"]
    done = terminal.run("init", typed="\n".join(typed) + "\n")
    assert done.exit_code == 0, done.output
    assert 'there is no time zone "Tokio"' in done.output
    assert "'loud' is not one of" in done.output
    assert load(terminal.config).timezone.key == "Asia/Tokyo"


def test_enter_takes_what_the_options_said(terminal):
    done = terminal.run("init", "--name", "花", "--preset", "portfolio", typed="\n" * 9)
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


@pytest.mark.parametrize("fear", ["training", "image-to-image", "both"])
@pytest.mark.parametrize("visible", ["subtle", "clear", "sample"])
def test_every_recipe_layers_pixels_and_statements(terminal, fear, visible):
    terminal.run("init", "--yes", "--fear", fear, "--visible", visible)
    steps = {s.step for s in load(terminal.config).recipes["default"]}
    assert {"downscale", "notice", "tags"} <= steps
    assert steps & {"watermark", "noise", "cloak"}


def test_a_bad_answer_writes_nothing(terminal):
    done = terminal.run("init", "--yes", "--bluesky", "hanako", "--service", "http://pds.example")
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
