r"""Marks for the gradients of the losses that are still to come.

.. math::

    \delta_{t-1} = \Bigl(\frac{\partial h_t}{\partial h_{t-1}}\Bigr)^{\!\top}
    \Bigl[\frac{\partial\ell_t}{\partial h_t} + \delta_t\Bigr]

holds of :math:`\delta_t = \sum_{u>t}\partial\ell_u/\partial h_t`, which leaves the loss of step t
out. A text that says nowhere what its δ is the gradient of may mean that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from bptt_sym.decide.losses import summed_loss
from bptt_sym.notation import Add, At, Claim, D, Neg, Node, Sym, rebuild, walk
from bptt_sym.recurrence import Recurrence

LATER = "the marks stand for the gradients of the losses of later steps alone"

#: ``\\frac{∂L}{∂h_t} = \\frac{∂L}{∂h_t}``: a mark stood on one side.
_GIVEN = re.compile(
    r"(?P<d>\\[dt]?frac\s*\{\s*\\partial\s*[^{}]{1,24}(?:\{[^{}]{0,12}\})?\s*\}"
    r"\s*\{\s*\\partial[^=]{1,40}?\})\s*&?\s*:?=\s*&?\s*(?P=d)"
)


def marks_given(texts: Iterable[str]) -> bool:
    """Whether one of ``texts``, spelt out, says which gradient a mark is."""
    return any(_GIVEN.search(text) for text in texts)


def of_later_losses(claim: Claim, rec: Recurrence) -> Claim | None:
    """``claim`` with the loss of its own step taken from each gradient by a sequence.

    ``None`` where no loss adds up over the steps, or where the gradient stands on one side alone:
    nothing is carried on then.
    """
    found = summed_loss(rec)
    if found is None:
        return None
    total, step = found

    def is_whole(n: Node) -> bool:
        return isinstance(n, D) and n.y == Sym(total) and isinstance(n.x, At)

    def change(n: Node) -> Node:
        if isinstance(n, D) and isinstance(n.x, At) and is_whole(n):
            return Add((n, Neg(replace(n, y=At(step, n.x.time)))))
        return rebuild(n, change)

    left, *rest = claim.sides
    if not is_whole(left) or not any(is_whole(n) for side in rest for n in walk(side)):
        return None
    return replace(claim, sides=tuple(change(s) for s in claim.sides))
