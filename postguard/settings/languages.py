"""Which languages there are, for the config and for the words beside a picture alike. Pure.

A code of no language would be posted as it is, and readers who filter by language would never see
the post.
"""

from __future__ import annotations

import re

_TAG = re.compile(r"([A-Za-z]{2,3})((?:-[A-Za-z0-9]+)*)")
# ISO 639-1. Of the codes with three letters there are thousands; only what is often meant
# otherwise is refused of them.
_TWO_LETTERS = re.compile(
    r"a[abefkmnrsvyz]|b[aegimnors]|c[aehorsuvy]|d[aevz]|e[elnostu]|f[afijory]|g[adlnuv]|"
    r"h[aeiortuyz]|i[adegikostu]|j[av]|k[agijklmnorsuvwy]|l[abginotuv]|m[ghiklnrsty]|"
    r"n[abdeglnorvy]|o[cjmrs]|p[ailst]|q[u]|r[mnouw]|s[acdegiklmnoqrstuvw]|"
    r"t[aeghiklnorstwy]|u[gkrz]|v[eio]|w[ao]|x[h]|y[io]|z[ahu]"
)
_LONG = 3  # letters of such a code
# Countries and long forms that are written for a language; `kr` is no slip, but Kanuri.
_SLIPS = {
    "cn": "zh",
    "jp": "ja",
    "cz": "cs",
    "dk": "da",
    "gb": "en",
    "gr": "el",
    "ua": "uk",
    "us": "en",
    "vn": "vi",
    "chi": "zh",
    "eng": "en",
    "jap": "ja",
    "jpn": "ja",
    "kor": "ko",
    "zho": "zh",
}


def is_language(tag: str) -> bool:
    """Return whether a BCP-47 tag begins with a language, as `ja` and `pt-BR` do."""
    found = _TAG.fullmatch(tag)
    if found is None:
        return False
    base = found[1].lower()
    if len(base) == _LONG:
        return base not in _SLIPS
    return _TWO_LETTERS.fullmatch(base) is not None


def meant(tag: str) -> str:
    """Return the language that a wrong tag is likely meant as; empty: nobody can tell."""
    found = _TAG.fullmatch(tag)
    near = _SLIPS.get(found[1].lower()) if found else None
    return f"{near}{found[2]}" if found and near else ""
