r"""Entries above their step: :math:`\partial h_t^i/\partial h_{t-1}^j = \sigma'(a_t^i) W_{ij}`.

A letter above what is differentiated, with another one above what it is differentiated by, is no
power. Where a weight or Kronecker's :math:`\delta_{ij}` carries both, they count units.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_UNIT = r"\(?\s*[ijklmpq]\s*\)?"
_STEP = r"(?:t(?:\s*[-+]\s*1)?|T)"
_NAME = (
    r"(?:\\(?:mathbf|boldsymbol|bm|hat|widehat)\s*\{\s*[a-z]\s*\}|\\hat\s+[a-z](?![a-z])"
    r"|(?<![A-Za-z\\])[a-z])"
)


def _named(name: str) -> str:
    return (
        rf"{_NAME}\s*_\s*(?:\{{\s*{_STEP}\s*\}}|t)\s*\^\s*(?:\{{\s*(?P<{name}>{_UNIT})\s*\}}|"
        rf"(?P<{name}1>[ijklmpq]))"
    )


_DERIVATIVE = re.compile(
    rf"\\[dt]?frac\s*\{{\s*\\partial\s*{_named('a')}\s*\}}\s*\{{\s*\\partial\s*{_named('b')}\s*\}}"
)
_ENTRY = re.compile(
    rf"(?P<name>{_NAME})\s*_\s*(?:\{{\s*(?P<s>{_STEP})\s*\}}|(?P<s1>t))\s*\^\s*"
    rf"(?:\{{\s*(?P<u>{_UNIT})\s*\}}|(?P<u1>[ijklmpq])(?![A-Za-z]))"
)


def with_entries_for_powers(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with such entries beside their step, in a text that has them."""
    letters: set[str] = set()
    for formula in formulas:
        for m in _DERIVATIVE.finditer(formula.latex) if "^" in formula.latex else ():
            a, b = (_letter(m[n] or m[f"{n}1"]) for n in "ab")
            both = rf"(?:{a}\s*,?\s*{b}|{b}\s*,?\s*{a})\s*\}}"
            pair = rf"(?:[A-Z]\s*_\s*\{{\s*(?:[a-z]{{1,2}}\s*,\s*)?|\\delta\s*_\s*\{{\s*){both}"
            if a != b and any(re.search(pair, f.latex) for f in formulas):
                letters |= {a, b}
    if not letters:
        return list(formulas)

    def beside(m: re.Match[str]) -> str | None:
        unit = _letter(m["u"] or m["u1"])
        step = m["s"] or m["s1"]
        return f"{m['name']}_{{{step},{unit}}}" if unit in letters else None

    return [replaced(f, _ENTRY, beside) for f in formulas]


def _letter(unit: str) -> str:
    return unit.strip("() ")
