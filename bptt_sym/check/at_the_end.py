"""A claim about step t that holds of the last step, the one whose loss is differentiated."""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.decide.rewriting import is_loss
from bptt_sym.notation import (
    Add,
    At,
    Claim,
    D,
    Idx,
    Sym,
    free_indices,
    substitute_index,
    walk,
)
from bptt_sym.recurrence import HORIZON, STEP, Recurrence, lag_of


def at_the_horizon(claim: Claim) -> Claim:
    """``claim`` at the last step."""
    sides = tuple(substitute_index(s, STEP, Idx(HORIZON)) for s in claim.sides)
    return replace(claim, sides=sides)


def at_the_end(claim: Claim, rec: Recurrence, *, alone: bool = False) -> tuple[Claim, str] | None:
    """``∂E/∂h_{t-1} = ∂E/∂h_t ∂h_t/∂h_{t-1}`` with T for t, and E; ``None`` for other formulas.

    Where nobody has said what E is the loss of, it may be that of step t, the last one it sees;
    not where a term without a derivative is the share of an earlier step's own loss. ``alone``:
    the text speaks of one step, and ``∂E/∂c_t = ∂E/∂h_t ∂h_t/∂c_t`` may be of it as well, or
    ``∂E/∂w = …`` of the one use of w at that step.
    """
    left = claim.sides[0]
    if not isinstance(left, D) or not is_loss(left.y, rec):
        return None
    if alone and isinstance(left.x, Sym) and left.x.name in rec.parameters:
        left = replace(left, x=At(left.x.name, Idx(STEP)))
        claim = replace(claim, sides=(left, *claim.sides[1:]))
    if not isinstance(left.x, At) or lag_of(left.x.time) not in ((0, 1) if alone else (1,)):
        return None
    if any(free_indices(s) != {STEP} for s in claim.sides):
        return None
    terms = (a for s in claim.sides[1:] if isinstance(s, Add) for a in s.args)
    if any(not any(isinstance(n, D) for n in walk(term)) for term in terms):
        return None
    assert isinstance(left.y, (At, Sym))
    return at_the_horizon(claim), left.y.name
