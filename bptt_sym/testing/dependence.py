"""Which operations of the way back are computed from which, in their own and in later steps."""

from __future__ import annotations

from collections.abc import Sequence

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


__all__ = ["behind"]
