r"""Losses of a step and of the run: which of the two the derivative by a sequence is of.

Rewritings of claims, as those of :mod:`bptt_sym.decide.rewriting`.
"""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.decide.rewriting import is_loss, is_one_of, map_sides, mark, transform
from bptt_sym.notation import (
    HORIZON_NAME,
    ONE,
    At,
    Claim,
    D,
    Div,
    Idx,
    Kind,
    Node,
    Sum,
    Sym,
    free_indices,
    shift,
    walk,
)
from bptt_sym.recurrence import STEP, Recurrence


def summed_loss(rec: Recurrence) -> tuple[str, str] | None:
    """A total that is the sum of a loss over all steps, and that loss."""
    for total, rhs in rec.totals.items():
        if isinstance(rhs, Sum) and rhs.lo == ONE and rhs.hi == Idx(HORIZON_NAME):
            body = rhs.body
            if isinstance(body, At) and body.time == Idx(rhs.var):
                return total, body.name
    return None


def by_step_loss(node: Node, rec: Recurrence) -> bool:
    """Whether a loss of one step, which a total adds up, is differentiated by a sequence."""
    found = summed_loss(rec)
    return found is not None and _differentiates_loss(node, found[1])


def _differentiates_loss(node: Node, loss: str) -> bool:
    return (
        isinstance(node, D)
        and isinstance(node.y, At)
        and node.y.name == loss
        and isinstance(node.x, At)
    )


def carried_loss(claim: Claim, rec: Recurrence) -> str | None:
    r"""The loss of a step that no total adds up, in a recursion for its derivatives.

    :math:`\partial L_t/\partial h_t = \cdots + \partial L_{t+1}/\partial h_{t+1} \cdots` is about
    what is still to be lost, by whatever name.
    """
    used = {n.name for e in rec.equations for n in walk(e.rhs) if isinstance(n, At)}
    losses = [n for n in rec.readouts if n not in used and is_loss(At(n, Idx(STEP)), rec)]
    if len(losses) != 1 or summed_loss(rec) is not None:
        return None
    left = claim.sides[0]
    if not (_differentiates_loss(left, losses[0]) and isinstance(left, D)):
        return None
    assert isinstance(left.y, At) and isinstance(left.x, At)
    if left.y.time != left.x.time:
        return None
    later = shift(left.y.time, 1)
    for side in claim.sides[1:]:
        for n in walk(side):
            if _differentiates_loss(n, losses[0]) and isinstance(n, D):
                assert isinstance(n.y, At) and isinstance(n.x, At)
                if n.y.time == n.x.time == later:
                    return losses[0]
    return None


def whole_loss(claim: Claim, rec: Recurrence) -> Claim:
    """The derivatives of the loss of a step by a sequence as those of all the losses."""
    found = summed_loss(rec)
    if found is None:
        return claim

    def change(n: Node) -> Node:
        return replace(n, y=Sym(found[0])) if isinstance(n, D) and by_step_loss(n, rec) else n

    return map_sides(claim, lambda n, _: transform(n, change))


def with_later_losses(claim: Claim, rec: Recurrence) -> Claim:
    """The derivatives of such a loss by a sequence as those of the losses of all steps."""
    loss = carried_loss(claim, rec)
    if loss is None:
        return claim
    taken = {n for side in claim.sides for n in free_indices(side)}
    var = next(k for k in ("s", "r", "q", "u") if k not in taken)

    def change(n: Node) -> Node:
        if not (_differentiates_loss(n, loss) and isinstance(n, D)):
            return n
        return Sum(var, ONE, Idx(HORIZON_NAME), replace(n, y=At(loss, Idx(var))))

    return map_sides(claim, lambda n, _: transform(n, change))


def mean_left(claim: Claim, rec: Recurrence) -> Claim:
    """The derivative of a total on the left as that of the mean over the steps."""

    def change(n: Node) -> Node:
        total = isinstance(n, D) and isinstance(n.y, Sym) and n.y.name in rec.totals
        return Div(n, Idx(HORIZON_NAME)) if total else n

    return map_sides(claim, lambda n, i: n if i else transform(n, change))


def local_loss(claim: Claim, rec: Recurrence) -> Claim:
    states = set(rec.states)

    def kind(d: D) -> Kind:
        return "local" if is_one_of(d.x, states) and is_loss(d.y, rec) else "unmarked"

    return map_sides(claim, lambda n, i: n if i == 0 else mark(n, kind))
