r"""Products of two weights side by side with two vectors on top of each other.

.. math:: [W, U] \begin{bmatrix} h_{t-1} \\ x_t \end{bmatrix} = W h_{t-1} + U x_t.

Only two weights and two vectors are multiplied out, whose form tells what they are: capital letters
without a step, and small ones with it. ``[W, U] [h, x]^T`` means the same; so does
``[h, x] \begin{bmatrix} W \\ U \end{bmatrix}`` for rows.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_FONT = r"\\(?:mathbf|boldsymbol|bm)\s*"
_WEIGHT = (
    rf"(?:{_FONT}\{{\s*[A-Z]\s*\}}|{_FONT}[A-Z](?![A-Za-z])|(?<![A-Za-z\\])[A-Z](?![A-Za-z]))"
    r"(?:\s*_\s*(?:\{(?!\s*t\s*\})[^{}]{1,8}\}|[a-su-z]))?"
)
_VECTOR = (
    rf"(?:{_FONT}\{{\s*[a-z]\s*\}}|{_FONT}[a-z](?![A-Za-z])|(?<![A-Za-z\\])[a-z](?![A-Za-z]))"
    r"\s*(?:_\s*(?:\{[^{}]{1,8}\}|t(?![A-Za-z]))|\^\s*\{[^{}]{1,24}\})"
)
_TURNED = r"(?:\s*\^\s*(?:T(?![A-Za-z])|\\top(?![a-z])|\{\s*(?:T|\\top)\s*\}))?"
_BETWEEN = r"\s*(?:\\cdot(?![a-z])|\\times(?![a-z])|\\[,;:! ])?\s*"


def _pair(one: str, between: str, names: tuple[str, str], *, bare: bool) -> str:
    """A pair in a matrix with ``between`` in it, or, if ``bare``, in square brackets."""
    a, b = (f"(?P<{n}>{one})" for n in names)
    matrix = rf"\\begin\s*\{{[bp]matrix\}}\s*{a}\s*{between}\s*{b}\s*\\end\s*\{{[bp]matrix\}}"
    if not bare:
        return matrix
    a, b = (f"(?P<{n}2>{one})" for n in names)
    return rf"(?:{matrix}|(?:\\left\s*)?\[\s*{a}\s*[,;]\s*{b}\s*(?:\\right\s*)?\])"


_COLUMNS = re.compile(
    _pair(_WEIGHT, "&?", ("w", "u"), bare=True)
    + _BETWEEN
    + _pair(_VECTOR, r"\\\\", ("h", "x"), bare=True)
    + _TURNED
)
_ROWS = re.compile(
    _pair(_VECTOR, "&", ("h", "x"), bare=True)
    + _BETWEEN
    + _pair(_WEIGHT, r"\\\\", ("w", "u"), bare=False)
)


#: ``\\frac{\\partial L}{\\partial [h_{t-1}; x_t]}``
_PART = r"[A-Za-z]\s*[_^]\s*(?:\{[^{}]{1,32}\}|[A-Za-z0-9])"
_BY_BOTH = re.compile(
    r"\\[dt]?frac\s*\{(?P<of>\s*\\partial(?:[^{}]|\{[^{}]*\}){1,24})\}\s*\{\s*\\partial\s*\{?\s*(?:\\left\s*)?"
    rf"(?:\[|\\begin\s*\{{[bp]matrix\}})\s*(?P<a>{_PART})\s*(?:[,;]|\\\\)\s*(?P<b>{_PART})\s*"
    r"(?:\\right\s*)?(?:\]|\\end\s*\{[bp]matrix\})\s*\}?\s*\}(?=\s*&?\s*=)"
)


def _column_by_both(formula: Formula) -> Formula:
    if r"\partial" not in formula.latex:
        return formula
    return replaced(
        formula, _BY_BOTH,
        lambda m: r"\begin{bmatrix} "
        + r" \\ ".join(rf"\frac{{{m['of']}}}{{\partial {m[k]}}}" for k in "ab")
        + r" \end{bmatrix}",
    )  # fmt: skip


def multiplied_out(formula: Formula) -> Formula:
    """``formula`` with such products as the sums that they are, and the gradient by a joined vector
    as the column of those by its parts."""
    formula = _column_by_both(formula)
    if "[" not in formula.latex and "matrix" not in formula.latex:
        return formula
    formula = replaced(formula, _COLUMNS, lambda m: _sum(m, ("w", "h"), ("u", "x")))
    return replaced(formula, _ROWS, lambda m: _sum(m, ("h", "w"), ("x", "u")))


def _sum(m: re.Match[str], *terms: tuple[str, str]) -> str:
    found = m.groupdict()

    def factor(name: str) -> str:
        return (found.get(name) or found.get(f"{name}2") or "").strip()

    return "(" + " + ".join(f"{factor(a)} {factor(b)}" for a, b in terms) + ")"
