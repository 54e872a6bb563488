"""What is wrong in a config is said as file:line: key: problem, and never with a value."""

from pathlib import Path

import pytest

from postguard.errors import ConfigError
from postguard.settings import load
from postguard.settings.load import parse
from postguard.settings.values import zone_hint

CONFIG = Path("config.toml")

ACCOUNT = '[accounts.bsky]\nnetwork = "bluesky"\nhandle = "hanako.bsky.social"\n'


def fault(text):
    with pytest.raises(ConfigError) as caught:
        parse(text, CONFIG)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            'outbox = "~/a"\noutbx = "~/b"\n',
            'config.toml:2: outbx: unknown key; did you mean "outbox"?',
            id="unknown key at the top",
        ),
        pytest.param(
            ACCOUNT + 'visiblity = "public"\n',
            'config.toml:4: accounts.bsky.visiblity: unknown key; did you mean "visibility"?',
            id="unknown key in an account",
        ),
        pytest.param(
            ACCOUNT + 'instance = "https://mastodon.example"\n',
            "config.toml:4: accounts.bsky.instance: unknown key",
            id="key of another network",
        ),
        pytest.param(
            ACCOUNT + 'language = "ja"\n',
            "config.toml:4: accounts.bsky.language: unknown key; it stands above all tables, at "
            "the head of the file",
            id="key of the head under the last table",
        ),
        pytest.param(
            ACCOUNT + 'recipes = "mine"\n',
            'config.toml:4: accounts.bsky.recipes: unknown key; did you mean "recipe"?',
            id="name of tables under another one",
        ),
        pytest.param(
            ACCOUNT + 'copyright = "© Hanako"\n',
            "config.toml:4: accounts.bsky.copyright: unknown key; it belongs under [artist]",
            id="key of another table",
        ),
        pytest.param(
            '[recipes]\ndefault = [\n  { step = "downscale", long_side = 900 },\n'
            '  { step = "watermrk", text = "x" },\n]\n',
            'config.toml:4: recipes.default[1]: step must be one of "downscale", "watermark", '
            '"notice", "noise", "cloak", "hidden", "tags", "encode", "credentials"; did you mean '
            '"watermark"?',
            id="misspelt step",
        ),
        pytest.param(
            '[[recipes.default]]\nstep = "cloak"\n\n[[recipes.default]]\nstep = "tags"\n'
            'minning = "all"\n',
            'config.toml:6: recipes.default[1].minning: unknown key; did you mean "mining"?',
            id="unknown key in a step written as a table",
        ),
        pytest.param(
            "recipes.default = [{ long_side = 1600 }]\n",
            'config.toml:1: recipes.default[0]: step = "…" is missing',
            id="step without its name",
        ),
        pytest.param(
            '[intake]\nrequire_alt = "yes"\n',
            "config.toml:2: intake.require_alt: must be true or false",
            id="text for a switch",
        ),
        pytest.param(
            'recipes.a = [{ step = "notice", size = "3" }]\n',
            "config.toml:1: recipes.a[0].size: must be a number",
            id="text for a number",
        ),
        pytest.param(
            'recipes.a = [{ step = "downscale", long_side = 10 }]\n',
            "config.toml:1: recipes.a[0].long_side: must be at least 64",
            id="number too small",
        ),
        pytest.param(
            'recipes.a = [{ step = "watermark", text = "x", opacity = 1.5 }]\n',
            "config.toml:1: recipes.a[0].opacity: must be at most 1",
            id="number too large",
        ),
        pytest.param(
            'recipes.a = [{ step = "notice", size = nan }]\n',
            "config.toml:1: recipes.a[0].size: must be at most 0.2",
            id="no number at all",
        ),
        pytest.param(
            "[artist]\nname = 3\n",
            'config.toml:2: artist.name: must be text in quotes: "…"',
            id="number for text",
        ),
        pytest.param(
            'artist = "Hanako"\n',
            "config.toml:1: artist: must be a table of its own, with a line [name] above its keys",
            id="text for a table",
        ),
        pytest.param(
            '[schedule]\ngrace = "2m"\nslots = ["1 19:30"]\n',
            'config.toml:3: schedule.slots: "1 19:30": write slots as "mon..fri 19:30" or '
            '"sat,sun 10:00 21:00", with the days by name',
            id="number for a day",
        ),
        pytest.param(
            '[schedule]\nslots = ["mon 25:00"]\n',
            'config.toml:2: schedule.slots: "mon 25:00": 25:00 is not a time of day',
            id="25 o'clock",
        ),
        pytest.param(
            '[schedule]\nslots = ["mon..fry 9:00"]\n',
            'config.toml:2: schedule.slots: "mon..fry 9:00": fry is not one of mon tue wed thu '
            "fri sat sun",
            id="misspelt day",
        ),
        pytest.param(
            "[schedule]\ngrace = 2\n",
            'config.toml:2: schedule.grace: write a length of time as "20s", "2m", "3h" or "1d"',
            id="length of time without unit",
        ),
        pytest.param(
            '[schedule]\ngrace = "99999999999d"\n',
            'config.toml:2: schedule.grace: write a length of time as "20s", "2m", "3h" or "1d"',
            id="length of time beyond all bounds",
        ),
        pytest.param(
            '[schedule]\nif_later = "skip"\n',
            'config.toml:2: schedule.if_later: must be "post", "hold" or "next-slot"',
            id="unknown choice",
        ),
        pytest.param(
            ACCOUNT + 'text = "{titel}: {text}"\n',
            "config.toml:4: accounts.bsky.text: it has a place in braces that nothing fills; did "
            "you mean {title}?",
            id="misspelt place in a template",
        ),
        pytest.param(
            ACCOUNT + 'text = "{}"\n',
            "config.toml:4: accounts.bsky.text: it has a place in braces that nothing fills; "
            "there is {text}, {title}, {tags}, {notice}",
            id="empty place in a template",
        ),
        pytest.param(
            ACCOUNT + 'link = "fedi"\n',
            "config.toml:4: accounts.bsky.link: there is no account of this name; there is: no "
            "other",
            id="link to an account that is not there",
        ),
        pytest.param(
            ACCOUNT + 'link = "a"\n[accounts.a]\nnetwork = "preview"\nlink = "bsky"\n',
            "config.toml:4: accounts.bsky.link: the links go round: bsky -> a -> bsky; none could "
            "be posted first",
            id="links that go round",
        ),
        pytest.param(
            ACCOUNT + 'lists = ["https://bsky.app/lists/1"]\n',
            "config.toml:4: accounts.bsky.lists[0]: write a list's address as "
            '"at://did:plc:…/app.bsky.graph.list/…"',
            id="web address of a list",
        ),
        pytest.param(
            'timezone = "Asia/Tokio"\n',
            'config.toml:1: timezone: not a time zone; did you mean "Asia/Tokyo"?',
            id="misspelt time zone",
        ),
        pytest.param(
            'timezone = "home"\n',
            'config.toml:1: timezone: not a time zone; write it as "Asia/Tokyo"',
            id="no time zone",
        ),
        pytest.param(
            'timezone = "JST"\n',
            'config.toml:1: timezone: not a time zone; did you mean "Asia/Tokyo"?',
            id="abbreviation of a time zone",
        ),
        pytest.param(
            'timezone = "IST"\n',
            'config.toml:1: timezone: not a time zone; write it as "Asia/Tokyo"',
            id="abbreviation of several time zones",
        ),
        pytest.param(
            '[accounts.fedi]\nnetwork = "mastodon"\ninstance = "http://mastodon.example"\n',
            "config.toml:3: accounts.fedi.instance: plain http would show your password to the "
            "network: write https://",
            id="http",
        ),
        pytest.param(
            '[accounts.fedi]\nnetwork = "mastodon"\ninstance = "ftp://mastodon.example"\n',
            'config.toml:3: accounts.fedi.instance: write the address as "https://…"',
            id="no web address",
        ),
        pytest.param(
            '[accounts.bsky]\nnetwork = "bluesky"\n',
            "config.toml:1: accounts.bsky.handle: is missing",
            id="account without handle",
        ),
        pytest.param(
            '\n[accounts.bsky]\nhandle = "a.b.c"\n',
            'config.toml:2: accounts.bsky: network = "…" is missing',
            id="account without network",
        ),
        pytest.param(
            '[accounts."my account"]\nnetwork = "preview"\n',
            "config.toml:1: accounts.my account: an account's name is made of letters, digits, - "
            "and _",
            id="account with a blank in its name",
        ),
        pytest.param(
            '[accounts.text]\nnetwork = "preview"\n',
            'config.toml:1: accounts.text: "text" means something else beside a picture: choose '
            "another name",
            id="account named as a field of a sidecar",
        ),
        pytest.param(
            ACCOUNT + ACCOUNT.replace("bsky]", "other]"),
            "config.toml:6: accounts.other.handle: is the account that bsky is already: all would "
            "be posted twice",
            id="the same account under two names",
        ),
        pytest.param(
            ACCOUNT + 'recipe = "portfolio"\n[[recipes.sns]]\nstep = "notice"\n',
            "config.toml:4: accounts.bsky.recipe: there is no recipe of this name; there is: sns",
            id="unknown recipe",
        ),
        pytest.param(
            '[recipes]\nsns = [\n  { step = "tags" },\n  { step = "downscale", megapixels = 2 },'
            "\n]\n",
            "config.toml:4: recipes.sns[1]: downscale must come before tags: shrinking afterwards "
            "would blur what the earlier step has drawn",
            id="recipe out of order",
        ),
        pytest.param(
            'recipes.sns = [{ step = "notice" }, { step = "notice" }]\n',
            "config.toml:1: recipes.sns[1]: notice stands twice; keep one",
            id="step twice",
        ),
        pytest.param(
            'recipes.sns = [{ step = "downscale" }]\n',
            "config.toml:1: recipes.sns[0]: say long_side = 1600, megapixels = 2 or "
            "networks = {bluesky = 1200}",
            id="downscale to nothing",
        ),
        pytest.param(
            'recipes.sns = [{ step = "cloak", mode = "glaze" }]\n',
            'config.toml:1: recipes.sns[0].mode: must be "style", "poison", "immunise" or '
            '"instant"',
            id="no mode of the cloak",
        ),
        pytest.param(
            'recipes.sns = [{ step = "cloak", mode = ["style", "glaze"] }]\n',
            'config.toml:1: recipes.sns[0].mode[1]: must be "style", "poison", "immunise" or '
            '"instant"',
            id="no mode among several",
        ),
        pytest.param(
            'recipes.sns = [{ step = "cloak", mode = [] }]\n',
            "config.toml:1: recipes.sns[0].mode: must not be empty",
            id="no mode at all",
        ),
        pytest.param(
            '[artist]\nlang = ["japanese"]\n',
            'config.toml:2: artist.lang[0]: must be a language, such as "ja" or "en"',
            id="language in words",
        ),
        pytest.param(
            '[artist]\nlang = ["jp"]\n',
            'config.toml:2: artist.lang[0]: must be a language, such as "ja" or "en"; did you '
            'mean "ja"?',
            id="country for a language",
        ),
        pytest.param(
            '[artist]\nlang = ["ja", "en", "fr", "de"]\n',
            "config.toml:2: artist.lang: must have at most 3 entries",
            id="too many languages",
        ),
        pytest.param(
            "[artist]\nname = Hanako\n",
            'config.toml:2: is not valid TOML: a text needs quotes, name = "…"; true and false '
            "are written in small letters",
            id="text without quotes",
        ),
        pytest.param(
            '[artist]\nname = "Hanako"\n[artist]\n',
            "config.toml:3: is not valid TOML: this [name] stands twice; put what is below "
            "both below one of them",
            id="table twice",
        ),
        pytest.param(
            '[schedule]\nslots = [\n"mon 9:00"\n',
            "config.toml:3: is not valid TOML: the list is not closed, or lacks a comma: "
            '["…", "…"]',
            id="list without end",
        ),
    ],
)
def test_a_typical_mistake_is_told_with_its_line(text, told):
    assert fault(text) == told


