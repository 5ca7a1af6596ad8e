r"""Gradients as code names them: :math:`dZ = A - Y`, :math:`dW = \frac1m A^\top dZ`.

Where a text gives such marks as code does, each is the derivative of its loss by the name behind
the d. Where the gradients of weights are divided by the number of examples, those of data are of
the sum of the losses of the examples, and those of weights of their mean.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import edited, replaced

#: The sum over the examples, as a function of what is added up.
EXAMPLES = "examples"
_NAME = (
    r"(?:\\(?:hat|mathbf|bar|boldsymbol)\s*\{\s*[A-Za-z]\s*\}|\\hat\s+[a-z](?![a-z])|[A-Za-z])"
    r"(?:\s*_\s*(?:\{\s*[0-9]\s*\}|[0-9]))?(?:\s*\^\s*\{\s*[\[(]\s*[0-9]\s*[\])]\s*\})?"
)
_ROW = r"(?:^|\\\\|\\begin\s*\{[a-z]+\*?\}|&|\\q?quad)\s*&?\s*"
_GIVES = re.compile(rf"{_ROW}d\s*(?P<x>{_NAME})\s*&?\s*=")
_COMPUTED = re.compile(rf"{_ROW}(?P<x>{_NAME})\s*&?\s*=")
_MARK = re.compile(rf"(?<![A-Za-z\\{{])d\s*(?P<x>{_NAME})")
#: ``dZ^{[2](i)}``: that of one example.
_EXAMPLE = re.compile(r"(\^\s*\{\s*[\[(]\s*[0-9]\s*[\])])\s*\(\s*i\s*\)\s*\}")
_MEAN = re.compile(r"=\s*&?\s*\\[dt]?frac\s*\{?\s*1\s*\}?\s*\{?\s*[mN]\s*\}?")
_ADDED = re.compile(
    rf"\\sum\s*(?:\\limits\s*)?_\s*(?:\{{\s*i\s*(?:=\s*[01]\s*)?\}}|i)\s*(?:\^\s*(?:\{{\s*[mN]\s*\}}|[mN]))?\s*"
    rf"(?P<x>d\s*{_NAME})"
)
_NUMPY = re.compile(
    rf"(?:\\(?:text|mathrm|operatorname)\s*\{{\s*)?np\s*\.\s*sum\s*\}}?\s*\(\s*(?P<x>d\s*{_NAME})\s*,[^()]*\)"
)
_STAR = re.compile(r"(?<=[\s})\]A-Za-z0-9])\s*(?:\*|\\ast(?![A-Za-z]))\s*(?=[\sA-Za-z(\\])")
_WEIGHT = re.compile(r"(?:\\(?:mathbf|boldsymbol)\s*\{\s*)?(?:[WUVbw]|\\theta)")
_LOSS = re.compile(r"(?<![A-Za-z\\])(?P<l>[LJ])(?![A-Za-z_^])\s*(?:\([^()]*\)\s*)?&?\s*=")
#: ``h_t``, ``h_{t-1}``, ``h^{(t)}``
_STEP = re.compile(r"[_^]\s*(?:t(?![A-Za-z])|\{\s*\(?\s*t\s*(?:[-+]\s*1\s*)?\)?\s*\})")
#: So many names at least are marked so.
LEAST = 2


def with_derivatives_for_marks(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the derivatives that such marks stand for."""
    # (What carries a step is of a recurrence.)
    texts = [_EXAMPLE.sub(r"\1}", f.latex) for f in formulas if not _STEP.search(f.latex)]
    given = {"".join(m["x"].split()) for t in texts for m in _GIVES.finditer(t)}
    if len(given) < LEAST:
        return list(formulas)
    # What the text computes, and is differentiated by without being worked out: s = u ⊙ f(v).
    given |= {"".join(m["x"].split()) for t in texts for m in _COMPUTED.finditer(t)}
    means = any(
        _MEAN.search(t) for t in texts if (m := _GIVES.search(t)) and _WEIGHT.match(m["x"])
    )
    loss = next((m["l"] for t in texts for m in _LOSS.finditer(t)), "L")
    loss = "L" if means else loss

    def written(m: re.Match[str]) -> str | None:
        x = m["x"]
        if "".join(x.split()) not in given:
            return None
        mean = r"\frac{1}{m}" if means and _WEIGHT.match(x) else ""
        return rf"{mean}\frac{{\partial {loss}}}{{\partial {x}}}"

    out = []
    for formula in formulas:
        found = replaced(formula, _EXAMPLE, lambda m: f"{m[1]}}}")
        if _STEP.search(found.latex) or not _MARK.search(found.latex) or r"\frac{d" in found.latex:
            out.append(formula)
            continue
        for form in (_ADDED, _NUMPY):
            found = replaced(found, form, lambda m: rf"\mathrm{{{EXAMPLES}}}({m['x']})")
        found = replaced(found, _MARK, written)
        stars = [(m.start(), m.end(), r" \odot ") for m in _STAR.finditer(found.latex)]
        out.append(edited(found, stars) if r"\partial" in found.latex else found)
    return out
