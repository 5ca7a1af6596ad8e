r"""Gradients by matrices where gradients are rows: :math:`\partial L/\partial V = h\,\delta`.

In numerator layout the derivative of a number by a matrix has the shape of the transpose. A text
that never says so may mean it where its gradients are rows, and is not accused of a transpose.
"""

from __future__ import annotations

from bptt_sym.check.answer import Court
from bptt_sym.check.model import Model
from bptt_sym.decide.readings import TURNED
from bptt_sym.notation import Claim


def right_if_turned(claim: Claim, model: Model) -> bool:
    """Whether ``claim`` holds with row gradients, and that by a matrix turned, and nothing else."""
    court = Court.of(model.court.model, model.court.assume)
    court.arena.stated = model.court.arena.stated | {TURNED.code}
    found = court.judge(claim, theorems=False, explain=False)
    return found.is_right and found.readings == (TURNED.message,)