def test_all_faults_are_told_at_once_in_the_order_of_the_file():
    lines = fault('timezone = "x"\n[artist]\nnam = 1\n[intake]\nwatch = "no"\n').splitlines()
    assert [line.split(" ")[:2] for line in lines] == [
        ["config.toml:1:", "timezone:"],
        ["config.toml:3:", "artist.nam:"],
        ["config.toml:5:", "intake.watch:"],
    ]


@pytest.mark.parametrize(
    "key", ["password", "app_password", "access_token", "client-secret", "API_KEY", "passphrase"]
)
@pytest.mark.parametrize("table", ["", "[artist]\n", ACCOUNT, '[[recipes.a]]\nstep = "tags"\n'])
def test_a_secret_is_refused_and_not_shown(key, table):
    told = fault(f'{table}{key} = "hush-hush"\n')
    assert "secrets do not belong in the config" in told
    assert "postguard login" in told
    assert told.startswith(f"config.toml:{table.count(chr(10)) + 1}: ")
    assert "hush" not in told


KEYS = """
outbox timezone artist artist.name artist.lang artist.unknown accounts accounts.a accounts.a.handle
accounts.a.network accounts.a.text accounts.a.link accounts.a.lists schedule schedule.grace
schedule.if_later intake.settle intake.max_megapixels
models.dir recipes recipes.a secrets.store unknown unknown.unknown
""".split()  # noqa: SIM905  # one to a line would be a wall
VALUES = """
"{0}" | ["{0}"] | [["{0}"]] | { x = "{0}" } | { step = "{0}" } | [{ step = "{0}" }]
| [{ step = "tags", mining = "{0}" }] | { network = "{0}" } | { a = { network = "{0}" } }
| { network = "bluesky", handle = ["{0}"] } | { network = "mastodon", instance = "{0}://x" }
""".split("|")  # noqa: SIM905


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", VALUES)
def test_no_value_is_ever_repeated(key, value):
    """It could be a password in the wrong place."""
    told = said_of(f"{key} = {value.strip().replace('{0}', 'zzqqxx-hush')}\n")
    assert "hush" not in told
    assert told.startswith("config.toml:1: ") or not told


