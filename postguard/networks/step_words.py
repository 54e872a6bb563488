"""Says in plain words what one step of a recipe did to a picture, from its record. Pure.

Records stay as they were written: a key that an earlier version did not have may be missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

_MINING = {
    "DMI-PROHIBITED-AIMLTRAINING": "no training of AI",
    "DMI-PROHIBITED-GENAIMLTRAINING": "no training of generative AI",
    "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING": "no data mining except by search engines",
    "DMI-PROHIBITED": "no data mining of any kind",
    "DMI-PROHIBITED-SEECONSTRAINT": "what your own words forbid",
    "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR": "what the policy forbids whose address they give",
    "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR": "what your policy, which they carry, forbids",
    "DMI-UNSPECIFIED": "nothing is said of AI",
    "DMI-ALLOWED": "all use is allowed",
}

_TO_KNOW = ("warning", "advice")


def of_step(step: Mapping[str, Any]) -> str:
    """Return what a step did, and what of it an artist should know."""
    say = _STEPS.get(str(step.get("step", "")))
    words = say(step) if say else str(step.get("note", ""))
    to_know = (str(step.get(key, "")) for key in _TO_KNOW)
    return ". ".join(filter(None, (words, *(said[:1].upper() + said[1:] for said in to_know))))


def of_signature(signed: Mapping[str, Any]) -> str:
    """Return whose signature a file carries, and what it says of AI."""
    whose = f" as {signed['signer']}" if signed.get("signer") else ""
    said = _of_ai(signed.get("states", {"": "notAllowed"}))
    return f"Content Credentials{whose}: {said}; a change of the file breaks the signature"


def _of_ai(states: Mapping[str, Any]) -> str:
    """Return the strictest of what a signature states; earlier versions forbade all, in a word."""
    if not states:
        return "nothing is said of AI"
    uses = {use for how in states.values() for use in (how.values() if _is_map(how) else [how])}
    if "notAllowed" in uses:
        return "not for AI"
    return "for AI under your conditions only" if "constrained" in uses else "AI may use it"


def _is_map(value: Any) -> TypeGuard[Mapping[str, Any]]:  # noqa: ANN401  # out of JSON
    return isinstance(value, Mapping)


def size(pair: Any) -> str:  # noqa: ANN401  # a list out of JSON
    """Return width and height as people write them."""
    return f"{pair[0]} × {pair[1]}"


def _downscaled(step: Mapping[str, Any]) -> str:
    before, after = step.get("from"), step.get("to")
    if not (isinstance(before, list) and isinstance(after, list)) or before == after:
        return "small enough already, so it kept its size"
    return f"{size(before)} pixels became {size(after)}"


def _watermarked(step: Mapping[str, Any]) -> str:
    mark = f"“{step['text']}”" if step.get("text") else "your logo"
    strength = f", {step['strength']}" if step.get("strength") else ""
    times = f", {step['marks']} times over the picture" if step.get("marks") else ""
    times += ", the largest over what matters" if step.get("large") else ""
    doubt = "" if step.get("crops", True) else " — a crop could lose it; a shorter text would not"
    doubt = doubt if step.get("legible", True) else " — too small here to be read"
    return f"{mark}{strength}{times}{doubt}"


def _noticed(step: Mapping[str, Any]) -> str:
    where = ", in a strip below the picture" if step.get("place") == "footer" else ""
    return f"“{step['text']}”{where}" if step.get("text") else str(step.get("note", "drawn"))


def _noised(step: Mapping[str, Any]) -> str:
    if step.get("look"):
        score = step.get("ssimulacra2")
        like = "" if score is None else f", likeness {score} of 100 (SSIMULACRA2)"
        soft = ", over a slight blur off the lines" if step.get("soften") else ""
        return f"{step['look']}, strength {step.get('strength')}{like}{soft}"
    blur = f", after a blur of {step['blur']} pixels" if step.get("blur") else ""
    return f"fine noise of {step.get('measured', step.get('amount'))} in 255{blur}"


def _cloaked(step: Mapping[str, Any]) -> str:
    modes = " and ".join(map(str, step.get("modes", [step.get("mode")])))
    return (
        f"mode {modes}, strength {step.get('strength')}: "
        f"at most {step.get('ceiling')} in 255 of change in any pixel"
    )


def _hidden(step: Mapping[str, Any]) -> str:
    if not step.get("carried"):
        return str(step.get("note", "nothing was drawn"))
    cost = f", {step['psnr']} dB PSNR" if step.get("psnr") else ""
    return f"the post's number, read here behind {step.get('read_behind')}{cost}"


def _tagged(step: Mapping[str, Any]) -> str:
    mining = str(step.get("mining", ""))
    said = _MINING.get(mining, mining)
    extra = [str(step[key]) for key in ("creator", "rights") if step.get(key)]
    return ", ".join(dict.fromkeys([f"machines can read: {said}", *extra]))


_STEPS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "downscale": _downscaled,
    "watermark": _watermarked,
    "notice": _noticed,
    "noise": _noised,
    "cloak": _cloaked,
    "hidden": _hidden,
    "tags": _tagged,
}
