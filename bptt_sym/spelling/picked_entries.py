r"""One entry of a gradient, and of the one-hot vector of a label.

Textbooks write :math:`(\nabla_{o^{(t)}} L)_i = \hat y_i^{(t)} - \mathbf 1_{i, y^{(t)}}`. The left
side is the derivative by :math:`o_i^{(t)}`, the indicator the entry i of the label.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_BOLD = r"\\(?:mathbf|textbf|boldsymbol|bm|mathbb|mathds|mathbbm|mathrm)"
_ABOVE = r"\^\s*(?:\{\s*\(\s*[a-z]\s*(?:[+-]\s*1\s*)?\)\s*\}|\{\s*[a-z]\s*\}|[a-z](?![A-Za-z]))"
_BELOW = r"_\s*(?:\{\s*[a-z]\s*(?:[+-]\s*1\s*)?\}|[a-z](?![A-Za-z]))"
_LABEL = rf"(?P<y>(?:{_BOLD}\s*)?\{{?\s*y\s*\}}?)\s*(?:(?P<above>{_ABOVE})|(?P<below>{_BELOW}))?"
_ONE = rf"(?:{_BOLD}\s*(?:\{{\s*1\s*\}}|1(?![0-9]))|(?<![A-Za-z0-9\\.^_{{])1(?![0-9]))"
_IS = r"\s*(?:,|=|==)\s*"
#: ``\\mathbf{1}_{i, y^{(t)}}``, ``1_{i = y_t}``, ``\\mathbb{1}[i = y_t]``.
_INDICATOR = re.compile(
    rf"{_ONE}\s*(?:_\s*\{{\s*(?:\\\{{\s*)?|(?P<open>(?:\\left\s*)?(?:[\[(]|\\\{{))\s*)"
    rf"(?P<i>[ijk]){_IS}{_LABEL}\s*"
    r"(?(open)(?:\\right\s*)?(?:[\])]|\\\})|(?:\\\}\s*)?\})"
)
#: ``(\\nabla_{o^{(t)}} L)_i``
_OF_GRADIENT = re.compile(
    r"(?P<group>(?:\\left\s*)?\(\s*\\nabla(?:[^()]|\([^()]*\))*?(?:\\right\s*)?\))\s*_\s*"
    r"(?:\{\s*(?P<i>[ijk])\s*\}|(?P<i1>[ijk])(?![A-Za-z]))"
)
_GRADIENT = re.compile(
    rf"(?:\\left\s*)?\(\s*\\nabla\s*_\s*\{{\s*(?P<y>(?:{_BOLD}\s*)?(?:\{{\s*)?[a-z](?:\s*\}})?)\s*"
    rf"(?:(?P<above>{_ABOVE})|(?P<below>{_BELOW}))?\s*\}}\s*"
    r"(?P<loss>\\(?:mathcal|mathscr)\s*\{\s*[A-Z]\s*\}|[LJEC])\s*(?:\\right\s*)?\)"
)


def with_picked_entries(formula: Formula) -> Formula:
    """``formula`` with the entries of gradients and labels written as those of vectors are."""
    text = formula.latex
    if r"\nabla" in text:
        entries = _has_entries(_OF_GRADIENT.sub("", text))
        formula = replaced(formula, _OF_GRADIENT, lambda m: _derivative(m, entries))
    return replaced(formula, _INDICATOR, lambda m: _entry(m, m["i"]))


def _has_entries(text: str) -> bool:
    return re.search(r"_\s*(?:[ijk](?![A-Za-z])|\{(?:[^{}]*,)?\s*[ijk]\s*[,}=])", text) is not None


def _derivative(m: re.Match[str], entries: bool) -> str:
    """The gradient itself where nothing else has an entry: the index was left out there."""
    of = _GRADIENT.fullmatch(m["group"])
    if of is None or not entries:
        return m["group"]
    return rf"\frac{{\partial {of['loss']}}}{{\partial {_entry(of, m['i'] or m['i1'])}}}"


def _entry(m: re.Match[str], i: str) -> str:
    name = m["y"].strip()
    if m["below"]:
        return f"{name}_{{{m['below'].strip('_{} ')},{i}}}"
    return f"{name}_{i}{m['above'] or ''}"
