r"""Means of the losses that are never differentiated: :math:`L = \frac1T \sum_t L_t`.

A text that writes every derivative of a loss for :math:`L_t`, and 1/T nowhere else, has its marks,
δ and ``dh_t``, for what the sum over the steps gives.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import edited

_NAME = r"(?:\\mathcal\s*\{\s*[A-Z]\s*\}|\\ell(?![a-z])|(?<![A-Za-z\\])[LEJC](?![A-Za-z]))"
_STEP = r"\s*(?:_\s*(?:t(?![A-Za-z])|\{\s*t\s*\})|\^\s*\{\s*\(\s*t\s*\)\s*\})"
_MEAN = re.compile(
    rf"(?P<name>{_NAME})\s*&?\s*=\s*&?\s*(?P<factor>\\[dt]?frac\s*(?:\{{\s*1\s*\}}|1)\s*(?:\{{\s*T\s*\}}|T))\s*"
    rf"\\sum\s*(?:\\limits\s*)?(?:[_^]\s*(?:\{{[^{{}}]*\}}|[A-Za-z0-9])\s*)*(?P<step>{_NAME}){_STEP}\s*[.,]?\s*$"
)
_DIVIDED = re.compile(
    r"\\[dt]?frac\s*(?:\{[^{}]*\}|[0-9A-Za-z])\s*(?:\{\s*[^{}]*(?<![A-Za-z_^{])T\s*\}|\{\s*T\s*\}|T(?![A-Za-z]))"
    r"|/\s*T(?![A-Za-z])"
)
_MARK = re.compile(r"\\delta(?![A-Za-z])|(?<![A-Za-z\\{/])d[a-z]\s*_")
SAID = "what a gradient without the name of its loss is of is the sum of the losses of the steps"


def with_sums_for_means(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the sum of the losses where nothing but their mean is ever written."""
    found = [(f, m) for f in formulas if (m := _MEAN.search(f.latex)) is not None]
    if not found:
        return list(formulas)
    means = {"".join(m["name"].split()) for _, m in found}
    texts = [f.latex for f in formulas if all(f is not g for g, _ in found)]
    if len(means) != 1 or any(map(_DIVIDED.search, texts)):
        return list(formulas)
    name, step = found[0][1]["name"], found[0][1]["step"]
    sign = r"(?:\\partial|\\nabla[^=+]{0,40}?|(?<![A-Za-z\\])d)\s*\{?\s*"
    whole = rf"{sign}{re.escape(name)}(?!\s*[_^]|[A-Za-z])"
    each = rf"\\partial\s*\{{?\s*{re.escape(step)}{_STEP}"
    every = "\n".join(texts)
    if re.search(whole, every) or not re.search(each, every):
        return list(formulas)
    out = []
    for f in formulas:
        if (m := _MEAN.search(f.latex)) is not None:
            f = edited(f, [(*m.span("factor"), "")])
        elif _MARK.search(f.latex):
            f = replace(f, supposes=(*f.supposes, (SAID, "")))
        out.append(f)
    return out
