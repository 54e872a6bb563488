"""Fails closed: whatever breaks in a step holds the post and names the step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from postguard.errors import PostguardError, StepFailed
from postguard.imaging import Picture
from postguard.language import _
from postguard.system import files


@contextmanager
def failing_closed(step: str) -> Iterator[None]:
    """Turn whatever breaks inside a step into a StepFailed that names it; a full disk passes."""
    try:
        yield
    except PostguardError:
        raise
    except OSError as exc:
        if files.no_room(exc):
            raise
        raise StepFailed(step, _broken(exc)) from exc
    except MemoryError as exc:
        raise StepFailed(
            step, _("this picture needs more memory than there is; put a downscale before it")
        ) from exc
    except Exception as exc:  # an unknown fault must hold the post, not pass it on unprotected
        raise StepFailed(step, _broken(exc)) from exc


def check_shape(picture: Picture) -> None:
    """Raise TypeError for a picture that breaks the promises of `Picture`."""
    pixels, alpha = picture.pixels, picture.alpha
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:  # noqa: PLR2004
        raise TypeError(f"its pixels are {pixels.dtype} {pixels.shape}")
    if alpha is not None and (alpha.dtype != np.uint8 or alpha.shape != pixels.shape[:2]):
        raise TypeError(f"its alpha is {alpha.dtype} {alpha.shape}")


def _broken(exc: Exception) -> str:
    return _("it broke on this picture ({name}: {exc}); please report this").format(
        name=type(exc).__name__, exc=exc
    )
