"""`postguard check`: looks at everything postguard needs, and says how to mend what is wrong."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

from postguard import language
from postguard.app import bell, layering, this_pc
from postguard.app.able import able
from postguard.app.auditing import Auditing
from postguard.app.checked import Checked
from postguard.app.config_file import ConfigFile
from postguard.app.installation import CONFIG, FIXED, Installation
from postguard.app.login import health
from postguard.errors import PostguardError, StepFailed
from postguard.intake.mounts import filesystem_of
from postguard.language import _, marked, ngettext
from postguard.model import Level, names
from postguard.model.measures import Direction
from postguard.protect import credentials
from postguard.protect.lettering import Lettering, installed_fonts
from postguard.protect.marks import LogoMark
from postguard.protect.steps.downscale import TRAINED, fitting, training_advice
from postguard.settings.notices import NOTICES
from postguard.settings.steps import AnyStep, Cloak, Downscale, NetworkName, Notice, Watermark
from postguard.store import CONFIG_LOOKED_AT, CONFIG_NOT_TAKEN
from postguard.store.audit import AuditRows

_ROOM = 2_000_000_000  # bytes; renditions and the database want little, originals may be large
_HUGE = 30_000, 20_000  # pixels of a picture of 3:2, larger than any limit
_LACKING = {
    Direction.PIXELS: marked("nothing in it is in the way of models that read the picture"),
    Direction.STATEMENT: marked("nothing in it says that AI may not use the picture"),
    Direction.ACCESS: marked("nothing in it limits who comes across the picture"),
}
_ANSWERS_WITHIN, _ASK_AGAIN = 3.0, 0.05  # seconds
_TO_FILL = {
    Direction.PIXELS: marked('add { step = "downscale", long_side = 1200 } or { step = "noise" }'),
    Direction.STATEMENT: marked(
        'add { step = "notice" }: tags alone do not stay on every network'
    ),
    Direction.ACCESS: marked(
        "say who may quote or see posts (quotes, visibility) in the account's table, or refuse "
        "AI use there: postguard audit --fix"
    ),
}
_NO_AUDIT = marked(  # where every account only draws
    "say who may quote or see posts (quotes, visibility) in the account's table"
)

_NOT_DRAWN = marked("a mark or notice cannot be drawn, so its posts will be held")
_RARE = "髙﨑鷗𠮟"  # kanji of names, which fonts for everyday Japanese may lack
_NO_OTHER = marked("no other has rare kanji (sudo apt install fonts-noto-cjk brings one)")


def checks(installation: Installation, *, offline: bool) -> list[Checked]:
    """Look at config, folders, room, accounts, recipes, cloak and daemon."""
    found = [Checked(_("config"), True, str(installation.path))]
    found += _name(installation)
    found += _folders(installation)
    found += _recipes(installation)
    found += _letters(installation)
    found += _logos(installation)
    found += _signature(installation)
    found.append(_cloak(installation))
    found += _accounts(installation, offline=offline)
    found += this_pc.checks(installation)
    found.append(_daemon(installation))
    return found


def _name(installation: Installation) -> Iterator[Checked]:
    """Some want none, so that is no fault; but whoever passed over the question shall see it."""
    if not installation.settings.artist.name.strip():
        said = _("none in [artist]: your marks and tags will not say whose art it is")
        yield Checked(_("your name"), True, said)


def _folders(installation: Installation) -> Iterator[Checked]:
    outbox = installation.outbox
    if not outbox.is_dir():
        yield Checked(
            _("outbox"),
            False,
            _("{path} is not there").format(path=outbox),
            f"mkdir -p '{outbox}'",
        )
    else:
        kind = filesystem_of(outbox.resolve(), _mounts())
        yield Checked(_("outbox"), True, f"{outbox} ({kind or _('file system unknown')})")
    room = shutil.disk_usage(installation.home.state).free
    enough = room > _ROOM
    fix = "" if enough else _("free some room: with a full disk nothing can be taken or posted")
    yield Checked(_("room"), enough, _("{room:.1f} GB free").format(room=room / 1e9), fix)
    yield Checked(_("database"), True, f"SQLite {installation.store.db.version}")


def _mounts() -> str:
    mounts = Path("/proc/mounts")
    return mounts.read_text() if mounts.is_file() else ""


def _recipes(installation: Installation) -> Iterator[Checked]:
    recipes = installation.settings.recipes
    if not recipes:
        yield Checked(
            _("recipes"), False, _("there is none"), _("add [recipes] with a default recipe")
        )
    audited = Auditing(installation).accounts()
    fills = _TO_FILL if audited else {**_TO_FILL, Direction.ACCESS: _NO_AUDIT}
    for name, steps in recipes.items():
        layers = layering.of_recipe(installation, name)
        gaps = layers.gaps()
        fix = "; ".join(_(fills[direction]) for direction in gaps)
        said = language.listed(names.of_step(s.step) for s in steps)
        said = _("; ").join((said, *(_(_LACKING[direction]) for direction in gaps)))
        if advice := _size_advice(steps):
            said += f"{_('. ')}{advice}"
        yield Checked(_("recipe {name}").format(name=name), not gaps, said, fix, layers)


def _size_advice(steps: Iterable[AnyStep]) -> str:
    """Return what the largest picture of 3:2 that a recipe posts offers to training; empty: less
    than whole."""
    size = _largest(next((s for s in steps if isinstance(s, Downscale)), None))
    if size == _HUGE:
        return _(
            "It does not limit the size for every network: where it does not, a picture goes out "
            "as large as the network keeps it, which is enough to train on at {trained} × "
            "{trained}, as SDXL and later models do; add "
            '{{ step = "downscale", long_side = 1200 }}'
        ).format(trained=TRAINED)
    advice = training_advice(size)
    return _("Of a picture of 3:2, {advice}").format(advice=advice) if advice else ""


def _largest(step: Downscale | None) -> tuple[int, int]:
    """Return how large a huge picture of 3:2 is posted where most of it is left."""
    if step is None:
        return _HUGE
    sides = [side for name in get_args(NetworkName) if (side := step.side_for(name))]
    side = max(sides) if len(sides) == len(get_args(NetworkName)) else None
    return fitting(_HUGE, side, step.megapixels)


def _letters(installation: Installation) -> Iterator[Checked]:
    """Look whether all that recipes write into pictures can be drawn: a box is never drawn."""
    try:
        texts = list(_written(installation))
        for text in texts:
            Lettering().typeface(text, "letters")
    except StepFailed as exc:
        yield Checked(_("letters"), False, _(_NOT_DRAWN), exc.reason)
        return
    if not texts:
        return
    others = installed_fonts(_RARE)
    more = (
        _("for rare kanji, {stem}").format(stem=Path(others[0].path).stem)
        if others
        else _(_NO_OTHER)
    )
    yield Checked(_("letters"), True, _("the font of postguard; {more}").format(more=more))


def _written(installation: Installation) -> Iterator[str]:
    """Yield what the recipes write into pictures, with the artist's name and year filled in.
    Raises StepFailed where there is no name to fill in."""
    artist = installation.artist(installation.clock.now())
    for step in (s for steps in installation.settings.recipes.values() for s in steps):
        if isinstance(step, Watermark) and not step.logo:
            if "{name}" in step.words and not artist.name:
                raise StepFailed("letters", _("a watermark says {name}: add a name to [artist]"))
            year = str(installation.clock.now().year)
            yield step.words.replace("{year}", year).replace("{name}", artist.name)
        if isinstance(step, Notice):
            langs = step.langs or artist.langs
            yield step.text or "".join(NOTICES[lang] for lang in langs)


def _logos(installation: Installation) -> Iterator[Checked]:
    """Name the logos that cannot be drawn."""
    marks = (s for steps in installation.settings.recipes.values() for s in steps)
    for logo in dict.fromkeys(m.logo for m in marks if isinstance(m, Watermark) and m.logo):
        try:
            LogoMark(Path(logo).expanduser(), "watermark")
        except StepFailed as exc:
            yield Checked(_("logo"), False, _(_NOT_DRAWN), exc.reason)


def _signature(installation: Installation) -> Iterator[Checked]:
    """Look at the certificate, where a recipe signs."""
    signing = [
        name
        for name, steps in installation.settings.recipes.items()
        if any(s.step == "credentials" for s in steps)
    ]
    if not signing:
        return
    problem = credentials.problem(installation.home.secrets)
    if problem is not None:
        said = _("recipe {signing} signs its files, so its posts will be held").format(
            signing=", ".join(signing)
        )
        yield Checked(_("signature"), False, said, problem)
        return
    signer = credentials.load(installation.home.secrets)
    said = _("Content Credentials as {name}, until {ends:%Y-%m-%d}").format(
        name=signer.name, ends=signer.ends
    )
    yield Checked(_("signature"), True, said)


def _cloak(installation: Installation) -> Checked:
    steps = (s for steps in installation.settings.recipes.values() for s in steps)
    found = able(installation.models_dir, [s for s in steps if isinstance(s, Cloak)])
    return Checked(_("cloak"), found.ok, found.said, found.fix)


def _accounts(installation: Installation, *, offline: bool) -> Iterator[Checked]:
    accounts = installation.settings.accounts
    if not accounts:
        yield Checked(
            _("accounts"), False, _("there is none"), _("add an [accounts.NAME] to the config")
        )
    for name, account in accounts.items():
        what = _("account {name}").format(name=name)
        if account.network == "preview" or account.dry_run:
            yield Checked(what, True, _("preview pages on this PC; nothing is posted"))
        elif not account.enabled:
            yield Checked(what, True, _("switched off: enabled = false"))
        elif offline:
            yield _kept(installation, name, what)
        else:
            yield _asked(installation, name, what)
            yield _audited(installation, name)


def _kept(installation: Installation, name: str, what: str) -> Checked:
    try:
        kept = installation.secrets.get(name) is not None
    except PostguardError as exc:
        return Checked(
            what,
            False,
            str(exc),
            _("then, if it stays so: postguard login {name}").format(name=name),
        )
    fix = "" if kept else f"postguard login {name}"
    return Checked(what, kept, _("a login is kept") if kept else _("no login is kept"), fix)


def _asked(installation: Installation, name: str, what: str) -> Checked:
    try:
        who = installation.accounts.network(name).check()
        lasts = health(installation, name, installation.clock.now())
        return Checked(what, True, f"{who}; {lasts}" if lasts else who)
    except PostguardError as exc:
        login = f"postguard login {name}"
        fix = "" if login in str(exc) else _("{login}, if it stays so").format(login=login)
        return Checked(what, False, str(exc), fix)


def _audited(installation: Installation, name: str) -> Checked:
    """What blocks an account shows in its login; the rest is the artist's choice."""
    rows, look = AuditRows(installation.store.db), f"`postguard audit {name}`"
    if rows.last(name) is None:
        return Checked(
            _("audit {name}").format(name=name),
            True,
            _("its settings were not looked at yet: {look}").format(look=look),
        )
    wrong = sum(f.level in {Level.WARNING, Level.BLOCKING} for f in rows.of(name))
    said = (
        ngettext(
            "{wrong} setting leaves your art less protected",
            "{wrong} settings leave your art less protected",
            wrong,
        ).format(wrong=wrong)
        if wrong
        else _("nothing to mend")
    )
    return Checked(_("audit {name}").format(name=name), True, f"{said}: {look}" if wrong else said)


