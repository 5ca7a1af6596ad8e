r"""A bar over a name for the gradient by it: :math:`\bar h_t = \partial L/\partial h_t`.

So writes the literature on reverse-mode differentiation (Griewank and Walther, *Evaluating
Derivatives*, 2008, section 3.2). A bar means that only where no line says what it means, where it
stands over several names that run in time without it as well, where one bar is worked out from
others, and where none is the argument of an activation or differentiated by.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import names_in
from bptt_sym.documents.respelling import replaced
from bptt_sym.read.vocabulary import plain_name

#: A name with an accent of its own, whose bar stands over both.
_INNER = r"\\(?:tilde|hat)\s*(?:\{\s*[A-Za-z]\s*\}|[A-Za-z])"
_BAR = re.compile(
    r"\\(?:bar|overline)\s*"
    rf"(?:\{{\s*(?P<a>\\mathbf\s*\{{\s*[a-z]\s*\}}|{_INNER}|[a-z])\s*\}}|(?P<b>[a-z])(?![A-Za-z]))"
    r"(?P<script>\s*_\s*(?:\{[^{}]{1,12}\}|[A-Za-z0-9]))"
)
_LEFT = re.compile(
    rf"(?:^|\\\\|&|\{{)\s*\\(?:bar|overline)\s*\{{?\s*(?:{_INNER}|[a-z])\s*\}}?\s*"
    r"_\s*(?:\{[^{}]{1,12}\}|[A-Za-z])\s*&?\s*=(?P<right>[^=]*)"
)
#: ``\\bar{W}``: of a parameter, where its letter stands without a bar as well.
_BAR_OF_ALL = re.compile(
    r"\\(?:bar|overline)\s*(?:\{\s*(?P<a>\\mathbf\s*\{\s*[A-Za-z]\s*\}|[A-Zbcuvw])\s*\}|(?P<b>[A-Zbcuvw])(?![A-Za-z]))"
    r"(?P<script>(?:\s*_\s*(?:\{\s*(?:[a-z]{2}|[a-su-z])\s*\}|[a-su-z](?![A-Za-z])))?)(?!\s*[_^])"
)
_MEAN = re.compile(r"\\[dt]?frac\s*\{?\s*1\s*\}?\s*\{?\s*[A-Za-z]\s*\}?\s*\\sum")
_LOSS = re.compile(
    r"(?:\\partial\s*|\\nabla\s*_\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|[A-Za-z])\s*)"
    r"(\\mathcal\s*\{[LJEC]\}|[LJEC])(?![A-Za-z_^])"
)
_TOTAL = re.compile(r"(\\mathcal\s*\{[LJEC]\}|(?<![A-Za-z\\])[LJEC])\s*&?\s*=")
#: ``\\bar{v} = \\partial L/\\partial v``, of any letter: what a bar means.
_SAID = re.compile(
    r"\\(?:bar|overline)\s*\{?\s*(?P<v>(?:\\mathbf\s*\{\s*)?[A-Za-z](?:\s*\})?)\s*\}?(?P<at>\s*_\s*(?:\{[^{}]*\}|[a-z]))?"
    r"\s*&?\s*(?::|\\coloneqq|\\equiv)?\s*=?\s*&?\s*(?:\\[dt]?frac\s*\{\s*)?\\partial\s*\{?\s*"
    r"(?:\\mathcal\s*\{[LJEC]\}|[LJEC])\s*\}?\s*(?:/\s*|\{\s*)\\partial\s*\{?\s*(?P=v)(?![A-Za-z])"
)
#: ``\\sigma(\\bar{g})``, ``\\delta \\bar{f}_t``: an argument, or differentiated by.
_OTHERWISE = re.compile(
    r"(?:\\(?:delta|partial|sigma|tanh|phi)(?![A-Za-z])|(?<![A-Za-z\\])d)\s*(?:\\left\s*)?\(?\s*"
    r"\\(?:bar|overline)(?![A-Za-z])"
)


@dataclass(frozen=True)
class Adjoints:
    """The names over which a bar means the gradient, and the loss that is differentiated."""

    names: frozenset[str]
    loss: str = "L"

    @classmethod
    def of(cls, texts: Sequence[str], timed: frozenset[str]) -> Adjoints:
        names, named, worked_out = set(), False, False
        said = any(_SAID.search(text) for text in texts)
        if not said and any(_OTHERWISE.search(text) for text in texts):
            return cls(frozenset())
        for text in texts:
            if _SAID.search(text):
                continue
            for m in _LEFT.finditer(text):
                right = m.group("right")
                named |= _LOSS.search(right) is not None or _MEAN.search(right) is not None
                worked_out |= _BAR.search(right) is not None
            names |= {(m.group("a") or m.group("b")) for m in _BAR.finditer(text)}
        plain = {_plain(n) for n in names}
        # One of many may be of what the text leaves out: an output, say.
        shown = worked_out and len(plain & timed) > 1 + 2 * len(plain - timed)
        if named or not (shown or said):
            return cls(frozenset())
        names = {n for n in names if _plain(n) in timed}
        every = "\n".join(texts)
        found = _LOSS.search(every) or _TOTAL.search(every)
        names |= {m["a"] or m["b"] for m in _BAR_OF_ALL.finditer(every)} & {
            n.base for n in names_in(every) if not n.scripts or n.scripts[0].kind == "_"
        }
        return cls(frozenset(names), found.group(1) if found else "L")

    def written_out(self, formula: Formula) -> Formula:
        """``formula`` with the bars as derivatives."""
        if not self.names or _SAID.search(formula.latex):
            return formula

        def new(m: re.Match[str]) -> str | None:
            name = m.group("a") or m.group("b")
            if name not in self.names:
                return None
            return rf"\frac{{\partial {self.loss}}}{{\partial {name}{m.group('script')}}}"

        found = replaced(replaced(formula, _BAR, new), _BAR_OF_ALL, new)
        return replace(found, delta=True) if found.latex != formula.latex else formula


def _plain(name: str) -> str:
    r"""``\tilde c`` is ``\tilde{c}``."""
    braced = re.sub(r"\\(tilde|hat)\s*([A-Za-z])(?![A-Za-z}])", r"\\\1{\2}", name)
    return plain_name("".join(braced.split()))
