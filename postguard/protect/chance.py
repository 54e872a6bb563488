"""Chance that can be repeated: every step's random numbers come from the artwork's secret seed."""

from __future__ import annotations

import hashlib
import hmac

import numpy as np


def generator(seed: bytes, name: str) -> np.random.Generator:
    """Return the random numbers of one step of one artwork.

    The name is part of the key, so that steps do not share numbers and one step's visible choices
    tell nothing about another's.
    """
    key = hmac.new(seed, name.encode(), hashlib.sha256).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(key)))
