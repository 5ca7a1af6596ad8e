r"""A state whose equation is given, and the names of its parts: :math:`s_t = [v_t; w_t]`.

``v_t = P s_t`` with :math:`P = [I\ 0]` picks one of them. Neither the names nor the blocks of P
compute anything: the parts are what s has, and P is a matrix that is constant. What is said with
blocks written out is not read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import names_in
from bptt_sym.documents.respelling import Edit, edited
from bptt_sym.spelling.stacked_states import COLLECTED, collecting, timed

_CELLS = r"(?:(?!\\begin|\\end).){1,80}?"
#: ``P_v = \\begin{bmatrix} I & 0 \\end{bmatrix}``: identities and zeros, and no more.
_PICKS = re.compile(
    r"(?P<name>[A-Z](?:\s*_\s*(?:[A-Za-z]|\{\s*[A-Za-z]{1,4}\s*\}))?)\s*&?\s*:?=\s*&?\s*"
    rf"\\begin\s*\{{[bp]?matrix\}}(?P<cells>{_CELLS})\\end\s*\{{[bp]?matrix\}}",
    re.DOTALL,
)
_CELL = re.compile(
    r"\s*(?:(?P<one>(?:\\(?:mathbf|boldsymbol|bm|mathrm)\s*\{\s*I\s*\}|I)"
    r"(?:\s*_\s*(?:[A-Za-z0-9]|\{[^{}]*(?:\{[^{}]*\}[^{}]*)?\}))?)|(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*0\s*\}|0)"
    r"(?:\s*_\s*(?:[A-Za-z0-9]|\{[^{}]*(?:\{[^{}]*\}[^{}]*)?\}))?)\s*"
)
_GAP = re.compile(r"\s*,?\s*(?:\\q?quad(?![A-Za-z])|\\[,;:! ]|\s)*\Z")
_MATRIX = re.compile(r"\\begin\s*\{[bpv]?matrix\}")


def with_names_of_parts(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` without what only names the parts of a state that has its own equation.

    Formulas with blocks that are written out are left open.
    """
    result = list(formulas)
    named = False
    for i, formula in enumerate(result):
        edits: list[Edit] = []
        for name, names, start, end in collecting(formula.latex):
            if _has_its_own(name, formulas) and not any(_has_its_own(n, formulas) for n in names):
                edits.append((_from(formula.latex, start), end, ""))
        for m in _PICKS.finditer(formula.latex):
            cells = [_CELL.fullmatch(c) for c in re.split(r"\\\\|&", m["cells"])]
            if len(cells) > 1 and all(cells) and sum(bool(c and c["one"]) for c in cells) == 1:
                edits.append((_from(formula.latex, m.start()), m.end(), ""))
        if edits:
            result[i] = edited(formula, edits)
            named = True
    return [_left_open(f) for f in result] if named else result


def _from(text: str, start: int) -> int:
    """Where the gap before a formula begins that is behind another."""
    gap = _GAP.search(text[:start])
    return gap.start() if gap else start


def _has_its_own(name: str, formulas: Sequence[Formula]) -> bool:
    """Whether ``name`` at step t is computed from something, as its equation says."""
    for formula in formulas:
        for row in re.split(r"\\\\|\\q?quad(?![A-Za-z])|\n(?=[^=]*=)", formula.latex):
            left, equals, right = row.partition("=")
            if not equals or timed(left.rstrip(":")) != name or _MATRIX.match(right.strip()):
                continue
            found = names_in(right)
            inside = [(s.start, s.end) for n in found for s in n.scripts]
            if any(n.base == name and not any(a <= n.start < b for a, b in inside) for n in found):
                return True
    return False


def _left_open(formula: Formula) -> Formula:
    written = _MATRIX.search(formula.latex) is not None
    return replace(formula, open=COLLECTED) if written else formula
