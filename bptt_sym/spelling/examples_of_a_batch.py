r"""Losses that are means over a batch: :math:`\frac1N \sum_{i=1}^N (y^{(i)} - d^{(i)})^2`.

Where the steps of a text stand below its names, an index in brackets above them that such a sum
runs over counts examples. The sum is taken for one of them; the number of examples stays. In such a
text a sum without a range, before what carries no step, runs over the examples as well. So does a
second sum of a gradient, over n or m or up to the number of examples, of which nothing else in the
formula has the letter: :math:`db = \sum_t \sum_n da_t`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited

_SUM = re.compile(
    r"\\sum\s*(?:\\limits\s*)?_\s*\{\s*(?P<i>[ijkmn])\s*=\s*1\s*\}\s*\^\s*"
    r"(?:\{\s*(?P<a>[NMBmn])\s*\}|(?P<b>[NMBmn]))"
)
_STEPS_ABOVE = re.compile(r"\^\s*\{\s*\(\s*t\s*(?:[-+]\s*1\s*)?\)\s*\}")
_STEPS_BELOW = re.compile(r"[A-Za-z}]\s*_\s*\{?\s*t(?![A-Za-z])")
_BARE = re.compile(r"\\sum(?![A-Za-z])(?!\s*(?:\\limits|[_^]))")
_ROW = re.compile(r"\\\\|\\end(?![A-Za-z])|=")
_RUNS = re.compile(r"[A-Za-z}]\s*_\s*\{?\s*[tTk](?![A-Za-z])")
#: ``\\sum_n``, ``\\sum_{i=1}^N``
_NAMELESS = re.compile(
    r"\\sum\s*(?:\\limits\s*)?_\s*(?:(?P<a>[nm])(?![A-Za-z])|\{\s*(?P<b>[nm])\s*\}"
    r"|\{\s*(?P<c>[nmib])\s*=\s*1\s*\}\s*\^\s*(?:\{\s*[NBMm]\s*\}|[NBMm](?![A-Za-z])))"
)
_OVER_STEPS = re.compile(r"\\sum\s*(?:\\limits\s*)?_\s*(?:\{\s*t|t(?![A-Za-z]))")
_GRADIENT = re.compile(r"\\partial|∂|\\nabla|\\frac\s*\{\s*d|(?<![A-Za-z\\])d[A-Za-z]")
#: What is known of the formula without the sum.
ONE_EXAMPLE = ("the sum over the examples of a batch has one of them", "")


def with_one_example(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` without such sums, and without the index of the examples."""
    formulas = [_without_second_sum(f) if r"\sum" in f.latex else f for f in formulas]
    texts = [f.latex for f in formulas]
    if any(map(_STEPS_ABOVE.search, texts)) or not any(map(_STEPS_BELOW.search, texts)):
        return list(formulas)
    found = [_of_one(f) if r"\sum" in f.latex else f for f in formulas]
    if all(new is old for new, old in zip(found, formulas, strict=True)):
        return list(formulas)
    return [_without_bare_sums(f) if r"\sum" in f.latex else f for f in found]


def _without_second_sum(formula: Formula) -> Formula:
    text = formula.latex
    found = list(_NAMELESS.finditer(text))
    of_a_gradient = _GRADIENT.search(text.partition("=")[0]) is not None
    if len(found) != 1 or not of_a_gradient or not _OVER_STEPS.search(text):
        return formula
    (m,) = found
    letter = m["a"] or m["b"] or m["c"]
    rest = text[: m.start()] + " " + text[m.end() :]
    if re.search(rf"(?<![A-Za-z\\]){letter}(?![A-Za-z])", rest):
        return formula
    plain = edited(formula, [(*m.span(), " ")])
    return replace(plain, supposes=(*formula.supposes, ONE_EXAMPLE))


def _without_bare_sums(formula: Formula) -> Formula:
    edits: list[Edit] = []
    for m in _BARE.finditer(formula.latex):
        body = _ROW.split(formula.latex[m.end() :])[0]
        if not _RUNS.search(body):
            edits.append((m.start(), m.end(), " "))
    if not edits:
        return formula
    return replace(edited(formula, edits), supposes=(*formula.supposes, ONE_EXAMPLE))


def _of_one(formula: Formula) -> Formula:
    text = formula.latex
    edits: list[Edit] = []
    for m in _SUM.finditer(text):
        above = rf"\^\s*\{{\s*\(\s*{m['i']}\s*\)\s*\}}"
        marks = list(re.finditer(above, text[m.end() :]))
        others = re.sub(above, "", text[m.end() :])
        if not marks or re.search(rf"(?<![A-Za-z\\]){m['i']}(?![A-Za-z])", others):
            continue
        edits.append((m.start(), m.end(), " "))
        edits += [(m.end() + x.start(), m.end() + x.end(), "") for x in marks]
    if len(edits) < 2 or len([e for e in edits if e[2]]) > 1:
        return formula
    return replace(edited(formula, edits), supposes=(*formula.supposes, ONE_EXAMPLE))
