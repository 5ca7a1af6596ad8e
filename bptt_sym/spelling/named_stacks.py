r"""Stacks that have a name, given as a product of blocks and once more as one of two letters.

.. math:: z_t = \begin{bmatrix} \hat a_t \\ \hat f_t \\ \hat o_t \end{bmatrix}
   = \begin{bmatrix} W_a & U_a \\ W_f & U_f \\ W_o & U_o \end{bmatrix}
   \begin{bmatrix} x_t \\ h_{t-1} \end{bmatrix} = W I_t.

What goes on with :math:`W` and :math:`I_t` is about these: the stack is written as :math:`W I_t`,
and :math:`I_t` as the vector that the blocks multiply. The gradient by :math:`z_t` is the stack of
those by its parts, which :mod:`~bptt_sym.spelling.stacked` says of each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import edited, replaced

_MATRIX = re.compile(
    r"\\begin\s*\{(?P<env>[bp]matrix)\}(?P<rows>(?:(?!\\begin|\\end).){1,600}?)\\end\s*\{(?P=env)\}",
    re.DOTALL,
)
_AROUND = re.compile(r"\\(?:begin|end)\s*\{(?:aligned|split)\}|\\tag\s*\{[^{}]*\}|&")
_SIGN = r"(?:\s|\\[,;:! ]|\\(?:cdot|times)(?![a-z]))*"
_STEP = (
    r"(?:\s*_\s*(?:\{\s*t\s*\}|t(?![A-Za-z]))"
    r"|\s*\^\s*(?:\{\s*\(?\s*t\s*\)?\s*\}|t(?![A-Za-z])))"
)
_FACE = r"\\(?:mathbf|boldsymbol|bm)\s*"
_NAME = rf"(?:{_FACE}\{{\s*[A-Za-z]\s*\}}|[A-Za-z]){_STEP}"
_LETTERS = re.compile(rf"(?P<w>{_FACE}\{{\s*[A-Z]\s*\}}|[A-Z]){_SIGN}(?P<of>{_NAME})")
#: What is below a weight and no step.
_LABEL = r"\s*_\s*(?!\{?\s*t(?![A-Za-z]))"
_ROW = re.compile(r"\\\\\\?")


def with_named_stacks(formulas: Sequence[Formula]) -> tuple[list[Formula], dict[str, str]]:
    """``formulas`` with such stacks as a product of two letters, and what their names stand for.

    The letter of the stacked weights is another one where the weights of the gates have it as
    well; which one stands for it is told.
    """
    out: list[Formula] = []
    weights: set[str] = set()
    for formula in formulas:
        found = _of_blocks(formula.latex) if "matrix" in formula.latex else None
        if found is None:
            out.append(formula)
            continue
        new, weight = found
        weights.add(weight)
        out.append(edited(formula, [(0, len(formula.latex), new)]))
    every = "\n".join(f.latex for f in out)
    if len(weights) != 1 or not _labelled(weight := weights.pop(), every):
        return out, {}
    free = next((c for c in "QM" if not re.search(rf"(?<![A-Za-z\\]){c}", every)), "")
    if not free:
        return list(formulas), {}
    bare = re.compile(rf"(?<![A-Za-z\\{{]){re.escape(weight)}(?!{_LABEL})(?![A-Za-z])")
    return [replaced(f, bare, lambda m: free) for f in out], {free: weight}


def _labelled(weight: str, text: str) -> bool:
    return re.search(rf"(?<![A-Za-z\\]){re.escape(weight)}{_LABEL}", text) is not None


def _of_blocks(text: str) -> tuple[str, str] | None:
    """How a stack is written that ``text`` gives in both ways, and the letter of its weights."""
    every = list(_MATRIX.finditer(text))
    if len(every) != 3:
        return None
    bare, last = "", 0
    for k, m in enumerate(every):
        bare += text[last : m.start()] + f"@{k}@"
        last = m.end()
    bare = _AROUND.sub(" ", bare + text[last:])
    sides = [s.strip(" .,;\n") for s in bare.split("=")]
    if len(sides) < 3 or "\\\\" in bare or sides[-3:-1] != ["@0@", sides[-2]]:
        return None
    letters = _LETTERS.fullmatch(sides[-1])
    product = re.fullmatch(rf"@1@{_SIGN}@2@", sides[-2])
    name = sides[0] if len(sides) == 4 else ""
    if letters is None or product is None or len(sides) > 4:
        return None
    if name and not re.fullmatch(_NAME, name):
        return None
    column, blocks, joined = (_rows(m["rows"]) for m in every)
    alike = len(column) == len(blocks) > 2 and len(joined) == 2
    if not alike or any("&" in r for r in (*column, *joined)) or any("&" not in r for r in blocks):
        return None
    if not all(re.search(_STEP, part) for part in column):
        return None
    of = letters["of"]
    given = rf"{every[0].group()} = {letters['w']} {of}, \qquad {of} = {every[2].group()}"
    given = rf"{given}, \qquad {name} = [{', '.join(column)}]" if name else given
    return given, letters["w"]


def _rows(rows: str) -> list[str]:
    return [r.strip() for r in _ROW.split(rows) if r.strip()]
