r"""One vector that is split into the arguments of all gates: ``a = W_x x_t + W_h h_{t-1} + b``.

What stands inside the activations, ``i = \sigma(a_i)``, ``g = \tanh(a_g)``, carries the letter of a
sum that nothing else uses, and no equation says what it is: it is a part of that sum. The sum is
written as the stack of its parts and the gradient by it as that of theirs, which
:mod:`~bptt_sym.spelling.stacked` says of each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import edited, replaced

_STEP = r"(?:\s*_\s*(?:t(?![A-Za-z])|\{\s*t\s*\}))?"
_GATE = r"[ifogcC]|\\tilde\s*\{?\s*[cC]\s*\}?"
#: ``a_i``, ``a_{i,t}``, ``a_{i_t}``, ``a^i_t``, ``a_t^i``
_PART = (
    rf"(?:_\s*(?:\{{\s*(?P<g1>{_GATE})\s*(?:,\s*t|_\s*t)?\s*\}}|(?P<g2>[ifogc])(?![A-Za-z]))"
    rf"|\^\s*(?:\{{\s*(?P<g3>{_GATE})\s*\}}|(?P<g4>[ifogc])(?![A-Za-z]))\s*_\s*(?:t(?![A-Za-z])|\{{\s*t\s*\}})"
    rf"|_\s*(?:t|\{{\s*t\s*\}})\s*\^\s*(?:\{{\s*(?P<g5>{_GATE})\s*\}}|(?P<g6>[ifogc])(?![A-Za-z])))"
)
_INSIDE = re.compile(
    rf"\\(?:sigma|tanh|phi)\s*(?:\\left\s*)?\(\s*(?P<base>[azpsu])\s*{_PART}\s*(?:\\right\s*)?\)"
)
_SUM = re.compile(
    rf"(?:^|\\\\|\\q?quad|&(?!=)|\n)\s*(?P<name>(?P<base>[azpsu]){_STEP})\s*&?\s*="
    r"(?P<right>(?:(?!\\\\|\\q?quad|\\end)[^=\n])*[WURV](?:(?!\\\\|\\q?quad|\\end)[^=\n])*)"
)
#: ``dW_x =``
_WEIGHT = re.compile(r"^\s*d(?P<w>[WURVb](?:\s*_\s*(?:\{\s*[a-z]+\s*\}|[a-z]))?)(?=\s*&?\s*=)")
_MARK = r"\mathfrak {base}"


@dataclass(frozen=True)
class Split:
    """The letter of the sum, and the gates that it is split into."""

    base: str
    gates: tuple[str, ...]
    loss: str

    @classmethod
    def of(cls, texts: Sequence[str], loss: str) -> Split | None:
        parts: dict[str, dict[str, None]] = {}
        for text in texts:
            for m in _INSIDE.finditer(text):
                parts.setdefault(m["base"], {}).setdefault(_gate(m))
        sums = {m["base"] for text in texts for m in _SUM.finditer(text)}
        for base, gates in parts.items():
            given = re.compile(rf"(?<![A-Za-z\\]){base}\s*{_PART}\s*&?\s*=")
            if base in sums and len(gates) > 2 and not any(map(given.search, texts)):
                return cls(base, tuple(gates), loss)
        return None

    def part(self, gate: str) -> str:
        """Without a comma, which would part the stack; an upright i counts no units."""
        label = r"\mathrm{i}" if gate == "i" else gate
        return f"{self.base}_{{{label}}}^{{(t)}}"

    def written_out(self, formula: Formula) -> Formula:
        """``formula`` with the sum as the stack of its parts."""
        name = re.compile(rf"(?<![A-Za-z\\])(?P<d>d?){self.base}\s*{_PART}")
        formula = replaced(
            formula, name,
            lambda m: self._by(_gate(m)) if m["d"] else self.part(_gate(m)),
        )  # fmt: skip
        stack = "[" + ", ".join(map(self.part, self.gates)) + "]"
        sums = [m for m in _SUM.finditer(formula.latex) if m["base"] == self.base]
        if sums:
            return edited(formula, [(m.start("name"), m.end("name"), stack) for m in sums])
        whole = rf"{self.base}{_STEP}"
        by = re.compile(
            rf"\\[dt]?frac\s*\{{\s*(?:\\partial|d)[^{{}}]{{1,14}}(?:\{{[^{{}}]*\}})?\s*\}}\s*"
            rf"\{{\s*(?:\\partial|d)\s*{whole}\s*\}}|(?<![A-Za-z\\])d{whole}(?![A-Za-z])"
        )
        equals = formula.latex.find("=")
        mark = _MARK.format(base=self.base)

        def marked(m: re.Match[str]) -> str | None:
            return mark if 0 <= equals < m.start() else None

        found = replaced(formula, by, marked)
        if found.latex == formula.latex:
            return formula
        found = replaced(
            found, _WEIGHT, lambda m: rf"\frac{{\partial {self.loss}}}{{\partial {m['w']}}}"
        )
        coded = re.search(rf"(?<![A-Za-z\\])d{whole}(?![A-Za-z])", formula.latex) is not None
        return replace(found, delta=True) if coded else found

    def gradients(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """The mark of the gradient by the sum, and the gradients by its parts."""
        return _MARK.format(base=self.base), tuple((g, self._by(g)) for g in self.gates)

    def _by(self, gate: str) -> str:
        return rf"\frac{{\partial {self.loss}}}{{\partial {self.part(gate)}}}"


def _gate(m: re.Match[str]) -> str:
    gate = next(g for g in (m[f"g{k}"] for k in range(1, 7)) if g)
    return "".join(re.sub(r"\\tilde|[{}]", "", gate).split())
