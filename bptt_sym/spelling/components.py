r"""What is said of every unit, :math:`h_i(t)`, said of the vector."""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.gate_letters import GateLetters
from bptt_sym.documents.respelling import PAIR_OF_UNITS, edited, sums_over_others

_COMPONENT = re.compile(
    r"(?<![A-Za-ce-z\\])([A-Za-z])\s*_\s*(?P<open>\{\s*)?(?P<unit>[ij])(?(open)\s*\})\s*(?=\(\s*[a-z]\s*(?:[-+]\s*1)?\s*\)|"
    r"\^\s*\{\s*[(<]\s*[a-z])"
)


def without_components(formula: Formula, gates: GateLetters) -> Formula:
    r"""``h_i(t)`` as ``h(t)``: what is said of every unit is said of the vector.

    A sum over the units is the product of the vectors' derivatives. Only where the unit's index
    stands nowhere else.
    """
    text = formula.latex
    edits: list[tuple[int, int, str]] = []
    start = 0
    if sums_over_others(text):
        return formula
    for row in re.split(r"(\\\\)", text):
        edits += [(start + a, start + b, new) for a, b, new in _components_of(row, gates)]
        start += len(row)
    return edited(formula, edits)


def _sums(index: str) -> re.Pattern[str]:
    return re.compile(
        rf"\\sum\s*(?:\\limits\s*)?_\s*(?:\{{\s*{index}\s*=\s*1\s*\}}\s*\^\s*"
        rf"(?:\{{\s*[A-Za-z]\s*\}}|[A-Za-z])|\{{\s*{index}\s*\}}|{index}(?![A-Za-z]))"
    )


def _components_of(row: str, gates: GateLetters) -> list[tuple[int, int, str]]:
    edits: list[tuple[int, int, str]] = []
    if PAIR_OF_UNITS.search(row):
        return edits
    found = {m["unit"] for m in _COMPONENT.finditer(row)}
    if any(gates.stand_in(row, letter) for letter in found):
        return edits  # z_i^{(t)} beside z_f^{(t)}: the input gate
    if sum(_sums(index).search(row) is None for index in found) > 1:
        return edits  # one unit of one vector, and another of the next
    for index in found:
        sums = _sums(index)
        rest = _COMPONENT.sub("", sums.sub("", row))
        if re.search(rf"(?<![A-Za-z\\]){index}(?![A-Za-z])", rest):
            return []
        edits += [(m.start(), m.end(), "") for m in sums.finditer(row)]
    edits += [(m.start(), m.end(), m.group(1)) for m in _COMPONENT.finditer(row)]
    return sorted(edits)
