r"""Claims with values of one sequence beside those of a batch: ``\\delta_{h,t}`` and ``H_t``.

A text that gives :math:`h_t = \\tanh(W h_{t-1} + U x_t)` for one sequence and :math:`H_t` for the
columns of a batch, by the same equation, goes on with either.
"""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.decide.rewriting import is_loss
from bptt_sym.notation import At, Claim, Idx, Node, rebuild, walk
from bptt_sym.read.vocabulary import plain_name
from bptt_sym.recurrence import STEP, Recurrence


def in_one_case(claim: Claim, rec: Recurrence) -> tuple[str, Claim] | None:
    """``claim``, which has both, with those that the loss is of in place of the others."""
    sequences = {plain_name(n): n for n in (*rec.defined, *rec.inputs)}
    pairs = {
        small: large for letter, small in sequences.items()
        if letter.islower() and (large := sequences.get(letter.upper())) is not None
    }  # fmt: skip
    states = {s for pair in pairs.items() for s in pair if set(pair) <= set(rec.states)}
    used = {n.name for side in claim.sides for n in walk(side) if isinstance(n, At)}
    if not used & set(pairs) or not used & set(pairs.values()):
        return None
    seen = states & _behind_the_losses(rec)
    if len(seen) != 1:
        return None  # by the others every derivative of the loss is 0
    names = pairs if seen <= set(pairs.values()) else {b: a for a, b in pairs.items()}
    said = ", ".join(f"{a}_t stands for {b}_t" for a, b in names.items() if a in used)
    return said, replace(claim, sides=tuple(_renamed(s, names) for s in claim.sides))


def _behind_the_losses(rec: Recurrence) -> set[str]:
    """The sequences that the losses are computed from."""
    losses = [e for e in rec.equations if is_loss(At(e.target, Idx(STEP)), rec)]
    rest = [*rec.totals.values(), *(e.rhs for e in losses)]
    found: set[str] = set()
    while rest:
        names = {n.name for n in walk(rest.pop()) if isinstance(n, At)} - found
        found |= names
        rest += [rec.rhs(name) for name in names & set(rec.defined)]
    return found


def _renamed(node: Node, names: dict[str, str]) -> Node:
    new = rebuild(node, lambda n: _renamed(n, names))
    return replace(new, name=names[new.name]) if isinstance(new, At) and new.name in names else new
