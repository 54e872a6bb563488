"""What this PC can cloak with, and what would make its cloaks stronger, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from postguard.cloak.architectures import ensemble_of
from postguard.cloak.machine import Machine, Power, look
from postguard.cloak.runner import LocalEngine
from postguard.language import _
from postguard.settings import steps
from postguard.system import extras


@dataclass(frozen=True, slots=True)
class Able:
    """Whether what the recipes ask for is drawn at all; `fix`: how to mend it where it is not."""

    ok: bool
    said: str
    fix: str = ""


def able(models: Path, cloaks: Sequence[steps.Cloak], machine: Machine | None = None) -> Able:
    """Return what comes of the cloaks that recipes ask for."""
    machine, engine = machine or look(), LocalEngine(models)
    strong = [cloak for cloak in cloaks if cloak.modes != ("instant",)]
    if machine.power is Power.NO_TORCH:
        return _without_torch(cloaks, strong, machine)
    if problem := engine.available():
        held = bool(strong or (cloaks and engine.others()))  # those measure an instant one, too
        said = _("a recipe asks for it, so its posts will be held") if held else _weak(cloaks)
        return Able(not held, said, problem)
    if not strong:
        return Able(True, f"{_weak(cloaks)}{_('. ')}{_stronger(machine, engine.others())}")
    return Able(True, _drawn(machine, engine.others()))


def _without_torch(
    cloaks: Sequence[steps.Cloak], strong: Sequence[steps.Cloak], machine: Machine
) -> Able:
    command = extras.install("cloak")
    if any(cloak.fallback != "instant" for cloak in strong):
        said = _("a recipe asks for it, and its fallback for PyTorch: its posts will be held")
        return Able(False, said, command)
    if strong:
        said = _("PyTorch is not installed, so pictures get the instant cloak, the weakest")
    else:
        said = _weak(cloaks)
    more = (
        _(
            "Install PyTorch for the stronger ones, which your {gpu} would draw in seconds:\n"
            "{command}"
        )
        if machine.gpu
        else _("Install PyTorch for the stronger ones:\n{command}")
    )
    return Able(True, f"{said}{_('. ')}{more.format(gpu=machine.gpu, command=command)}")


def _weak(cloaks: Sequence[steps.Cloak]) -> str:
    return _("the instant cloak, the weakest") if cloaks else _("not used")


def _drawn(machine: Machine, others: Sequence[str]) -> str:
    """Return what cloaks are drawn with, and what would help."""
    encoders = ", ".join(ensemble_of(others))
    where = machine.gpu if machine.power is Power.GPU else _("the CPU")
    said = _("drawn on {where}, against {encoders}").format(where=where, encoders=encoders)
    return f"{said}{_more(machine, others)}"


def _stronger(machine: Machine, others: Sequence[str]) -> str:
    where = machine.gpu if machine.power is Power.GPU else _("the CPU")
    said = _('This PC can draw stronger ones on {where}: mode = "style"').format(where=where)
    return f"{said}{_more(machine, others)}"


def _more(machine: Machine, others: Sequence[str]) -> str:
    said = []
    if machine.idle:
        said.append(
            _(
                "Your {gpu} lies idle: this PyTorch was not made for it (pytorch.org says which "
                "one is)"
            ).format(gpu=machine.gpu)
        )
    if not others:
        said.append(
            _(
                "Encoders of the models that you fear make it stronger: postguard models fetch "
                "taesd"
            )
        )
    return "".join(f"{_('. ')}{sentence}" for sentence in said)
