r"""Equations in columns side by side, brought below one another."""

from __future__ import annotations

import re
from dataclasses import replace

from bptt_sym.documents.document import Formula

_CELLS = re.compile(
    r"\\\\(?:\s*\[[^\[\]]{0,12}\])?|(?<!\\)&|\\(?:begin|end)\s*\{[a-z]+\*?\}|[{}]|\\[{}]"
)
_GOES_ON = re.compile(r"\s*(?:\+?=|\\approx|\\leq?(?![a-z])|<)")


def column_by_column(formula: Formula) -> Formula:
    """Equations in columns side by side, one column after the other.

    Where a row goes on with both of them (``& = … & & = …``), each belongs to its own column.
    """
    text = formula.latex
    if text.count("&") < 4:
        return formula
    cells: list[list[tuple[int, int]]] = [[]]
    depth, last, head, tail = 0, 0, 0, len(text)
    environments = 0
    for m in _CELLS.finditer(text):
        sign = m.group()
        if sign.startswith((r"\begin", r"\end")):
            environments += sign.startswith(r"\begin")
            if environments > 1:
                return formula
            if sign.startswith(r"\begin"):
                if text[: m.start()].strip():
                    return formula
                head = last = m.end()
            else:
                tail = m.start()
        elif sign in "{}":
            depth += 1 if sign == "{" else -1
        elif sign in (r"\{", r"\}"):
            continue
        elif not depth:
            cells[-1].append((last, m.start()))
            last = m.end()
            if sign != "&":
                cells.append([])
    if text[tail:].count("&"):
        return formula
    cells[-1].append((last, tail))

    def blank(row: list[tuple[int, int]], k: int) -> bool:
        return k >= len(row) or not text[slice(*row[k])].strip()

    def goes_on(row: list[tuple[int, int]]) -> bool:
        return len(row) > 3 and blank(row, 0) and blank(row, 2) and all(
            _GOES_ON.match(text, row[k][0]) for k in (1, 3)
        )  # fmt: skip

    if not any(goes_on(row) for row in cells):
        return formula
    pairs = max(len(row) + 1 for row in cells) // 2
    latex, offsets = [text[:head]], list(formula.offsets[:head])
    for k in range(pairs):
        for row in cells:
            if blank(row, 2 * k) and blank(row, 2 * k + 1):
                continue
            for start, end in row[2 * k : 2 * k + 2]:
                latex += [text[start:end], "&"]
                offsets += [*formula.offsets[start:end], formula.offsets[end]]
            latex[-1] = r"\\"
            offsets += [offsets[-1]]
    latex.append(text[tail:])
    offsets += formula.offsets[tail:]
    return replace(formula, latex="".join(latex), offsets=offsets)
