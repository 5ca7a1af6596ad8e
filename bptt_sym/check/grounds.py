r"""What an accusation rests on.

A formula that fails may have been misunderstood. Two things tell that it was not: a mistake that
can be named (one small edit makes the formula hold), or that all of it was judged as it stands on
the page. A formula that was rewritten on a guess of what its marks mean (``dy_t`` taken for
:math:`\partial L/\partial y_t`, a bar with a step behind a derivative left out) and that no edit
mends was judged for what nobody has written, and accuses nobody, unless what it differentiates by
was marked so in a formula of the document that holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from bptt_sym.check.asides import in_its_case
from bptt_sym.check.document import Formula
from bptt_sym.check.judged import Judged
from bptt_sym.check.outline import Row
from bptt_sym.decide.verdict import Verdict
from bptt_sym.messages import marked

NOT_AS_WRITTEN = marked(
    "it fails as it was read, with marks taken for derivatives that the text does not define,"
    " and no slip explains it"
)
WITHOUT_ITS_BAR = marked(
    "it fails as it was read, without the step that its bar names, and no slip explains it"
)
TWO_PRODUCTS = marked("it fails, but which of its two signs of a product binds first is not said")
#: ``W \\cdot g * s``: a matrix product and one entry by entry, without brackets.
_DOT_THEN_STAR = re.compile(
    r"\\cdot(?![A-Za-z])(?:[^+=&{}*]|\{(?:[^{}]|\{[^{}]*\})*\})*(?<![\^_])\*"
)
#: Every sign that makes a derivative of what stands behind it.
_SIGNS = re.compile(r"\\partial(?![A-Za-z])|∂|\\nabla(?![A-Za-z])|∇")
#: ``\\partial q_t`` below a fraction bar.
_BY = re.compile(
    r"\{\s*\\partial\s*\{?\s*(\\?[A-Za-z]+(?:\s*\{[^{}]*\})?[0-9]?)\s*\}?\s*[_^]\s*"
    r"\{?\s*(?:\(|\\langle\s*)?[tkT0-9]"
)
#: ``\\bigr|_{(t-1)}``: what stands before it is taken at that step.
_BAR = re.compile(r"(?:\||\\[lr]?vert)\s*_\s*(?:\{[^{}]*[a-z0-9][^{}]*\}|[a-z0-9])")
#: A bound or a limit that holds where a weight is small.
_IF_SMALL = re.compile(r"^(?:step \d+ of \d+: )?true if also ")
_LESS_THAN_ONE = re.compile(
    r"(?:<|\\lt(?![A-Za-z])|\\leq?(?![A-Za-z])|≤|＜)\s*\$?\s*(?:1(?![0-9.])|\\frac\s*1|\\gamma)"
)

#: How far before a formula its hypothesis may stand.
_REACH = 200


@dataclass
class Grounds:
    """What a document has shown so far of the meaning of its marks."""

    #: The names that were marked in a formula that holds.
    confirmed: set[str] = field(default_factory=set)

    def weigh(self, judged: Judged, row: Row, formula: Formula) -> Judged:
        """``judged``, but undecided where it is an accusation without grounds."""
        judged = in_its_case(judged, row, formula)
        verdict = judged.verdict
        if verdict.is_right and formula.delta:
            self.confirmed |= _marked(row)
        if verdict.verdict == "wrong" and (why := self._missing(verdict, row, formula)):
            return replace(judged, verdict=Verdict("undecided", note=why), part=None)
        return judged

    def _missing(self, verdict: Verdict, row: Row, formula: Formula) -> str:
        if _IF_SMALL.match(verdict.note) and _LESS_THAN_ONE.search(_before(formula)):
            return f"{verdict.note}, of which the text before it speaks"
        if verdict.diagnosis is not None:
            return ""
        written = _as_it_stands(row, formula)
        if (
            formula.delta
            and not _marked(row) <= self.confirmed
            and len(_SIGNS.findall(written)) < len(_SIGNS.findall(row.latex))
        ):
            return NOT_AS_WRITTEN
        if _BAR.search(written) and not _BAR.search(row.latex):
            return WITHOUT_ITS_BAR
        return TWO_PRODUCTS if _DOT_THEN_STAR.search(row.latex) else ""


def _marked(row: Row) -> set[str]:
    """The names of sequences by which a row differentiates."""
    return set(_BY.findall(row.latex))


def _before(formula: Formula) -> str:
    """What is said directly before a formula."""
    start = formula.offsets[0]
    return formula.source.text[max(0, start - _REACH) : start]


def _as_it_stands(row: Row, formula: Formula) -> str:
    """The row as it is written in the document."""
    end = min(row.start + len(row.latex), len(formula.latex))
    return formula.source.text[formula.offsets[row.start] : formula.offsets[end]]
