r"""Letters of a solution that stand in the way of reading it.

:math:`\varphi = \tanh` names a function, which the rest of the text then uses; and ``d`` below a
step, given by :math:`d_t = 1 - h_t^2`, is a quantity and no differential.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Final

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_OF: Final = r"(?:\s*(?:\\left\s*)?\(\s*(?P<{0}>[a-z])\s*(?:\\right\s*)?\))?"
_IS: Final = r"\s*(?::=|=|\\coloneqq|\\equiv)\s*"
_FUNCTION: Final = re.compile(
    r"\s*(?P<f>\\(?:phi|varphi|psi|sigma|rho)|[fgFG])" + _OF.format("x") + _IS
    + r"(?P<g>\\(?:tanh|sigma))" + _OF.format("y") + r"[\s.,;]*"
)  # fmt: skip
_QUANTITY: Final = re.compile(r"\s*d\s*_\s*(?:\{[^{}]*\}|[A-Za-z0-9])" + _IS + r"(?!\\frac)")
_D: Final = re.compile(r"(?<![A-Za-z\\])d(?=\s*_)")
#: A letter that nobody uses.
_FREE: Final = r"\upsilon "


def with_known_letters(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the functions and quantities that they name under letters that are read."""
    found = list(formulas)
    for k, formula in enumerate(formulas):
        m = _FUNCTION.fullmatch(formula.latex)
        if m is None or m["f"] == m["g"] or m["x"] != m["y"]:
            continue
        alone = r"(?<!\\)" if m["f"].startswith("\\") else r"(?<![A-Za-z\\])"
        applied = re.compile(
            rf"{alone}{re.escape(m['f'])}(?![A-Za-z])"
            r"(?=\s*(?:'|\^\s*\{?\s*\\prime|(?:\\left\s*|\\[bB]igg?l?\s*)?\())"
        )
        del found[k]
        return with_known_letters([replaced(f, applied, partial(_put, m["g"])) for f in found])
    if any(_QUANTITY.match(f.latex) for f in found):
        found = [replaced(f, _D, lambda m: _FREE) for f in found]
    return found


def _put(name: str, _: re.Match[str]) -> str:
    return name


__all__ = ["with_known_letters"]
