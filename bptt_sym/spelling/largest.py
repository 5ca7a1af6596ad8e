r"""The largest entry and the largest singular value: norms under other names.

``\max_i |v_i|`` is :math:`\|v\|_\infty`, and of slopes, which are not negative, so is
``\max_i (1 - h_i^2)``; ``\sigma_{\max}(W)`` and ``\sigma_1(W)`` are :math:`\|W\|_2` (Horn and
Johnson, Matrix Analysis, sec. 5.6).
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, closing, edited, replaced

_MAX = re.compile(
    r"\\(?:max|sup)(?:\\limits)?\s*_\s*(?:\{\s*(?P<i>[ijklm])\s*\}|(?P<i1>[ijklm]))\s*"
    r"(?:\\[,;! ]\s*)?(?P<left>\\left\s*)?(?P<open>\||\\vert|\\lvert|\(|\[)"
)
_SINGULAR = re.compile(
    r"\\(?:sigma|varsigma)\s*_\s*(?:\{?\s*\\(?:max|text\s*\{\s*max\s*\}|mathrm\s*\{\s*max\s*\})\s*\}?|"
    r"\{\s*max\s*\}|\{?\s*1\s*\}?)\s*(?P<left>\\left\s*)?\("
    r"\s*(?P<of>[A-Z](?:\s*_\s*(?:\{[^{}]*\}|[A-Za-z]))?|\\(?:mathbf|boldsymbol|bm)\s*\{\s*[A-Z]\s*\}"
    r"(?:\s*_\s*(?:\{[^{}]*\}|[A-Za-z]))?)\s*(?(left)\\right\s*)\)"
)
_INDEXED = re.compile(r"(?:\\\||\\[rl]?Vert|‖)\s*_\s*\{?\s*2")
_BAR = re.compile(r"\\[rl]?vert|.", re.DOTALL)


def with_norms_for_largest(formula: Formula) -> Formula:
    """``formula`` with the largest entry and singular value written as norms."""
    text = formula.latex
    if r"\sigma" in text:
        # a norm without an index, beside it, is this one
        index = "_2" if _INDEXED.search(text) else ""
        formula = replaced(formula, _SINGULAR, lambda m: rf"\| {m['of']} \|{index}")
    if r"\max" not in text and r"\sup" not in text:
        return formula
    return edited(formula, [e for m in _MAX.finditer(formula.latex) for e in _of_entries(m)])


def _of_entries(m: re.Match[str]) -> list[Edit]:
    text, unit = m.string, m["i"] or m["i1"]
    if m["open"] in "([":
        close = closing(text, m.end() - 1, "([", ")]")
    else:
        bar = re.compile(re.escape(m["open"].replace("lvert", "rvert")))
        found = bar.search(text, m.end())
        close = found.start() if found is not None else None
    if close is None:
        return []
    body = text[m.end() : close]
    if m["open"] in "([" and not re.match(r"\s*1\s*-", body):
        return []  # of which sign it is is not known
    # beside a step: alone below a name it may be one, and the largest that of all steps
    beside = re.compile(rf",\s*{unit}\s*(?=\}})|(?<=\{{)\s*{unit}\s*,")
    bare = beside.sub("", body)
    if bare == body or re.search(rf"(?<![A-Za-z\\]){unit}(?![A-Za-z])", bare):
        return []
    if m["left"]:
        bare = re.sub(r"\\right\s*$", "", bare)
    end = _BAR.match(text, close)
    assert end is not None
    return [(m.start(), end.end(), rf"\| {bare} \|_\infty")]
