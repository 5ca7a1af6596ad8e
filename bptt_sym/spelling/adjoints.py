r"""A bar over a name for the gradient by it: :math:`\bar h_t = \partial L/\partial h_t`.

So writes the literature on reverse-mode differentiation (Griewank and Walther, *Evaluating
Derivatives*, 2008, section 3.2). A bar means that only where no line says what it means, where it
stands over several names that run in time without it as well, and where one bar is worked out from
others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced
from bptt_sym.read.vocabulary import plain_name

_BAR = re.compile(
    r"\\(?:bar|overline)\s*"
    r"(?:\{\s*(?P<a>\\mathbf\s*\{\s*[a-z]\s*\}|[a-z])\s*\}|(?P<b>[a-z])(?![A-Za-z]))"
    r"(?P<script>\s*_\s*(?:\{[^{}]{1,12}\}|[A-Za-z0-9]))"
)
_LEFT = re.compile(
    r"(?:^|\\\\|&|\{)\s*\\(?:bar|overline)\s*\{?\s*[a-z]\s*\}?\s*"
    r"_\s*(?:\{[^{}]{1,12}\}|[A-Za-z])\s*&?\s*=(?P<right>[^=]*)"
)
_MEAN = re.compile(r"\\[dt]?frac\s*\{?\s*1\s*\}?\s*\{?\s*[A-Za-z]\s*\}?\s*\\sum")
_LOSS = re.compile(
    r"(?:\\partial\s*|\\nabla\s*_\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|[A-Za-z])\s*)"
    r"(\\mathcal\s*\{[LJEC]\}|[LJEC])(?![A-Za-z_^])"
)
_TOTAL = re.compile(r"(\\mathcal\s*\{[LJEC]\}|(?<![A-Za-z\\])[LJEC])\s*&?\s*=")


@dataclass(frozen=True)
class Adjoints:
    """The names over which a bar means the gradient, and the loss that is differentiated."""

    names: frozenset[str]
    loss: str = "L"

    @classmethod
    def of(cls, texts: Sequence[str], timed: frozenset[str]) -> Adjoints:
        names, named, worked_out = set(), False, False
        for text in texts:
            for m in _LEFT.finditer(text):
                right = m.group("right")
                named |= r"\partial" in right or _MEAN.search(right) is not None
                worked_out |= _BAR.search(right) is not None
            names |= {(m.group("a") or m.group("b")) for m in _BAR.finditer(text)}
        plain = {plain_name("".join(n.split())) for n in names}
        if named or not worked_out or len(plain) < 2 or not plain <= timed:
            return cls(frozenset())
        every = "\n".join(texts)
        found = _LOSS.search(every) or _TOTAL.search(every)
        return cls(frozenset(names), found.group(1) if found else "L")

    def written_out(self, formula: Formula) -> Formula:
        """``formula`` with the bars as derivatives."""
        if not self.names:
            return formula

        def new(m: re.Match[str]) -> str:
            name = m.group("a") or m.group("b")
            return rf"\frac{{\partial {self.loss}}}{{\partial {name}{m.group('script')}}}"

        found = replaced(formula, _BAR, new)
        return replace(found, delta=True) if found.latex != formula.latex else formula
