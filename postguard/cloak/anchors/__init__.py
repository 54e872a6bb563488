"""Pictures that stand for concepts: what the latents of a poisoned picture are drawn to.

`choosing` takes the artist's own, else has one drawn; `drawing` knows every subject and where it
stands, `pets`, `wild`, `nature`, `vehicles` and `things` draw them, `backdrops` what is behind;
`canvas` lays shaded shapes of `geometry`, covered with `textures`. Needs no torch.
"""

from postguard.cloak.anchors.choosing import NAMES, UnknownAnchor, anchor, is_own

__all__ = ["NAMES", "UnknownAnchor", "anchor", "is_own"]
