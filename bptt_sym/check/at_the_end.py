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


def at_the_end(claim: Claim, rec: Recurrence) -> tuple[Claim, str] | None:
    """``∂E/∂h_{t-1} = ∂E/∂h_t ∂h_t/∂h_{t-1}`` with T for t, and E; ``None`` for other formulas.

    Where nobody has said what E is the loss of, it may be that of step t, the last one it sees;
    not where a term without a derivative is the share of an earlier step's own loss.
    """
    left = claim.sides[0]
    if not (isinstance(left, D) and isinstance(left.x, At) and lag_of(left.x.time) == 1):
        return None
    if not is_loss(left.y, rec) or any(free_indices(s) != {STEP} for s in claim.sides):
        return None
    terms = (a for s in claim.sides[1:] if isinstance(s, Add) for a in s.args)
    if any(not any(isinstance(n, D) for n in walk(term)) for term in terms):
        return None
    assert isinstance(left.y, (At, Sym))
    return at_the_horizon(claim), left.y.name
