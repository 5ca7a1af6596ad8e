r"""Gradients inside an LSTM's cell that follow the output of their step alone.

Texts that carry :math:`\delta_t = \partial E/\partial h_t` back, and no gradient by the cell state,
write :math:`\partial E/\partial z_{f,t} = \delta_t \odot o_t \odot (1 - \tanh^2(c_t)) \odot c_{t-1}
\odot f_t \odot (1 - f_t)`. What the next cell state passes back is left out of it, and out of
everything that they make of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import cast

from bptt_sym.decide.rewriting import is_loss, is_memory, map_sides, transform
from bptt_sym.notation import At, Claim, D, Kind, Node, walk
from bptt_sym.recurrence import Recurrence, references

CODE = "through-output"
_LOSS = (
    r"(?:\\(?:mathcal|mathrm|text)\s*\{\s*[A-Za-z]{1,4}\s*\}|[LEJC])"
    r"(?:\s*[_^]\s*(?:\{[^{}]*\}|\w))*"
)
_CELL = r"(?:\\(?:mathbf|boldsymbol|bm|vec|mathrm)\s*\{?\s*)?[cCsS]\s*\}?\s*[_^(\[]"
_BY_A_CELL = re.compile(rf"\\partial\s*{_LOSS}\s*\}}\s*\{{\s*\\partial\s*\{{?\s*{_CELL}")
_BY_AN_OUTPUT = re.compile(
    rf"\\partial\s*{_LOSS}\s*\}}\s*\{{\s*\\partial\s*\{{?\s*(?:\\[a-z]+\s*\{{?\s*)?[hH]\s*\}}?\s*[_^(\[]"
)


def leaves_out_cells(texts: Iterable[str]) -> frozenset[str]:
    """The code of this reading where a loss is differentiated by an output and by no cell state."""
    every = "\n".join(texts)
    said = _BY_AN_OUTPUT.search(every) is not None and _BY_A_CELL.search(every) is None
    return frozenset((CODE,)) if said else frozenset()


def inside_a_cell(claim: Claim, rec: Recurrence) -> bool:
    """Whether ``claim`` differentiates a loss by what makes up the one cell state there is."""
    name = _output(rec)
    return bool(name) and any(_is_inside(n, rec) for s in claim.sides for n in walk(s))


def through_output(claim: Claim, rec: Recurrence) -> Claim:
    """``claim`` with such derivatives as what comes back through the output of their step."""
    name = _output(rec)

    def part(n: Node) -> Node:
        if isinstance(n, D) and _is_inside(n, rec):
            return replace(n, kind=cast(Kind, f"through:{name}"))
        return n

    return map_sides(claim, lambda side, _: transform(side, part)) if name else claim


def _is_inside(n: Node, rec: Recurrence) -> bool:
    if not (isinstance(n, D) and n.kind == "unmarked" and is_loss(n.y, rec)):
        return False
    return isinstance(n.x, At) and n.x.name in rec.defined and n.x.name not in rec.states


def _output(rec: Recurrence) -> str:
    """The state that is computed from the one cell state at its step; "" without the two."""
    cells = [n for n in rec.states if is_memory(rec, n)]
    outputs = [
        e.target for e in rec.equations
        if e.target in rec.states and any((c, 0) in references(e.rhs) for c in cells)
    ]  # fmt: skip
    return outputs[0] if len(cells) == len(outputs) == 1 else ""
