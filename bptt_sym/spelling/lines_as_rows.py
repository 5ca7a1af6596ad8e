r"""Equations on lines of their own in one display, without the ``\\`` between rows.

A block that is typed line by line, each line an equation with both of its sides, has them as rows.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited, replaced

_DOTS = re.compile(r"\s*(?:\\[vld]dots|\\dots|\.\.\.|…)\s*[.,]?\s*")
#: A line that begins with what an equation begins with, and ends with what one ends with.
_EQUATION = re.compile(
    r"\s*(?:\\(?!q?quad|cdot|times|odot|right|end|text)[A-Za-z]|[A-Za-z])[^=<>]*:?=(?!=)[^=]*[^\s=+\-*/^_&(\[{,]\s*"
)
_GROUP = re.compile(r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*+\})*+\})*+\}")
_SIDES = re.compile(r"\\left(?![a-z])|\\right(?![a-z])")


#: The comma between two equations of which the first ends with a matrix.
_BETWEEN = re.compile(
    r"(?P<end>\\end\s*\{[bBp]?(?:matrix|array)\})\s*,\s*"
    r"(?=(?:\\(?:mathbf|boldsymbol|bm|mathrm|text)\s*\{\s*[A-Za-z]{1,8}\s*\}|[A-Za-z]{1,8})"
    r"(?:\s*[_^]\s*(?:\{[^{}=]{1,12}\}|[A-Za-z0-9]))?\s*=)"
)

_BLOCK = r"[WUVR](?:\s*_\s*(?:\{\s*[a-z]{1,3}\s*\}|[a-z]))?"
#: ``\\begin{bmatrix} W U \\end{bmatrix} [h, x]``: two blocks, without the sign between them.
_BLOCKS = re.compile(
    rf"\\begin\s*\{{(?P<e>[bp]matrix)\}}\s*(?P<a>{_BLOCK})\s+(?P<b>{_BLOCK})\s*\\end\s*\{{(?P=e)\}}"
    r"(?=\s*(?:\[[^\[\],;]{1,40}[,;][^\[\],;]{1,40}\]"
    r"|\\begin\s*\{[bp]matrix\}(?:(?!\\\\|\\begin|\\end)[^&]){1,60}\\\\"
    r"(?:(?!\\\\|\\begin|\\end)[^&]){1,60}\\end(?![A-Za-z])))"
)


def with_gaps_behind_matrices(formula: Formula) -> Formula:
    r"""``formula`` with a gap where ``W = \begin{bmatrix} … \end{bmatrix}, U = …`` goes on."""
    if "matrix" not in formula.latex and "array" not in formula.latex:
        return formula
    formula = replaced(formula, _BLOCKS, lambda m: f"[{m['a']}, {m['b']}]")
    return replaced(formula, _BETWEEN, lambda m: rf"{m['end']}, \qquad ")


#: An empty line before a row.
_ALIGNED = re.compile(r"\n[ \t]*\n\s*(?=&)")


def with_rows_for_lines(formula: Formula) -> Formula:
    """``formula`` with its lines as rows, if each is an equation by itself."""
    if formula.display and "\\\\" not in formula.latex:
        formula = replaced(formula, _ALIGNED, lambda m: r" \\ ")
    text = formula.latex
    if "\n" not in text.strip() or not formula.display or "\\\\" in text or r"\begin" in text:
        return formula
    lines = [line for line in text.split("\n") if line.strip()]
    equations = [line for line in lines if _is_whole(line)]
    if len(equations) < 2 or len(equations) + sum(map(_is_dots, lines)) < len(lines):
        return formula
    edits: list[Edit] = []
    start = 0
    for line in text.split("\n"):
        end = start + len(line)
        if _is_dots(line) and line.strip():
            edits.append((start, end, " "))  # (the equations around it say how they go on)
        elif line.strip() and text[end:].strip():
            edits.append((end, end + 1, r" \\ "))
        start = end + 1
    return edited(formula, edits)


def _is_dots(line: str) -> bool:
    return _DOTS.fullmatch(line) is not None


def _is_whole(line: str) -> bool:
    """Whether a line is an equation of which nothing stands on another one."""
    if _EQUATION.fullmatch(line) is None or line.count("{") != line.count("}"):
        return False
    if "=" not in _GROUP.sub("", line):  # (that of a range, ``\\sum_{j=1}``, relates nothing)
        return False
    sides = _SIDES.findall(line)
    return line.count("(") == line.count(")") and sides.count(r"\left") * 2 == len(sides)
