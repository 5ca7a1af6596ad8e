r"""Bars with a step behind a gradient: :math:`\partial L/\partial W|_{t=3}`.

Usually that is the share of the use of W at step 3. Where the loss is a sum over the steps, it may
as well be the gradient of the loss of step 3.
"""

from __future__ import annotations

import re
from dataclasses import replace

from bptt_sym.check.model import Model
from bptt_sym.decide.losses import summed_loss
from bptt_sym.decide.verdict import Verdict
from bptt_sym.documents.document import Formula
from bptt_sym.notation import At, Claim, D, Sym

#: ``\\bigr|_{(t-1)}``: what stands before it is taken at that step.
BAR = re.compile(r"(?:\||\\[lr]?vert)\s*_\s*(?:\{[^{}]*[a-z0-9][^{}]*\}|[a-z0-9])")
_SAID = "the bar behind the gradient names the step of the loss"


def if_loss_of_the_step(claim: Claim, model: Model, formula: Formula) -> Verdict | None:
    """The verdict if the claim holds for the loss of the step that a bar on its left side names."""
    rec = model.court.model
    left, found = claim.sides[0], summed_loss(rec)
    if found is None or not (isinstance(left, D) and isinstance(left.x, At)):
        return None
    if left.y != Sym(found[0]) or left.x.name not in rec.parameters:
        return None
    if not BAR.search(formula.written):
        return None
    meant = replace(left, y=At(found[1], left.x.time), x=Sym(left.x.name))
    held = model.court.holds(replace(claim, sides=(meant, *claim.sides[1:])))
    if held is None:
        return None
    return replace(held, verdict="right_under_reading", readings=(*held.readings, _SAID))
