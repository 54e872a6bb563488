"""Says in plain words what one step of a recipe did to a picture, from its record. Pure.

Records stay as they were written: a key that an earlier version did not have may be missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

from postguard import language
from postguard.language import _, marked
from postguard.model import names

_MINING = {
    "DMI-PROHIBITED-AIMLTRAINING": marked("no training of AI"),
    "DMI-PROHIBITED-GENAIMLTRAINING": marked("no training of generative AI"),
    "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING": marked("no data mining except by search engines"),
    "DMI-PROHIBITED": marked("no data mining of any kind"),
    "DMI-PROHIBITED-SEECONSTRAINT": marked("what your own words forbid"),
    "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR": marked(
        "what the policy forbids whose address they give"
    ),
    "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR": marked("what your policy, which they carry, forbids"),
    "DMI-UNSPECIFIED": marked("nothing is said of AI"),
    "DMI-ALLOWED": marked("all use is allowed"),
}

# Why a cloak was not drawn as it was asked for; see `cloak.ladder`.
_WHY = {
    "torch": marked("PyTorch is not installed"),
    "memory": marked("memory ran out"),
    "ended": marked("the cloaking process ended unexpectedly"),
    "late": marked("it did not finish in time"),
    "slow": marked("its time limit leaves room for too few steps"),
    "broken": marked("it broke on this picture"),
    "absent": marked("no machine of the cluster was on"),
}
_UNKNOWN = marked("it could not be done")
_LOOKS = {
    "grain": marked("grain"),
    "canvas": marked("canvas"),
    "screentone": marked("screentone"),
}
_TO_KNOW = ("warning", "advice")


def of_step(step: Mapping[str, Any]) -> str:
    """Return what a step did, and what of it an artist should know."""
    say = _STEPS.get(str(step.get("step", "")))
    words = say(step) if say else str(step.get("note", ""))
    to_know = (str(step.get(key, "")) for key in _TO_KNOW)
    return _(". ").join(filter(None, (words, *(said[:1].upper() + said[1:] for said in to_know))))


def of_signature(signed: Mapping[str, Any]) -> str:
    """Return whose signature a file carries, and what it says of AI."""
    whose = _(" as {signer}").format(signer=signed["signer"]) if signed.get("signer") else ""
    said = _of_ai(signed.get("states", {"": "notAllowed"}))
    return _(
        "Content Credentials{whose}: {said}; a change of the file breaks the signature"
    ).format(whose=whose, said=said)


def _of_ai(states: Mapping[str, Any]) -> str:
    """Return the strictest of what a signature states; earlier versions forbade all, in a word."""
    if not states:
        return _("nothing is said of AI")
    uses = {use for how in states.values() for use in (how.values() if _is_map(how) else [how])}
    if "notAllowed" in uses:
        return _("not for AI")
    return _("for AI under your conditions only") if "constrained" in uses else _("AI may use it")


def _is_map(value: Any) -> TypeGuard[Mapping[str, Any]]:  # noqa: ANN401  # out of JSON
    return isinstance(value, Mapping)


def size(pair: Any) -> str:  # noqa: ANN401  # a list out of JSON
    """Return width and height as people write them."""
    return f"{pair[0]} × {pair[1]}"


def _downscaled(step: Mapping[str, Any]) -> str:
    before, after = step.get("from"), step.get("to")
    if not (isinstance(before, list) and isinstance(after, list)) or before == after:
        return _("small enough already, so it kept its size")
    return _("{before} pixels became {after}").format(before=size(before), after=size(after))


def _watermarked(step: Mapping[str, Any]) -> str:
    mark = f"“{step['text']}”" if step.get("text") else _("your logo")
    strength = f"{_(', ')}{names.of_strength(step['strength'])}" if step.get("strength") else ""
    times = (
        _(", {marks} times over the picture").format(marks=step["marks"])
        if step.get("marks")
        else ""
    )
    times += _(", the largest over what matters") if step.get("large") else ""
    doubt = (
        "" if step.get("crops", True) else _(" — a crop could lose it; a shorter text would not")
    )
    doubt = doubt if step.get("legible", True) else _(" — too small here to be read")
    return f"{mark}{strength}{times}{doubt}"


def _noticed(step: Mapping[str, Any]) -> str:
    where = _(", in a strip below the picture") if step.get("place") == "footer" else ""
    return f"“{step['text']}”{where}" if step.get("text") else str(step.get("note", _("drawn")))


def _noised(step: Mapping[str, Any]) -> str:
    if step.get("look"):
        score = step.get("ssimulacra2")
        like = (
            ""
            if score is None
            else _(", likeness {score} of 100 (SSIMULACRA2)").format(score=score)
        )
        soft = _(", over a slight blur off the lines") if step.get("soften") else ""
        look = _(_LOOKS.get(step["look"], step["look"]))
        return _("{look}, strength {strength}{like}{soft}").format(
            look=look, strength=names.of_strength(step.get("strength")), like=like, soft=soft
        )
    blur = (
        _(", after a blur of {blur} pixels").format(blur=step["blur"]) if step.get("blur") else ""
    )
    return _("fine noise of {amount} in 255{blur}").format(
        amount=step.get("measured", step.get("amount")), blur=blur
    )


def _cloaked(step: Mapping[str, Any]) -> str:
    modes = _(" and ").join(map(names.of_mode, step.get("modes", [step.get("mode")])))
    said = _(
        "mode {modes}, strength {strength}: at most {ceiling} in 255 of change in any pixel "
        "before it is saved"
    ).format(
        modes=modes, strength=names.of_strength(step.get("strength")), ceiling=step.get("ceiling")
    )
    weakest = _("the weakest form of a cloak") if step.get("modes") == ["instant"] else ""
    return "; ".join(filter(None, (said, weakest, _instead(step))))


def _instead(step: Mapping[str, Any]) -> str:
    """Return what a cloak was taken in place of, and why; empty: it is what was asked for."""
    left = step.get("fallback")
    if not isinstance(left, list) or not left:
        return ""
    whys = dict.fromkeys(str(rung.get("why")) for rung in left if isinstance(rung, dict))
    why = ", ".join(_(_WHY.get(each, _UNKNOWN)) for each in whys)
    if step.get("rung") == "instant":
        asked = _(" and ").join(map(names.of_mode, step.get("asked") or ()))
        return _("in place of {asked}, which this PC could not draw: {why}").format(
            asked=asked, why=why
        )
    if step.get("rung") == "all":
        return _("on this PC: {why}").format(why=why)
    return _("on postguard's own encoder alone: {why}").format(why=why)


def _hidden(step: Mapping[str, Any]) -> str:
    if not step.get("carried"):
        return str(step.get("note", _("nothing was drawn")))
    cost = _(", {psnr} dB PSNR").format(psnr=step["psnr"]) if step.get("psnr") else ""
    return _("the post's number, read here behind {where}{cost}").format(
        where=step.get("read_behind"), cost=cost
    )


def _tagged(step: Mapping[str, Any]) -> str:
    mining = str(step.get("mining", ""))
    said = _(_MINING.get(mining, mining))
    extra = [str(step[key]) for key in ("creator", "rights") if step.get(key)]
    return language.listed(
        dict.fromkeys([_("machines can read: {said}").format(said=said), *extra])
    )


_STEPS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "downscale": _downscaled,
    "watermark": _watermarked,
    "notice": _noticed,
    "noise": _noised,
    "cloak": _cloaked,
    "hidden": _hidden,
    "tags": _tagged,
}
