r"""vec that stacks the rows: :math:`\mathrm{vec}(\partial L/\partial W) = \delta \otimes h`.

By itself vec stacks the columns (:mod:`bptt_sym.spelling.vectorized`). With rows each product of
Kronecker is the transpose of what it is with columns; beside a vec of a matrix it is something
else, so that such an equation is not refuted.
"""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.check.matrix_identities import ROWS
from bptt_sym.check.model import Model
from bptt_sym.decide.verdict import Verdict
from bptt_sym.documents.document import Formula
from bptt_sym.errors import BpttError
from bptt_sym.messages import marked
from bptt_sym.notation import Claim, Transpose
from bptt_sym.spelling.vectorized import stacks

OR_ROWS = marked("it fails if vec stacks the columns; with rows it would be another equation")


def by_rows(verdict: Verdict, claim: Claim, model: Model, formula: Formula | None) -> Verdict:
    """``verdict`` of a claim about columns, or that of the same one about rows."""
    before = formula.origin if formula is not None else None
    if verdict.verdict != "wrong" or before is None or not stacks(before.latex):
        return verdict
    if r"\otimes" not in before.latex:
        return verdict
    left, *right = claim.sides
    try:
        found = model.court.holds(replace(claim, sides=(Transpose(left), *right)))
    except BpttError:
        found = None
    if found is not None:
        readings = (*found.readings, ROWS)
        return replace(found, verdict="right_under_reading", readings=readings)
    if stacks(before.latex) > 1:
        return Verdict("undecided", note=OR_ROWS)
    return verdict
