"""`postguard init`: from a few answers to a commented config that fits the artist and this PC."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from postguard import language
from postguard.cloak.runner import LocalEngine
from postguard.errors import Unusable
from postguard.language import _, marked
from postguard.settings.load import parse
from postguard.system import bundled, files, paths

# Long sides in pixels: what the presets are for. 800 is the talk's; 1200 fills a phone; larger
# pictures are worth more to a portfolio and to a training set alike.
SIDES = {"portfolio": 2000, "sns": 1200, "small": 800, "sample": 1000}
_EXAMPLE = "config.example.toml"
# By the table of the seven measures. Marks hinder image-to-image most of all, so where both are
# feared the cloak takes what they leave.
_MODES = {"training": "style", "image-to-image": "immunise", "both": "style"}
_SAID_OF_MODE = {
    "style": marked("models learn another style than yours: the strongest against training; slow"),
    "immunise": marked(
        "models read a pattern instead of the picture: against image-to-image; slow"
    ),
}
_CLOAKS = {"subtle": "low", "clear": "medium", "sample": "high"}


@dataclass(frozen=True, slots=True)
class Answers:
    """What `init` asks; the last four decide what protects pictures.

    Attributes:
        visible: how visible marks may be; the preset `sample` makes them strong in any case.
        reach: who may come across a post, of `_REACH`.
    """

    name: str = ""
    lang: str = "en"
    timezone: str = "UTC"
    outbox: str = "~/outbox"
    bluesky: str = ""
    service: str = ""
    mastodon: str = ""
    fear: str = "both"
    visible: str = "clear"
    preset: str = "sns"
    reach: str = "usual"

    @classmethod
    def usual(cls, given: Mapping[str, str | None]) -> Answers:
        """Return what was given, and for the rest what is usual on this PC."""
        known = {f.name for f in fields(cls)}
        said = {k: v for k, v in given.items() if k in known and v is not None}
        usual = {"timezone": _zone_of_this_pc(), "lang": _lang_of_this_pc()}
        answers = cls(**(usual | said))
        return replace(answers, mastodon=instance_of(answers.mastodon))


@dataclass(frozen=True, slots=True)
class Written:
    """What `init` made, and what the artist does next."""

    config: Path
    outbox: Path
    next_steps: tuple[str, ...]


def refuse_to_overwrite(path: Path) -> None:
    """Raise Unusable where there is a config already; asked before any question is."""
    if path.exists():
        raise Unusable(
            _("{path} is there already; edit it, or move it away first").format(path=path)
        )


def known_zone(name: str) -> str:
    """Return the name of a time zone. Raises Unusable when there is none of this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Unusable(
            _('there is no time zone "{name}"; write it as Asia/Tokyo').format(name=name)
        ) from None
    return name


def instance_of(said: str) -> str:
    """Return a server's address from what people type: `mastodon.social`, `@me@pawoo.net`."""
    host = said.strip().rstrip("/").rpartition("@")[2]
    return f"https://{host}" if host and "://" not in host else host


def write(path: Path, answers: Answers) -> Written:
    """Write the config and make the folders.

    Raises:
        Unusable: there is a config already; it is never overwritten.
        ConfigError: an answer cannot be used; nothing was written.
    """
    refuse_to_overwrite(path)
    models = os.environ.get("POSTGUARD_MODELS") or paths.home().models
    cloak = LocalEngine(Path(models)).available()
    text = config_text(answers, cloak=cloak is None)
    settings = parse(text, path)
    outbox = settings.outbox.expanduser()
    outbox.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True, mode=files.PRIVATE_DIR)
    files.write_whole(path, text.encode())
    _explain_every_key(path.with_name(_EXAMPLE))
    return Written(path, outbox, _next_steps(answers, cloak))


def _explain_every_key(path: Path) -> None:
    if not path.exists():
        files.write_whole(path, bundled.text(_EXAMPLE).encode())


def _next_steps(answers: Answers, cloak: str | None) -> tuple[str, ...]:
    logins = [f"postguard login {n}" for n in ("bsky", "fedi") if _has(answers, n)]
    lines = ["", _("next:"), *(f"  {command}" for command in logins)]
    lines += ["  postguard check", _("  postguard service install   (or: postguard run)")]
    if not logins:
        lines.append(_("No account yet: posts become preview pages on this PC."))
    if cloak is not None:
        lines.append(_("The recipe has no cloak yet: {cloak}").format(cloak=cloak))
    return tuple(lines)


def _has(answers: Answers, name: str) -> bool:
    return bool(answers.bluesky if name == "bsky" else answers.mastodon)


