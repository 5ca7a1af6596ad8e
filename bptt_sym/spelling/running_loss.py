r"""Losses that run: :math:`L_t = \ell_t + L_{t+1}`, all that is lost from step t on.

What comes before step t does not change with :math:`h_t`, so that :math:`\partial L_t/\partial h_t`
is :math:`\partial L/\partial h_t` of the whole loss :math:`L = \sum_t \ell_t`, and
:math:`\partial L_{t+1}/\partial h_t` the same without the loss of step t.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited

_LOSS = (
    r"(?:\\mathcal\s*\{\s*[A-Z]\s*\}|\\mathcal\s*[A-Z]|\\ell(?![A-Za-z])|"
    r"(?<![A-Za-z\\])[A-Zle](?![A-Za-z]))"
)
_NOW = r"(?:\s*_\s*(?:\{\s*t\s*\}|t(?![A-Za-z]))|\s*\^\s*\{\s*\(\s*t\s*\)\s*\}|\s*\(\s*t\s*\))"
_NEXT = (
    r"(?:\s*_\s*\{\s*t\s*\+\s*1\s*\}|\s*\^\s*\{\s*\(\s*t\s*\+\s*1\s*\)\s*\}|"
    r"\s*\(\s*t\s*\+\s*1\s*\))"
)
_GAP = r"(?:\\[,;:! ]|\s|&)*"
_DEFINES = re.compile(
    rf"(?P<whole>{_LOSS}){_NOW}{_GAP}={_GAP}(?:(?:\\left)?\s*\\?\{{|\\begin\s*\{{[a-z]+\}}(?:\{{[^{{}}]*\}})?|{_GAP})*"
    rf"(?P<own>{_LOSS}){_NOW}{_GAP}\+{_GAP}(?P<later>{_LOSS}){_NEXT}"
)
_STEP = r"[tT]\s*(?:[-+]\s*1)?"
_AT = (
    rf"(?:\s*_\s*(?:\{{\s*(?P<%(a)s1>{_STEP})\s*\}}|(?P<%(a)s2>[tT])(?![A-Za-z]))|"
    rf"\s*\^\s*\{{\s*\(\s*(?P<%(a)s3>{_STEP})\s*\)\s*\}}|\s*\(\s*(?P<%(a)s4>{_STEP})\s*\))"
)
_BY = r"(?P<by>(?:\\[A-Za-z]+\s*\{[^{}]*\}|\\?[A-Za-z]+))"


@dataclass(frozen=True)
class RunningLoss:
    """The names of a loss that runs and of the losses that it adds up."""

    whole: str
    own: str

    @classmethod
    def of(cls, texts: Sequence[str]) -> RunningLoss | None:
        """What one of ``texts`` defines so."""
        for text in texts:
            for m in _DEFINES.finditer(text):
                if m.group("whole") == m.group("later") != m.group("own"):
                    return cls(m.group("whole"), m.group("own"))
        return None

    def written_out(self, formula: Formula) -> Formula:
        """``formula`` about the whole loss."""
        text = formula.latex
        if (m := _DEFINES.search(text)) is not None and m.group("whole") == self.whole:
            return edited(formula, [(0, len(text), rf"{self.whole} = \sum_{{t}} {self.own}_{{t}}")])
        edits: list[Edit] = []
        for m in self._fraction().finditer(text):
            (of, last), (by, final) = (_offset(m, key) for key in "ab")
            if last != final or not -1 <= of - by <= 1:
                continue
            step = final if not by else f"{final}{by:+d}"
            name = rf"{m.group('by')}_{{{step}}}"
            new = rf"\frac{{\partial {self.whole}}}{{\partial {name}}}"
            if of - by == 1:
                own = rf"\frac{{\partial {self.own}_{{{step}}}}}{{\partial {name}}}"
                new = rf"\left({new} - {own}\right)"
            edits.append((m.start(), m.end(), new))
        return edited(formula, edits)

    def _fraction(self) -> re.Pattern[str]:
        name = re.escape(self.whole)
        return re.compile(
            rf"\\[dt]?frac\s*\{{\s*(?:\\partial|d)\s*{name}{_AT % {'a': 'a'}}\s*\}}"
            rf"\s*\{{\s*(?:\\partial|d)\s*{_BY}{_AT % {'a': 'b'}}\s*\}}"
        )


def _offset(m: re.Match[str], key: str) -> tuple[int, str]:
    """How far a step is from t or T, and which of the two."""
    found = next(m.group(f"{key}{k}") for k in range(1, 5) if m.group(f"{key}{k}"))
    return int("".join(found.split())[1:] or 0), found[0]


def with_running_loss(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` about the whole loss, where one of them defines a loss that runs."""
    running = RunningLoss.of([f.latex for f in formulas])
    return [running.written_out(f) for f in formulas] if running else list(formulas)
