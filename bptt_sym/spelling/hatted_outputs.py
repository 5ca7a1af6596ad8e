r"""Outputs that get their hat where the loss is defined.

A text that computes :math:`y_t = \operatorname{softmax}(z_t)` and goes on with the loss
:math:`-y_t \log \hat y_t` has :math:`y_t` for the target from there on: the logarithm is that of
what was computed. Whatever stands before the first hat is about the output. One that has no hats
at all, and picks the true class from :math:`y_t` by :math:`-\log y_t[k_t]`, has none for a target.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import names_in
from bptt_sym.documents.respelling import edited, replaced

_HATTED = r"\\(?:wide)?hat\{?y\}?"
_AT = r"_\{?t[^{}=]{0,4}\}?"
_LOSS = re.compile(
    rf"(?<![\\A-Za-z{{])y{_AT}(?:\^\{{?(?:\\top|T)\}}?)?(?:\\cdot|\*|\\,)?\\(?:log|ln)[({{]*{_HATTED}{_AT}"
)
_START = r"(?:\A|\\\\|&|,|\\q?quad|\})"
_GIVEN = re.compile(rf"{_START}y_\{{?t\}}?&?=(?!\s*1)")
_GIVEN_HATTED = re.compile(rf"{_START}{_HATTED}_\{{?t\}}?&?=")
_BLANK = re.compile(r"\\(?:left|right)(?![A-Za-z])|\s+|\\text\{|\\tag\{[^{}]*\}")
_OUTPUT = re.compile(r"(?<![\\A-Za-z{])y(?=\s*_\s*(?:\{\s*t\s*\}|t(?![A-Za-z])))")


def with_hats_for_outputs(formulas: Sequence[Formula]) -> list[Formula]:
    r"""``formulas`` with :math:`\hat y_t` for the output above such a loss."""
    if not any("hat" in f.latex and "log" in f.latex for f in formulas):
        return list(formulas)
    texts = [_BLANK.sub("", f.latex) for f in formulas]
    first = next((k for k, t in enumerate(texts) if re.search(_HATTED, t)), 0)
    loss = any(map(_LOSS.search, texts))
    if not loss or any(map(_GIVEN_HATTED.search, texts)):
        return list(formulas)
    if not any(map(_GIVEN.search, texts[:first])):
        return list(formulas)
    above = (replaced(f, _OUTPUT, lambda m: r"\hat{y}") for f in formulas[:first])
    return [*above, *formulas[first:]]


#: ``y_t = \\text{softmax}(``
_PROBABILITIES = re.compile(
    rf"{_START}y_\{{?t\}}?&?=&?\\?(?:(?:mathrm|operatorname|text|mathbf)\{{)?[sS]oftmax"
)
_GAP = re.compile(r"\\(?:left|right)(?![A-Za-z])|\s+|\\tag\{[^{}]*\}")
#: ``\\log y_t[k_t]``, ``\\log y_{t,k_t}``
_PICKED = re.compile(
    r"\\(?:log|ln)[({]*y_(?:\{t,(?![ty])[a-z]_\{?t\}?\}|\{?t\}?[\[(](?![ty])[a-z]_\{?t\}?[\])])"
)


def with_hats_for_probabilities(formulas: Sequence[Formula]) -> list[Formula]:
    r"""``formulas`` with :math:`\hat y_t` for probabilities of which another letter picks one."""
    texts = [_GAP.sub("", f.latex) for f in formulas]
    hatted = any(re.search(_HATTED, t) for t in texts)
    if hatted or not any(map(_PROBABILITIES.search, texts)) or not any(map(_PICKED.search, texts)):
        return list(formulas)
    return [
        edited(f, [(n.start, n.start + 1, r"\hat{y}") for n in names_in(f.latex)
                   if n.base == "y" and n.scripts and f.latex[n.start : n.start + 1] == "y"])
        for f in formulas
    ]  # fmt: skip
