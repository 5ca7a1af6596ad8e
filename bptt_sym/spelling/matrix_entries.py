r"""Gradients by the entries of a matrix: :math:`\partial L/\partial u_{ij} = \sum_k [\delta_k]_i
[h_{k-1}]_j` as the outer product that it is.

Only where the text has the matrix under its capital letter, and writes what stands in row i and
column j as entries of vectors, or has the entry in derivatives alone: :math:`\partial L/\partial
u_{ij} = \sum_k \partial z_k/\partial u_{ij}\, \partial L/\partial z_k` is said of every entry.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited, replaced
from bptt_sym.entries import UNITS

_BY = re.compile(
    r"\{\s*\\partial\s*\{?\s*(?P<all>(?P<w>[a-z])\s*_\s*\{\s*(?P<i>[a-z])\s*,?\s*(?P<j>[a-z])\s*\})"
    r"\s*\}?\s*\}\s*&?\s*="
)
_BODY = r"(?P<body>(?:[^\[\]{}]|\{(?:[^{}]|\{[^{}]*\})*\})+?)"
_COMMAND = re.compile(r"\\[A-Za-z]+")
_ROW = re.compile(r"\\\\|\\q?quad(?![A-Za-z])|$")


#: ``\\partial u_{ij}`` below a fraction bar, wherever it stands.
_BELOW = re.compile(
    r"\{\s*\\partial\s*\{?\s*(?P<all>(?P<w>[A-Za-z])\s*_\s*\{\s*(?P<i>[a-z])\s*,?\s*(?P<j>[a-z])\s*\})"
    r"\s*\}?\s*\}"
)


#: ``h_t^{(j)}`` beside ``U_{ij}``: the entry j, above the step.
_ENTRY_ABOVE = re.compile(
    r"(?P<name>(?:\\(?:delta|hat\s*\{\s*[a-z]\s*\}|mathbf\s*\{\s*[a-z]\s*\})|(?<![A-Za-z\\])[a-z]))\s*_\s*"
    r"(?:\{\s*(?P<step>[a-zT]\s*(?:[-+]\s*1)?)\s*\}|(?P<at>[a-zT]))\s*\^\s*\{\s*\(\s*(?P<unit>[ij])\s*\)\s*\}"
)
_OF_A_MATRIX = re.compile(r"\\partial\s*\{?\s*[A-Z]\s*_\s*\{\s*i\s*,?\s*j\s*\}")


def _with_entries_beside(formula: Formula) -> Formula:
    if not _OF_A_MATRIX.search(formula.latex):
        return formula
    return replaced(
        formula, _ENTRY_ABOVE,
        lambda m: rf"{m['name']}_{{{m['step'] or m['at']},{m['unit']}}}",
    )  # fmt: skip


def with_outer_products_for_entries(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with gradients by entries as those by the whole matrix."""
    formulas = [_with_entries_beside(f) for f in formulas]
    every = "\n".join(f.latex for f in formulas)
    return [edited(f, _edits(f.latex, every)) for f in formulas]


def _edits(text: str, every: str) -> list[Edit]:
    edits: list[Edit] = []
    for m in _BY.finditer(text):
        end = _ROW.search(text, m.end())
        assert end is not None
        right = text[m.end() : end.start()]
        i, j, matrix = m["i"], m["j"], m["w"].upper()
        rows, columns = _entries(right, i), _entries(right, j)
        if i == j or not {i, j} <= UNITS or len(rows) != 1 or len(columns) != 1:
            continue
        (row,), (column,) = rows, columns
        if not _capital(m["w"], every) or row.start() > column.start() or _own(m["w"], every):
            continue
        at = m.end()
        edits.append((m.start("all"), m.end("all"), matrix))
        edits.append((at + row.start(), at + row.end(), f" {row['body'].strip()}"))
        turned = f" {column['body'].strip()}^{{\\top}}"
        edits.append((at + column.start(), at + column.end(), turned))
    return edits or _of_every_entry(text, every)


def _of_every_entry(text: str, every: str) -> list[Edit]:
    """The matrix for its entry, where a row has the indices of the entry nowhere else."""
    edits: list[Edit] = []
    start = 0
    for end in _ROW.finditer(text):
        found = list(_BELOW.finditer(text, start, end.start()))
        if found and _over_units(text[start : end.start()]):
            return []  # the other entries of the row are summed over, and stay entries
        rest = _COMMAND.sub(" ", _BELOW.sub(" ", text[start : end.start()]))
        start = end.end()
        entries = {m.group("w", "i", "j") for m in found}
        for w, i, j in entries:
            used = w.isupper() or (_capital(w, every) and not _own(w, every))
            if len(entries) > 1 or i == j or not (used and {i, j} <= UNITS) or {i, j} & set(rest):
                return []
        edits += [(m.start("all"), m.end("all"), m["w"].upper()) for m in found]
    return edits


_SUM = re.compile(r"\\sum(?:\\limits)?\s*_\s*\{?\s*(?P<u>[ijklmpqrs])(?![A-Za-z])")
_RAISED = r"\^\s*(?:\{[^{}]*\}|[a-zT])\s*_\s*\{?\s*"


def _over_units(row: str) -> bool:
    """Whether a sum of the row is over units that stand below names with a step above."""
    return any(re.search(rf"{_RAISED}{m['u']}(?![A-Za-z])", row) for m in _SUM.finditer(row))


def _capital(letter: str, every: str) -> bool:
    """Whether the text has the matrix under its capital letter."""
    matrix = letter.upper()
    name = rf"(?<![A-Za-z\\]){matrix}(?![A-Za-z])|\{{\s*{matrix}\s*\}}"
    return re.search(name, every) is not None


def _entries(text: str, index: str) -> list[re.Match[str]]:
    """``[v]_i`` and ``(v)_i``."""
    pattern = (
        rf"(?:\\left\s*)?[\[(]{_BODY}(?:\\right\s*)?[\])]\s*\}}?\s*_\s*"
        rf"(?:\{{\s*{index}\s*\}}|{index}(?![A-Za-z]))"
    )
    return list(re.finditer(pattern, text))


def _own(letter: str, every: str) -> bool:
    """Whether the small letter has an equation or a sum of its own."""
    name = rf"(?<![A-Za-z\\]){letter}\s*_\s*\{{"
    bounds = r"(?:_\s*(?:\{[^{}]*\}|[a-z])\s*)?(?:\^\s*\S+\s*)?"
    return re.search(rf"\\sum\s*{bounds}{name}", every) is not None
