r"""Derivatives with a slash as those with a bar: ``∂L/∂f_t`` and ``\partial L/\partial f_t``.

Only where a name, with its scripts, stands on either side: what else may stand below, a product or
a power, is left to the grammar.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_SIGN = r"(?:\\partial(?![A-Za-z])|∂)\s*"
_GROUP = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*+\})*+\})*+\}"
_NAME = (
    r"(?:\\(?:tilde|widetilde|hat|widehat|bar|overline|vec|mathbf|boldsymbol|bm|mathcal|mathrm|text)"
    rf"\s*(?:{_GROUP}|[A-Za-z])|\\(?:ell|Gamma|theta|Theta)(?![A-Za-z])|[A-Za-z][\u0300-\u036f]?(?![A-Za-z]))"
)
_BELOW = rf"\s*_\s*(?:{_GROUP}|[A-Za-z0-9](?![A-Za-z0-9]))"
_ABOVE = (
    r"\s*\^\s*\{\s*[(<\[]?\s*(?:\\langle\s*)?[a-zT]\s*(?:[-+]\s*[0-9])?"
    r"\s*(?:\\rangle\s*)?[)>\]]?\s*\}"
)
_VARIABLE = rf"{_NAME}(?:{_BELOW}(?:{_ABOVE})?|{_ABOVE}(?:{_BELOW})?)?"
_SLASHED = re.compile(
    rf"{_SIGN}(?P<of>{_VARIABLE})\s*/\s*{_SIGN}(?P<by>{_VARIABLE})"
    r"(?!\s*[_^'′]|\s*\(\s*(?:[a-zTKN]|[0-9]{1,2})\s*(?:[-+]\s*[0-9a-z]\s*)?\)|\w)"
)


def with_bars_for_slashes(formula: Formula) -> Formula:
    """``formula`` with such derivatives as fractions."""
    if "/" not in formula.latex:
        return formula
    return replaced(
        formula, _SLASHED, lambda m: rf"\frac{{\partial {m['of']}}}{{\partial {m['by']}}}"
    )