def said_of(text):
    """Return what is said of a config; nothing where it is right."""
    try:
        parse(text, CONFIG)
    except ConfigError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("said", "zone"),
    [
        ("kst", "Asia/Seoul"),
        ("PDT", "America/Los_Angeles"),
        ("EDT", "America/New_York"),
        ("BST", "Europe/London"),
        ("Japn", ""),
        ("Singapor", "Singapore"),
    ],
)
def test_an_abbreviation_gets_the_zone_that_it_means(said, zone):
    assert zone_hint(said) == (f'did you mean "{zone}"?' if zone else 'write it as "Asia/Tokyo"')


@pytest.mark.parametrize("said", ["GMT+9", "UTC+9", "JST-9", "CST", "IST", "XST"])
def test_no_zone_is_guessed_that_is_hours_away(said):
    assert "did you mean" not in zone_hint(said)


def test_a_missing_config_says_how_to_get_one(tmp_path):
    with pytest.raises(
        ConfigError, match=r"config\.toml: there is no config yet; `postguard init`"
    ):
        load(tmp_path / "config.toml")


def test_a_folder_is_no_config(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_a_config_in_another_encoding_is_told_with_its_line(tmp_path):
    (tmp_path / "config.toml").write_bytes('[artist]\nname = "山田"\n'.encode("shift_jis"))
    with pytest.raises(ConfigError, match=r"config\.toml:2: is not UTF-8 text"):
        load(tmp_path / "config.toml")


def test_the_mark_that_windows_editors_write_first_is_taken(tmp_path):
    (tmp_path / "config.toml").write_bytes('\ufeff[artist]\r\nname = "山田"\r\n'.encode())
    assert load(tmp_path / "config.toml").artist.name == "山田"
