r"""A target that is differentiated: :math:`\partial y_t/\partial h_t` beside :math:`\hat y_t`.

Nobody differentiates a target. Where a text computes :math:`\hat y_t`, gives no :math:`y_t`, and
writes :math:`\partial E_t/\partial y_t\, \partial y_t/\partial h_t`, its :math:`y_t` is there what
the network computes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_STEP = r"\s*(?:_\s*(?:\{[^{}]{1,8}\}|[a-zA-Z0-9])|\^\s*\{\s*[(<][^{}]{1,8}[)>]\s*\})"
_BOLD = r"(?:\\(?:mathbf|boldsymbol|bm)\s*)?"
_SPACE = r"(?:\s|&|\\\\|\\begin\s*\{[a-z]+\*?\}|\\q?quad|,)*"
_COMPUTED = re.compile(
    rf"(?:^|\\\\|&|,|\\q?quad){_SPACE}\\(?:wide)?hat\s*\{{?\s*{_BOLD}\{{?\s*y\s*\}}*{_STEP}\s*&?\s*="
)
_GIVEN = re.compile(
    rf"(?:^|\\\\|&|,|\\q?quad){_SPACE}{_BOLD}\{{?\s*(?<![A-Za-z\\])y\s*\}}?{_STEP}\s*&?\s*="
)
#: ``\frac{\partial y_t}{\partial h_t}``: of what the network computes.
_OF_IT = re.compile(
    rf"\\partial\s*\{{?\s*{_BOLD}\{{?\s*y\s*\}}?{_STEP}\s*\}}*\s*(?:/|\{{)\s*\\partial\s*\{{?\s*{_BOLD}\{{?\s*[hsaz]\s*\}}?{_STEP}"
)
_BY_IT = re.compile(
    rf"(?P<d>\\partial\s*\{{?\s*)(?P<y>\\(?:mathbf|boldsymbol|bm)\s*\{{\s*y\s*\}}|y)(?={_STEP})"
)
SAID = "y_t, of which derivatives are taken, is the prediction"


def with_predictions_for_targets(formulas: Sequence[Formula]) -> list[Formula]:
    r"""``formulas`` with :math:`\hat y_t` for a differentiated :math:`y_t` that no line gives."""
    texts = [f.latex for f in formulas]
    if not any(map(_COMPUTED.search, texts)) or any(map(_GIVEN.search, texts)):
        return list(formulas)
    out = []
    for formula in formulas:
        if _OF_IT.search(formula.latex):
            new = replaced(formula, _BY_IT, lambda m: rf"{m['d']}\hat{{{m['y']}}}")
            formula = replace(new, supposes=(*new.supposes, (SAID, r"\partial")))
        out.append(formula)
    return out
