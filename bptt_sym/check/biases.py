"""Biases that a formula leaves out: ``\\tanh'(W h_{t-1} + U x_t) W`` beside a cell with a bias."""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.notation import Add, At, Claim, Node, Sym, children, rebuild, walk
from bptt_sym.recurrence import Recurrence


def without_biases(rec: Recurrence, claim: Claim) -> Recurrence | None:
    """``rec`` without what is only ever added; ``None`` if it has none, or the claim names it."""
    every = [n for e in rec.equations for n in walk(e.rhs)]
    added = {a.name for n in every if isinstance(n, Add) for a in n.args if isinstance(a, Sym)}
    elsewhere = {
        c.name
        for n in every
        if not isinstance(n, Add)
        for c in children(n)
        if isinstance(c, Sym)
    }
    biases = (added & set(rec.parameters)) - elsewhere
    # (Also the bias of a step, b_{h,t}.)
    named = {n.name for side in claim.sides for n in walk(side) if isinstance(n, (At, Sym))}
    if not biases or biases & named:
        return None

    def change(n: Node) -> Node:
        n = rebuild(n, change)
        if not isinstance(n, Add):
            return n
        kept = tuple(a for a in n.args if not (isinstance(a, Sym) and a.name in biases))
        if len(kept) in (0, len(n.args)):
            return n
        return kept[0] if len(kept) == 1 else replace(n, args=kept)

    return replace(rec, equations=tuple(replace(e, rhs=change(e.rhs)) for e in rec.equations))
