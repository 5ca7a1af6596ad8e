"""Which operations of the way back are computed from which, in their own and in later steps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from bptt_sym.testing.models import Model


def behind(model: Model, ends: Sequence[int]) -> set[int]:
    """What ``ends`` are computed from, in their own and in later steps."""
    adj, p = model.adjoint, model.adjoint.program
    seen: set[int] = set()
    waiting = list(ends)
    while waiting:
        i = waiting.pop()
        if i in seen or i < adj.forward:
            continue
        seen.add(i)
        waiting += p.ops[i].args
        if p.ops[i].kind == "later":
            waiting.append(adj.reads[p.ops[i].attr])
    return seen


@lru_cache(8)
def dependents(model: Model) -> dict[int, set[int]]:
    """By operation of the way back: those that it enters, in its own and in later steps."""
    adj, out = model.adjoint, dict[int, set[int]]()
    for i in range(adj.forward, len(adj.program.ops)):
        for j in behind(model, [i]):
            out.setdefault(j, set()).add(i)
    return out


__all__ = ["behind", "dependents"]
