r"""Claims about a softmax alone: :math:`\partial p_i/\partial z_j = p_i(\delta_{ij} - p_j)`.

They are judged for one vector, whatever the document's recurrence is, with the indices that say
whose softmax it is (``\alpha_{ti}``, a row for each step) left out.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from bptt_sym.check.answer import Court
from bptt_sym.decide.verdict import Verdict
from bptt_sym.errors import BpttError
from bptt_sym.read import read_claim, recurrence_from_latex

_BASE = (
    r"(?:\\(?:hat|tilde|bar|mathbf|boldsymbol)\s*\{\s*[A-Za-z]\s*\}|\\(?:alpha|beta|pi)|[A-Za-z])"
)
_INDICES = r"\s*_\s*(?:\{\s*(?P<%s>[a-z](?:\s*,?\s*[a-z])?)\s*\}|(?P<%s1>[a-z]))"
_LEFT = re.compile(
    rf"\s*\\[dt]?frac\s*\{{\s*\\partial\s*(?P<p>{_BASE}){_INDICES % ('u', 'u')}\s*\}}\s*"
    rf"\{{\s*\\partial\s*(?P<z>{_BASE}){_INDICES % ('v', 'v')}\s*\}}\s*&?\s*="
    r"(?P<right>(?:[^=\[{]|\[[^\]]*\]|\{[^{}]*\})*?)"
    r"(?:$|\\text|\\q?quad|\\\\|\\tag)"
)
_SAME = (
    r"(?:\\delta\s*_\s*\{\s*%(a)s\s*,?\s*%(b)s\s*\}|"
    r"(?:\\(?:mathbb|mathbf|mathds|mathrm)\s*\{\s*[1I]\s*\}|\\(?:mathbb|mathbf|mathds)\s*[1I]|[1I])\s*"
    r"(?:_\s*)?(?:\\?[\[{(])\s*%(a)s\s*=\s*%(b)s\s*(?:\\?[\]})]))"
)


def of_a_softmax(latex: str) -> Verdict | None:
    """The verdict of a right claim about the entries of a softmax; ``None`` for other formulas."""
    found = _LEFT.match(latex)
    if found is None or found.group("p") == found.group("z"):
        return None
    u, v = ("".join(re.sub(r"[\s,]", "", found.group(k) or found.group(f"{k}1"))) for k in "uv")
    if len(u) != len(v) or u[:-1] != v[:-1] or u[-1] == v[-1]:
        return None
    right = found.group("right")
    for a, b in ((u[-1], v[-1]), (v[-1], u[-1])):
        right = re.sub(_SAME % {"a": a, "b": b}, r"\\delta_{ij}", right)
    name = re.escape(found.group("p"))
    for indices, new in ((u, "i"), (v, "j")):
        every = r"\s*,?\s*".join(indices)
        script = rf"\s*_\s*(?:\{{\s*{every}\s*\}}" + (rf"|{indices})" if len(indices) == 1 else ")")
        right = re.sub(rf"(?<![A-Za-z\\]){name}{script}(?![A-Za-z])", f"p_{{t,{new}}}", right)
    claim = r"\frac{\partial p_{t,i}}{\partial z_{t,j}} = " + right.strip().rstrip(".,;。，")
    try:
        court = _court()
        verdict = court.judge(read_claim(claim, court.model))
    except BpttError:
        return None
    if verdict.verdict != "right":
        return None  # another function may be meant, or another case
    said = f"{found.group('p')} is the softmax of {found.group('z')}"
    return replace(
        verdict, verdict="right_under_reading", assumptions=(*verdict.assumptions, said)
    )


@lru_cache(maxsize=1)
def _court() -> Court:
    lines = [r"h_t = \tanh(W h_{t-1} + U x_t)", "z_t = V h_t", r"p_t = \mathrm{softmax}(z_t)"]
    return Court.of(recurrence_from_latex(lines, name="a softmax"))
