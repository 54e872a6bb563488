"""What `postguard check` says of this PC: limits, clock, GPU, backups, service, messages."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from postguard.app import backing_up, bell, restoring
from postguard.app.checked import Checked
from postguard.app.installation import Installation
from postguard.errors import PostguardError
from postguard.language import _, ngettext
from postguard.model import Place
from postguard.store.news import NewsRows
from postguard.system import extras, gpu, service
from postguard.system.notify.phone import SECRET

_INOTIFY = Path("/proc/sys/fs/inotify")
_WATCHES = 8_192  # what a PC with some other programs that watch folders needs
_MOST_FOLDERS = 100_000
_BACKUP_AFTER = timedelta(days=3)
_CLOCKS_AGREE = timedelta(minutes=5)
_RELEASED = datetime(2026, 11, 1, tzinfo=UTC)  # a clock that is behind this is wrong
_SECONDS = 10.0


def checks(installation: Installation) -> Iterator[Checked]:
    """Look at what the PC gives."""
    for look in (_watches, _clock, _gpu, _backup, _restored, _unit, _messages):
        yield from look(installation)


def _watches(installation: Installation) -> Iterator[Checked]:
    """The kernel watches only so many folders for each user, all programs together."""
    if installation.settings.intake.watch == "polling" or not _INOTIFY.is_dir():
        return
    most = int((_INOTIFY / "max_user_watches").read_text())
    yield watches(most, _folders(installation.outbox))


def watches(most: int, folders: int) -> Checked:
    """Say whether so many folders can be watched. Pure."""
    enough = most >= max(_WATCHES, 2 * folders)
    said = ngettext(
        "{folders} folder; the system lets you watch {most}",
        "{folders} folders; the system lets you watch {most}",
        folders,
    ).format(folders=folders, most=most)
    fix = _(
        "let it watch more: echo fs.inotify.max_user_watches=524288 | sudo tee "
        '/etc/sysctl.d/40-watches.conf && sudo sysctl --system; or write watch = "polling" '
        "under [intake]"
    )
    return Checked(_("watching"), enough, said, "" if enough else fix)


def _folders(outbox: Path) -> int:
    count = 0
    for _folder, _below, _files in os.walk(outbox):
        count += 1
        if count >= _MOST_FOLDERS:
            break
    return count


def _clock(installation: Installation) -> Iterator[Checked]:
    rows = NewsRows(installation.store.db)
    yield clock(installation.clock.now(), rows.last_at(), synchronised=_synchronised())


def clock(now: datetime, last: datetime | None, *, synchronised: bool | None) -> Checked:
    """Say whether the clock can be right. Pure.

    Args:
        last: when the last thing happened, as it was then; None: nothing has.
        synchronised: with others, as the system says; None: it does not say.
    """
    what, shown = _("clock"), f"{now.astimezone():%Y-%m-%d %H:%M %Z}"
    fix = _("set it, and let it be kept right: sudo timedatectl set-ntp true")
    if now < _RELEASED or (last is not None and last - now > _CLOCKS_AGREE):
        said = _("{shown}: it is behind; posts would go out at wrong times").format(shown=shown)
        return Checked(what, False, said, fix)
    if synchronised is False:
        said = _("{shown}: nobody keeps it right").format(shown=shown)
        return Checked(what, False, said, fix)
    return Checked(what, True, shown)


def _synchronised() -> bool | None:
    words = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"yes": True, "no": False}.get(done.stdout.strip())


def _gpu(_installation: Installation) -> Iterator[Checked]:
    for found in gpu.gpus():
        said = _("{name}, {busy} % busy now").format(name=found.name, busy=found.busy)
        yield Checked("GPU", True, said)


def _backup(installation: Installation) -> Iterator[Checked]:
    now = installation.clock.now()
    kept = backing_up.kept_in(backing_up.folder_of(installation.home.state))
    made = [
        each for each in kept if each.at - now < _CLOCKS_AGREE
    ]  # not of a clock that was ahead
    if not made:
        yield Checked(_("backup"), True, _("none yet; a running postguard makes one each day"))
        return
    age = now - made[0].at
    said = _("the last of {at:%Y-%m-%d %H:%M}").format(at=made[0].at.astimezone())
    fix = "" if age < _BACKUP_AFTER else "postguard backup"
    yield Checked(_("backup"), not fix, said, fix)


def _restored(installation: Installation) -> Iterator[Checked]:
    if waiting := installation.store.restored.count():
        running = bell.running() is not None
        said = ngettext(
            "{count} post waits until postguard has looked whether it went out after the backup",
            "{count} posts wait until postguard has looked whether they went out after the backup",
            waiting,
        ).format(count=waiting)
        yield Checked(_("restored"), running, said, "" if running else "postguard run")
    strays = restoring.strays(installation.store, installation.outbox)
    queued = [f"{place}/{name}" for _number, name, place in strays if place is Place.QUEUED]
    if queued:
        said = _("the database does not know {folders}").format(folders=", ".join(queued[:5]))
        fix = _(
            "look whether their pictures were posted; if not, move them back into the outbox, "
            "else into posted/"
        )
        yield Checked(_("folders"), False, said, fix)


def _unit(_installation: Installation) -> Iterator[Checked]:
    if not service.unit_path().is_file():
        return
    what, again = _("service"), "postguard service install"
    python = service.executable()
    if python is not None and not python.exists():
        said = _("the service starts {python}, which is gone").format(python=python)
        yield Checked(what, False, said, again)
        return
    try:
        told = service.status()
    except PostguardError as exc:
        yield Checked(what, True, _("installed; it cannot be asked now: {why}").format(why=exc))
        return
    active = told.active in {"active", "activating", "reloading"}
    said = _("installed, {active}").format(active=told.active)
    yield Checked(what, active, said, "" if active else "postguard service logs")


def _messages(installation: Installation) -> Iterator[Checked]:
    wanted = installation.settings.notify
    if wanted.desktop and find_spec("desktop_notifier") is None:
        yield _missing(_("the desktop"), extras.install("notify"))
    if wanted.phone and find_spec("apprise") is None:
        yield _missing(_("the phone"), extras.install("push"))
    elif wanted.phone and installation.secrets.get(SECRET) is None:
        yield _missing(_("the phone"), "postguard notify phone")


def _missing(where: str, fix: str) -> Checked:
    said = _("the config wants messages on {where}, and there are none").format(where=where)
    return Checked(_("messages"), False, said, fix)
