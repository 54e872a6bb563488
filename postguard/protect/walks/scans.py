"""The scans of a JPEG (ITU T.81, B.2.3 and G.1): each tells of the picture what none has told.

A scan that tells something again would be shown by no viewer, or over the first one: there a
second picture or a text could lie. Which scans there are, and in what order, is left to libjpeg.
"""

from __future__ import annotations

from postguard.protect.walks.reader import Reader, Stray

_COEFFICIENTS = 64
_UNTOLD = -1
_WHOLE = (0, _COEFFICIENTS - 1, 0)  # first and last coefficient, bits: baseline, all at once
_AC = 0x10  # in a table's number: not for a block's mean, but for the rest of it


class Scans:
    """What was told so far: of each coefficient of each component, how many bits are left."""

    def __init__(self, components: int, *, progressive: bool) -> None:
        self._progressive = progressive
        self._left = {n: [_UNTOLD] * _COEFFICIENTS for n in range(1, components + 1)}

    def meet(self, header: bytes) -> set[int]:
        """Note a scan by its header, and return which Huffman tables it needs.

        Raises:
            Stray: it tells of what is not there, or what was told before.
        """
        reader = Reader(header)
        count = reader.number("B", "scan header")
        chosen = [tuple(reader.take(2, "scan header")) for _ in range(count)]
        first, last, bits = reader.take(3, "scan header")
        reader.end("scan header")
        components = [number for number, _ in chosen]
        if not components or sorted(set(components) & set(self._left)) != components:
            raise Stray("a scan of channels that are not there")
        self._check_part(count, (first, last, bits))
        needed = set[int]()
        for number, tables in chosen:
            self._tell(number, range(first, last + 1), bits)
            needed |= _needed(number, tables, first, last, bits)
        return needed

    def end(self) -> None:
        """Raise Stray where something was not told to its last bit."""
        if any(left for component in self._left.values() for left in component):
            raise Stray("a picture of which scans are missing")

    def _check_part(self, components: int, part: tuple[int, int, int]) -> None:
        first, last, _ = part
        if not self._progressive:
            known = part == _WHOLE
        elif first == 0:
            known = last == 0
        else:
            known = first <= last < _COEFFICIENTS and components == 1
        if not known:
            raise Stray("a scan of a part of the picture that cannot be")

    def _tell(self, component: int, coefficients: range, bits: int) -> None:
        """Note how many bits are left of these; at first all but the last few are told, then one
        by one."""
        before, after = bits >> 4, bits & 0xF
        left = self._left[component]
        for at in coefficients:
            due = left[at] == _UNTOLD if before == 0 else left[at] == before == after + 1
            if not due:
                raise Stray("a scan that tells again what another has told")
            left[at] = after


def _needed(component: int, tables: int, first: int, last: int, bits: int) -> set[int]:
    """Return the numbers of the tables that a scan needs of a component: the first ones are of
    luma, the second ones of colour. Raises Stray where it names others."""
    own = min(component - 1, 1)
    mean, rest = first == 0 and bits >> 4 == 0, last > 0
    if tables != (own << 4 if mean else 0) + (own if rest else 0):
        raise Stray("a scan with the tables of another channel")
    return ({own} if mean else set()) | ({_AC | own} if rest else set())
