r"""Claims about an activation alone: ``\sigma'(x) = \sigma(x)(1 - \sigma(x))``.

They are judged for one number, whatever the document's recurrence is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from bptt_sym.check.answer import Court
from bptt_sym.decide.verdict import Verdict
from bptt_sym.errors import BpttError
from bptt_sym.read import read_claim, recurrence_from_latex

_FUNCTION = (
    r"(?:\\(?:sigma|tanh)|\\(?:text|mathrm|operatorname)\s*\{\s*(?:tanh|sigmoid)\s*\}|tanh|sigmoid)"
)
_PRIMED = re.compile(
    rf"\s*{_FUNCTION}\s*(?:'|\^\s*\{{?\s*(?:\\prime|')\s*\}}?)\s*(?:\\left)?\s*\(\s*(?P<x>[a-z])\s*(?:\\right)?\s*\)\s*&?\s*="
)
_DIFFERENTIATED = re.compile(
    rf"\s*\\[dt]?frac\s*\{{\s*(?:d|\\partial)\s*(?:{_FUNCTION}\s*\(\s*[a-z]\s*\))?\s*\}}\s*"
    rf"\{{\s*(?:d|\\partial)\s*(?P<x>[a-z])\s*\}}\s*(?:{_FUNCTION}\s*\(\s*[a-z]\s*\))?\s*&?\s*="
)


def of_an_activation(latex: str) -> Verdict | None:
    """The verdict of a claim about the derivative of σ or tanh; ``None`` for any other formula."""
    found = _PRIMED.match(latex) or _DIFFERENTIATED.match(latex)
    if found is None:
        return None
    court = _court(found.group("x"))
    try:
        return court.judge(read_claim(latex, court.model))
    except BpttError:
        return None


@lru_cache(maxsize=32)
def _court(x: str) -> Court:
    """A recurrence of numbers with the parameter ``x``."""
    state = "q" if x != "q" else "p"
    line = rf"{state}_t = \tanh({x} {state}_{{t-1}}) + \sigma({x})"
    return Court.of(recurrence_from_latex([line], name="an activation", scalar=True))


_IDENTITY = re.compile(
    r"(?:\\(?P<f>sigma|tanh|phi|varphi)|(?<![A-Za-z\\])(?P<g>[fg]))\s*(?:\\left\s*)?\(\s*(?P<x>[a-z])\s*(?:\\right\s*)?\)"
    r"\s*&?\s*=\s*(?P=x)(?![A-Za-z_^(+-])\s*(?:$|[.,;?&]|\\)"
)


def identities(texts: Iterable[str]) -> frozenset[str]:
    r"""The activations of which a text writes ``\sigma(x) = x``."""
    found = set()
    for text in texts:
        for m in _IDENTITY.finditer(text):
            name = m.group("f") or m.group("g")
            found.add({"phi": r"\phi", "varphi": r"\varphi"}.get(name, name))
    return frozenset(found)