def config_text(answers: Answers, *, cloak: bool) -> str:
    """Return the config as TOML with comments."""
    langs = '["ja", "en"]' if answers.lang == "both" else f"[{_q(answers.lang)}]"
    right = f"© {{year}} {answers.name}" if answers.name else ""
    blocks = [
        _(
            "# What postguard does with your art. config.example.toml, beside this file, "
            "explains\n# every key. After a change: postguard check\n"
        )
        + f"outbox   = {_q(answers.outbox)}\ntimezone = {_q(answers.timezone)}{_language()}",
        f"[artist]\nname      = {_q(answers.name)}\ncopyright = {_q(right)}\nlang      = {langs}\n"
        f"fear      = {_q(answers.fear)}   # training | image-to-image | both: "
        + _("what check advises"),
        *_accounts(answers),
        f'[schedule]\ngrace    = "2m"          # {_("time to change your mind")}\n'
        '# slots  = ["mon..fri 19:30", "sat,sun 10:00 21:00"]\n'
        f'max_late = "3h"          # {_("the PC slept through its time:")}\n'
        'if_later = "next-slot"   # post | hold | next-slot',
        _recipe(answers, cloak=cloak),
    ]
    return "\n\n".join(blocks) + "\n"


def _q(text: str) -> str:
    """Quote as a TOML basic string, whose escapes are JSON's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


# Who may see, answer and quote, by reach. Quotes are what costs art most and reach least: they
# carry a picture on, where the artist's own rules do not hold.
_ON_BLUESKY = {"wide": "everyone", "usual": "everyone", "close": "followers"}  # replies
_ON_MASTODON = {
    "wide": ("public", "followers"),
    "usual": ("unlisted", "nobody"),
    "close": ("private", "nobody"),
}


def _language() -> str:
    """Return the line that has the daemon speak as `init` did; English needs none."""
    said = language.spoken()
    return "" if said == language.ENGLISH else f"\nlanguage = {_q(said)}"


def _accounts(answers: Answers) -> list[str]:
    found = []
    if answers.bluesky:
        service = f"\nservice = {_q(answers.service)}" if answers.service else ""
        replies = _q(_ON_BLUESKY[answers.reach])
        found.append(
            f'[accounts.bsky]\nnetwork = "bluesky"\nhandle  = {_q(answers.bluesky)}{service}\n'
            f"replies = {replies}   # everyone | mentioned | following | followers | nobody\n"
            'quotes  = "nobody"     # everyone | nobody'
        )
    if answers.mastodon:
        visibility, quotes = map(_q, _ON_MASTODON[answers.reach])
        found.append(
            f'[accounts.fedi]\nnetwork    = "mastodon"\ninstance   = {_q(answers.mastodon)}\n'
            f"visibility = {visibility}   # public | unlisted | private | direct\n"
            f"quotes     = {quotes}     # everyone | followers | nobody"
        )
    return found or [
        f'[accounts.preview]\nnetwork = "preview"   # {_("a page on this PC; posts nothing")}'
    ]


def _recipe(answers: Answers, *, cloak: bool) -> str:
    """Return the recipe that fits the fear: marks and notice help most against image-to-image,
    the cloak against training, and where there is none the marks must do; every recipe has pixels,
    a statement and a limited size."""
    visible = "sample" if answers.preset == "sample" else answers.visible
    side, mode = SIDES[answers.preset], _MODES[answers.fear]
    steps = [(f'step = "downscale", long_side = {side}', _("fewer pixels to learn from"))]
    if answers.fear != "training" or visible == "sample" or not cloak:
        said = _("your mark over the picture: hard to erase or crop away")
        mark = f'step = "watermark", {_mark(answers, visible)}, strength = {_q(visible)}'
        steps.append((mark, said))
    steps.append(('step = "notice"', _("no AI training or use, for people to read")))
    if answers.fear == "both" or not cloak:
        steps.append(('step = "noise"', _("hinders what models read in the picture")))
    if cloak:
        strength = _q(_CLOAKS[visible])
        drawn = f'step = "cloak", mode = {_q(mode)}, strength = {strength}'
        steps.append((drawn, _(_SAID_OF_MODE[mode])))
    steps.append(('step = "tags"', _("the same statement, for machines")))
    lines = [f"  # {why}\n  {{ {step} }}," for step, why in steps]
    return "[recipes]\ndefault = [\n" + "\n".join(lines) + "\n]"


def _mark(answers: Answers, visible: str) -> str:
    """Return what the watermark says, as its key: an artist's name wherever there is one."""
    if answers.name:
        sample = "SAMPLE " if visible == "sample" else ""
        return f"text = {_q(f'{sample}© {answers.name}')}"
    return f"preset = {_q('sample' if visible == 'sample' else 'no-repost')}"


def _lang_of_this_pc() -> str:
    said = next((v for k in ("LC_ALL", "LC_MESSAGES", "LANG") if (v := os.environ.get(k))), "")
    return "ja" if said.startswith("ja") else "en"


def _zone_of_this_pc() -> str:
    """Return the IANA name that /etc/localtime or /etc/timezone tells, else UTC."""
    link = Path("/etc/localtime")
    if link.is_symlink() and "zoneinfo/" in (target := str(link.resolve())):
        return target.rsplit("zoneinfo/", 1)[1].removeprefix("posix/")
    named = Path("/etc/timezone")
    return named.read_text().strip() if named.is_file() else "UTC"
