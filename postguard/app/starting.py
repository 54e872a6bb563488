"""`postguard init`: from a few answers to a commented config that fits the artist and this PC."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from postguard import language
from postguard.app.able import Able, able
from postguard.app.suggesting import recipe
from postguard.cloak.machine import Power, look
from postguard.errors import Unusable
from postguard.language import _
from postguard.settings.load import parse
from postguard.settings.rewriting import quoted as q
from postguard.settings.steps import Cloak
from postguard.settings.values import zone_hint
from postguard.system import bundled, files, paths

_EXAMPLE = "config.example.toml"
_DOMAIN = re.compile(r"[\w-]+(\.[\w-]+)+")


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
        return replace(
            answers,
            bluesky=handle_of(answers.bluesky),
            mastodon=instance_of(answers.mastodon),
        )


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
            _('there is no time zone "{name}"; {hint}').format(name=name, hint=zone_hint(name))
        ) from None
    return name


def instance_of(said: str) -> str:
    """Return a server's address from what people type: `mastodon.social`, `@me@pawoo.net`, or the
    address of a page there. Raises Unusable where it names none."""
    if "://" in said:  # whoever writes a whole address may mean a server at home without a dot
        parts = urlsplit(said.strip())
        return f"{parts.scheme}://{parts.netloc}"
    host = said.strip().partition("/")[0].rpartition("@")[2]
    if said.strip() and not _DOMAIN.fullmatch(host.partition(":")[0]):
        raise Unusable(
            _(
                '"{said}" names no Mastodon server; write the server of your account, as '
                "mastodon.social or @hanako@mastodon.social"
            ).format(said=said.strip())
        )
    return f"https://{host}" if host else ""


def handle_of(said: str) -> str:
    """Return a Bluesky handle from what people type, the address of their page included. Raises
    Unusable for one without its server."""
    handle = said.strip().rpartition("/profile/")[2].removeprefix("@").rstrip("/")
    if handle and not handle.startswith("did:") and not _DOMAIN.fullmatch(handle):
        raise Unusable(
            _(
                '"{said}" is no whole Bluesky handle; write it with what stands behind the first '
                "dot, as hanako.bsky.social"
            ).format(said=said.strip())
        )
    return handle


def write(path: Path, answers: Answers) -> Written:
    """Write the config and make the folders.

    Raises:
        Unusable: there is a config already; it is never overwritten.
        ConfigError: an answer cannot be used; nothing was written.
    """
    refuse_to_overwrite(path)
    models = os.environ.get("POSTGUARD_MODELS") or paths.home().models
    machine = look()
    text = config_text(answers, machine.power)
    settings = parse(text, path)
    outbox = settings.outbox.expanduser()
    outbox.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True, mode=files.PRIVATE_DIR)
    files.write_whole(path, text.encode())
    _explain_every_key(path.with_name(_EXAMPLE))
    cloaks = [s for s in settings.recipes["default"] if isinstance(s, Cloak)]
    drawn = able(Path(models), cloaks, machine)
    return Written(path, outbox, _next_steps(answers, drawn))


def _explain_every_key(path: Path) -> None:
    if not path.exists():
        files.write_whole(path, bundled.text(_EXAMPLE).encode())


def _next_steps(answers: Answers, drawn: Able) -> tuple[str, ...]:
    logins = [f"postguard login {n}" for n in ("bsky", "fedi") if _has(answers, n)]
    lines = ["", _("next:"), *(f"  {command}" for command in logins)]
    lines += ["  postguard check", _("  postguard service install   (or: postguard run)")]
    if not logins:
        lines.append(_("No account yet: posts become preview pages on this PC."))
    lines.append(_("Cloak: {said}").format(said=drawn.said))
    return tuple(lines)


def _has(answers: Answers, name: str) -> bool:
    return bool(answers.bluesky if name == "bsky" else answers.mastodon)


def config_text(answers: Answers, power: Power) -> str:
    """Return the config as TOML with comments."""
    langs = '["ja", "en"]' if answers.lang == "both" else f"[{q(answers.lang)}]"
    right = f"© {{year}} {answers.name}" if answers.name else ""
    blocks = [
        _(
            "# What postguard does with your art. config.example.toml, beside this file, "
            "explains\n# every key. A change counts within half a minute; `postguard check` looks "
            "at it at once.\n"
        )
        + f"outbox   = {q(answers.outbox)}\ntimezone = {q(answers.timezone)}{_language()}",
        f"[artist]\nname      = {q(answers.name)}\ncopyright = {q(right)}\nlang      = {langs}\n"
        f"fear      = {q(answers.fear)}   # training | image-to-image | both: "
        + _("what check advises"),
        *_accounts(answers),
        f'[schedule]\ngrace    = "2m"          # {_("time to change your mind")}\n'
        '# slots  = ["mon..fri 19:30", "sat,sun 10:00 21:00"]\n'
        f'max_late = "3h"          # {_("the PC slept through its time:")}\n'
        'if_later = "next-slot"   # post | hold | next-slot',
        recipe(answers, power),
    ]
    return "\n\n".join(blocks) + "\n"


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
    return "" if said == language.ENGLISH else f"\nlanguage = {q(said)}"


def _accounts(answers: Answers) -> list[str]:
    """Return a table for each account; where there is none yet, pages on this PC, and the tables
    as remarks, so that the answers count when one is there."""
    found = []
    if answers.bluesky:
        found.append(_bluesky(answers.bluesky, answers))
    if answers.mastodon:
        found.append(_mastodon(answers.mastodon, answers))
    if found:
        return found
    pages = f'[accounts.preview]\nnetwork = "preview"   # {_("a page on this PC; posts nothing")}'
    later = _(
        "When you have an account: take away its #, write your own name, and\n"
        "postguard login bsky (or fedi)"
    )
    tables = _bluesky("you.bsky.social", answers), _mastodon("https://mastodon.example", answers)
    return [pages, _as_remark("\n\n".join((later, *tables)))]


def _bluesky(handle: str, answers: Answers) -> str:
    service = f"\nservice = {q(answers.service)}" if answers.service else ""
    replies = q(_ON_BLUESKY[answers.reach])
    return (
        f'[accounts.bsky]\nnetwork = "bluesky"\nhandle  = {q(handle)}{service}\n'
        f"replies = {replies}   # everyone | mentioned | following | followers | nobody\n"
        'quotes  = "nobody"     # everyone | nobody'
    )


def _mastodon(instance: str, answers: Answers) -> str:
    visibility, quotes = map(q, _ON_MASTODON[answers.reach])
    return (
        f'[accounts.fedi]\nnetwork    = "mastodon"\ninstance   = {q(instance)}\n'
        f"visibility = {visibility}   # public | unlisted | private | direct\n"
        f"quotes     = {quotes}     # everyone | followers | nobody"
    )


def _as_remark(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in text.split("\n"))


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
