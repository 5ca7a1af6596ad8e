r"""Gradients by the entries of a matrix: :math:`\partial L/\partial u_{ij} = \sum_k [\delta_k]_i
[h_{k-1}]_j` as the outer product that it is.

Only where the text has the matrix under its capital letter, and writes what stands in row i and
column j as entries of vectors.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited
from bptt_sym.entries import UNITS

_BY = re.compile(
    r"\{\s*\\partial\s*\{?\s*(?P<all>(?P<w>[a-z])\s*_\s*\{\s*(?P<i>[a-z])\s*,?\s*(?P<j>[a-z])\s*\})"
    r"\s*\}?\s*\}\s*&?\s*="
)
_BODY = r"(?P<body>(?:[^\[\]{}]|\{(?:[^{}]|\{[^{}]*\})*\})+?)"
_ROW = re.compile(r"\\\\|\\q?quad(?![A-Za-z])|$")


def with_outer_products_for_entries(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with gradients by entries as those by the whole matrix."""
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
        capital = re.search(rf"(?<![A-Za-z\\]){matrix}(?![A-Za-z])|\{{\s*{matrix}\s*\}}", every)
        if capital is None or row.start() > column.start() or _own(m["w"], every):
            continue
        at = m.end()
        edits.append((m.start("all"), m.end("all"), matrix))
        edits.append((at + row.start(), at + row.end(), f" {row['body'].strip()}"))
        turned = f" {column['body'].strip()}^{{\\top}}"
        edits.append((at + column.start(), at + column.end(), turned))
    return edits


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