def _daemon(installation: Installation) -> Checked:
    """A config that could be read is handed on at once, and what the daemon said of it is told."""
    pid, its_own = bell.running(), installation.store.meta.get(CONFIG)
    if pid is not None and its_own not in (None, str(installation.path.absolute())):
        said = _(
            "running (process {pid}) with another config, {its_own}: it reads nothing of this"
        )
        return Checked(_("daemon"), True, said.format(pid=pid, its_own=its_own))
    if pid is not None and bell.tell_of_config():
        return _taken(installation, pid)
    return Checked(
        _("daemon"), True, _("not running: `postguard run`, or `postguard service install`")
    )


def _taken(installation: Installation, pid: int) -> Checked:
    """Return what the daemon made of the config; it is asked for a few seconds at most."""
    meta, look = installation.store.meta, str(ConfigFile(installation.path).look())
    deadline = time.monotonic() + _ANSWERS_WITHIN
    while meta.get(CONFIG_LOOKED_AT) != look and time.monotonic() < deadline:
        time.sleep(_ASK_AGAIN)  # another process answers in a row, which rings nobody
    if meta.get(CONFIG_LOOKED_AT) == look and (why := meta.get(CONFIG_NOT_TAKEN)):
        said = _("running (process {pid}), but with the config as it was: {why}")
        fix = _("systemctl --user restart postguard; or end `postguard run` and start it again")
        return Checked(_("daemon"), False, said.format(pid=pid, why=why), fix)
    said = _("it reads the config anew now; a change of {fixed} needs a restart")
    said = said.format(fixed=", ".join(FIXED))
    told = _("running (process {pid}); {said}").format(pid=pid, said=said)
    return Checked(_("daemon"), True, told)
