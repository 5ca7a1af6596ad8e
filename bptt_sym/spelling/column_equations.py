r"""Equations between columns, written out row by row.

.. math::

    \begin{bmatrix} i \\ f \end{bmatrix} =
    \begin{bmatrix} W_i & U_i \\ W_f & U_f \end{bmatrix}
    \begin{bmatrix} x_t \\ h_{t-1} \end{bmatrix}

says :math:`i = W_i x_t + U_i h_{t-1}` and the like of :math:`f`; a column of functions says what
each of the names before it is. What stands behind, a short form such as :math:`W I_t`, is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, closing, edited

_MATRIX = (
    r"(?:\\left\s*[\[(]\s*)?\\begin\s*\{{(?P<{0}e>[bpv]?matrix|array)\}}(?:\{{[lcr|]+\}})?"
    r"(?P<{0}>(?:(?!\\begin|\\end)[^=])*)\\end\s*\{{(?P={0}e)\}}(?:\s*\\right\s*[\])])?"
)
_EQUATION = re.compile(
    _MATRIX.format("left")
    + r"\s*&?\s*=\s*&?\s*"
    + _MATRIX.format("right")
    + r"(?:\s*(?:\\cdot(?![a-z])|\\times(?![a-z])|\\[,;:! ])?\s*"
    + _MATRIX.format("column")
    + r")?(?:\s*=\s*[A-Z]\s*(?:\\cdot\s*)?"
    r"(?:\[[^\[\]=+]*\]|[A-Za-z](?:\s*[_^]\s*(?:\{[^{}]*\}|[a-z]))?))?"
    r"(?=\s*(?:$|[.,;]|\\tag|\\\\|\\end|\n))"
)
#: ``\\Rightarrow`` and a column of gates as a column of functions of one argument.
_OF_FUNCTIONS = re.compile(
    r"(?:(?:\s|\\q?quad(?![A-Za-z]))*+\\(?:Rightarrow|implies|iff|Leftrightarrow)(?![A-Za-z]))?+"
    r"(?:\s|\\q?quad(?![A-Za-z]))*+" + _MATRIX.format("left") + r"\s*&?\s*=\s*&?\s*"
    + _MATRIX.format("right") + r"\s*(?:\\left\s*)?\("
)
_IS_FUNCTION = re.compile(
    r"\s*(?:\\(?:sigma|tanh|phi|varphi|psi)|[fg](?:\s*_\s*(?:\{[^{}]*\}|[a-z]))?|"
    r"(?:\\(?:mathrm|text|operatorname)\s*\{\s*)?(?:tanh|sigm(?:oid)?|relu|ReLU)\s*\}?)\s*"
).fullmatch
_BLANK = re.compile(r"\s+|&")
#: What may stand behind a tuple: that it is a column.
_TURNED = re.compile(r"\^(?:\{(?:T|\\top)\}|T|\\top)")
_SPACE = re.compile(r"\s+|\\(?:left|right)(?![A-Za-z])|&|[.,;]\s*\Z")
_ACCENT = r"\\(?:hat|tilde|bar|widehat|widetilde|vec|mathbf|boldsymbol)\s*"
_SCRIPT = r"(?:\s*\\?[_^]\s*(?:\{[^{}]*\}|[A-Za-z]))"
_NAME = re.compile(
    rf"\s*(?:\{{\s*{_ACCENT}[A-Za-z]{_SCRIPT}?\s*\}}|"
    rf"{_ACCENT}\{{?\s*[A-Za-z]{_SCRIPT}?\s*\}}?|[A-Za-z]){_SCRIPT}{{0,2}}\s*"
)
#: ``z_t =`` before the columns: a name for all of them, of which the first is not the whole.
_NAMED = re.compile(rf"{_NAME.pattern}&?\s*=\s*&?\s*(?:\\left\s*)?\Z")
_ROW = re.compile(r"\\{2,}(?:\s*\[[^\]]*\])?")


def written_row_by_row(formula: Formula) -> Formula:
    """``formula`` with equations between columns as one equation a row."""
    text = formula.latex
    if (tuples := _tuples(text)) and all(map(_NAME.fullmatch, tuples[0])):
        lines = (f"{a.strip()} = {b.strip()}" for a, b in zip(*tuples, strict=True))
        return edited(formula, [(0, len(text), r", \qquad ".join(lines))])
    if text.count("matrix}") + text.count("{array}") < 4:
        return formula
    edits = list(_joined_again(text))
    done = edits[-1][1] if edits else 0
    for m in _EQUATION.finditer(text, done):
        names = _rows(m["left"])
        right = _rows(m["right"])
        if len(names) < 2 or len(names) != len(right) or not all(map(_NAME.fullmatch, names)):
            continue
        if all(map(_IS_FUNCTION, right)):
            continue  # what they are applied to stands on the next line
        if m["column"] is not None:
            column = _rows(m["column"])
            parts = [row.split("&") for row in right]
            if len(column) < 2 or any(len(row) != len(column) for row in parts):
                continue
            right = [_sum_of_products(row, column) for row in parts]
        elif any("&" in row for row in right):
            continue
        lines = (rf"{a.strip()} = {b.strip()}" for a, b in zip(names, right, strict=True))
        named = _NAMED.search(text, 0, m.start())
        edits.append((named.start() if named else m.start(), m.end(), r" \\ ".join(lines)))
    return edited(formula, edits) if edits else formula


def _joined_again(text: str) -> Iterator[Edit]:
    r"""Equations that join gates whose own equations stand before them in the formula."""
    for m in _OF_FUNCTIONS.finditer(text):
        end = closing(text, m.end() - 1, "(", ")")
        names, functions = _rows(m["left"]), _rows(m["right"])
        if end is None or len(names) != len(functions) or not all(map(_IS_FUNCTION, functions)):
            continue
        before = _BLANK.sub("", text[: m.start()])
        if all(f"{_BLANK.sub('', name)}=" in before for name in names):
            yield m.start(), end + 1, ""


def _tuples(text: str) -> list[list[str]]:
    r"""The two sides of ``(i, f) = (\sigma(a), \sigma(b))^\top``, [] for anything else."""
    sides = _SPACE.sub(" ", text).split("=")
    if len(sides) != 2 or not text.lstrip().startswith(("(", r"\left")):
        return []
    found = []
    for side in sides:
        side = _TURNED.sub("", side) if side.rstrip().endswith(("T", r"\top", "}")) else side
        side = side.strip()
        if not (side.startswith("(") and closing(side, 0, "(", ")") == len(side) - 1):
            return []
        found.append(_places(side[1:-1]))
    return found if len(found[0]) == len(found[1]) > 1 else []


def _places(inside: str) -> list[str]:
    """What stands between the commas that no bracket holds."""
    places, depth = [""], 0
    for c in inside:
        depth += (c in "({[") - (c in ")}]")
        if c == "," and not depth:
            places.append("")
        else:
            places[-1] += c
    return places


def _sum_of_products(row: Sequence[str], column: Sequence[str]) -> str:
    return " + ".join(f"{w.strip()} {x.strip()}" for w, x in zip(row, column, strict=True))


def _rows(body: str) -> list[str]:
    return [row for row in _ROW.split(body) if row.strip()]
